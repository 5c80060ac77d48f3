"""Metadata of a run: the normalised plan and the policies in force, all out of its snapshot, and what its caller gave."""

from collections.abc import Mapping
from typing import Any

from controller.model.graph import Graph
from controller.model.orchestration import OrchestrationSpec
from controller.model.run import RunSpec
from controller.model.step import Step


def run_metadata(spec: RunSpec, definition: OrchestrationSpec, graph: Graph) -> dict[str, Any]:
    """Return what is known of a run from its beginning on and never changes."""
    concurrency, handling = definition.execution.concurrency, definition.error_handling
    steps: Mapping[str, Step] = {step.id: step for step in (*definition.steps, *definition.finally_)}
    return {
        "originType": "saved_orchestration" if definition.name else "ad_hoc",
        "plan": [_planned(steps[one.id], graph, one.index) for one in graph.steps],
        "requestMetadata": spec.request_metadata,
        "task": spec.task,
        "execution": {
            "concurrency": {
                "maxParallelSteps": graph.max_parallel,
                "source": "definition" if concurrency.max_parallel is not None else "default",
                "maxTotal": concurrency.max_total,
                "queueStrategy": concurrency.queue_strategy,
            },
            "caching": definition.execution.caching.model_dump(mode="json", by_alias=True),
            "failFast": graph.fail_fast,
        },
        "errorHandling": {
            "onStepFailure": handling.on_step_failure.model_dump(mode="json", by_alias=True, exclude_none=True),
            "rollback": handling.rollback.model_dump(mode="json", by_alias=True, exclude_none=True),
        },
    }


def _planned(step: Step, graph: Graph, index: int) -> dict[str, Any]:
    phase = graph.steps[index].phase
    return {
        "id": step.id,
        "name": step.name,
        "agent": step.agent,
        "type": step.type,
        "mode": step.mode,
        "plays": step.orchestration.name if step.orchestration is not None else None,
        "phase": graph.phases[phase].id if phase >= 0 else None,
        "dependsOn": list(step.depends_on),
        "finalizer": graph.steps[index].finalizer,
    }
