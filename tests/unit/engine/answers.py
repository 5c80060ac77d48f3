"""How the world around a run answers what the engine asks for: from tables, at once."""

from collections.abc import Mapping
from typing import Any

from controller.engine import effects as fx
from controller.engine import events as ev
from controller.engine.events import Event
from controller.engine.state import State
from controller.engine.units import index_of, instance_of, unit_name
from controller.model.attempt import Result
from controller.model.digest import Digest, digest_record
from controller.model.graph import Graph
from controller.model.states import Role

Key = tuple[int, Role, int]
"""Unit, role and attempt."""


def digest(*what: object) -> Digest:
    return digest_record([str(one) for one in what])


class Answers:
    """The tables, and what the runner has started."""

    state: State

    def __init__(
        self,
        graph: Graph,
        prepare: Mapping[str, Any],
        lists: Mapping[str, int],
        phases: Mapping[str, bool | str],
        undo: Mapping[str, str],
    ) -> None:
        self.graph = graph
        self.prepare = prepare
        """Step (or `step#attempt`) -> answer to PrepareStep."""
        self.lists = lists
        """`foreach` step -> how many instances; 2 unless it says otherwise."""
        self.phases = phases
        """Phase -> its condition, or a mistake in it."""
        self.undo = undo
        """Step -> `keep REASON` or `nothing`; all else can be undone."""
        self.running: dict[Key, Digest] = {}
        """What the runner has started and nobody has ended."""
        self.started: list[str] = []

    def answer_to(self, effect: fx.Effect) -> list[Event]:
        match effect:
            case fx.PrepareStep(unit=unit):
                return [ev.Prepared(unit, self._outcome(effect))]
            case fx.DecidePhase(phase=phase):
                said = self.phases.get(self.graph.phases[phase].id, True)
                return [ev.PhaseDecided(phase, said is True, said if isinstance(said, str) else None)]
            case fx.AcquireSlots(unit=unit, role=role):
                return [ev.SlotGranted(unit, role)]
            case fx.Persist(unit=unit):
                return [ev.Persisted(unit)]
            case fx.StartStep(unit=unit, attempt=attempt, input_digest=given):
                return [self._launch((unit, Role.DO, attempt), given)]
            case fx.StartChild(unit=unit, attempt=attempt, input_digest=given):
                child = f"child-{unit_name(self.graph, unit)}-{attempt}"
                return [self._launch((unit, Role.DO, attempt), given)._replace(child=child)]
            case fx.StartUndo(unit=unit, attempt=attempt, input_digest=given):
                return [self._launch((unit, Role.UNDO, attempt), given)]
            case fx.CombineInstances(unit=unit):
                return [ev.Combined(unit, Result(digest("list", unit)))]
            case fx.ComputeOutputs():
                return [ev.OutputsComputed(digest("outputs"))]
            case fx.PrepareUndo(unit=unit):
                return [self._undo_of(unit)]
            case fx.UndoChild(unit=unit):
                return [self._child_undone(unit)]
            case _:
                return []

    def _launch(self, key: Key, given: Digest) -> ev.Launched:
        adopted = key in self.running
        if not adopted:
            self.started.append("undo " * (key[1] is Role.UNDO) + f"{unit_name(self.graph, key[0])}#{key[2]}")
        self.running[key] = given
        return ev.Launched(*key, given, adopted=adopted)

    def _outcome(self, asked: fx.PrepareStep) -> Any:
        unit = asked.unit
        name, step = unit_name(self.graph, unit), self.graph.steps[index_of(unit)]
        said = self.prepare.get(f"{name}#{asked.attempt}", self.prepare.get(name))
        if said is not None and not (asked.repeated and isinstance(said, ev.Hit | ev.Skip)):
            return said
        if step.foreach and instance_of(unit) < 0:
            return ev.Expand(self.lists.get(name, 2), digest("items", name))
        return ev.Ready(digest("input", name, *asked.patches))

    def _undo_of(self, unit: int) -> ev.UndoPrepared:
        name = unit_name(self.graph, unit)
        action, _, reason = self.undo.get(name, "run").partition(" ")
        return ev.UndoPrepared(unit, action, digest("undo", name) if action == "run" else None, reason)

    def _child_undone(self, unit: int) -> ev.ChildUndone:
        child = self.state.unit(unit).child
        said = self.undo.get(unit_name(self.graph, unit), "run")
        self.started.append(f"undo {child.run if child else '?'}")
        return ev.ChildUndone(unit, said == "run", said)
