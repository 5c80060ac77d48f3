"""How long do records wait for company? Starts longer than others, and nobody much longer than a write takes."""

from typing import Any

import pytest

from controller.adapters.cluster.ledger_store import MOST_PATIENCE_MS, PATIENCE_MS, StatusLedgerStore
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.pool import Pool
from controller.model.digest import digest_bytes
from controller.model.states import RunState
from controller.ports.ledger_store import Write
from tests.fakes.clock import SettableClock
from tests.unit.adapters.cluster.test_ledger_store import Objects, Shards, World, played, status, write

Json = dict[str, Any]


class SlowObjects(Objects):
    """Take their time for a write."""

    def __init__(self, clock: SettableClock, takes_ms: int) -> None:
        super().__init__()
        self._clock, self._takes_ms = clock, takes_ms

    def write_status(self, run: str, status: Json) -> None:
        self._clock.advance(self._takes_ms)
        super().write_status(run, status)


def test_a_start_alone_waits_longer_for_company() -> None:
    store = World().store
    start = b'{"kind":"StepStarted","n":"0"}'
    store.append([Write("a", 0, [start], [digest_bytes(start)], status(0, digest_bytes(start), RunState.RUNNING))])
    assert store.patience() == 250
    store.append([write(1, 1)])
    assert store.patience() == PATIENCE_MS


@pytest.mark.parametrize(("takes", "patience"), [(3, PATIENCE_MS), (40, 40), (2_000, MOST_PATIENCE_MS)])
def test_the_slower_a_write_was_the_more_the_next_one_tells(takes: int, patience: int) -> None:
    clock = SettableClock()
    store = StatusLedgerStore(
        SlowObjects(clock, takes), Shards(), Pool(), clock, lambda: Mark(1, "lease"), lambda _: {}
    )
    store.append([write(0, 1)])
    assert store.patience() == PATIENCE_MS
    played(store.flush)
    store.append([write(1, 1)])
    assert store.patience() == patience
