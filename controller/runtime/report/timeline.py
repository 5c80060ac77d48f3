"""The timeline of a run: rows with bars, on a scale that leaves out the hours in which nobody decided."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from controller.model.states import StepState
from controller.runtime.report.facts import Facts, RunFacts, StepFacts

MOST_ROWS = 150
"""Rows that are drawn; more cannot be read on a page."""
MOST_INSTANCES = 12
"""Instances of one step that get a row each."""
SHARE_OF_A_GAP = 0.045
"""Width of a gap that is left out, as a share of the whole."""
LEAST_GAP = 0.12
"""A stretch in which nothing runs is left out when it is longer than this share of the time in which something did."""

LEAST_BETWEEN_TICKS = 0.07
"""Marks that are nearer to each other cannot be read."""


class Bar(NamedTuple):
    """A stretch of time in a row."""

    start: int
    end: int
    kind: str
    """succeeded, failed, running, undone, waiting, cached."""
    label: str
    """What it was, for the tooltip."""
    whole: bool = False
    """Whether it spans the bars of a child run below it."""


class Row(NamedTuple):
    """One line of the timeline."""

    name: str
    level: int
    """0 for steps of the root, deeper for instances and children."""
    heading: bool
    """A phase: no bars of its own."""
    state: str
    bars: tuple[Bar, ...] = ()
    note: str = ""


class Gap(NamedTuple):
    """Time that is left out of the scale."""

    start: int
    end: int


class Scale:
    """Moments to 0..1, with gaps drawn narrow."""

    def __init__(self, start: int, end: int, busy: Iterable[tuple[int, int]]) -> None:
        self.start, self.end = start, max(end, start + 1)
        merged = _merged(sorted((max(a, start), min(b, self.end)) for a, b in busy if b >= start and a <= self.end))
        active = sum(b - a for a, b in merged) or (self.end - start)
        gaps = _gaps(merged, start, self.end) if merged else ()
        self.gaps = [gap for gap in gaps if gap.end - gap.start > LEAST_GAP * active]
        share = min(SHARE_OF_A_GAP, 0.5 / max(1, len(self.gaps)))
        left = (self.end - start) - sum(gap.end - gap.start for gap in self.gaps)
        factor = (1 - share * len(self.gaps)) / max(1, left)
        self._knots: list[tuple[int, float]] = [(start, 0.0)]
        for gap in self.gaps:
            moment, place = self._knots[-1]
            self._knots.append((gap.start, place + (gap.start - moment) * factor))
            self._knots.append((gap.end, self._knots[-1][1] + share))
        moment, place = self._knots[-1]
        self._knots.append((self.end, place + (self.end - moment) * factor))
        # Where nothing but gaps is left they share the whole width.
        whole = self._knots[-1][1]
        self._knots = [(moment, place / whole) for moment, place in self._knots]

    def place(self, moment: int) -> float:
        """Return where a moment lies, 0 to 1."""
        moment = min(max(moment, self.start), self.end)
        number = min(bisect_right(self._knots, (moment, 2.0)), len(self._knots) - 1)
        (t0, p0), (t1, p1) = self._knots[number - 1], self._knots[number]
        return p0 if t1 == t0 else p0 + (moment - t0) * (p1 - p0) / (t1 - t0)

    def ticks(self) -> list[tuple[float, int]]:
        """Return places with the milliseconds that they stand for, since the start or since the last gap."""
        drawn = self._drawn()
        step = _nice(sum(end - start for start, end in drawn) / 6)
        found: list[tuple[float, int]] = []
        for start, end in drawn:
            for offset in range(0 if start == self.start else step, end - start + 1, step):
                place = self.place(start + offset)
                if (not found or place - found[-1][0] > LEAST_BETWEEN_TICKS) and not self._beside_a_gap(place):
                    found.append((place, offset))
        return found

    def _beside_a_gap(self, place: float) -> bool:
        """A gap has a mark of its own: how long it is."""
        middles = ((self.place(gap.start) + self.place(gap.end)) / 2 for gap in self.gaps)
        return any(abs(place - middle) < LEAST_BETWEEN_TICKS for middle in middles)

    def _drawn(self) -> list[tuple[int, int]]:
        """The stretches that are drawn to scale."""
        starts = [self.start, *(gap.end for gap in self.gaps)]
        ends = [*(gap.start for gap in self.gaps), self.end]
        return list(zip(starts, ends, strict=True))


def _nice(span: float) -> int:
    for unit in (1, 1000, 60_000, 3_600_000, 86_400_000):
        for times in (1, 2, 5, 10, 15, 20, 30, 50, 100, 200, 500):
            if times * unit >= span:
                return times * unit
    return 86_400_000 * max(1, round(span / 86_400_000))


def _merged(spans: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    merged: list[tuple[int, int]] = []
    for start, end in spans:
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return merged


def _gaps(merged: Sequence[tuple[int, int]], start: int, end: int) -> Iterator[Gap]:
    moment = start
    for a, b in merged:
        if a > moment:
            yield Gap(moment, a)
        moment = max(moment, b)
    if end > moment:
        yield Gap(moment, end)


def rows_of(facts: Facts) -> tuple[list[Row], int]:
    """Return the rows that are drawn, and how many are left out."""
    rows = list(_of_run(facts.root, facts.until, 0))
    return rows[:MOST_ROWS], max(0, len(rows) - MOST_ROWS)


def scale_of(facts: Facts) -> Scale:
    """Return the scale of a run."""
    busy = [
        (one.started, one.ended or facts.until)
        for step in facts.root.all_steps()
        for unit in (step, *step.instances)
        for one in unit.attempts
        if step.step.type == "agent"
    ]
    return Scale(facts.began, max(facts.until, facts.began), busy)


def _of_run(run: RunFacts, until: int, level: int) -> Iterator[Row]:
    for phase in run.phases:
        steps = [step for step in run.steps if step.phase == phase.id]
        # A phase that is one step of the same name says nothing new.
        if [step.id for step in steps] != [phase.id]:
            yield Row(phase.id, level, heading=True, state=phase.state)
        for step in steps:
            yield from _of_step(step, until, level)
    rest = [step for step in run.steps if step.phase is None]
    if run.phases and rest:
        yield Row("finally", level, heading=True, state="")
    for step in rest:
        yield from _of_step(step, until, level)


def _of_step(step: StepFacts, until: int, level: int) -> Iterator[Row]:
    yield Row(step.id, level, heading=False, state=step.unit.state, bars=tuple(_bars(step, until)), note=_note(step))
    for instance in step.instances[:MOST_INSTANCES]:
        yield Row(instance.id, level + 1, heading=False, state=instance.unit.state, bars=tuple(_bars(instance, until)))
    if len(step.instances) > MOST_INSTANCES:
        yield Row(f"and {len(step.instances) - MOST_INSTANCES} more", level + 1, heading=False, state="")
    for child in step.children:
        yield from _of_run(child, until, level + 1)


def _note(step: StepFacts) -> str:
    if step.unit.state is StepState.SKIPPED:
        return "skipped"
    return {"cache": "from the cache", "seed": "kept from the run before"}.get(step.unit.how, "")


def _bars(step: StepFacts, until: int) -> Iterator[Bar]:
    for one in step.attempts:
        kind = {"Succeeded": "succeeded", "Running": "running", "Undone": "undone"}.get(one.outcome, "failed")
        if one.undo and kind == "succeeded":
            kind = "undone"
        what = f"{'undo ' if one.undo else ''}attempt {one.number}: {one.outcome}"
        label = f"{what}{f' ({one.reason})' if one.reason else ''}"
        yield Bar(one.started, one.ended or until, kind, label, bool(step.children))
    if not step.attempts and step.ended is not None and step.unit.how in {"cache", "seed"}:
        yield Bar(step.ended, step.ended, "cached", _note(step))
    for decision in step.decisions:
        who = f" by {decision.actor}" if decision.actor else ""
        yield Bar(decision.opened, decision.at or until, "waiting", f"checkpoint: {decision.verdict}{who}")
