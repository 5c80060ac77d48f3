"""When a program that was asked to end has had its time, whoever asked it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.cluster.jobs.reaping import DEFAULT_GRACE_S, MARGIN_MS, due
from controller.adapters.cluster.names import GRACE, STOPPED
from tests.unit.adapters.cluster.jobs.pods import ENDED_MS, ended, pod, running, waiting

Json = dict[str, Any]

STARTED_MS = 1_795_176_001_000
"""When the kubelet took the pods of `pod`."""


def living(notes: Json | None = None, *, deadline: int | None = None, deleted: bool = False) -> Json:
    made = pod("Running", running(), courier=running(), annotations=notes, deleted=deleted)
    if deadline is not None:
        made["spec"]["activeDeadlineSeconds"] = deadline
    return made


def test_nobody_asked() -> None:
    assert due(living()) is None
    assert due(living({GRACE: "5"})) is None


def test_we_asked() -> None:
    asked = {STOPPED: "1795176100000", GRACE: "5"}
    assert due(living(asked)) == 1_795_176_100_000 + 5_000 + MARGIN_MS


def test_our_asking_counts_from_then_on_and_not_from_its_start() -> None:
    # A stop sets a deadline of a second, which the pod is long over.
    asked = {STOPPED: "1795176100000", GRACE: "5"}
    assert due(living(asked, deadline=1)) == 1_795_176_100_000 + 5_000 + MARGIN_MS


def test_its_time_is_over() -> None:
    assert due(living({GRACE: "2"}, deadline=90)) == STARTED_MS + 90_000 + 2_000 + MARGIN_MS


def test_a_deadline_of_a_pod_that_no_node_took_is_not_running() -> None:
    made = living(deadline=90)
    del made["status"]["startTime"]
    assert due(made) is None


def test_somebody_deleted_its_pod() -> None:
    # The time of deletion is the end of the pod's grace: it was asked 630 s before.
    assert due(living({GRACE: "10"}, deleted=True)) == ENDED_MS - 630_000 + 10_000 + MARGIN_MS


def test_deleting_counts_before_what_else_asked() -> None:
    asked = living({STOPPED: "1795176100000"}, deadline=90, deleted=True)
    assert due(asked) == due(living(deleted=True))


def test_a_pod_that_says_nothing_has_the_grace_of_kubernetes() -> None:
    assert due(living({STOPPED: "1000"})) == 1000 + DEFAULT_GRACE_S * 1000 + MARGIN_MS


@pytest.mark.parametrize(
    "over",
    [
        pod("Running", ended(143), courier=running(), deleted=True),
        pod("Pending", waiting("PodInitializing"), stage=running(), deleted=True),
        pod("Pending", deleted=True),
        pod("Failed", ended(143), courier=ended(), deleted=True),
        {"metadata": {"name": "p", "deletionTimestamp": "2026-11-20T12:00:35Z"}, "spec": {}},
    ],
    ids=["its courier publishes", "its inputs are staged", "no node took it", "it ended", "it has no status"],
)
def test_where_no_program_runs_nothing_is_killed(over: Json) -> None:
    assert due(over) is None


def test_only_the_program_itself_counts() -> None:
    made = pod("Running", deleted=True)
    made["status"]["containerStatuses"] = [{"name": "sidecar", "state": running()}]
    assert due(made) is None


@given(st.integers(0, 2**45), st.integers(0, 100_000))
def test_the_grace_is_never_cut(asked: int, grace: int) -> None:
    found = due(living({STOPPED: str(asked), GRACE: str(grace)}))
    assert found is not None
    assert found >= asked + grace * 1000
