"""Plays: scripts of one run, to be read line by line. Left what happens, then what changes, right what the engine asks for.

    start     | Running a=Running   | start a#1
    a exit 1  | a=Pending           | wake 2s
    +2s       | a=Running           | start a#2
    a ok      | Succeeded a=Succeeded |

The columns in the middle and on the right are complete: what does not stand there did not change and was not asked for.
Left out are questions that the world answers at once (prepare, condition, list, outputs, cache).
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from _pytest.mark import ParameterSet

from controller.engine import effects as fx
from controller.engine import events as ev
from controller.engine.evolve import fold
from controller.engine.state import State
from controller.engine.units import unit_name
from controller.model.graph import Graph
from controller.model.run import GateStatus
from controller.model.states import Role, Verb, Verdict
from tests.fakes.clock import START
from tests.unit.engine.answers import digest
from tests.unit.engine.world import World

HIDDEN = (fx.PrepareStep, fx.DecidePhase, fx.CombineInstances, fx.KeepResult, fx.PrepareUndo, fx.ComputeOutputs)


class Play(NamedTuple):
    """A script, and the world that it is played in."""

    graph: Graph
    script: str
    world: dict[str, Any]


def play(graph: Graph, script: str, **world: Any) -> Play:
    return Play(graph, script, world)


def params(plays: Mapping[str, Play], proves: Mapping[str, pytest.MarkDecorator] = {}) -> list[ParameterSet]:
    """Return the plays as parameters of a test, each named by its sentence and marked with what it proves."""
    assert set(proves) <= set(plays), set(proves) - set(plays)
    return [pytest.param(one, id=name, marks=proves.get(name, ())) for name, one in plays.items()]


def perform(one: Play) -> tuple[list[list[str]], World]:
    """Play the left column, and return all three as they come."""
    world = World(one.graph, **one.world)
    lines = []
    for line in one.script.strip().splitlines():
        happens = line.partition("|")[0].strip()
        state, wake_at = world.state, world.wake_at
        asked = _happen(world, happens)
        words = [word for effect in asked if not isinstance(effect, HIDDEN) for word in [_word(world, effect)] if word]
        if world.wake_at not in (None, wake_at):
            words.append(f"wake {((world.wake_at or 0) - START) / 1000:g}s")
        lines.append([happens, _changes(state, world.state), "; ".join(words)])
    return lines, world


def expected(script: str) -> list[list[str]]:
    """Return the columns of a script."""
    return [[column.strip() for column in line.split("|")] for line in script.strip().splitlines()]


def restarted(of: Graph, *words: str) -> World:
    """Play, and forget all that is not in the ledger."""
    world = World(of, mute=[fx.StartStep, fx.StartUndo])
    for one in words:
        _happen(world, one)
    world.state = fold(of, "RUN", [link.content for link in world.links])
    return world


def _happen(world: World, words: str) -> list[fx.Effect]:
    first, *rest = words.split()
    match first:
        case "start":
            return world.tell()
        case "restart":
            return world.restart()
        case "crash":
            return world.crash(int(rest[0]))
        case "answer":
            return world.answer(int(rest[0]) if rest else 0)
        case "approve" | "reject" | "modify":
            return _decide(world, Verdict(first), *rest)
        case "undo" if len(rest) > 1:
            return world.end(rest[0], " ".join(rest[1:]), Role.UNDO)
        case "stray":
            unit, running = world.unit(rest[0]), "ended" not in rest
            return world.tell(ev.Strayed(unit, Role.DO, world.known(rest[0]).attempt + 1, digest("input"), running))
        case "gates":
            return world.tell(ev.ChildGatesSeen(world.unit(rest[0]), tuple(map(_gate, rest[1:]))))
        case _ if first in set(Verb):
            return _command(world, Verb(first), rest)
        case _ if first[0] in "+-":
            return world.later(round(float(first[:-1]) * 1000))
        case _:
            return world.end(first, " ".join(rest))


def _gate(name: str) -> GateStatus:
    return GateStatus(gate=name, run="CHILD", digest=digest(name), request=4, question="?")


def _decide(world: World, verdict: Verdict, name: str, how: str = "") -> list[fx.Effect]:
    changes: dict[str, dict[str, Any]] = {
        "": {},
        "another": {"digest": digest("another output")},
        "early": {"request": 0},
        "patch": {"patch": digest("patch")},
    }
    return world.decide(verdict, name, **changes[how])


def _command(world: World, verb: Verb, rest: list[str]) -> list[fx.Effect]:
    more: dict[str, Any] = {}
    step = None
    while rest:
        word = rest.pop(0)
        match word:
            case "patch":
                more["patch"] = digest("patch")
            case "of":
                more["attempt"] = int(rest.pop(0))
            case "later":
                more["delay_ms"] = int(rest.pop(0)[:-1]) * 1000
            case "undo" | "stop":
                more[word] = True
            case "output":
                more["output"] = digest("replacement")
            case _:
                step = word
    return world.command(verb, step, **more)


def _changes(before: State, after: State) -> str:
    words = [str(after.run)] if after.run is not before.run else []
    words += ["suspended" if after.suspended else "resumed"] if after.suspended is not before.suspended else []
    for unit in sorted(set(before.units) | set(after.units)):
        old, new = before.unit(unit), after.unit(unit)
        if new.state is not old.state:
            words.append(f"{unit_name(after.graph, unit)}={new.state}")
    if after.run.settled and after.reason and (after.run, after.reason) != (before.run, before.reason):
        words.append(f"({after.reason})")
    return " ".join(words)


def _word(world: World, effect: fx.Effect) -> str:
    name = unit_name(world.graph, effect.unit) if getattr(effect, "unit", -1) >= 0 else "run"  # type: ignore[union-attr]
    match effect:
        case fx.StartStep(attempt=attempt):
            return f"start {name}#{attempt}"
        case fx.StartChild(attempt=attempt):
            return f"child {name}#{attempt}"
        case fx.StartUndo(attempt=attempt):
            return f"undo {name}#{attempt}"
        case fx.UndoChild():
            return f"undo child {name}"
        case fx.StopStep(role=role, attempt=attempt, why=why):
            return f"stop {'undo ' * (role is Role.UNDO)}{name}#{attempt} {why}"
        case fx.AcquireSlots(attempt=attempt, role=role):
            return f"acquire {'undo ' * (role is Role.UNDO)}{name}#{attempt}"
        case fx.ReleaseSlots(attempt=attempt, role=role):
            return f"release {'undo ' * (role is Role.UNDO)}{name}#{attempt}"
        case fx.Persist():
            return f"persist {name}"
        case fx.Notify(type=kind, level=level):
            return f"tell {name} {kind} {level}"
        case fx.AnswerDecision(record=None, refusal=refusal):
            return f"refused: {refusal}"
        case fx.AnswerDecision(record=record):
            assert record is not None
            return f"-> {world.records[record].kind}"
        case _:
            return ""
