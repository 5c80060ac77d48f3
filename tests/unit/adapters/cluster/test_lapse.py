"""What a Lease says about times that nobody knows of, and what is noted on it."""

from typing import Any

import pytest

from controller.adapters.cluster.lapse import (
    JOBS_KEPT,
    RESTORED,
    RESTORED_AT,
    RESTORED_BEFORE,
    SAME_MS,
    UNBROKEN,
    UNLED_BEFORE,
    Lapse,
    after_taking,
    annotated,
    lapse_of,
    seen_restored,
    shortest_kept,
)
from controller.model.record import parse_time, time_text

WEEK = 7 * 86_400_000
NOW = parse_time("2026-05-20T12:00:00.000Z")


def lease(renewed: str | None = "2026-05-20T11:59:50.000000Z", **notes: str) -> dict[str, Any]:
    return {"metadata": {"name": "libretto-shard-0", "annotations": notes}, "spec": {"renewTime": renewed}}


TAKEN: dict[str, tuple[dict[str, Any] | None, int, Lapse]] = {
    "nobody ever led": (None, 1, UNBROKEN),
    "it was deleted": (None, 8, Lapse(unled_before=8)),
    "renewed just now": (lease(), 8, UNBROKEN),
    "renewed a week ago": (lease("2026-05-13T12:00:00.000000Z"), 8, Lapse(unled_before=8)),
    "renewed nearly a week ago": (lease("2026-05-13T12:00:00.001000Z"), 8, UNBROKEN),
    "Jobs were kept for a day": (
        lease("2026-05-19T12:00:00.000000Z", **{JOBS_KEPT: "86400"}),
        8,
        Lapse(unled_before=8),
    ),
    "Jobs were kept for nearly a day": (lease("2026-05-19T12:00:01.000000Z", **{JOBS_KEPT: "86400"}), 8, UNBROKEN),
    "Jobs were kept for a year": (lease("2026-05-13T12:00:00.000000Z", **{JOBS_KEPT: "31536000"}), 8, Lapse(8)),
    "never renewed": (lease(None), 8, UNBROKEN),
    "an older note stays": (lease(**{UNLED_BEFORE: "5", RESTORED_BEFORE: "6"}), 8, Lapse(5, 6)),
    "a newer one replaces it": (lease("2020-01-01T00:00:00Z", **{UNLED_BEFORE: "5"}), 8, Lapse(unled_before=8)),
    "restored, as somebody noted": (lease(**{RESTORED: "by hand"}), 8, Lapse(restored_before=8)),
    "restored, noted without a word": (lease(**{RESTORED: ""}), 8, Lapse(restored_before=8)),
}


@pytest.mark.parametrize(("before", "epoch", "expected"), TAKEN.values(), ids=list(TAKEN))
def test_what_whoever_takes_a_lease_must_know(before: dict[str, Any] | None, epoch: int, expected: Lapse) -> None:
    assert after_taking(before, epoch, NOW, WEEK) == expected


def test_what_is_noted_is_read_again() -> None:
    before = lease(**{RESTORED: "by hand", "other": "kept"})
    taken = annotated(before, Lapse(3, 8), NOW, WEEK, taken=True)
    assert taken == {
        "other": "kept",
        JOBS_KEPT: "604800",
        UNLED_BEFORE: "3",
        RESTORED_BEFORE: "8",
        RESTORED_AT: time_text(NOW),
    }
    assert lapse_of({"metadata": {"annotations": taken}}) == Lapse(3, 8)
    assert annotated(before, UNBROKEN, NOW, WEEK, taken=False) == {
        RESTORED: "by hand",
        "other": "kept",
        JOBS_KEPT: "604800",
    }


def test_whoever_renews_notes_no_more_than_it_knows() -> None:
    """A vacant Lease was left in place of a deleted one: its leader, which lives, has known everything."""
    assert annotated(lease(**{UNLED_BEFORE: "9"}), UNBROKEN, NOW, WEEK, taken=False) == {JOBS_KEPT: "604800"}


@pytest.mark.parametrize(
    ("noted", "own", "shortest"), [("3600", 7200, 3600), ("7200", 3600, 3600), ("", 7200, 7200), ("soon", 7200, 7200)]
)
def test_the_shortest_time_counts_for_which_anybody_kept_jobs(noted: str, own: int, shortest: int) -> None:
    """A Job keeps the time that it was made with, whatever a later leader would give it."""
    before = lease(**{JOBS_KEPT: noted})
    assert shortest_kept(before, own * 1000) == shortest * 1000
    assert annotated(before, UNBROKEN, NOW, own * 1000, taken=True)[JOBS_KEPT] == str(shortest)
    assert shortest_kept(None, own * 1000) == own * 1000


@pytest.mark.parametrize("text", ["", "soon", "-1", "9" * 30])
def test_a_note_that_is_none(text: str) -> None:
    assert lapse_of(lease(**{UNLED_BEFORE: text, RESTORED_BEFORE: text})) == UNBROKEN


def test_one_restoration_is_noted_once() -> None:
    assert seen_restored(lease(), NOW) == {RESTORED: time_text(NOW)}
    assert seen_restored(lease(**{RESTORED: "by hand"}), NOW) is None
    just, long_ago = time_text(NOW - SAME_MS), time_text(NOW - SAME_MS - 1)
    assert seen_restored(lease(**{RESTORED_AT: just}), NOW) is None
    assert seen_restored(lease(**{RESTORED_AT: long_ago}), NOW) == {RESTORED_AT: long_ago, RESTORED: time_text(NOW)}
