"""Reading without leaving a trace, whatever state the files are in."""

import hashlib
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.adapters.sqlite import LocalStores, snapshot
from controller.adapters.sqlite.database import Database
from controller.adapters.sqlite.schema import STEPS
from controller.errors import NotFound, StoreUnavailable
from controller.model.digest import digest_bytes
from tests.contract import scenarios
from tests.contract.machine import ROOT, elsewhere
from tests.contract.scenarios import KEY, LARGE, SMALL, command, entry, published, spec, write
from tests.fakes.clock import START, SettableClock


def prints(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Everything below a folder: mode, time of change and content."""
    return {
        str(path.relative_to(folder)): (
            path.stat().st_mode,
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in folder.rglob("*")
    }


def fill(stores: LocalStores) -> None:
    stores.blobs.put(LARGE)
    scenarios.make_objects(stores)
    scenarios.submit_one(stores)
    scenarios.change_everything_and_flush(stores)


@pytest.mark.parametrize("state", ["closed", "killed", "empty", "absent"])
def test_reading_leaves_every_byte_as_it_was(tmp_path: Path, state: str) -> None:
    folder = tmp_path / "state"
    if state != "absent":
        folder.mkdir()
    if state == "closed":
        stores = LocalStores.open(folder, SettableClock(), lambda _: True)
        fill(stores)
        stores.close()
    elif state == "killed":
        elsewhere(folder, scenarios.change_everything_and_flush, kill=True)
        assert (folder / "state.db-wal").stat().st_size > 0
    before = prints(tmp_path)
    reader = LocalStores.open_read_only(folder, SettableClock())
    count = len(list(reader.ledger.read("run-1")))
    reader.objects.runs()
    reader.objects.definitions()
    reader.decisions.pending("run-1")
    reader.decisions.changed()
    found = reader.cache.get(KEY, START)
    reader.blobs.has(digest_bytes(SMALL))
    reader.close()
    assert prints(tmp_path) == before
    assert (count, found is not None) == ((5, True) if state in {"closed", "killed"} else (0, False))


def test_the_copy_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    elsewhere(tmp_path / "state", scenarios.change_everything_and_flush, kill=True)
    reader = LocalStores.open_read_only(tmp_path / "state", SettableClock())
    assert list((tmp_path / "temporary").iterdir()) == []
    assert len(list(reader.ledger.read("run-1"))) == 5
    reader.close()


def test_writing_is_refused(tmp_path: Path) -> None:
    reader = LocalStores.open_read_only(tmp_path, SettableClock())
    attempts: list[Callable[[], object]] = [
        lambda: reader.ledger.append([write("run-1", 0)]),
        lambda: reader.blobs.put(SMALL),
        lambda: reader.blobs.put(LARGE),
        lambda: reader.objects.create_run(spec()),
        lambda: reader.objects.publish(published()),
        lambda: reader.decisions.submit(command()),
        lambda: reader.cache.put(entry()),
    ]
    for attempt in attempts:
        with pytest.raises(StoreUnavailable, match="for reading only"):
            attempt()
    with pytest.raises(NotFound):
        reader.blobs.get(digest_bytes(SMALL))
    reader.close()
    assert prints(tmp_path) == {}


def test_an_older_database_is_read_as_if_it_were_new(tmp_path: Path) -> None:
    Database.open(tmp_path / "state.db", SettableClock()).close()
    before = prints(tmp_path)
    newer = (*STEPS, ("ALTER TABLE runs ADD COLUMN label TEXT",))
    reader = Database.open_read_only(tmp_path / "state.db", SettableClock(), steps=newer)
    assert reader.rows("SELECT label FROM runs") == []
    reader.close()
    assert prints(tmp_path) == before


WRITER = """
import sys
from pathlib import Path
from controller.adapters.clock import SystemClock
from controller.adapters.sqlite import LocalStores, snapshot
from tests.contract.scenarios import entry, write
stores = LocalStores.open(Path(sys.argv[1]), SystemClock(), lambda _: True)
stores.database._connection.execute("PRAGMA wal_autocheckpoint = 20")
print("writing", flush=True)
number = 0
while True:
    stores.ledger.append([write("one", number * 7, 7), write("two", number * 7, 7)])
    stores.ledger.flush()
    number += 1
"""


def test_a_snapshot_under_fire_is_consistent(tmp_path: Path) -> None:
    """Another process writes and checkpoints as fast as it can; two ledgers that grow together are always equal."""
    command_line = [sys.executable, "-c", WRITER, str(tmp_path)]
    with subprocess.Popen(command_line, cwd=ROOT, stdout=subprocess.PIPE) as writer:
        try:
            assert writer.stdout is not None
            writer.stdout.readline()
            lengths = []
            for _ in range(40):
                reader = LocalStores.open_read_only(tmp_path, SettableClock())
                assert reader.database.rows("PRAGMA integrity_check") == [("ok",)]
                one, two = (list(reader.ledger.read(run)) for run in ("one", "two"))
                assert one == two == [scenarios.record(number) for number in range(len(one))]
                assert reader.ledger.head("one")[0] == len(one) - 1
                lengths.append(len(one))
                reader.close()
        finally:
            writer.kill()
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 10


@pytest.mark.parametrize("closed", [True, False], ids=["the writer had gone", "the log starts anew"])
def test_a_checkpoint_in_the_middle_of_a_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, closed: bool) -> None:
    """The log that held the pages of the copied database is no longer there when the log is copied."""
    stores = LocalStores.open(tmp_path, SettableClock(), lambda _: True)
    stores.ledger.append([write("run-1", 0, 100)])
    stores.ledger.flush()
    copied: list[str] = []
    copy = snapshot._copy

    def copy_slowly(source: Path, target: Path) -> bool:
        nonlocal stores
        done = copy(source, target)
        copied.append(source.name)
        if len(copied) == 1:
            stores.database.rows("PRAGMA wal_checkpoint(RESTART)")
            stores.ledger.append([write("run-1", 100, 100)])
            stores.ledger.flush()
            if closed:
                stores.close()
        return done

    monkeypatch.setattr(snapshot, "_copy", copy_slowly)
    reader = LocalStores.open_read_only(tmp_path, SettableClock())
    assert copied == ["state.db", "state.db-wal"] * 2
    assert list(reader.ledger.read("run-1")) == [scenarios.record(number) for number in range(200)]
    reader.close()
    stores.close()


def test_a_copy_that_never_succeeds_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stores = LocalStores.open(tmp_path, SettableClock(), lambda _: True)
    marks = iter(range(1000))
    monkeypatch.setattr(snapshot, "_mark", lambda *_: next(marks))
    with pytest.raises(StoreUnavailable, match="changes too fast"):
        LocalStores.open_read_only(tmp_path, SettableClock())
    stores.close()
