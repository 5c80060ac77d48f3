"""What would a step wait for? Others, the end of a phase, a free slot, a person."""

from collections import Counter
from collections.abc import Iterator, Sequence

from controller.model.duration import format_duration
from controller.model.graph import Graph, GraphStep
from controller.runtime.forecast.words import Fate, StepForecast, Wait

_PLAYS = frozenset({Fate.RUN, Fate.OPEN})
_NEVER_BEGINS = frozenset({Fate.SKIP, Fate.REFUSE, Fate.UNREACHED})


def with_waits(graph: Graph, forecasts: Sequence[StepForecast]) -> list[StepForecast]:
    """Return the forecasts of the steps of one run, in their order, with what they wait for."""
    crowd = _Crowd(graph, forecasts)
    return [
        one if one.fate in _NEVER_BEGINS else one._replace(waits=tuple(_waits(graph, step, one, crowd)))
        for step, one in zip(graph.steps, forecasts, strict=True)
    ]


class _Crowd:
    """How many steps may want a slot at the same time."""

    def __init__(self, graph: Graph, forecasts: Sequence[StepForecast]) -> None:
        self._graph = graph
        self._depth: list[int] = []
        self._wanted: Counter[tuple[str, int, int]] = Counter()
        for step, one in zip(graph.steps, forecasts, strict=True):
            self._depth.append(max((self._depth[index] + 1 for index in self._before(step)), default=0))
            if one.fate in _PLAYS:
                for name, _ in self._limits(step):
                    self._wanted[self._key(step, name)] += one.instances if one.instances is not None else 1

    def crowded(self, step: GraphStep) -> Iterator[str]:
        """Yield the limits that hold the step back when all steps of its tier are ready together."""
        for name, limit in self._limits(step):
            wanted = self._wanted[self._key(step, name)]
            if wanted > limit:
                yield f"{name}: {limit} at a time, {wanted} may be ready together"

    def _before(self, step: GraphStep) -> Iterator[int]:
        """Dependencies in the same entry of phases: earlier entries have ended."""
        return (index for index in step.dependencies if self._entry(self._graph.steps[index]) == self._entry(step))

    def _entry(self, step: GraphStep) -> int:
        if step.finalizer:
            return -1
        return self._graph.phases[step.phase].entry if step.phase >= 0 else 0

    def _key(self, step: GraphStep, limit: str) -> tuple[str, int, int]:
        return limit, self._entry(step), self._depth[step.index]

    def _limits(self, step: GraphStep) -> Iterator[tuple[str, int]]:
        yield "run", self._graph.max_parallel
        if step.phase >= 0:
            phase = self._graph.phases[step.phase]
            if phase.max_parallel is not None:
                yield f"phase {phase.id}", phase.max_parallel
        yield from step.slots


def _waits(graph: Graph, step: GraphStep, one: StepForecast, crowd: _Crowd) -> Iterator[Wait]:
    if step.dependencies:
        yield Wait("dependency", tuple(graph.steps[index].id for index in step.dependencies))
    entry = graph.phases[step.phase].entry if step.phase >= 0 else 0
    if entry:
        yield Wait("phase", tuple(graph.phases[phase].id for phase in graph.entries[entry - 1]))
    crowded = tuple(crowd.crowded(step)) if one.fate in _PLAYS else ()
    if crowded:
        yield Wait("slot", crowded)
    if step.gate is not None:
        yield Wait("checkpoint", (_asked(step),))


def _asked(step: GraphStep) -> str:
    gate = step.gate
    assert gate is not None  # the caller looked
    text = f'severity {gate.severity}: "{gate.question}"'
    if gate.timeout_ms is None:
        return text
    then = "it is rejected" if gate.required else "the run goes on"
    return f"{text}; after {format_duration(gate.timeout_ms)} without a decision {then}"
