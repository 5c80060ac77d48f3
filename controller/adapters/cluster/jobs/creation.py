"""Why does a Job get no pod? Its events say it: a quota, Pod Security, or another rule of the cluster."""

from collections.abc import Mapping, Sequence
from typing import Any


def creation_refusal(events: Sequence[Mapping[str, Any]]) -> str | None:
    """Return in one line why the Job controller could not make the pod of a Job; None while nothing says so."""
    refused = [event for event in events if event.get("reason") == "FailedCreate"]
    if not refused:
        return None
    newest = max(refused, key=_time)
    message = str(newest.get("note") or newest.get("message") or "")
    _, _, cause = message.partition("is forbidden: ")
    cause = cause or message.removeprefix("Error creating: ")
    what = "PodCreationRejected"
    if "violates PodSecurity" in cause:
        return f"{what}: Pod Security refuses it: {cause}"
    if "exceeded quota" in cause:
        return f"{what}: a quota is used up: {cause}"
    return f"{what}: {cause}"


def _time(event: Mapping[str, Any]) -> str:
    series = event.get("series") or {}
    return str(
        series.get("lastObservedTime")
        or event.get("eventTime")
        or event.get("deprecatedLastTimestamp")
        or event.get("lastTimestamp")
        or event["metadata"].get("creationTimestamp", "")
    )
