"""The API server holds a run to the transition table, whichever way one writes."""

from collections import deque
from collections.abc import Callable

import pytest

from controller.engine.transitions import RUN
from controller.model.states import SETTLED, RunState
from tests.cluster.resources.stage import DIGEST, WAYS, Object

EDGES = {(source, target) for source, _, target in RUN.edges()}
"""From the table that the engine uses, not from the one that was generated."""

ILLEGAL = [
    (source, target)
    for source in RunState
    for target in RunState
    if source is not target and (source, target) not in EDGES
]


def path_to(state: RunState) -> list[RunState]:
    """Return the shortest way from Pending."""
    ways: deque[list[RunState]] = deque([[RunState.PENDING]])
    while True:
        way = ways.popleft()
        if way[-1] is state:
            return way
        ways.extend([*way, target] for source, target in sorted(EDGES) if source is way[-1])


def lead(run: Object, state: RunState, way: str = "merge patch") -> None:
    for step in path_to(state):
        answer = run.write(way, "status", {"state": step})
        assert answer.ok, answer.message


@pytest.mark.requirement("K8S-005", "K8S-006", "K8S-007")
@pytest.mark.parametrize("way", WAYS)
def test_every_move_outside_of_the_table_is_refused(way: str, new_run: Callable[..., Object]) -> None:
    for source in RunState:
        run = new_run()
        lead(run, source)
        for target in (target for before, target in ILLEGAL if before is source):
            answer = run.write(way, "status", {"state": target})
            assert answer.status == 422, (source, target)
            assert f"status.state: Forbidden: a run never goes from {source} to {target}" in answer.message
        assert run.read()["status"]["state"] == source


@pytest.mark.requirement("K8S-007")
@pytest.mark.parametrize("way", WAYS)
def test_every_move_of_the_table_is_accepted(way: str, new_run: Callable[..., Object]) -> None:
    for source, target in sorted(EDGES):
        run = new_run()
        lead(run, source)
        answer = run.write(way, "status", {"state": target, "reason": "Because"})
        assert answer.ok, (source, target, answer.message)
        # Staying is no move.
        assert run.write(way, "status", {"state": target, "reason": "Again"}).ok


@pytest.mark.requirement("K8S-006")
@pytest.mark.parametrize("way", WAYS)
def test_a_state_is_never_taken_back(way: str, new_run: Callable[..., Object]) -> None:
    run = new_run()
    # Server-side apply takes away only what nobody else wrote.
    lead(run, RunState.FAILED, way)
    answer = run.write(way, "status", {"state": None, "reason": "None"})
    assert answer.status == 422
    assert "status.state: Forbidden: once written it is never taken back" in answer.message


@pytest.mark.requirement("K8S-006")
def test_a_status_is_never_taken_back(new_run: Callable[..., Object]) -> None:
    run = new_run()
    lead(run, RunState.RUNNING)
    for patch in ({"status": None}, [{"op": "remove", "path": "/status"}]):
        kind = "application/merge-patch+json" if isinstance(patch, dict) else "application/json-patch+json"
        answer = run._server.request("PATCH", run._path + "/status", patch, kind)
        assert answer.status == 422
        assert "the status of a run is never taken back" in answer.message
    whole = run.read()
    del whole["status"]
    assert run._server.request("PUT", run._path + "/status", whole).status == 422
    # Beside /status nobody reaches it.
    assert run._server.request("PUT", run._path, whole).ok
    assert run.read()["status"] == {"state": "Running"}


@pytest.mark.requirement("K8S-006")
@pytest.mark.parametrize("way", WAYS)
def test_a_run_without_a_state_counts_as_pending(way: str, new_run: Callable[..., Object]) -> None:
    for state in RunState:
        run = new_run()
        answer = run.write(way, "status", {"state": state})
        assert answer.ok is (state in {RunState.PENDING, RunState.RUNNING}), state
        run = new_run()
        run.status(epoch=1)
        answer = run.write(way, "status", {"state": state})
        assert answer.ok is (state in {RunState.PENDING, RunState.RUNNING}), state


@pytest.mark.requirement("K8S-006")
def test_only_a_restored_run_starts_settled(new_run: Callable[..., Object]) -> None:
    for state in RunState:
        run = new_run(restoredFrom={"head": DIGEST, "uid": "abc"})
        answer = run.status(state=state)
        assert answer.ok is (state in SETTLED or state in {RunState.PENDING, RunState.RUNNING}), state
    run = new_run(restoredFrom={"head": DIGEST, "uid": "abc"})
    assert run.status(state="RolledBack").ok
    assert not run.status(state="Succeeded").ok


def test_a_word_that_is_no_state_is_refused(new_run: Callable[..., Object]) -> None:
    answer = new_run().status(state="Done")
    assert answer.status == 422
    assert 'Unsupported value: "Done"' in answer.message
