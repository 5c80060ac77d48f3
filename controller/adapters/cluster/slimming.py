"""What of Jobs and pods must be remembered? Ten thousand of each are known at one time: only what is ever looked at.

A pod has 12 KB as the API server sends it, and three times that as objects of Python; what is kept has a tenth.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.adapters.cluster.names import (
    EFFECT,
    GRACE,
    INPUT,
    KEY,
    QUEUE_TIMEOUT,
    ROOT_UID,
    SLOTS,
    STOPPED,
    STOPPED_AS,
)

Json = dict[str, Any]

_CHANGED = b'{"type":"MODIFIED"'
_TOLD_OF_JOB = (
    b'"type":"Complete"',
    b'"type":"Failed"',
    b'"type":"Suspended"',
    b'"suspend":true',
    b'"deletionTimestamp"',
)
_TOLD_OF_POD = (
    b'"phase":"Succeeded"',
    b'"phase":"Failed"',
    b'"running":{',
    b'"waiting":{',
    b'"DisruptionTarget"',
    b'"Unschedulable"',
    b'"deletionTimestamp"',
    b'"libretto.dev/stopped',
)
_TOLD_OF_ENDED_POD = (b'"deletionTimestamp"', b'"libretto.dev/stopped')
_OF_METADATA = (
    "name",
    "namespace",
    "uid",
    "resourceVersion",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
)
_LABELS = (ROOT_UID, "batch.kubernetes.io/job-name")
_NOTES_OF_JOB = (KEY, INPUT, EFFECT, SLOTS, QUEUE_TIMEOUT)
_NOTES_OF_POD = (GRACE, STOPPED, STOPPED_AS)
_OF_JOB_SPEC = ("podFailurePolicy", "suspend")
_OF_JOB_STATUS = ("conditions",)
_OF_POD_SPEC = ("activeDeadlineSeconds", "nodeName")
_OF_POD_STATUS = ("phase", "reason", "message", "startTime")
_OF_CONDITION = ("type", "status", "reason", "message")
_UNSCHEDULED = ("PodScheduled", "False")
_OF_CONTAINER = ("name", "state")
_OF_OWNER = ("uid",)


def slim_job(job: Json) -> Json:
    """Return of a Job what says which attempt it is, and what became of it."""
    slim: Json = {"metadata": _metadata(job, _NOTES_OF_JOB)}
    slim["metadata"]["ownerReferences"] = [
        _picked(one, _OF_OWNER) for one in job["metadata"].get("ownerReferences", ())
    ]
    if spec := _picked(job.get("spec"), _OF_JOB_SPEC):
        slim["spec"] = spec
    if status := _picked(job.get("status"), _OF_JOB_STATUS):
        slim["status"] = status
    return slim


def slim_pod(pod: Json) -> Json:
    """Return of a pod what says what became of its containers, and until when they may go on."""
    given = pod.get("status") or {}
    status = _picked(given, _OF_POD_STATUS)
    if conditions := [_picked(one, _OF_CONDITION) for one in given.get("conditions") or () if _tells(one)]:
        status["conditions"] = conditions
    for name in ("initContainerStatuses", "containerStatuses"):
        if name in given:
            status[name] = _containers(given[name])
    return {"metadata": _metadata(pod, _NOTES_OF_POD), "spec": _picked(pod.get("spec"), _OF_POD_SPEC), "status": status}


def job_is_dull(line: bytes, _: Mapping[str, Any]) -> bool:
    """Whether an event of a watch tells of a Job only that it goes on: two of four do."""
    return line.startswith(_CHANGED) and not any(word in line for word in _TOLD_OF_JOB)


def pod_is_dull(line: bytes, known: Mapping[str, Any]) -> bool:
    """Whether an event of a watch tells of a pod only that it has a place, or once more that it did well."""
    if not line.startswith(_CHANGED):
        return False
    if known["status"].get("phase") == "Succeeded":
        return not any(word in line for word in _TOLD_OF_ENDED_POD)
    return not any(word in line for word in _TOLD_OF_POD)


def _metadata(one: Json, notes: Sequence[str]) -> Json:
    given = one["metadata"]
    metadata = _picked(given, _OF_METADATA)
    metadata["labels"] = _picked(given.get("labels"), _LABELS)
    metadata["annotations"] = _picked(given.get("annotations"), notes)
    return metadata


def _tells(condition: Mapping[str, str]) -> bool:
    """Whether a condition of a pod says why it does not run, or no longer."""
    return condition["type"] == "DisruptionTarget" or (condition["type"], condition["status"]) == _UNSCHEDULED


def _containers(statuses: Sequence[Json]) -> list[Json]:
    return [_picked(one, _OF_CONTAINER) for one in statuses]


def _picked(given: Mapping[str, Any] | None, names: Sequence[str]) -> Json:
    return {name: given[name] for name in names if name in given} if given else {}
