"""The view of a run: right at every moment, and never too large."""

import pytest

from controller.engine.events import Hit
from controller.engine.status import MOST_CHARACTERS, _frontier, open_gates, status_of
from controller.engine.units import RUN_ITSELF, index_of, instance_of, unit_name, unit_named, unit_of
from controller.model.graph import GraphGate
from controller.model.run import GateStatus
from tests.fakes.clock import START
from tests.unit.engine.answers import digest
from tests.unit.engine.graphs import GATE, THREE, Each, graph
from tests.unit.engine.plays import _happen
from tests.unit.engine.world import World

LIMIT = 256 * 1024


def shown(world: World) -> dict[str, object]:
    """Return the status without what chains and clocks make of it."""
    status = status_of(world.state).model_dump()
    for name in ("head", "sequence", "semantic_digest", "started_at", "ended_at"):
        del status[name]
    return {name: value for name, value in status.items() if value not in (None, {}, [], 0, False)}


def counts(**more: int) -> dict[str, int]:
    return {"total": 0, "succeeded": 0, "skipped": 0, "failed": 0, "running": 0, "cached": 0, **more}


def test_from_the_first_record_to_the_last() -> None:
    each: Each = {"b": {"retry": THREE, "gate": GraphGate("ready?", "high")}, "c": {"foreach": True}}
    world = World(
        graph("a b<-a c<-a d", each, finalizers="z"),
        prepare={"d": Hit(digest("old"), digest("input"), {"run": "OLD"})},
    )
    assert shown(world) == {"state": "Pending", "progress": counts(total=4)}
    world.tell()
    assert shown(world) == {
        "state": "Running",
        "progress": counts(total=4, succeeded=1, running=1, cached=1),
        "frontier": {"a": "Running"},
    }
    world.end("a")
    assert shown(world) == {
        "state": "Running",
        "progress": counts(total=4, succeeded=2, running=2, cached=1),
        "frontier": {"b": "Running", "c": "Running", "c[0]": "Running", "c[1]": "Running"},
    }
    world.end("b", "exit 1")
    assert shown(world)["wake_at"] == START + 2000
    world.later(2000)
    assert shown(world)["attempts"] == {"b": 2}
    world.end("b")
    gate = {
        "gate": "b",
        "run": "RUN",
        "digest": digest("output", "b"),
        "request": world.state.chain.next - 2,
        "question": "ready?",
        "severity": "high",
        "required": True,
        "opened_at": START + 2000,
        "actions": ["approve", "reject", "modify"],
        "needs": None,
    }
    assert shown(world) == {
        "state": "AwaitingApproval",
        "progress": counts(total=4, succeeded=2, running=2, cached=1),
        "frontier": {"b": "AwaitingApproval", "c": "Running", "c[0]": "Running", "c[1]": "Running"},
        "attempts": {"b": 2},
        "gates": [gate],
        "gate_count": 1,
    }
    _happen(world, "suspend")
    assert shown(world)["suspended"] is True
    _happen(world, "resume")
    world.end("c[0]", "exit 64")
    world.end("c[1]")
    _happen(world, "approve b")
    assert shown(world) == {
        "state": "Running",
        "progress": counts(total=4, succeeded=3, failed=1, cached=1),
        "frontier": {"z": "Running"},
        "reason": "StepFailed",
        "message": 'step "c" failed',
    }
    world.end("z")
    assert shown(world) == {
        "state": "Failed",
        "progress": counts(total=4, succeeded=3, failed=1, cached=1),
        "reason": "StepFailed",
        "message": 'step "c" failed',
    }


def test_times_and_the_chain() -> None:
    world = World(graph("a"))
    status = status_of(world.state)
    assert (status.sequence, status.head) == (0, world.links[0].digest)
    assert (status.started_at, status.ended_at, status.semantic_digest) == (None, None, None)
    world.now += 5
    world.tell()
    world.now += 5
    world.end("a", "exit 1")
    status = status_of(world.state)
    assert (status.sequence, status.head) == (len(world.links) - 1, world.links[-1].digest)
    assert (status.started_at, status.ended_at) == (START + 5, START + 10)
    assert status.semantic_digest is not None
    world.now += 5
    _happen(world, "retry")
    status = status_of(world.state)
    assert (status.started_at, status.ended_at, status.semantic_digest) == (START + 5, None, None)


def test_checkpoints_of_children_come_after_those_of_the_run() -> None:
    world = World(graph("a b c", {"a": {"gate": GATE}, "c": {"gate": GATE}, "b": {"child": True}}))
    for words in ("start", "gates b review sign", "c ok", "a ok"):
        _happen(world, words)
    assert [gate.gate for gate in open_gates(world.state)] == ["a", "c", "b/review", "b/sign"]
    assert [gate.run for gate in open_gates(world.state)] == ["RUN", "RUN", "CHILD", "CHILD"]
    assert status_of(world.state).gate_count == 4


