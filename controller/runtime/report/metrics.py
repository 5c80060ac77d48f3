"""Metrics: the figures of a run, as the engine's reference names them (hours, minutes and percent as it has them)."""

from collections.abc import Iterable
from typing import Any

from controller.model.record import time_text
from controller.model.states import StepState
from controller.runtime.report.facts import Attempt, Facts, Phase, RunFacts, StepFacts

_SETTLED = frozenset({StepState.SUCCEEDED, StepState.SKIPPED})
_RUNNING = frozenset({StepState.RUNNING, StepState.AWAITING_APPROVAL})
_FAILED = frozenset({StepState.FAILED, StepState.ABORTED})

_HOUR_MS, _MINUTE_MS = 3_600_000, 60_000


def ordinary(run: RunFacts) -> list[StepFacts]:
    """Return the steps that count towards progress."""
    return [step for step in run.steps if not step.finalizer]


def percent(part: float, whole: float) -> float:
    """Return a percentage with one decimal; 0 of nothing."""
    return round(100 * part / whole, 1) if whole else 0.0


def hours(milliseconds: float) -> float:
    """Return hours with four decimals: a step of a second is 0.0003."""
    return round(milliseconds / _HOUR_MS, 4)


def minutes(milliseconds: float) -> float:
    """Return minutes with two decimals."""
    return round(milliseconds / _MINUTE_MS, 2)


def estimated_ms(facts: Facts, steps: Iterable[StepFacts]) -> int | None:
    """Return what steps take by the median of earlier runs; None unless every one of them that ran is known."""
    total = 0
    for step in steps:
        if step.unit.state is StepState.SKIPPED or step.step.type == "orchestration":
            continue
        if step.instances:
            one = facts.usual.get(f"{step.step.id}[]")
            known = None if one is None else one * len(step.instances)
        else:
            known = facts.usual.get(step.step.id)
        if known is None:
            return None
        total += known
    return total or None


def phase_counts(phases: Iterable[Phase]) -> dict[str, int]:
    """Return how many phases there are and where they stand. `total` leaves skipped ones out: they will never run."""
    listed = list(phases)
    counts = {word: sum(phase.state == word for phase in listed) for word in ("ended", "open", "pending", "skipped")}
    return {
        "total": len(listed) - counts["skipped"],
        "completed": counts["ended"],
        "in_progress": counts["open"],
        "pending": counts["pending"],
        "skipped": counts["skipped"],
    }


def step_counts(run: RunFacts) -> dict[str, int]:
    """Return how many steps there are and where they stand."""
    steps = ordinary(run)
    count = {
        "total": len(steps),
        "completed": sum(step.unit.state in _SETTLED for step in steps),
        "in_progress": sum(step.unit.state in _RUNNING for step in steps),
        "failed": sum(step.unit.state in _FAILED for step in steps),
        "skipped": sum(step.unit.state is StepState.SKIPPED for step in steps),
        "cached": sum(step.unit.how == "cache" for step in steps),
        "rolled_back": sum(step.unit.state is StepState.ROLLED_BACK for step in steps),
    }
    done = count["completed"] + count["in_progress"] + count["failed"] + count["rolled_back"]
    return {**count, "pending": count["total"] - done}


def retries(steps: Iterable[StepFacts]) -> int:
    """Return the attempts that followed a failed one, those of instances included."""
    return sum(len(failed_before_last(step)) + retries(step.instances) for step in steps)


def failed_before_last(step: StepFacts) -> list[Attempt]:
    """Return the failed attempts after which there was another one."""
    tries = [one for one in step.attempts if not one.undo]
    return [one for one in tries[:-1] if one.outcome != "Succeeded"]


def attempts(steps: Iterable[StepFacts]) -> int:
    """Return all attempts of role do."""
    return sum(sum(not one.undo for one in step.attempts) + attempts(step.instances) for step in steps)


