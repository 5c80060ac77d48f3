"""What files would change of what is published, and whom that would break."""

from pathlib import Path

import pytest

from controller.adapters.memory import MemoryLedgerStore, MemoryObjectStore
from controller.definition.validate import check_together
from controller.errors import DefinitionInvalid, NotFound
from controller.model.resource import API_VERSION
from controller.ports.object_store import Published
from controller.wiring.definition_files import gather
from controller.wiring.differences import Difference, differences

BEFORE = """\
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata: {name: nightly}
spec:
  version: VERSION
  steps:
    - {id: load, agent: worker}
    - {id: notify, agent: worker, dependsOn: [load]}
"""

AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata: {name: worker}
spec: {process: {argv: [echo, WORD]}}
"""


def written(place: Path, version: str, text: str = BEFORE, word: str = "done") -> Path:
    folder = place / "definitions" / "nightly"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "definition.yaml").write_text(text.replace("VERSION", version), encoding="utf-8")
    (folder / "worker.yaml").write_text(AGENT.replace("WORD", word), encoding="utf-8")
    return folder


def stored(folder: Path) -> MemoryObjectStore:
    """A store that has what is in a folder."""
    objects = MemoryObjectStore(MemoryLedgerStore())
    checked = check_together(gather((folder,))[0])
    for kind, ones in (("Orchestration", checked.orchestrations), ("Agent", checked.agents)):
        for one in ones:
            spec = one.spec.model_dump(mode="json", by_alias=True, exclude_none=True)
            name, version = str(spec.get("name") or spec.get("slug")), spec.get("version", "")
            body = {"apiVersion": API_VERSION, "kind": kind, "metadata": {"name": name}, "spec": spec}
            objects.publish(Published(kind, "", "global", name, version, "active", body, {}, 0, 0))
    return objects


def of(kind: str, found: list[Difference]) -> Difference:
    return next(one for one in found if one.kind == kind)


def test_new_and_same(tmp_path: Path) -> None:
    folder = written(tmp_path, "1.0.0")
    empty = MemoryObjectStore(MemoryLedgerStore())
    assert [(one.kind, one.change, one.published) for one in differences(empty, folder)] == [
        ("Orchestration", "new", None),
        ("Agent", "new", None),
    ]
    found = differences(stored(folder), folder)
    assert [one.change for one in found] == ["same", "same"]
    assert all(one.digest == one.published for one in found)


def test_a_change_that_breaks_nobody(tmp_path: Path) -> None:
    objects = stored(written(tmp_path, "1.0.0"))
    text = BEFORE.replace("dependsOn: [load]}", "dependsOn: [load], name: Tell}\n    - {id: more, agent: worker}")
    one = of("Orchestration", differences(objects, written(tmp_path, "1.1.0", text)))
    assert (one.change, one.version, one.against, one.bump) == ("new", "1.1.0", "1.0.0", "minor")
    assert (one.breaking, one.problems) == ([], [])
    assert one.steps == ["+ more", "~ notify: name"]


def test_a_change_that_breaks_and_has_too_low_a_version(tmp_path: Path) -> None:
    objects = stored(written(tmp_path, "1.0.0"))
    text = BEFORE.replace("id: notify", "id: tell")
    one = of("Orchestration", differences(objects, written(tmp_path, "1.0.0", text)))
    assert (one.change, one.bump) == ("changed", "major")
    assert one.breaking == ['step "notify" was removed or renamed']
    assert one.steps == ["+ tell", "- notify"]
    assert "needs version 2.0.0 or higher" in one.problems[0]


def test_compared_with_the_version_before_it_else_with_the_newest(tmp_path: Path) -> None:
    objects = stored(written(tmp_path, "1.0.0"))
    for one in stored(written(tmp_path, "3.0.0")).definitions("Orchestration"):
        objects.publish(one)
    assert of("Orchestration", differences(objects, written(tmp_path, "2.0.0"))).against == "1.0.0"
    assert of("Orchestration", differences(objects, written(tmp_path, "0.9.0"))).against == "3.0.0"


def test_an_agent_that_changed(tmp_path: Path) -> None:
    objects = stored(written(tmp_path, "1.0.0"))
    found = differences(objects, written(tmp_path, "1.0.0", word="other"))
    assert [one.change for one in found] == ["same", "changed"]


def test_what_is_not_there_or_wrong(tmp_path: Path) -> None:
    objects = MemoryObjectStore(MemoryLedgerStore())
    with pytest.raises(NotFound):
        differences(objects, tmp_path / "nothing")
    with pytest.raises(DefinitionInvalid):
        differences(objects, written(tmp_path, "1.0.0", BEFORE.replace("agent: worker, d", "agent: worker, x: 1, d")))
