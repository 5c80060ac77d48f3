"""What does the status of a pod say, field by field? As the kubelet, the scheduler and the controllers write it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from controller.adapters.cluster.names import STOPPED_AS

Json = Mapping[str, Any]

TERMINAL = ("Succeeded", "Failed")

_BEFORE_ANYTHING = (None, "PodInitializing", "ContainerCreating")
"""Reasons of a waiting container that say nothing: all is going its way."""


def status_of(pod: Json) -> Json:
    """Return the status of a pod; empty while it has none."""
    return pod.get("status") or {}


def phase(pod: Json) -> str | None:
    """Return the phase of a pod."""
    found: str | None = status_of(pod).get("phase")
    return found


def has_begun(pod: Json) -> bool:
    """Whether a node has, or had, anything to do with a pod."""
    return bool(status_of(pod).get("startTime")) or phase(pod) in TERMINAL


def asked_to_end(pod: Json) -> bool:
    """Whether we asked a pod to end."""
    return STOPPED_AS in (pod["metadata"].get("annotations") or {})


def lives_unasked(pod: Json) -> bool:
    """Whether a pod runs that nobody asked to end."""
    return has_begun(pod) and phase(pod) not in TERMINAL and not asked_to_end(pod)


def main(pod: Json) -> Json | None:
    """Return how the container of the program stands; None while the kubelet has not said."""
    return _named(status_of(pod).get("containerStatuses"), "main")


def ours(pod: Json, name: str) -> Json | None:
    """Return how a container of ours stands: `stage` or `courier`."""
    return _named(status_of(pod).get("initContainerStatuses"), name)


def terminated(container: Json | None) -> Json | None:
    """Return how a container ended; None when it has not."""
    return None if container is None else (container.get("state") or {}).get("terminated")


def is_waiting(container: Json | None) -> bool:
    """Whether a container was never started, as far as is known."""
    return container is None or "waiting" in (container.get("state") or {})


def started_at(container: Json | None) -> int | None:
    """Return when a container was started, in milliseconds since the epoch; None: it was not, or nobody knows when."""
    state = (container or {}).get("state") or {}
    found = state.get("running") or state.get("terminated")
    return time_of(found.get("startedAt")) if found else None


def waits_for(pod: Json) -> str:
    """Return what keeps a pod from starting, as the kubelet or the scheduler say it; empty: nothing that is known."""
    status = status_of(pod)
    for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
        waiting = (container.get("state") or {}).get("waiting")
        if waiting is not None and waiting.get("reason") not in _BEFORE_ANYTHING:
            return f"{waiting['reason']}: {waiting.get('message') or container['name']}"
    scheduled = condition(pod, "PodScheduled")
    if scheduled is not None and scheduled["status"] == "False":
        return f"{scheduled.get('reason', 'Unschedulable')}: {scheduled.get('message', 'no node took it')}"
    return ""


def condition(thing: Json, kind: str) -> Json | None:
    """Return a condition of a pod or a Job, whatever its value."""
    return next((one for one in status_of(thing).get("conditions") or () if one["type"] == kind), None)


def holds(thing: Json, kind: str) -> Json | None:
    """Return a condition that is True."""
    found = condition(thing, kind)
    return found if found is not None and found["status"] == "True" else None


def own_reason(pod: Json) -> str:
    """Return why the kubelet ended a pod as a whole, e.g. because it filled its disk; empty: it did not."""
    status = status_of(pod)
    reason, message = status.get("reason"), status.get("message")
    return ": ".join(part for part in (reason, message) if part)


def age(pod: Json) -> tuple[str, str]:
    """Return what orders pods by when they were made."""
    return pod["metadata"].get("creationTimestamp", ""), pod["metadata"]["name"]


def time_of(text: str | None) -> int | None:
    """Return a time in milliseconds since the epoch."""
    return None if text is None else int(datetime.fromisoformat(text).timestamp() * 1000)


def _named(statuses: Sequence[Json] | None, name: str) -> Json | None:
    return next((one for one in statuses or () if one["name"] == name), None)


def is_active(job: Json | None) -> bool:
    """Whether the Job controller still makes pods of a Job, or will when it is resumed."""
    if job is None or job["metadata"].get("deletionTimestamp"):
        return False
    return not any(holds(job, kind) for kind in ("Failed", "FailureTarget", "Complete", "SuccessCriteriaMet"))
