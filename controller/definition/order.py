"""Who surely runs before whom in an orchestration, even in one that is not right yet?"""

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from controller.model.document import Path
from controller.model.orchestration import OrchestrationSpec, ParallelPhases, Phase
from controller.model.step import Step


class Placed(NamedTuple):
    """A step and where it stands."""

    position: int
    """Index among all steps, finalizers last."""
    path: Path
    step: Step
    finalizer: bool


class PlacedPhase(NamedTuple):
    """A phase, where it stands, and the entry of the list that it belongs to."""

    path: Path
    phase: Phase
    entry: int


class Order:
    """The order that dependencies and phases impose. Unknown and duplicate ids are left out; cycles are borne."""

    def __init__(self, spec: OrchestrationSpec) -> None:
        ordinary = [(("spec", "steps", index), step, False) for index, step in enumerate(spec.steps)]
        finalizers = [(("spec", "finally", index), step, True) for index, step in enumerate(spec.finally_)]
        self.steps = tuple(Placed(index, *placed) for index, placed in enumerate([*ordinary, *finalizers]))
        self.phases = tuple(_phases(spec))
        self._last = len(spec.phases) + 1
        """Entry of the finalizers: behind all others, also where there are no phases."""
        self.by_id: Mapping[str, int] = {placed.step.id: placed.position for placed in reversed(self.steps)}
        self.phase_by_id: Mapping[str, PlacedPhase] = {placed.phase.id: placed for placed in reversed(self.phases)}

    @cached_property
    def needs(self) -> Sequence[Sequence[int]]:
        """For each step the steps that it waits for, without itself."""
        return [
            [
                self.by_id[id_]
                for id_ in placed.step.depends_on
                if self.by_id.get(id_, placed.position) != placed.position
            ]
            for placed in self.steps
        ]

    @cached_property
    def cycles(self) -> Sequence[Sequence[int]]:
        """One shortest cycle of each knot of steps that wait for each other, beginning with its first step."""
        return [_shortest_cycle(knot, self.needs) for knot in _knots(self.needs)]

    def phase_of(self, placed: Placed) -> PlacedPhase | None:
        """Return the phase of a step, if it names one that exists."""
        return self.phase_by_id.get(placed.step.phase or "")

    def precedes(self, before: int, after: int) -> bool:
        """Whether step `before` has surely settled when step `after` starts."""
        return bool(self._before[after] >> before & 1)

    def ids_before(self, after: int) -> frozenset[str]:
        """Return the ids of all steps that have surely settled when step `after` starts."""
        return frozenset(placed.step.id for placed in self.steps if self.precedes(placed.position, after))

    def ids_before_entry(self, entry: int) -> frozenset[str]:
        """Return the ids of all steps that belong to earlier entries of the phases."""
        return frozenset(
            placed.step.id for placed in self.steps if self._entry(placed) < entry and not placed.finalizer
        )

    @cached_property
    def _before(self) -> Sequence[int]:
        """For each step the set of the steps before it, one bit per step; everything, within and behind a cycle."""
        barrier = self._barriers()
        before = [barrier.get(self._entry(placed), 0) for placed in self.steps]
        missing = [len(needs) for needs in self.needs]
        successors: list[list[int]] = [[] for _ in self.steps]
        for position, needs in enumerate(self.needs):
            for need in needs:
                successors[need].append(position)
        ready = [position for position, count in enumerate(missing) if count == 0]
        for position in ready:
            for successor in successors[position]:
                before[successor] |= before[position] | 1 << position
                missing[successor] -= 1
                if missing[successor] == 0:
                    ready.append(successor)
        everything = (1 << len(self.steps)) - 1
        return [everything if count else bits for bits, count in zip(before, missing, strict=True)]

    def _barriers(self) -> Mapping[int, int]:
        """Return for each entry the set of all steps in earlier ones; finalizers come after all."""
        members: dict[int, int] = {}
        for placed in self.steps:
            if not placed.finalizer:
                members[self._entry(placed)] = members.get(self._entry(placed), 0) | 1 << placed.position
        barriers: dict[int, int] = {}
        passed = 0
        for entry in sorted({*members, self._last}):
            barriers[entry] = passed
            passed |= members.get(entry, 0)
        return barriers

    def _entry(self, placed: Placed) -> int:
        if placed.finalizer:
            return self._last
        phase = self.phase_of(placed)
        return phase.entry if phase else 0


def _phases(spec: OrchestrationSpec) -> Iterator[PlacedPhase]:
    for entry, item in enumerate(spec.phases):
        path: Path = ("spec", "phases", entry)
        if isinstance(item, ParallelPhases):
            for index, phase in enumerate(item.parallel):
                yield PlacedPhase((*path, "parallel", index), phase, entry)
        else:
            yield PlacedPhase(path, item, entry)


def _knots(needs: Sequence[Sequence[int]]) -> list[list[int]]:
    """Return the sets of steps that can all reach each other, in order of their first steps (Tarjan, without recursion)."""
    number: dict[int, int] = {}
    lowest: dict[int, int] = {}
    held: list[int] = []
    holding: set[int] = set()
    knots: list[list[int]] = []
    for root in range(len(needs)):
        work = [(root, 0)] if root not in number else []
        while work:
            node, position = work.pop()
            if position == 0:
                number[node] = lowest[node] = len(number)
                held.append(node)
                holding.add(node)
            elif needs[node][position - 1] in holding:
                lowest[node] = min(lowest[node], lowest[needs[node][position - 1]])
            while position < len(needs[node]) and needs[node][position] in number:
                if needs[node][position] in holding:
                    lowest[node] = min(lowest[node], number[needs[node][position]])
                position += 1
            if position < len(needs[node]):
                work += [(node, position + 1), (needs[node][position], 0)]
            elif lowest[node] == number[node]:
                knot = [held.pop()]
                while knot[-1] != node:
                    knot.append(held.pop())
                holding.difference_update(knot)
                if len(knot) > 1:
                    knots.append(sorted(knot))
    return sorted(knots)


MOST_STARTS = 100
"""Steps from which the shortest cycle of a knot is searched; in a larger knot it is short from the first ones."""


def _shortest_cycle(knot: Sequence[int], needs: Sequence[Sequence[int]]) -> list[int]:
    members = set(knot)
    found = [_cycle_from(start, members, needs) for start in knot[:MOST_STARTS]]
    shortest = min(found, key=lambda cycle: (len(cycle), cycle))
    first = shortest.index(min(shortest))
    return [*shortest[first:], *shortest[:first]]


def _cycle_from(start: int, members: set[int], needs: Sequence[Sequence[int]]) -> list[int]:
    """Return the shortest way from a step back to itself, breadth first; a knot always has one."""
    came: dict[int, int] = {}
    ring = [start]
    while True:
        following = []
        for node in ring:
            for need in needs[node]:
                if need == start:
                    way = [node]
                    while way[-1] != start:
                        way.append(came[way[-1]])
                    return way[::-1]
                if need in members and need not in came:
                    came[need] = node
                    following.append(need)
        ring = following
