"""Slots that span runs: asking for them costs as much as there is to start, however many wait."""

from pathlib import Path

import pytest

from controller.adapters.memory import MemorySlotPool
from controller.model.attempt import AttemptKey
from controller.model.outcomes import Outcomes
from controller.model.states import RunState
from controller.wiring.simulation import simulate
from tests.differential.story import orchestration
from tests.differential.workshop import built

STEPS = 200


def test_whoever_waits_behind_a_full_queue_is_not_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    acquire = MemorySlotPool.acquire

    def counted(pool: MemorySlotPool, key: str, limit: int, holder: AttemptKey) -> bool:
        nonlocal asked
        asked += 1
        return acquire(pool, key, limit, holder)

    monkeypatch.setattr(MemorySlotPool, "acquire", counted)
    steps = [{"id": f"s{number}", "agent": "few"} for number in range(STEPS)]
    spec = orchestration(*steps, execution={"concurrency": {"maxParallel": STEPS}})
    found = built(tmp_path, [spec], {}, agents=[{"slug": "few", "maxParallel": 2}])
    usual = {step["id"]: 1 for step in steps}
    played = simulate(found, Outcomes(), requester="mara", now=1_700_000_000_000, usual=usual)
    assert played.root.state.run is RunState.SUCCEEDED
    assert played.root.state.ended_at - played.root.state.first_started_at == STEPS // 2
    assert asked < 10 * STEPS
