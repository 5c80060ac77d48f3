"""When is the patience with a program over that was asked to end and does not?

The pod's own grace is long, for the sake of the courier; the program's is not. What ignores SIGTERM is killed after that,
by deleting its pod, which costs its logs: nothing else reaches into a pod.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from controller.adapters.cluster.names import GRACE, STOPPED

DEFAULT_GRACE_S = 30
"""As Kubernetes itself has it."""

MARGIN_MS = 1000

LONGEST_NUMBER = 15
"""Digits of a number that somebody noted: milliseconds of the next thirty thousand years."""


def due(pod: Mapping[str, Any]) -> int | None:
    """Return when a pod is to be killed, in milliseconds since the epoch; None while nobody asked its program to end."""
    if not _runs(pod):
        return None
    asked = _asked(pod)
    if asked is None:
        return None
    grace = _noted(pod, GRACE)
    return asked + (DEFAULT_GRACE_S if grace is None else grace) * 1000 + MARGIN_MS


def _asked(pod: Mapping[str, Any]) -> int | None:
    metadata, spec = pod["metadata"], pod["spec"]
    if deleted := metadata.get("deletionTimestamp"):
        return _time(deleted) - int(metadata.get("deletionGracePeriodSeconds") or 0) * 1000
    stopped = _noted(pod, STOPPED)
    if stopped is not None:
        return stopped
    started, limit = (pod.get("status") or {}).get("startTime"), spec.get("activeDeadlineSeconds")
    return None if started is None or limit is None else _time(started) + int(limit) * 1000


def _noted(pod: Mapping[str, Any], name: str) -> int | None:
    """Return a number from the annotations. Whoever may edit pods may write anything there: that is as if nothing was."""
    text = (pod["metadata"].get("annotations") or {}).get(name, "")
    return int(text) if text.isdecimal() and len(text) <= LONGEST_NUMBER else None


def _runs(pod: Mapping[str, Any]) -> bool:
    statuses = (pod.get("status") or {}).get("containerStatuses") or ()
    return any(one["name"] == "main" and "running" in (one.get("state") or {}) for one in statuses)


def _time(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)
