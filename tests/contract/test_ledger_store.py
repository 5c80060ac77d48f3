"""What every LedgerStore promises."""

import pytest

from controller.errors import DiskFull, LedgerInconsistent
from controller.model.digest import digest_bytes
from controller.model.record import GENESIS
from controller.model.states import RunState
from controller.ports.ledger_store import Write
from tests.contract import scenarios
from tests.contract.machine import Machine
from tests.contract.scenarios import KEY, SMALL, decision, record, status, write
from tests.fakes.clock import START


def contents(machine: Machine, run: str = "run-1", first: int = 0) -> list[bytes]:
    return list(machine.stores.ledger.read(run, first))


def test_there_is_nothing_at_first(machine: Machine) -> None:
    ledger = machine.stores.ledger
    assert (ledger.head("run-1"), ledger.status("run-1"), contents(machine)) == ((-1, GENESIS), None, [])


@pytest.mark.parametrize("flushed", [True, False], ids=["flushed", "waiting"])
def test_a_process_reads_what_it_wrote(machine: Machine, flushed: bool) -> None:
    ledger = machine.stores.ledger
    first, second = write("run-1", 0, 3), write("run-1", 3, 2, RunState.SUCCEEDED)
    ledger.append([first])
    if flushed:
        ledger.flush()
    ledger.append([second])
    assert contents(machine) == [*first.records, *second.records]
    assert contents(machine, first=2) == [first.records[2], *second.records]
    assert contents(machine, first=4) == [second.records[1]]
    assert contents(machine, first=5) == []
    assert ledger.head("run-1") == (4, second.digests[-1])
    assert ledger.status("run-1") == second.status


def test_ledgers_do_not_mix(machine: Machine) -> None:
    one, two = write("run-1", 0, 2), write("run-2", 0, 3)
    machine.stores.ledger.append([one, two])
    machine.stores.ledger.flush()
    assert (contents(machine), contents(machine, "run-2")) == (one.records, two.records)


def test_one_call_may_go_on_with_a_ledger_twice(machine: Machine) -> None:
    """So a run crosses two edges of its state at once."""
    writes = [write("run-1", 0, 2), write("run-1", 2, 1, RunState.SUCCEEDED)]
    machine.stores.ledger.append(writes)
    machine.stores.ledger.flush()
    assert len(contents(machine)) == 3
    assert machine.stores.ledger.status("run-1") == writes[1].status


def test_a_status_may_change_without_a_record(machine: Machine) -> None:
    ledger = machine.stores.ledger
    ledger.append([write("run-1", 0, 2)])
    ledger.flush()
    later = status(1, message="waits")
    ledger.append([Write("run-1", 2, [], [], later)])
    ledger.flush()
    assert (ledger.status("run-1"), len(contents(machine))) == (later, 2)


@pytest.mark.parametrize("first", [0, 1, 3, 7])
def test_a_write_that_does_not_follow_is_refused_whole(machine: Machine, first: int) -> None:
    ledger = machine.stores.ledger
    ledger.append([write("run-1", 0, 2)])
    with pytest.raises(LedgerInconsistent, match="run-1 is 2, not"):
        ledger.append([write("run-2", 0, 1), write("run-1", first)])
    assert (len(contents(machine)), contents(machine, "run-2")) == (2, [])


def test_a_long_ledger_is_read_from_anywhere(machine: Machine) -> None:
    ledger = machine.stores.ledger
    for first in range(0, 1000, 50):
        ledger.append([write("run-1", first, 50)])
        ledger.flush()
    everything = [record(number) for number in range(1000)]
    for first in (0, 1, 63, 64, 65, 500, 935, 936, 999, 1000):
        assert contents(machine, first=first) == everything[first:]


def test_a_crash_takes_what_was_not_flushed(machine: Machine) -> None:
    machine.crash(scenarios.flush_some)
    assert contents(machine) == [record(number) for number in range(3)]
    assert machine.stores.ledger.head("run-1")[0] == 2
    assert machine.stores.ledger.status("run-1") == status(2)
    machine.stores.ledger.append([write("run-1", 3)])


@pytest.mark.parametrize("flushed", [True, False], ids=["flushed", "not flushed"])
def test_a_group_is_kept_whole_or_not_at_all(machine: Machine, flushed: bool) -> None:
    identity = machine.stores.decisions.submit(decision())
    assert identity == 1
    machine.crash(scenarios.change_everything_and_flush if flushed else scenarios.change_everything)
    stores = machine.stores
    kept = (
        stores.blobs.has(digest_bytes(SMALL)),
        stores.cache.get(KEY, START) is not None,
        stores.decisions.answered(identity) is not None,
        stores.decisions.pending("run-1") == [],
        len(contents(machine)) == 5,
    )
    assert set(kept) == {flushed}


def test_a_full_disk_loses_nothing(machine: Machine) -> None:
    ledger = machine.stores.ledger
    ledger.append([write("run-1", 0, 300)])
    with machine.full():
        with pytest.raises(DiskFull):
            ledger.flush()
        assert len(contents(machine)) == 300
        ledger.append([write("run-1", 300, 50)])
    ledger.flush()
    machine.crash(scenarios.submit_one)
    assert contents(machine) == [record(number) for number in range(350)]


def test_records_wait_for_others_no_longer_than_a_person_would_notice(machine: Machine) -> None:
    ledger = machine.stores.ledger
    ledger.append([write("run-1", 0)])
    assert 0 <= ledger.patience() <= 250
