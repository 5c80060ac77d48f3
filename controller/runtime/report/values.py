"""The report for programs: a status report while the run goes on, a completion report afterwards (engine reference, §11)."""

from collections.abc import Mapping
from typing import Any

from controller.model.record import time_text
from controller.model.states import RunState, StepState
from controller.runtime.report.facts import Facts, StepFacts
from controller.runtime.report.metadata import metadata, timed
from controller.runtime.report.metrics import (
    estimated_ms,
    execution_metrics,
    hours,
    minutes,
    on_track,
    ordinary,
    percent,
    phase_counts,
    phase_metrics,
    remaining_ms,
    step_counts,
)
from controller.runtime.report.recommend import recommendations

MOST_RECENT = 10
"""Events of a status report."""


def report_value(facts: Facts) -> dict[str, Any]:
    """Return the whole report as a JSON value."""
    own = _completion(facts) if facts.settled else _status(facts)
    return {
        "report": "completion" if facts.settled else "status",
        **own,
        "phases": phase_metrics(facts),
        "steps": [_step(step) for step in facts.root.all_steps()],
        "decisions": [timed(one) for one in facts.decisions()],
        "metadata": metadata(facts),
        "verification": {
            "sound": facts.verification.sound,
            "records": facts.verification.records,
            "head": facts.verification.runs[0].head,
            "semanticDigest": facts.verification.runs[0].semantic,
        },
    }


def _status(facts: Facts) -> dict[str, Any]:
    root = facts.root
    phases, tasks = phase_counts(root.phases), step_counts(root)
    left, estimated = remaining_ms(facts), estimated_ms(facts, ordinary(root))
    return {
        "execution_id": root.spec.uid,
        "report_time": time_text(facts.now),
        "status": root.state.run,
        "progress": {
            "phases_completed": phases["completed"],
            "phases_total": phases["total"],
            "phase_percent": percent(phases["completed"], phases["total"]),
            "tasks_completed": tasks["completed"],
            "tasks_total": tasks["total"],
            "task_percent": percent(tasks["completed"], tasks["total"]),
        },
        "timeline": {
            "start_time": time_text(facts.began),
            "current_time": time_text(facts.now),
            "elapsed_minutes": minutes(facts.now - facts.began),
            "estimated_total_hours": None if estimated is None else hours(estimated),
            "estimated_completion_time": None if left is None else time_text(facts.now + left),
            "on_track": on_track(facts),
        },
        "recent_events": _recent(facts),
        "alerts": _alerts(facts),
        "metrics": execution_metrics(facts),
    }


def _completion(facts: Facts) -> dict[str, Any]:
    root = facts.root
    phases, tasks = phase_counts(root.phases), step_counts(root)
    steps = ordinary(root)
    estimated = estimated_ms(facts, steps)
    busy = sum(step.busy_ms for step in root.all_steps() if step.step.type == "agent")
    failed = [step for step in root.steps if step.unit.state is StepState.FAILED]
    by_phase: dict[str, int] = {}
    for step in root.steps:
        key = step.phase or "(no phase)"
        by_phase[key] = by_phase.get(key, 0) + len(step.artifacts)
    return {
        "execution_id": root.spec.uid,
        "project_name": root.title,
        "status": root.state.run,
        "reason": root.state.reason or None,
        "completion_time": time_text(facts.until),
        "summary": {
            "total_phases": len(root.phases),
            "phases_executed": phases["completed"] + phases["in_progress"],
            "phases_skipped": phases["skipped"],
            "total_tasks": tasks["total"],
            "tasks_completed": tasks["completed"],
            "tasks_failed": tasks["failed"],
        },
        "execution_metrics": {
            "start_time": time_text(facts.began),
            "end_time": time_text(facts.until),
            "total_duration_minutes": minutes(facts.until - facts.began),
            "estimated_hours": None if estimated is None else hours(estimated),
            "actual_hours": hours(busy),
            # Actual by estimated: above 100 means slower than in earlier runs.
            "efficiency_percent": None if estimated is None else percent(busy, estimated),
        },
        "artifacts_generated": {
            "total": sum(by_phase.values()),
            "by_phase": by_phase,
            "all_valid": facts.verification.sound,
        },
        "failures": {
            "count": len(failed),
            "tasks": [step.id for step in failed],
            "phases": sorted({step.phase for step in failed if step.phase}),
        },
        "recommendations": recommendations(facts),
        "recent_events": _recent(facts),
        "metrics": execution_metrics(facts),
    }


def _recent(facts: Facts) -> list[dict[str, Any]]:
    return [
        {"time": time_text(event.at), "text": event.text, "actor": event.actor, "record": event.record}
        for event in facts.root.events[-MOST_RECENT:]
    ]


def _alerts(facts: Facts) -> list[dict[str, str]]:
    found = [
        {"type": "task_failed", "level": "error", "message": f'step "{step.path}" failed: {_last_reason(step)}'}
        for step in facts.root.all_steps()
        if step.unit.state is StepState.FAILED
    ]
    found += [
        {"type": "gate_waiting", "level": "info", "message": f'"{one.step}" waits: {one.question}'}
        for one in facts.decisions()
        if one.verdict == "open"
    ]
    if facts.root.state.suspended:
        found.append({"type": "suspended", "level": "warning", "message": "the run is paused"})
    return found


def _last_reason(step: StepFacts) -> str:
    return next((one.reason for one in reversed(step.attempts) if one.reason), step.unit.reason)


def _step(step: StepFacts) -> Mapping[str, Any]:
    return {
        "id": step.path,
        "name": step.step.name,
        "type": step.step.type,
        "agent": step.step.agent,
        "phase": step.phase,
        "state": step.unit.state,
        "how": step.unit.how or None,
        "reason": step.unit.reason or None,
        "attempts": [timed(one) for one in step.attempts],
        "instances": [_step(one) for one in step.instances],
        "duration_ms": step.busy_ms,
        "outputDigest": step.unit.output,
        "artifacts": {one.name: one.digest for one in step.artifacts},
        "receipts": [digest for digest, _ in step.receipts],
        "undo": step.unit.undo if step.unit.undo != "Idle" else None,
        "undo_reason": step.unit.undo_reason or None,
        "handoffs": [dict(one) for one in step.handoffs],
        "warnings": step.warnings,
        "violations": step.violations,
    }


def verdict_word(facts: Facts) -> str:
    """Return the state with its reason, e.g. `Failed (UndoIncomplete)`."""
    state = facts.root.state
    shown = state.reason and state.run in {RunState.FAILED, RunState.ABORTED}
    return f"{state.run} ({state.reason})" if shown else str(state.run)
