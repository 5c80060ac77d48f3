"""Why does a Job get no pod? Its events say it: a quota, Pod Security, or another rule of the cluster."""

from collections.abc import Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

REFUSED = "PodCreationRejected"

_PASSING = ("status unknown for quota",)
"""Refusals that mean "not yet"."""


def creation_refusal(events: Sequence[Json]) -> str | None:
    """Return in one line why the Job controller could not make the pod of a Job; None while nothing says so.

    The newest event counts: a pod that was made after all, or trouble that will pass, is no refusal.
    """
    told = [event for event in events if event.get("reason") in ("FailedCreate", "SuccessfulCreate")]
    newest = max(told, key=_time, default=None)
    if newest is None or newest["reason"] != "FailedCreate":
        return None
    message = str(newest.get("note") or newest.get("message") or "")
    cause = _cause(message.removeprefix("Error creating: "))
    if cause is None or cause.startswith(_PASSING):
        return None
    if "violates PodSecurity" in cause:
        return f"{REFUSED}: Pod Security refuses it: {cause}"
    if "exceeded quota" in cause or "failed quota" in cause:
        return f"{REFUSED}: a quota does not allow it: {cause}"
    return f"{REFUSED}: {cause}"


def _cause(message: str) -> str | None:
    """What the API server has against the pod; None: it did not refuse it, something else went wrong, e.g. a webhook that is
    down, and the Job controller tries again.
    """
    for word in (" is forbidden: ", " is invalid: "):
        _, found, cause = message.partition(word)
        if found:
            return cause
    return message if "denied the request" in message else None


def _time(event: Json) -> str:
    """When an event was last seen: seconds and microseconds compare as text, as long as both are UTC."""
    series = event.get("series") or {}
    seen = (
        series.get("lastObservedTime")
        or event.get("deprecatedLastTimestamp")
        or event.get("lastTimestamp")
        or event.get("eventTime")
        or event["metadata"].get("creationTimestamp", "")
    )
    return str(seen).rstrip("Z")
