"""The page of the ledger says what every kind of record holds, and nothing that none holds."""

import importlib
import re
from collections import defaultdict
from pathlib import Path

from controller.engine.transitions import KINDS
from controller.model.record import Record
from tests.unit.engine.plays import perform

PAGE = Path(__file__).parents[3] / "docs" / "spec" / "ledger.md"
ROW = re.compile(r"^\| `(\w+)` \|([^|]*)\|", re.MULTILINE)

ELSEWHERE = {
    "RunCreated": {"snapshot", "maxParallel", "rerunOf", "requestMetadata", "task"},
}
"""Members that the runtime adds."""

PLAYED = ("attempts", "children", "control", "foreach", "gates", "phases", "records", "retry", "timeouts", "undo")


def documented() -> dict[str, set[str]]:
    """Return kind -> members of its data, as the page says."""
    _, _, kinds = PAGE.read_text(encoding="utf-8").partition("## Kinds")
    return {kind: set(re.findall(r"`(\w+)`", members)) for kind, members in ROW.findall(kinds)}


def written() -> dict[str, set[str]]:
    """Return kind -> members of its data, as the plays write them."""
    members: dict[str, set[str]] = defaultdict(set)
    for name in PLAYED:
        for one in importlib.import_module(f"tests.unit.engine.test_{name}").PLAYS.values():
            for record in perform(one)[1].records:
                members[record.kind] |= set(record.data or {})
    return members


def test_every_kind_stands_on_the_page() -> None:
    assert set(documented()) == KINDS


def test_the_members_of_every_kind_stand_on_the_page_and_are_really_written() -> None:
    page, found = documented(), written()
    assert set(found) == KINDS
    assert {kind: members - ELSEWHERE.get(kind, set()) for kind, members in page.items()} == found


def test_the_members_of_a_record_stand_on_the_page() -> None:
    told = set(
        re.findall(r"^\| (`[^|]*`) \| ", PAGE.read_text(encoding="utf-8").partition("## Kinds")[0], re.MULTILINE)
    )
    names = {name for cell in told for name in re.findall(r"`(\w+)`", cell)}
    renamed = {"source": "from", "target": "to", "input_digest": "inputDigest", "output_digest": "outputDigest"}
    assert names == {renamed.get(field, field).replace("duration_ms", "durationMs") for field in Record._fields}
