"""Sealing: what lies where, and that nobody notices."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from controller.adapters.sqlite import LocalStores
from controller.adapters.sqlite.ledger import LONGEST_TAIL, SHORTEST_TAIL, status_bytes
from controller.errors import LedgerInconsistent, StoreUnavailable, VerificationFailed
from controller.machine.chain import check
from controller.model.run import RunProgress
from controller.model.states import RunState
from controller.ports.ledger_store import Write
from tests.contract.scenarios import chained, record, status, write
from tests.fakes.clock import SettableClock


def open_stores(folder: Path) -> LocalStores:
    return LocalStores.open(folder, SettableClock(), lambda _: True)


@pytest.fixture
def stores(tmp_path: Path) -> Iterator[LocalStores]:
    made = open_stores(tmp_path)
    yield made
    made.close()


def rows(stores: LocalStores) -> int:
    return int(stores.database.rows("SELECT count(*) FROM records")[0][0])


def shards(stores: LocalStores) -> list[tuple[int, int]]:
    return stores.database.rows("SELECT first, last FROM shards ORDER BY first")


def append(stores: LocalStores, first: int, count: int) -> None:
    stores.ledger.append([write("run-1", first, count)])
    stores.ledger.flush()


def test_the_tail_is_sealed_when_it_is_long(stores: LocalStores) -> None:
    append(stores, 0, LONGEST_TAIL)
    assert (rows(stores), shards(stores)) == (LONGEST_TAIL, [])
    append(stores, LONGEST_TAIL, 1)
    sealed = LONGEST_TAIL + 1 - SHORTEST_TAIL
    assert (rows(stores), shards(stores)) == (SHORTEST_TAIL, [(0, sealed - 1)])
    append(stores, LONGEST_TAIL + 1, 1000)
    assert (rows(stores), shards(stores)) == (SHORTEST_TAIL, [(0, sealed - 1), (sealed, 1128 - SHORTEST_TAIL)])


def test_sealed_records_are_the_same_bytes(stores: LocalStores) -> None:
    links = chained(500)
    for first in range(0, 500, 20):
        part = links[first : first + 20]
        stores.ledger.append(
            [Write("run-1", first, [content for content, _ in part], [digest for _, digest in part], status())]
        )
        stores.ledger.flush()
    assert len(shards(stores)) > 3
    report = check(stores.ledger.read("run-1"))
    assert (report.broken, report.count, report.head) == (None, 500, links[-1][1])


def test_the_ledger_may_grow_while_it_is_read(stores: LocalStores) -> None:
    append(stores, 0, 100)
    reader = stores.ledger.read("run-1")
    begun = [next(reader) for _ in range(10)]
    append(stores, 100, 500)
    append(stores, 600, 500)
    assert begun + list(reader) == [record(number) for number in range(1100)]


def test_a_missing_row_is_shown_not_hidden(stores: LocalStores) -> None:
    """Whoever verifies a ledger says which record is missing."""
    append(stores, 0, 10)
    stores.database.rows("DELETE FROM records WHERE seq = 4")
    assert list(stores.ledger.read("run-1")) == [record(number) for number in range(10) if number != 4]


def test_a_damaged_shard_is_found(stores: LocalStores) -> None:
    append(stores, 0, 200)
    stores.database.rows("UPDATE shards SET digest = 'blake3:' || hex(zeroblob(32))")
    with pytest.raises(VerificationFailed, match="does not match its digest"):
        list(stores.ledger.read("run-1"))


def test_a_damaged_status_is_found(stores: LocalStores) -> None:
    append(stores, 0, 1)
    stores.database.rows("UPDATE ledgers SET status = x'7b'")
    with pytest.raises(StoreUnavailable, match="status of run run-1 is damaged"):
        stores.ledger.status("run-1")


def test_records_need_their_digests(stores: LocalStores) -> None:
    with pytest.raises(LedgerInconsistent, match="2 records of run run-1 with 0 digests"):
        stores.ledger.append([write("run-1", 0, 2)._replace(digests=[])])


def test_the_size_counts_what_is_stored(stores: LocalStores) -> None:
    assert stores.ledger.size("run-1") == 0
    append(stores, 0, 10)
    assert stores.ledger.size("run-1") == sum(len(record(number)) for number in range(10))
    append(stores, 10, 1000)
    assert 0 < stores.ledger.size("run-1") < sum(len(record(number)) for number in range(1010)) / 2


def test_the_largest_status_is_small(stores: LocalStores) -> None:
    """A run of 10,000 steps with the longest names, 1,000 of them in flight."""
    names = [f"{'s' * 120}[{number}]" for number in range(1000)]
    largest = status(
        state=RunState.RUNNING,
        progress=RunProgress(total=10_000),
        frontier=dict.fromkeys(names, "AwaitingApproval"),
        attempts={},
    )
    assert len(status_bytes(largest)) < 256 * 1024


class LedgerMachine(RuleBasedStateMachine):
    """The store against a list, whatever is appended, flushed, sealed and reopened in between."""

    @initialize()
    def start(self) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.stores = open_stores(Path(self.folder.name))
        self.model: dict[str, list[bytes]] = {"a": [], "b": []}

    @rule(run=st.sampled_from("ab"), count=st.sampled_from([0, 1, 2, 63, 64, 65, 128, 129, 300]))
    def append(self, run: str, count: int) -> None:
        new = write(run, len(self.model[run]), count)
        self.stores.ledger.append([new])
        self.model[run].extend(new.records)

    @rule(run=st.sampled_from("ab"), off=st.sampled_from([-1, 1, 64]))
    def append_elsewhere(self, run: str, off: int) -> None:
        with pytest.raises(LedgerInconsistent):
            self.stores.ledger.append([write(run, len(self.model[run]) + off)])

    @rule()
    def flush(self) -> None:
        self.stores.ledger.flush()

    @rule()
    def reopen(self) -> None:
        self.stores.close()
        self.stores = open_stores(Path(self.folder.name))

    @rule(run=st.sampled_from("ab"))
    def delete(self, run: str) -> None:
        self.stores.objects.delete_run(run)
        self.model[run] = []

    @rule(run=st.sampled_from("ab"), share=st.floats(0, 1))
    def read_from(self, run: str, share: float) -> None:
        first = int(share * len(self.model[run]))
        assert list(self.stores.ledger.read(run, first)) == self.model[run][first:]

    @invariant()
    def agrees(self) -> None:
        for run, records in self.model.items():
            assert self.stores.ledger.head(run)[0] == len(records) - 1
            assert list(self.stores.ledger.read(run)) == records

    def teardown(self) -> None:
        self.stores.close()
        self.folder.cleanup()


TestLedgerMachine = LedgerMachine.TestCase
TestLedgerMachine.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