@pytest.mark.parametrize("stem", ["s", "s" * 120, "x" * 60])
def test_it_stays_under_its_limit_with_ten_thousand_steps(stem: str) -> None:
    each = {"*": {"gate": GraphGate("q" * 60_000, "s" * 5_000), "retry": THREE, "foreach": True}}
    names = " ".join(f"{stem}{number}" for number in range(40))
    world = World(
        graph(names, each, max_parallel=1000), lists={f"{stem}{one}": 250 for one in range(40)}, watched=False
    )
    world.tell()
    largest = size(world)
    for key in sorted(world.running)[:600]:
        world.deliver(key, {unit_name(world.graph, key[0]): "exit 1"})
    largest = max(largest, size(world))
    world.later(60_000)
    largest = max(largest, size(world))
    assert len(world.state.frontier) > 1000
    for key in sorted(world.running)[:20]:
        world.deliver(key)
    for number in range(40):
        gates = tuple(
            GateStatus(
                gate=f"{stem}/" * 5 + str(one), run="C" * 26, digest=digest(one), request=one, question="q" * 500
            )
            for one in range(20)
        )
        world.state = world.state._replace(child_gates=world.state.child_gates.set(unit_of(number), gates))
    largest = max(largest, size(world))
    assert largest < LIMIT
    status = status_of(world.state)
    assert len(status.gates) == 16
    assert status.gate_count == 800
    assert len(status.frontier) == 1000 or len(stem) > 100
    assert len(status.frontier) > 900


def size(world: World) -> int:
    status = status_of(world.state._replace(message="m" * 100_000))
    assert len(status.message or "") == 500
    return len(status.model_dump_json(by_alias=True).encode())


def test_attempts_are_left_out_before_the_frontier() -> None:
    stem = "s" * 120
    world = World(graph(" ".join(f"{stem}{number:04d}" for number in range(1000))), watched=False)
    world.tell()
    units = world.state.units
    for unit, known in units.items():
        units = units.set(unit, known._replace(attempt=2))
    status = status_of(world.state._replace(units=units))
    assert len(status.frontier) == 1000
    assert 0 < len(status.attempts) < 400
    assert list(status.attempts) == list(status.frontier)[: len(status.attempts)]


@pytest.mark.parametrize("length", [100, 128])
def test_names_take_the_room_that_there_is(length: int) -> None:
    stem = "s" * (length - 4)
    world = World(graph(" ".join(f"{stem}{number:04d}" for number in range(2000))), watched=False)
    world.tell()
    units = world.state.units
    for number, (unit, known) in enumerate(units.items()):
        units = units.set(unit, known._replace(attempt=1 + number % 3))
    frontier, attempts = _frontier(world.state._replace(units=units))
    assert len(frontier) == 1000
    assert set(attempts.values()) == {2, 3}
    used = sum(len(name) + len("Running") + 6 for name in frontier) + sum(len(name) + 10 for name in attempts)
    assert used <= MOST_CHARACTERS
    everything = sum(units[unit].attempt > 1 for unit in sorted(world.state.frontier)[:1000])
    assert len(attempts) == everything or used + length + 10 > MOST_CHARACTERS


def test_names_that_are_too_long_for_all_of_them() -> None:
    stem = "s" * 252
    world = World(graph(" ".join(f"{stem}{number:04d}" for number in range(1000))), watched=False)
    world.tell()
    frontier, attempts = _frontier(world.state)
    assert len(frontier) == MOST_CHARACTERS // (256 + len("Running") + 6)
    assert list(frontier) == [step.id for step in world.graph.steps[: len(frontier)]]
    assert attempts == {}


NAMES = {"a": (0, -1), "b": (1, -1), "a[0]": (0, 0), "b[9999]": (1, 9999)}


@pytest.mark.parametrize(("name", "place"), NAMES.items())
def test_names_of_units(name: str, place: tuple[int, int]) -> None:
    of = graph("a b")
    unit = unit_named(of, name)
    assert unit is not None
    assert (index_of(unit), instance_of(unit)) == place
    assert unit_of(*place) == unit
    assert unit_name(of, unit) == name


@pytest.mark.parametrize("name", ["", "c", "a[]", "a[x]", "a[-1]", "a[10000]", "[0]", "a[²]"])
def test_what_names_no_unit(name: str) -> None:
    assert unit_named(graph("a b"), name) is None


def test_units_order_as_the_queue_does() -> None:
    units = [unit_of(index, instance) for index in range(3) for instance in (-1, 0, 1, 9_999)]
    assert units == sorted(units)
    assert min(units) > RUN_ITSELF
