"""Tiers: the steps of a run in a few groups, each with a bar: phases, or layers of the graph where it has none."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from controller.engine.state import State
from controller.engine.units import instance_of, unit_of
from controller.model.graph import Graph
from controller.model.states import StepState

MOST_PHASES = 8
"""Phases that get a bar each. More are put together: those in sequence, those on condition, those beside each other."""

SHOWN_PHASES = 3
"""Phases of one tier that are named; of more the first and the last."""

MOST_LAYERS = 6
"""Bars of a graph without phases."""


@dataclass
class Tier:
    """A group of steps, counted as they move."""

    number: str
    """`3`, or `9-11` for several phases in one tier; empty for layers."""
    name: str
    units: Sequence[int]
    """Its steps, in the order in which they may start."""
    done: int = 0
    failed: int = 0
    waiting: int = 0
    left_out: int = 0
    """Steps of phases whose condition is false: they are not part of what is to be done."""
    _buckets: dict[int, str] = field(default_factory=dict)

    @property
    def total(self) -> int:
        """Steps that are to be done."""
        return len(self.units) - self.left_out

    def update(self, state: State, unit: int) -> None:
        """Count the unit as what it is now."""
        bucket = _bucket(state, unit)
        before = self._buckets.get(unit)
        if before is not None:
            setattr(self, before, getattr(self, before) - 1)
            del self._buckets[unit]
        if bucket is not None:
            setattr(self, bucket, getattr(self, bucket) + 1)
            self._buckets[unit] = bucket


def _bucket(state: State, unit: int) -> str | None:
    known = state.unit(unit)
    match known.state:
        case StepState.SKIPPED if known.reason == "PhaseSkipped":
            return "left_out"
        case StepState.SUCCEEDED | StepState.SKIPPED:
            return "done"
        case StepState.FAILED | StepState.ABORTED:
            return "failed"
        case StepState.AWAITING_APPROVAL:
            return "waiting"
        case _:
            return None


class Tiers:
    """All tiers of one run."""

    def __init__(self, state: State) -> None:
        graph = state.graph
        self.all = [Tier(*one) for one in (_phases(graph) if graph.phases else _layers(graph))]
        self._of = {unit: tier for tier in self.all for unit in tier.units}
        for unit in self._of:
            self._of[unit].update(state, unit)

    def update(self, state: State, unit: int) -> None:
        """Count a step as what it is now; instances and finalizers belong to no tier."""
        if instance_of(unit) < 0 and unit in self._of:
            self._of[unit].update(state, unit)


def _phases(graph: Graph) -> Iterator[tuple[str, str, list[int]]]:
    if len(graph.phases) <= MOST_PHASES:
        for number, phase in enumerate(graph.phases, 1):
            yield str(number), phase.id, [unit_of(index) for index in phase.steps]
        return
    for phases in _kinds(graph):
        first, last = phases[0] + 1, phases[-1] + 1
        ids = [graph.phases[one].id for one in phases]
        names = ", ".join(ids) if len(ids) <= SHOWN_PHASES else f"{ids[0]} … {ids[-1]}"
        units = [unit_of(index) for one in phases for index in graph.phases[one].steps]
        yield (str(first) if first == last else f"{first}-{last}"), names, units


def _kinds(graph: Graph) -> list[list[int]]:
    """Put neighbouring phases of one kind together: on condition, beside each other, or one after the other."""
    groups: list[list[int]] = []
    before = ""
    for number, entry in enumerate(graph.entries):
        if len(entry) > 1:
            kind = f"beside each other {number}"
        else:
            kind = "on condition" if graph.phases[entry[0]].conditional else "in sequence"
        if kind == before:
            groups[-1] += entry
        else:
            groups.append(list(entry))
        before = kind
    return groups


def _layers(graph: Graph) -> Iterator[tuple[str, str, list[int]]]:
    depth: list[int] = []
    layers: list[list[int]] = []
    for step in graph.steps[: graph.ordinary]:
        level = max((depth[one] + 1 for one in step.dependencies), default=0)
        depth.append(level)
        if level == len(layers):
            layers.append([])
        layers[level].append(unit_of(step.index))
    per_bar = -(-len(layers) // MOST_LAYERS)
    for first in range(0, len(layers), per_bar):
        part = layers[first : first + per_bar]
        name = f"tier {first + 1}" if len(part) == 1 else f"tiers {first + 1}-{first + len(part)}"
        yield "", name, [unit for layer in part for unit in layer]
