"""Metadata of a run: the normalised plan and the policies that were in force, all out of its snapshot."""

from typing import Any

from controller.model.record import time_text
from controller.runtime.report.facts import Attempt, Decision, Facts, StepFacts

_MOMENTS = frozenset({"opened", "at", "started", "ended"})


def metadata(facts: Facts) -> dict[str, Any]:
    """Return what an audit asks of a run beside what happened."""
    root = facts.root
    spec, definition = root.spec, root.entry.spec
    failure, rollback = definition.error_handling.on_step_failure, definition.error_handling.rollback
    concurrency = definition.execution.concurrency
    decisions = facts.decisions()
    return {
        "orchestration": {
            "name": spec.orchestration,
            "version": spec.version,
            "owner": spec.owner,
            "organization": spec.organization,
            "definition": spec.definition,
            "snapshot": spec.snapshot,
        },
        "originType": "saved_orchestration" if definition.name else "ad_hoc",
        "triggeredBy": spec.requester,
        "createdAt": time_text(spec.created_at),
        "plan": [_planned(step) for step in root.steps],
        "parameters": root.parameters,
        "requestMetadata": spec.request_metadata,
        "task": spec.task,
        "rerunOf": spec.rerun_of,
        "execution": {
            "concurrency": {
                "maxParallelSteps": root.graph.max_parallel,
                "source": "definition" if concurrency.max_parallel is not None else "default",
                "maxTotal": concurrency.max_total,
                "queueStrategy": concurrency.queue_strategy,
            },
            "caching": definition.execution.caching.model_dump(mode="json", by_alias=True),
            "failFast": root.graph.fail_fast,
        },
        "errorHandling": {
            "onStepFailure": failure.model_dump(mode="json", by_alias=True, exclude_none=True),
            "rollback": rollback.model_dump(mode="json", by_alias=True, exclude_none=True),
        },
        "lastCheckpoint": None if not decisions else timed(decisions[-1]),
        "outputs": root.outputs,
    }


def _planned(step: StepFacts) -> dict[str, Any]:
    defined = step.step
    plays = defined.orchestration.name if defined.orchestration is not None else None
    return {
        "id": defined.id,
        "name": defined.name,
        "agent": defined.agent,
        "type": defined.type,
        "mode": defined.mode,
        "plays": plays,
        "phase": step.phase,
        "dependsOn": list(defined.depends_on),
        "finalizer": step.finalizer,
    }


def timed(one: Attempt | Decision) -> dict[str, Any]:
    """Return the members of a fact, its moments as text."""
    return {
        name: time_text(value) if name in _MOMENTS and value is not None else value for name, value in vars(one).items()
    }
