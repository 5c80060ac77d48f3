"""How long do steps usually take, and when will a run be over? Learnt from the ledgers of earlier runs."""

from collections.abc import Mapping, Sequence
from statistics import median

from controller.engine.state import State
from controller.engine.units import unit_of
from controller.machine.chain import Link
from controller.model.record import decode
from controller.model.states import RunState, StepState
from controller.ports.ledger_store import LedgerStore
from controller.ports.object_store import ObjectStore
from controller.runtime.member import Member

MOST_RUNS = 5
"""Earlier runs that are looked at: enough for a median that one odd run cannot move far."""

MOST_RECORDS = 20_000
"""Records that are read in all: a tenth of a second."""

SLOW_FACTOR = 1.2
"""A run that will take this many times what is usual counts as slow (engine.md, alerts: `phase_slow`)."""

_TIMED = b'"durationMs"'
_OVER = frozenset({StepState.SUCCEEDED, StepState.SKIPPED, StepState.ROLLED_BACK, StepState.ABORTED})
_ENDS = frozenset({"StepSucceeded", "GateOpened"})


def step_of(name: str) -> str:
    """Return the name under which times are kept: instances of one step share one, `load[]`."""
    step, bracket, _ = name.partition("[")
    return step + "[]" if bracket else step


def durations(ledger: LedgerStore, run: str, most: int = MOST_RECORDS) -> dict[str, list[int]]:
    """Return the milliseconds that the steps of a run took, those of its successful attempts."""
    found: dict[str, list[int]] = {}
    for number, content in enumerate(ledger.read(run)):
        if number >= most:
            break
        if _TIMED in content:
            record = decode(content)
            if record.kind in _ENDS and record.step is not None and record.duration_ms is not None:
                found.setdefault(step_of(record.step), []).append(record.duration_ms)
    return found


def usual_durations(objects: ObjectStore, ledger: LedgerStore, orchestration: str, besides: str) -> dict[str, int]:
    """Return the median milliseconds of each step over the latest successful runs, `besides` the one that asks."""
    samples: dict[str, list[int]] = {}
    left, runs = MOST_RECORDS, 0
    for spec, status in objects.runs():
        if spec.orchestration != orchestration or spec.uid == besides or status is None:
            continue
        if status.state is not RunState.SUCCEEDED or status.sequence >= left:
            continue
        left -= status.sequence + 1
        runs += 1
        for step, values in durations(ledger, spec.uid).items():
            samples.setdefault(step, []).extend(values)
        if runs >= MOST_RUNS:
            break
    return {step: round(median(values)) for step, values in samples.items()}


class UsualTimes:
    """Usual times of steps, read once per orchestration and only when they are asked for."""

    def __init__(self, objects: ObjectStore, ledger: LedgerStore) -> None:
        self._objects = objects
        self._ledger = ledger
        self._known: dict[str, dict[str, int]] = {}

    def of(self, member: Member) -> Mapping[str, int]:
        """Return step -> median milliseconds over earlier runs of the member's orchestration."""
        name = member.spec.orchestration
        if name not in self._known:
            self._known[name] = usual_durations(self._objects, self._ledger, name, member.spec.uid)
        return self._known[name]


def remaining_ms(
    state: State, usual: Mapping[str, int], here: Mapping[str, int], elapsed: Mapping[int, int]
) -> int | None:
    """Return how long the unsettled steps will take; None where nothing is known yet.

    `usual` holds earlier medians, `here` what steps of this run took (both by `step_of`), `elapsed` how long running
    units run already. Each entry of phases takes at least its longest path, and at least its work divided by the slots.
    """
    known = [*here.values()] or [*usual.values()]
    if not known:
        return None
    guess = median(known)
    graph = state.graph
    entry_of = {phase: number for number, phases in enumerate(graph.entries) for phase in phases}
    work: dict[int, float] = {}
    longest: dict[int, float] = {}
    path: dict[int, float] = {}
    for step in reversed(graph.steps[: graph.ordinary]):
        unit = unit_of(step.index)
        if state.unit(unit).state in _OVER:
            continue
        left = max(0.0, usual.get(step.id, guess) - elapsed.get(unit, 0))
        if state.unit(unit).state is StepState.AWAITING_APPROVAL:
            left = 0.0
        entry = entry_of.get(step.phase, 0)
        after = (path.get(one, 0.0) for one in step.successors if entry_of.get(graph.steps[one].phase, 0) == entry)
        path[step.index] = left + max(after, default=0.0)
        work[entry] = work.get(entry, 0.0) + left
        longest[entry] = max(longest.get(entry, 0.0), path[step.index])
    return round(sum(max(longest[entry], work[entry] / graph.max_parallel) for entry in work))


def timed(links: Sequence[Link]) -> dict[str, int]:
    """Return the milliseconds of the steps whose success these records tell."""
    return {
        link.record.step: link.record.duration_ms
        for link in links
        if link.record.kind in _ENDS and link.record.step is not None and link.record.duration_ms is not None
    }
