"""Opening, migrating, grouping, and what failures are called."""

import sqlite3
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from controller.adapters.sqlite.database import Database
from controller.adapters.sqlite.schema import STEPS
from controller.adapters.sqlite.stores import LocalStores
from controller.errors import DiskFull, InvariantViolated, LedgerInconsistent, StateTooNew, StoreUnavailable
from controller.model.digest import digest_bytes
from tests.contract.scenarios import SMALL, command, write
from tests.fakes.clock import SettableClock

ONE_MORE: Sequence[Sequence[str]] = (
    *STEPS,
    ("ALTER TABLE runs ADD COLUMN label TEXT", "UPDATE runs SET label = 'from before'"),
)
BROKEN: Sequence[Sequence[str]] = (*STEPS, ("ALTER TABLE runs ADD COLUMN label TEXT", "INSERT INTO nowhere VALUES (1)"))


def version(path: Path) -> int:
    connection = sqlite3.connect(path)
    try:
        return int(connection.execute("PRAGMA user_version").fetchone()[0])
    finally:
        connection.close()


def insert_run(database: Database) -> None:
    with database.transaction() as connection:
        connection.execute("INSERT INTO runs (uid, root, created_at, spec) VALUES ('a', 'a', 1, x'00')")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def test_it_is_durable_and_checked_by_default(path: Path, clock: SettableClock) -> None:
    database = Database.open(path, clock)
    pragmas = {name: database.rows(f"PRAGMA {name}")[0][0] for name in ("journal_mode", "synchronous", "busy_timeout")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "busy_timeout": 5000}
    tables = database.rows("SELECT strict FROM pragma_table_list WHERE schema = 'main' AND name NOT LIKE 'sqlite_%'")
    assert set(tables) == {(1,)}
    assert len(tables) == 9
    database.close()


def test_an_empty_file_becomes_version_1(path: Path, clock: SettableClock) -> None:
    path.touch()
    assert version(path) == 0
    Database.open(path, clock).close()
    assert version(path) == len(STEPS) == 1


def test_an_older_database_keeps_its_rows(path: Path, clock: SettableClock) -> None:
    old = Database.open(path, clock)
    insert_run(old)
    old.close()
    new = Database.open(path, clock, steps=ONE_MORE)
    assert new.rows("SELECT uid, label FROM runs") == [("a", "from before")]
    new.close()
    assert version(path) == 2


def test_a_step_that_fails_changes_nothing(path: Path, clock: SettableClock) -> None:
    Database.open(path, clock).close()
    with pytest.raises(StoreUnavailable, match="nowhere"):
        Database.open(path, clock, steps=BROKEN)
    assert version(path) == 1
    database = Database.open(path, clock, steps=ONE_MORE)
    assert database.rows("SELECT label FROM runs") == []
    database.close()


@pytest.mark.parametrize("read_only", [True, False])
def test_a_newer_database_is_refused_and_untouched(path: Path, clock: SettableClock, read_only: bool) -> None:
    Database.open(path, clock, steps=ONE_MORE).close()
    before = path.read_bytes()
    with pytest.raises(StateTooNew, match="schema version 2") as refusal:
        (Database.open_read_only if read_only else Database.open)(path, clock)
    assert refusal.value.hint is not None
    assert path.read_bytes() == before


def test_a_newer_database_in_use_is_left_alone(path: Path, clock: SettableClock) -> None:
    """Its version is in the file itself, so that looking at it needs no lock and makes no side file."""
    newer = Database.open(path, clock, steps=ONE_MORE)
    before = {one.name: one.read_bytes() for one in path.parent.iterdir()}
    moment = path.parent.stat().st_mtime_ns
    with pytest.raises(StateTooNew):
        Database.open(path, clock)
    assert {one.name: one.read_bytes() for one in path.parent.iterdir()} == before
    assert path.parent.stat().st_mtime_ns == moment
    newer.close()


def test_terminals_that_create_it_at_once_agree(path: Path, clock: SettableClock) -> None:
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: _open_and_close(path, clock), range(8))) == [None] * 8
    assert version(path) == 1


