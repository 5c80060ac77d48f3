"""What every SlotPool promises."""

from controller.model.attempt import AttemptKey
from controller.model.states import Role
from tests.contract.machine import Machine
from tests.contract.scenarios import spec


def holder(number: int, run: str = "run-1") -> AttemptKey:
    return AttemptKey(run, f"load[{number}]", Role.DO, 1)


def test_first_come_first_served(machine: Machine) -> None:
    slots = machine.stores.slots
    assert [slots.acquire("agent/loader", 2, holder(number)) for number in (5, 1, 3, 2)] == [True, True, False, False]
    slots.release(holder(1))
    assert [slots.acquire("agent/loader", 2, holder(number)) for number in (2, 3, 5)] == [False, True, True]


def test_asking_again_keeps_the_place(machine: Machine) -> None:
    slots = machine.stores.slots
    for _ in range(3):
        assert slots.acquire("k", 1, holder(1)) is True
        assert slots.acquire("k", 1, holder(2)) is False
    slots.release(holder(1))
    assert slots.acquire("k", 1, holder(2)) is True
    assert slots.acquire("k", 1, holder(1)) is False


def test_limits_do_not_mix(machine: Machine) -> None:
    slots = machine.stores.slots
    assert slots.acquire("agent/a", 1, holder(1))
    assert slots.acquire("agent/b", 1, holder(1))
    assert not slots.acquire("agent/b", 1, holder(2))
    slots.release(holder(1))
    assert slots.acquire("agent/b", 1, holder(2))
    assert slots.acquire("agent/a", 1, holder(2))


def test_releasing_nothing_is_fine(machine: Machine) -> None:
    machine.stores.slots.release(holder(1))


def test_do_and_undo_and_attempts_are_different_holders(machine: Machine) -> None:
    slots = machine.stores.slots
    do = AttemptKey("run-1", "load", Role.DO, 1)
    for number, other in enumerate((do, do._replace(role=Role.UNDO), do._replace(attempt=2), do._replace(run="run-2"))):
        assert slots.acquire("k", 1, other) is (number == 0)


def test_a_changed_limit_holds_at_once(machine: Machine) -> None:
    slots = machine.stores.slots
    for number in range(4):
        slots.acquire("k", 4, holder(number))
    assert [slots.acquire("k", 2, holder(number)) for number in range(4)] == [True, True, False, False]


def test_the_queue_spans_processes_and_runs(machine: Machine) -> None:
    mine, other = machine.stores.slots, machine.another().slots
    assert mine.acquire("k", 1, holder(1)) is True
    assert other.acquire("k", 1, holder(1, "run-2")) is False
    assert mine.acquire("k", 1, holder(2)) is False
    mine.release(holder(1))
    assert mine.acquire("k", 1, holder(2)) is False
    assert other.acquire("k", 1, holder(1, "run-2")) is True


def test_places_of_abandoned_trees_are_given_back(machine: Machine) -> None:
    """Whoever drives nothing any more, and whose steps are gone, holds nothing; its children neither."""
    machine.stores.objects.create_run(spec("root"))
    machine.stores.objects.create_run(spec("child", root="root", parent="root"))
    slots = machine.stores.slots
    assert slots.acquire("k", 2, holder(1, "root"))
    assert slots.acquire("k", 2, holder(1, "child"))
    assert not slots.acquire("k", 2, holder(1, "other"))
    machine.dead.add("root")
    assert slots.acquire("k", 2, holder(1, "other"))
    assert slots.acquire("k", 2, holder(2, "other"))
    machine.dead.clear()
    assert not slots.acquire("k", 2, holder(1, "root"))


def test_a_driver_that_comes_back_in_time_keeps_its_places(machine: Machine) -> None:
    assert machine.stores.slots.acquire("k", 1, holder(1))
    returned = machine.another().slots
    assert returned.acquire("k", 1, holder(1))
    assert not returned.acquire("k", 1, holder(2))


def test_a_tree_keeps_only_the_places_of_what_still_runs(machine: Machine) -> None:
    for uid, root in (("root", "root"), ("child", "root"), ("other", "other")):
        machine.stores.objects.create_run(spec(uid, root=root))
    machine.stores.ledger.flush()
    slots = machine.stores.slots
    queued = [holder(1, "root"), holder(2, "child"), holder(3, "other"), holder(4, "child"), holder(5, "root")]
    for one in queued:
        slots.acquire("k", 9, one)
    slots.retain("root", {holder(4, "child")})
    # Who is still there is found by who is now among the first two: the others queue behind them anew.
    assert [slots.acquire("k", 2, one) for one in queued] == [False, False, True, True, False]
