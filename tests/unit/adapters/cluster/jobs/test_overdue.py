"""Pods that were asked to end and do not: from when on, which of them, and what a person is told."""

from typing import Any

from controller.adapters.cluster.jobs.overdue import MARGIN_MS, Overdue
from controller.adapters.cluster.jobs.pod_status import time_of
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from tests.unit.adapters.cluster.jobs.pods import pod, running

Json = dict[str, Any]

KEY = AttemptKey("run-uid", "a", Role.DO, 1)
OTHER = AttemptKey("run-uid", "b", Role.DO, 2)
ASKED = "2026-01-01T00:00:30Z"
ASKED_MS = time_of(ASKED) or 0


def leaving(number: int = 1, phase: str = "Running", node: str | None = "n1", asked: str | None = ASKED) -> Json:
    made = pod(phase, running(), number=number)
    made["metadata"]["deletionTimestamp"] = asked
    made["spec"] = {} if node is None else {"nodeName": node}
    return made


def test_nothing_is_overdue_before_its_grace_and_a_margin_are_over() -> None:
    overdue = Overdue()
    overdue.look(KEY, [leaving()])
    assert overdue.told(ASKED_MS + MARGIN_MS - 1) == ""
    assert overdue.until_next(ASKED_MS) == MARGIN_MS
    assert overdue.until_next(ASKED_MS + MARGIN_MS) is None
    told = overdue.told(ASKED_MS + MARGIN_MS)
    assert 'of "a" was asked to end and has not: node n1 does not answer' in told
    assert "kubectl delete node n1" in told


def test_what_has_ended_has_no_node_or_was_not_asked_is_never_overdue() -> None:
    overdue = Overdue()
    overdue.look(KEY, [leaving(phase="Failed"), leaving(phase="Succeeded"), leaving(node=None), leaving(asked=None)])
    assert (overdue.until_next(ASKED_MS), overdue.told(ASKED_MS + MARGIN_MS)) == (None, "")


def test_the_first_of_several_is_named() -> None:
    overdue = Overdue()
    overdue.look(KEY, [leaving(1, asked="2026-01-01T00:00:40Z")])
    overdue.look(OTHER, [leaving(2, node="n2")])
    told = overdue.told(ASKED_MS + MARGIN_MS + 10_000)
    assert 'of "b" (and 1 more)' in told
    assert "node n2 does not answer" in told


def test_it_is_over_when_the_pod_is_gone() -> None:
    overdue = Overdue()
    overdue.look(KEY, [leaving()])
    overdue.look(KEY, [])
    assert (overdue.until_next(ASKED_MS), overdue.told(ASKED_MS + MARGIN_MS)) == (None, "")
