"""A run in `status`: what the engine knows comes back, and the conditions say the same to everybody who waits."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.cluster import status as shown
from controller.adapters.cluster.status import APPROVALS_UNPROTECTED, LONGEST_MESSAGE, NODE_UNREACHABLE
from controller.model.cluster.run_status import RunStatus as Published
from controller.model.digest import digest_bytes
from controller.model.run import GateNeeds, GateStatus, RunProgress, RunStatus
from controller.model.states import RunState

Json = dict[str, Any]

HEAD = digest_bytes(b"head")
NOW = 1_767_225_600_123
THEN = "2026-01-01T00:00:00Z"
"""NOW, to the second."""


def gate(name: str = "review", **more: Any) -> GateStatus:
    body: Json = {"gate": name, "run": "uid", "digest": HEAD, "request": 4, "question": "Are the figures right?"}
    return GateStatus(**body, **more)


def status(state: RunState = RunState.RUNNING, **more: Any) -> RunStatus:
    body: Json = {"progress": RunProgress(total=7, succeeded=3, skipped=1), "sequence": 9, "head": HEAD, **more}
    return RunStatus(state=state, **body)


def told(given: RunStatus, before: list[Json] | None = None) -> dict[str, tuple[str, str]]:
    found = shown.conditions(given, 2, before or [], NOW)
    assert all(one["observedGeneration"] == 2 for one in found)
    assert all(0 < len(one["message"]) <= LONGEST_MESSAGE for one in found)
    return {one["type"]: (one["status"], one["reason"]) for one in found}


# What comes back

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
COUNTS = st.integers(0, 10_000)
TIMES = st.none() | st.integers(0, 4_102_444_800_000)
GATES = st.builds(
    GateStatus,
    gate=WORDS,
    run=WORDS,
    digest=st.just(HEAD),
    request=COUNTS,
    question=st.text(max_size=20),
    severity=WORDS,
    required=st.booleans(),
    opened_at=st.integers(0, 4_102_444_800_000),
    actions=st.lists(st.sampled_from(["approve", "reject", "modify"]), max_size=3),
    needs=st.none()
    | st.builds(GateNeeds, count=st.integers(1, 9), groups=st.lists(WORDS), separate_requester=st.booleans()),
)
STATUSES = st.builds(
    RunStatus,
    state=st.sampled_from(RunState),
    reason=st.none() | WORDS,
    message=st.none() | WORDS,
    suspended=st.booleans(),
    progress=st.builds(
        RunProgress, total=COUNTS, succeeded=COUNTS, skipped=COUNTS, failed=COUNTS, running=COUNTS, cached=COUNTS
    ),
    frontier=st.dictionaries(WORDS, st.sampled_from(["Running", "AwaitingApproval"]), max_size=4),
    attempts=st.dictionaries(WORDS, st.integers(2, 9), max_size=4),
    gates=st.lists(GATES, max_size=3),
    gate_count=COUNTS,
    sequence=st.integers(-1, 10_000),
    head=st.just(HEAD),
    wake_at=TIMES,
    started_at=TIMES,
    ended_at=TIMES,
    semantic_digest=st.none() | st.just(HEAD),
)


@given(STATUSES)
def test_what_was_written_is_read(given_status: RunStatus) -> None:
    written = json.loads(json.dumps(shown.view(given_status)))
    assert shown.parsed(written) == given_status


def test_what_is_written_is_what_the_schema_describes() -> None:
    full = status(
        RunState.AWAITING_APPROVAL,
        frontier={"review": "AwaitingApproval"},
        attempts={"review": 2},
        gates=[gate(needs=GateNeeds(count=2, groups=["sre"]), opened_at=NOW, actions=["approve"])],
        gate_count=1,
        suspended=True,
        started_at=NOW,
        wake_at=NOW,
    )
    body = shown.view(full) | {"conditions": shown.conditions(full, 1, [], NOW)}
    Published.model_validate(body)


def test_nothing_is_written_that_says_nothing() -> None:
    body = shown.view(status(frontier={}))
    assert not {"reason", "message", "attempts", "gates", "gateCount", "suspended", "step", "waitsFor"} & body.keys()
    assert None not in body.values()


# What people look at


@pytest.mark.requirement("K8S-003")
@pytest.mark.parametrize(
    ("given_status", "step", "waits"),
    [
        (status(), None, None),
        (status(frontier={"load": "Running", "other": "Running"}), "load", None),
        (
            status(RunState.AWAITING_APPROVAL, frontier={"load": "Running"}, gates=[gate()], gate_count=1),
            "review",
            "approval",
        ),
        (status(suspended=True, frontier={"load": "Running"}), "load", "resume"),
        (status(RunState.SUCCEEDED, suspended=True), None, None),
    ],
    ids=["nothing runs", "it works", "somebody must decide", "it is suspended", "it is over"],
)
def test_where_it_stands_in_a_line(given_status: RunStatus, step: str | None, waits: str | None) -> None:
    body = shown.view(given_status)
    assert (body["steps"], body.get("step"), body.get("waitsFor")) == ("4/7", step, waits)


# Conditions


@pytest.mark.requirement("K8S-004")
@pytest.mark.parametrize("state", RunState)
def test_every_state_says_whether_it_is_over_and_how(state: RunState) -> None:
    found = told(status(state))
    well, over = state is RunState.SUCCEEDED, state.settled
    assert found["Finished"] == ("True" if over else "False", state.value)
    assert found["Ready"][0] == ("True" if well else "False")
    assert found["Succeeded"][0] == ("True" if well else "False" if over else "Unknown")
    assert ("Reconciling" in found) == (not over)
    assert ("Stalled" in found) == (state is RunState.FAILED)
    assert "AwaitingApproval" not in found
    assert "Suspended" not in found


@pytest.mark.parametrize(
    ("given_status", "expected"),
    [
        (status(), {"Reconciling": ("True", "Progressing")}),
        (
            status(RunState.AWAITING_APPROVAL, gates=[gate()], gate_count=1),
            {"Reconciling": ("True", "AwaitingApproval"), "AwaitingApproval": ("True", "GateOpen")},
        ),
        (
            status(suspended=True),
            {"Reconciling": ("True", "Suspended"), "Suspended": ("True", "SuspendRequested")},
        ),
        (
            status(RunState.FAILED, reason="StepFailed", suspended=True, gate_count=1),
            {"Stalled": ("True", "StepFailed"), "Ready": ("False", "StepFailed")},
        ),
        (status(RunState.ABORTED, gate_count=1), {"Succeeded": ("False", "Aborted")}),
    ],
    ids=["works", "waits for somebody", "stands still", "failed", "aborted"],
)
def test_what_is_so_is_said(given_status: RunStatus, expected: Mapping[str, tuple[str, str]]) -> None:
    found = told(given_status)
    assert expected.items() <= found.items()
    optional = {"Reconciling", "Stalled", "AwaitingApproval", "Suspended"}
    assert optional & found.keys() == optional & expected.keys()


def message(given_status: RunStatus) -> str:
    return str(shown.conditions(given_status, 1, [], NOW)[0]["message"])


def test_messages_say_what_is_to_be_done() -> None:
    assert message(status()) == "4 of 7 steps done"
    assert message(status(message='step "a" failed')) == 'step "a" failed'
    one = status(RunState.AWAITING_APPROVAL, gates=[gate()], gate_count=1)
    assert message(one) == 'waits for a decision on "review": Are the figures right?'
    three = one.model_copy(update={"gate_count": 3})
    assert message(three).startswith('waits for a decision on "review" and 2 more: ')
    assert len(message(one.model_copy(update={"gates": [gate().model_copy(update={"question": "x" * 5000})]}))) == (
        LONGEST_MESSAGE
    )


@pytest.mark.requirement("K8S-004")
def test_since_when_it_is_so_stays_as_long_as_it_is_so() -> None:
    first = shown.conditions(status(), 1, [], NOW)
    assert {one["lastTransitionTime"] for one in first} == {THEN}
    later = shown.conditions(status(RunState.SUCCEEDED), 1, first, NOW + 60_000)
    since = {one["type"]: one["lastTransitionTime"] for one in later}
    assert since == dict.fromkeys(("Succeeded", "Finished", "Ready"), "2026-01-01T00:01:00Z")
    again = shown.conditions(status(RunState.SUCCEEDED), 1, later, NOW + 120_000)
    assert again == later


def test_that_nothing_refuses_forgeries_is_somebody_elses_to_say() -> None:
    said = shown.unprotected("install the policies", 3, shown.conditions(status(), 3, [], NOW), NOW)
    assert said[-1]["type"] == APPROVALS_UNPROTECTED
    assert (said[-1]["status"], said[-1]["message"]) == ("True", "install the policies")
    kept = shown.conditions(status(RunState.SUCCEEDED), 3, said, NOW)
    assert kept[-1] == said[-1]
    assert shown.unprotected(None, 3, kept, NOW) == kept[:-1]


def test_a_node_that_is_silent_is_said_beside_all_else() -> None:
    said = shown.unreachable("node n1 does not answer", 3, shown.conditions(status(), 3, [], NOW), NOW)
    assert (said[-1]["type"], said[-1]["message"]) == (NODE_UNREACHABLE, "node n1 does not answer")
    kept = shown.conditions(status(RunState.SUCCEEDED), 3, said, NOW)
    assert kept[-1] == said[-1]
    assert shown.unreachable("", 3, kept, NOW) == kept[:-1]


def test_what_cannot_go_on_says_why() -> None:
    before = shown.conditions(status(), 1, [], NOW)
    found = shown.stalled("NotFound", "x" * 5000, 2, before, NOW)
    by_type = {one["type"]: one for one in found}
    assert (by_type["Stalled"]["status"], by_type["Stalled"]["reason"]) == ("True", "NotFound")
    assert by_type["Ready"]["status"] == "False"
    assert "Reconciling" not in by_type
    assert len(by_type["Stalled"]["message"]) == LONGEST_MESSAGE
    assert by_type["Succeeded"] == before[0]
    assert len(found) == len(by_type)


# Why it failed


def record(kind: str, summary: str | None) -> str:
    return json.dumps({"kind": kind, "summary": summary}, separators=(",", ":"))


FAILED = status(RunState.FAILED, message='step "a" failed')


@pytest.mark.parametrize(
    ("tail", "says"),
    [
        ([record("StepFailed", "exit 3")], 'step "a" failed: exit 3'),
        (
            [record("StepFailed", "exit 1"), record("StepFailed", "exit 3"), record("RunFailed", "no")],
            'step "a" failed: exit 3',
        ),
        ([record("RunFailed", "no")], 'step "a" failed'),
        ([record("StepFailed", None)], 'step "a" failed'),
        ([], 'step "a" failed'),
        ([record("StepFailed", "x" * 5000)], ('step "a" failed: ' + "x" * 5000)[:LONGEST_MESSAGE]),
    ],
    ids=["one", "the last one", "none", "without a word", "no tail", "long"],
)
def test_a_failed_run_says_what_its_step_said(tail: list[str], says: str) -> None:
    assert shown.explained(FAILED, tail).message == says


@pytest.mark.parametrize(
    "given_status", [status(message="m"), status(RunState.ABORTED, message="m"), status(RunState.FAILED)]
)
def test_others_say_what_they_said(given_status: RunStatus) -> None:
    assert shown.explained(given_status, [record("StepFailed", "exit 3")]) == given_status