def handoffs(steps: Iterable[StepFacts]) -> tuple[int, int]:
    """Return how many hand-offs there were, and how many of them were validated."""
    listed = [handoff for step in steps for one in (step, *step.instances) for handoff in one.handoffs]
    return len(listed), sum(handoff.get("validated") is True for handoff in listed)


def execution_metrics(facts: Facts) -> dict[str, Any]:
    """Return the figures of the run as a whole, children included where they have steps of their own."""
    root, steps = facts.root, facts.root.all_steps()
    phases, counts = phase_counts(root.phases), step_counts(root)
    elapsed = max(0, facts.until - facts.began)
    busy = sum(step.busy_ms for step in steps if step.step.type == "agent")
    estimated = estimated_ms(facts, ordinary(root))
    done = counts["completed"] - counts["skipped"] - counts["cached"]
    sent, validated = handoffs(steps)
    waited = sum((one.at or facts.until) - one.opened for one in facts.decisions())
    artifacts = [artifact for step in steps if not step.children for artifact in step.artifacts]
    return {
        "phases": {**phases, "percent": percent(phases["completed"], phases["total"])},
        "tasks": {**counts, "percent": percent(counts["completed"], counts["total"])},
        "attempts": attempts(steps),
        "retries": retries(steps),
        "estimated_total_hours": None if estimated is None else hours(estimated),
        "actual_hours": hours(busy),
        "hours_per_task": hours(busy / done) if done else None,
        "elapsed_minutes": minutes(elapsed),
        "parallelism": round(busy / elapsed, 2) if elapsed else None,
        "waited_for_people_minutes": minutes(waited),
        "handoffs": {"total": sent, "validated": validated},
        "artifacts": {"total": len(artifacts), "bytes": sum(one.size for one in artifacts)},
        "records": sum(len(run.links) for run in facts.verification.runs),
    }


def phase_metrics(facts: Facts) -> list[dict[str, Any]]:
    """Return the figures of each phase."""
    listed = []
    for phase in facts.root.phases:
        steps = [step for step in facts.root.steps if step.phase == phase.id]
        settled = sum(step.unit.state in _SETTLED for step in steps)
        left = [artifact for step in steps for artifact in step.artifacts]
        sent, validated = handoffs(steps)
        ended = phase.ended if phase.state == "ended" else None
        listed.append(
            {
                "phase": phase.id,
                "agents": sorted({step.step.agent or "" for step in steps} - {""}),
                "status": phase.state,
                "start_time": _time(phase.started),
                "end_time": _time(ended),
                "duration_minutes": minutes((ended or facts.until) - phase.started) if phase.started else None,
                "tasks": len(steps),
                "task_percent": percent(settled, len(steps)),
                "artifacts_generated": len(left),
                "handoffs": sent,
                "validation_rate": percent(validated, sent) if sent else None,
                "retries": retries(steps),
                "errors": sum(step.unit.state is StepState.FAILED for step in steps),
            }
        )
    return listed


def on_track(facts: Facts) -> bool | None:
    """Return whether the rest is expected to take no longer than what was estimated for it; None where nothing is known.

    A run whose estimate is used up while steps are left is not on track.
    """
    estimated = estimated_ms(facts, ordinary(facts.root))
    if estimated is None:
        return None
    finished = [step for step in ordinary(facts.root) if step.unit.state is StepState.SUCCEEDED]
    planned = estimated_ms(facts, finished) or 0
    actual = sum(step.busy_ms for step in finished)
    return actual <= planned * 1.2 or actual <= planned + 1000


def remaining_ms(facts: Facts) -> int | None:
    """Return what the unsettled steps take by earlier runs; None where that is not known."""
    left = [step for step in ordinary(facts.root) if step.unit.state not in _SETTLED]
    return estimated_ms(facts, left) if left else 0


def _time(moment: int | None) -> str | None:
    return None if moment is None else time_text(moment)