def _open_and_close(path: Path, clock: SettableClock) -> None:
    Database.open(path, clock).close()


def test_what_is_no_database_is_refused(path: Path, clock: SettableClock) -> None:
    path.write_bytes(b"not a database, but long enough to be looked at" * 100)
    with pytest.raises(StoreUnavailable, match="not a database") as refusal:
        Database.open(path, clock)
    assert isinstance(refusal.value.__cause__, sqlite3.DatabaseError)


def test_a_folder_that_is_not_there(tmp_path: Path, clock: SettableClock) -> None:
    with pytest.raises(StoreUnavailable, match="unable to open"):
        Database.open(tmp_path / "no" / "state.db", clock)


def test_what_waits_holds_no_lock(tmp_path: Path, clock: SettableClock) -> None:
    """So that a process that is stopped or slow never keeps the other terminals waiting."""
    one = LocalStores.open(tmp_path, clock, lambda _: True)
    two = LocalStores.open(tmp_path, clock, lambda _: True)
    one.ledger.append([write("a", 0)])
    two.ledger.append([write("b", 0)])
    two.database._connection.execute("PRAGMA busy_timeout = 0")
    two.decisions.submit(command("a"))
    two.ledger.flush()
    one.close()
    two.close()


def test_what_is_written_meanwhile_stops_the_group(tmp_path: Path, clock: SettableClock) -> None:
    """Leadership keeps two drivers apart; should it ever fail, the ledger stays whole and the later one stops."""
    one = LocalStores.open(tmp_path, clock, lambda _: True)
    two = LocalStores.open(tmp_path, clock, lambda _: True)
    one.blobs.put(SMALL)
    one.ledger.append([write("b", 0), write("a", 0)])
    two.ledger.append([write("a", 0, 3)])
    two.ledger.flush()
    with pytest.raises(LedgerInconsistent, match="run a is 3, not 0"):
        one.ledger.flush()
    assert (one.ledger.head("a")[0], one.ledger.head("b")[0]) == (2, -1)
    assert not one.blobs.has(digest_bytes(SMALL))
    one.ledger.append([write("a", 3)])
    one.close()
    assert two.ledger.head("a")[0] == 3
    two.close()


def test_a_commit_that_was_reported_as_failed_is_not_repeated(tmp_path: Path, clock: SettableClock) -> None:
    stores = LocalStores.open(tmp_path, clock, lambda _: True)
    stores.ledger.append([write("a", 0, 2)])
    with stores.database.transaction() as connection:
        stores.ledger.write(connection)  # Committed, but nobody was told.
    stores.ledger.flush()
    assert len(list(stores.ledger.read("a"))) == 2
    stores.close()


def test_a_fork_may_not_use_it(tmp_path: Path, clock: SettableClock) -> None:
    database = Database.open(tmp_path / "state.db", clock)
    database._process += 1
    with pytest.raises(InvariantViolated, match="before a fork"):
        database.rows("SELECT 1")
    with pytest.raises(InvariantViolated, match="before a fork"):
        insert_run(database)
    database.close()


def test_a_lock_that_nobody_gives_back_is_reported(path: Path, clock: SettableClock) -> None:
    one, two = Database.open(path, clock), Database.open(path, clock)
    two._connection.execute("PRAGMA busy_timeout = 10")
    with one.transaction(), pytest.raises(StoreUnavailable, match="locked"):
        insert_run(two)
    insert_run(two)
    one.close()
    two.close()


def test_a_full_database_is_a_full_disk(path: Path, clock: SettableClock) -> None:
    database = Database.open(path, clock)
    (pages,) = database.rows("PRAGMA page_count")[0]
    database.rows(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(DiskFull, match="no space left") as failure, database.transaction() as connection:
        connection.execute("INSERT INTO runs (uid, root, created_at, spec) VALUES ('a', 'a', 1, zeroblob(100000))")
    assert isinstance(failure.value.__cause__, sqlite3.OperationalError)
    assert failure.value.hint is not None
    assert database.rows("SELECT uid FROM runs") == []
    database.close()
