"""Scene 7: undo."""

from pathlib import Path

from tests.scenes.mara import Project

UNDONE = [
    "undoing 3 changed steps, last in the order of dependencies first",
    "  transform  undone  0.0s  receipt DIGEST",
    '  warn-team  NOT undone: its receipt says irreversible ("mail sent to 3 people"); receipt DIGEST',
    "  extract  undone  0.0s  receipt DIGEST",
    "Failed (UndoIncomplete): 1 change remains, see above.",
    "What remains is tried once more with: libretto resume RUN",
]


def test_undo_takes_back_what_it_can_and_lists_what_remains(tmp_path: Path) -> None:
    mara = Project.with_definitions(tmp_path)
    mara.call("run", "definitions/nightly")
    uid = mara.told("show", "latest")["run"]
    staged = tmp_path / "outbox" / uid / "nightly"
    assert {path.name for path in staged.glob("*.csv")} == {"orders.csv", "orders_clean.csv"}

    undone = mara.call("abort", "latest", "--undo")
    assert undone.lines == UNDONE
    assert undone.code == 4
    assert list(staged.glob("*.csv")) == []

    shown = mara.told("show", "latest", "warn-team")
    assert (shown["state"], shown["undo"]["state"]) == ("Succeeded", "Kept")


def test_an_undo_that_was_only_recorded_goes_on_later(tmp_path: Path) -> None:
    mara = Project.with_definitions(tmp_path)
    mara.call("run", "definitions/nightly")
    recorded = mara.call("undo", "latest", "--no-wait")
    assert recorded.lines == [
        "run RUN: undo ordered by mara as record 15. Nobody drives the run; it goes on with: libretto resume RUN"
    ]
    assert recorded.code == 0
    assert mara.told("status", "latest")["status"]["state"] == "RollingBack"
