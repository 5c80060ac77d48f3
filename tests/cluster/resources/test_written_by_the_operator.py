"""What the operator's own code makes of the engine's view is stored whole: nothing is refused, nothing is pruned."""

from collections.abc import Callable

import pytest

from controller.adapters.cluster.status import conditions, parsed, stalled, view
from controller.model.cluster.run_status import RunStatus as StoredStatus
from controller.model.run import GateNeeds, GateStatus, RunProgress, RunStatus
from controller.model.states import RunState
from tests.cluster.resources.stage import DIGEST, Object, ledger

MOMENT = 1_700_000_000_123

STATUSES: dict[str, RunStatus] = {
    "running": RunStatus(
        state=RunState.RUNNING,
        progress=RunProgress(total=7, succeeded=3, running=1, cached=1),
        frontier={"load[3]": "Running"},
        attempts={"load[3]": 2},
        sequence=0,
        head=DIGEST,
        wake_at=MOMENT,
        started_at=MOMENT,
        suspended=True,
    ),
    "awaiting": RunStatus(
        state=RunState.AWAITING_APPROVAL,
        progress=RunProgress(total=7, succeeded=4),
        frontier={"summary": "AwaitingApproval"},
        gates=[
            GateStatus(
                gate="quarter/summary",
                run="u",
                digest=DIGEST,
                request=0,
                question="q" * 500,
                severity="s" * 500,
                opened_at=MOMENT,
                actions=["approve", "reject", "modify"],
                needs=needs,
            )
            for needs in (None, GateNeeds(count=2, groups=["finance"], separate_requester=True))
        ],
        gate_count=17,
        sequence=0,
        head=DIGEST,
    ),
    "failed": RunStatus(
        state=RunState.FAILED,
        reason="UndoIncomplete",
        message="m" * 500,
        progress=RunProgress(total=7, failed=1),
        sequence=0,
        head=DIGEST,
        ended_at=MOMENT,
        semantic_digest=DIGEST,
    ),
}


@pytest.mark.parametrize("status", STATUSES.values(), ids=STATUSES)
def test_stored_as_written(status: RunStatus, new_run: Callable[..., Object]) -> None:
    run = new_run()
    assert run.status(state="Running").ok
    body = {
        **view(status),
        "tail": ledger(0, 1),
        "contents": {DIGEST: '{"a":1}'},
        "snapshot": DIGEST,
        "definition": DIGEST,
        "version": "1.2.3",
        "epoch": 4,
        "lease": "libretto",
        "observedGeneration": 1,
        "conditions": conditions(status, 1, [], MOMENT),
    }
    answer = run.status(**body)
    assert answer.ok, answer.message
    assert answer.body["status"] == body
    assert parsed(answer.body["status"]) == status
    assert StoredStatus.model_validate(answer.body["status"]).state == status.state


def test_a_run_that_cannot_be_admitted(new_run: Callable[..., Object]) -> None:
    body = {"epoch": 4, "conditions": stalled("NotFound", "m" * 2000, 1, [], MOMENT)}
    answer = new_run().status(**body)
    assert answer.ok, answer.message
    assert answer.body["status"] == body
