"""Can what an agent changed be taken back with the receipt that it left? And does repeating it do no harm?"""

import json
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest

from tests.definitions.agent import Attempt, Bench, Files, spec_of

CLEAN = "id,customer,country,amount,status\n10482,Mill,IE,99000,shipped\n10500,Acre,GB,950,open\n"
CHANGES: dict[str, tuple[str, Mapping[str, Any], Files]] = {
    "an archive": ("archiver", {"name": "q3"}, {"a/x.txt": "x"}),
    "staged orders": ("etl-worker", {"task": "extract"}, {}),
    "a published page": ("publisher", {"name": "x.md", "title": "X", "facts": {"n": 1}}, {}),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_receipt_takes_back_what_was_changed(change: tuple[str, Mapping[str, Any], Files], tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    slug, payload, inputs = change
    done = bench.attempt(slug, payload, inputs)
    assert done.json("receipt.json")["changes"] != []
    assert bench.world() != {}
    for number in (1, 2):  # an undo that was interrupted is played again
        undone = bench.undo(slug, done, number=number)
        assert (undone.code, undone.errors) == (0, "")
        jsonschema_rs.validate(spec_of(slug)["outputSchema"], undone.output)
        assert bench.world() == {}


def test_a_repeated_attempt_changes_nothing_more(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for slug, payload, inputs in CHANGES.values():
        first = bench.attempt(slug, payload, inputs, step=slug)
        world = bench.world()
        again = bench.attempt(slug, payload, inputs, step=slug, number=2)
        assert bench.world() == world
        assert again.json("receipt.json") == first.json("receipt.json")


def test_an_archive_that_somebody_changed_stays(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    done = bench.attempt("archiver", {"name": "q3"}, {"a/x.txt": "x"})
    (tmp_path / "outbox" / "run" / "archive" / "q3.zip").write_bytes(b"another")
    undone = bench.undo("archiver", done)
    assert undone.code == 1
    assert "it stays" in undone.errors
    assert list(bench.world().values()) == [b"another"]


def test_taking_a_page_down_puts_the_earlier_one_back(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.attempt("publisher", {"name": "x.md", "title": "Old", "facts": {}}, step="old")
    done = bench.attempt("publisher", {"name": "x.md", "title": "New", "facts": {}}, step="new")
    assert bench.world() == {"run/public/x.md": b"# New\n\n"}
    bench.undo("publisher", done, step="new")
    assert bench.world() == {"run/public/x.md": b"# Old\n\n"}


def test_a_mail_cannot_be_taken_back_and_says_so(tmp_path: Path) -> None:
    to = ["a@example.org", "b@example.org", "c@example.org"]
    done = Bench(tmp_path).attempt("mailer", {"to": to, "subject": "S", "body": "B"})
    assert done.json("receipt.json")["undo"] == {"reversible": False, "reason": "mail sent to 3 people"}


def orders(root: Path) -> list[tuple[Any, ...]]:
    warehouse = sqlite3.connect(root / "outbox" / "run" / "nightly" / "warehouse.db")
    try:
        return warehouse.execute("SELECT id, amount, status FROM orders ORDER BY id").fetchall()
    finally:
        warehouse.close()


def load(bench: Bench, mode: str, number: int = 1) -> Attempt:
    inputs = {"transform/orders_clean.csv": CLEAN}
    return bench.attempt("etl-worker", {"task": "load", "mode": mode}, inputs, step="load", number=number)


def test_a_load_that_collides_says_what_databases_say_and_loads_nothing(tmp_path: Path) -> None:
    failed = load(Bench(tmp_path), "insert")
    assert failed.code == 1
    assert failed.errors == 'duplicate key value violates unique constraint "orders_pkey"\n'
    assert [row[0] for row in orders(tmp_path)] == [10478, 10480, 10482, 10485]


def test_an_upsert_goes_through_once_and_can_be_undone(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    load(bench, "insert")
    before = orders(tmp_path)
    done = load(bench, "upsert", 2)
    assert done.output == {"mode": "upsert", "rows": 2, "inserted": 1, "updated": 1}
    assert (10482, 99000, "shipped") in orders(tmp_path)
    again = load(bench, "upsert", 3)
    assert (again.output, again.json("receipt.json")) == (done.output, done.json("receipt.json"))
    for number in (1, 2):
        assert bench.undo("etl-worker", done, step="load", number=number).output == {"deleted": 1, "restored": 1}
        assert orders(tmp_path) == before
    assert load(bench, "upsert", 4).output == done.output


def test_a_drill_fails_as_often_as_it_was_told(tmp_path: Path) -> None:
    payload = {"role": "qa", "project": "P", "features": ["A"], "drill": {"qa": {"attempts": 2, "exit": 75}}}
    codes = [Bench(tmp_path).attempt("delivery-worker", payload, number=number).code for number in (1, 2, 3)]
    assert codes == [75, 75, 0]


def test_a_role_tells_how_far_it_is(tmp_path: Path) -> None:
    done = Bench(tmp_path).attempt("delivery-worker", {"role": "qa", "project": "P", "features": ["A", "B"]})
    assert (done.directory / "progress").read_text(encoding="utf-8") == "2/2"
    assert json.loads((done.directory / "artifacts" / "qa-strategy.json").read_text(encoding="utf-8"))["role"] == "qa"
