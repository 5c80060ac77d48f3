"""The search is worth its time only if it finds bugs: five are put in, one at a time, and each is found."""

from collections.abc import Callable
from itertools import count

import pytest

from controller.engine import bookkeeping, decide_gate
from controller.model.states import StepState
from controller.runtime import children, gather, perform
from tests.dst.search import play

MOST = 150
"""Seeds to look at, of the 2,000 that are always played."""

FIRST = 750
"""Where to begin with a bug that one seed in 300 shows: three of those that follow."""


def _starts_before_slots_are_known(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(perform.Performer, "_was_child", lambda *_: True)


def _failure_satisfies_dependants(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(bookkeeping, "SATISFIES", bookkeeping.SATISFIES | {StepState.FAILED})


def _stale_decision_counts(patch: pytest.MonkeyPatch) -> None:
    honest = decide_gate._refusal

    def careless(*arguments: object) -> str | None:
        refusal: str | None = honest(*arguments)  # type: ignore[arg-type]
        return None if refusal is not None and "earlier request" in refusal else refusal

    patch.setattr(decide_gate, "_refusal", careless)


def _child_gets_a_new_id_each_time(patch: pytest.MonkeyPatch) -> None:
    numbers = count()
    patch.setattr(children, "child_digest", lambda *_: f"CHILD{next(numbers)}")


def _ends_before_the_restart_are_forgotten(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gather.Gatherer, "adopted", lambda *_: None)


BUGS: dict[str, tuple[Callable[[pytest.MonkeyPatch], None], int]] = {
    "after a crash, new steps start before those that still run have their slots again": (
        _starts_before_slots_are_known,
        FIRST,
    ),
    "a failed step lets its dependants start": (_failure_satisfies_dependants, 0),
    "a decision about an earlier request counts": (_stale_decision_counts, 0),
    "a child run gets another id when it is started again": (_child_gets_a_new_id_each_time, 0),
    "an end that came before its start was recorded is forgotten": (_ends_before_the_restart_are_forgotten, 0),
}


@pytest.mark.parametrize(("bug", "first"), BUGS.values(), ids=list(BUGS))
def test_the_search_finds(
    bug: Callable[[pytest.MonkeyPatch], None], first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    bug(monkeypatch)
    assert any(play(seed) is not None for seed in range(first, first + MOST))
