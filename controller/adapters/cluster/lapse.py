"""Was there a time that nobody knows of? For too long nobody led, or the cluster is as a backup had it: noted on the Lease.

A note bears the epoch of the leadership that found out. It is for runs with a smaller one; a run that a leader has written
to since then is known again. So a note needs no end, and a crash between finding out and acting loses nothing.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

from controller.model.record import parse_time, time_text

Json = dict[str, Any]

UNLED_BEFORE = "libretto.dev/unled-before"
"""Annotation of a Lease: an epoch. Before it nobody led for longer than Jobs are kept."""

RESTORED = "libretto.dev/restored"
"""Annotation of a Lease, by a person or by an operator that saw it: the cluster was restored from a backup. The next
leader turns it into the other two.
"""

RESTORED_BEFORE = "libretto.dev/restored-before"
"""Annotation of a Lease: an epoch. Before it the cluster was restored."""

RESTORED_AT = "libretto.dev/restored-at"
"""Annotation of a Lease: when a leader took note of that."""

JOBS_KEPT = "libretto.dev/jobs-kept-seconds"
"""Annotation of a Lease: the shortest time for which Jobs are kept that any leader made. Jobs keep the time that they were made
with, so one that knows of a longer time only would take them for Lost. A person takes it away once none of those is left.
"""

SAME_MS = 3_600_000
"""Several operators see one restoration: what one of them notes within this time after it was dealt with is no other one."""


class Lapse(NamedTuple):
    """What a Lease says about times that nobody knows of; 0: nothing."""

    unled_before: int = 0
    """Where a run bears a smaller epoch, that an attempt has no Job says nothing about it."""
    restored_before: int = 0
    """Where a run bears a smaller epoch, things may have happened of which it knows nothing."""


UNBROKEN = Lapse()
"""Everything is known."""


def lapse_of(lease: Mapping[str, Any] | None) -> Lapse:
    """Return what was noted on a Lease."""
    notes = _notes(lease)
    return Lapse(_whole(notes.get(UNLED_BEFORE, "")), _whole(notes.get(RESTORED_BEFORE, "")))


def after_taking(lease: Mapping[str, Any] | None, epoch: int, now: int, kept_ms: int) -> Lapse:
    """Return what whoever takes a Lease (as it was) with an epoch must know; `kept_ms` is for how long its Jobs are kept.

    A Lease that was deleted does not say how long ago; the very first epoch has nothing before it.
    """
    known = lapse_of(lease)
    if lease is None:
        return known._replace(unled_before=epoch) if epoch > 1 else known
    if RESTORED in _notes(lease):
        known = known._replace(restored_before=epoch)
    renewed = (lease.get("spec") or {}).get("renewTime")
    if renewed is not None and _milliseconds(renewed) + shortest_kept(lease, kept_ms) <= now:
        known = known._replace(unled_before=epoch)
    return known


def shortest_kept(lease: Mapping[str, Any] | None, kept_ms: int) -> int:
    """Return for how many milliseconds Jobs are kept at least: those of whoever writes the Lease, and those from before."""
    noted = _whole(_notes(lease).get(JOBS_KEPT, ""))
    return min(kept_ms, noted * 1000) if noted else kept_ms


def annotated(lease: Mapping[str, Any] | None, lapse: Lapse, now: int, kept_ms: int, *, taken: bool) -> dict[str, str]:
    """Return the annotations of a Lease with what is known; `taken`: whoever writes it deals with a restoration."""
    notes = {name: text for name, text in _notes(lease).items() if name not in (UNLED_BEFORE, RESTORED_BEFORE)}
    if taken and notes.pop(RESTORED, None) is not None:
        notes[RESTORED_AT] = time_text(now)
    notes[JOBS_KEPT] = str(shortest_kept(lease, kept_ms) // 1000)
    if lapse.unled_before:
        notes[UNLED_BEFORE] = str(lapse.unled_before)
    if lapse.restored_before:
        notes[RESTORED_BEFORE] = str(lapse.restored_before)
    return notes


def seen_restored(lease: Mapping[str, Any], now: int) -> dict[str, str] | None:
    """Return the annotations of a Lease that was seen to be older than before; None: somebody has noted that."""
    notes = _notes(lease)
    dealt_with = RESTORED_AT in notes and now - parse_time(notes[RESTORED_AT]) <= SAME_MS
    return None if RESTORED in notes or dealt_with else {**notes, RESTORED: time_text(now)}


def _notes(lease: Mapping[str, Any] | None) -> dict[str, str]:
    return dict(((lease or {}).get("metadata") or {}).get("annotations") or {})


def _whole(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 19 else 0


def _milliseconds(text: str) -> int:
    return int(datetime.fromisoformat(text).timestamp() * 1000)
