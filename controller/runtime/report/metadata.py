"""What an audit asks of a run beside what happened."""

from typing import Any

from controller.model.record import time_text
from controller.runtime.metadata import run_metadata
from controller.runtime.report.facts import Attempt, Decision, Facts

_MOMENTS = frozenset({"opened", "at", "started", "ended"})


def metadata(facts: Facts) -> dict[str, Any]:
    """Return plan and policies, who asked for it and with what, and what it came to."""
    root = facts.root
    spec = root.spec
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
        "triggeredBy": spec.requester,
        "createdAt": time_text(spec.created_at),
        "parameters": spec.parameters,
        "rerunOf": spec.rerun_of,
        **run_metadata(spec, root.entry.spec, root.graph),
        "lastCheckpoint": None if not decisions else timed(decisions[-1]),
        "outputs": root.outputs,
    }


def timed(one: Attempt | Decision) -> dict[str, Any]:
    """Return the members of a fact, its moments as text."""
    return {
        name: time_text(value) if name in _MOMENTS and value is not None else value for name, value in vars(one).items()
    }
