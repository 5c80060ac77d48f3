"""One trace for a run tree, made of its records; a collector that is away costs spans and nothing else."""

import asyncio
from collections.abc import Sequence

import pytest

from controller.adapters.simulated_runner import Scripted
from controller.model.attempt import AttemptKey
from controller.model.states import OutcomeClass, Role
from controller.model.trace import TraceSpan, attempt_span_id, run_span_id, step_span_id, trace_id
from controller.wiring.cluster import trace_observer
from controller.wiring.cluster.trace_observer import TraceObserver
from tests.behaviour.rehearsal import Rehearsal
from tests.unit.wiring.cluster.watched import Watched

BAD = Scripted(50, failure=OutcomeClass.FAILED, reason="exit 1", exit_code=1)
CHILD = {"id": "p", "type": "orchestration", "orchestration": {"name": "inner"}}


class Kept:
    """Takes spans, or does not."""

    def __init__(self, *, takes: bool = True, fails: bool = False) -> None:
        self.batches: list[Sequence[TraceSpan]] = []
        self.closed = False
        self._takes, self._fails = takes, fails

    def send(self, spans: Sequence[TraceSpan]) -> bool:
        self.batches.append(spans)
        if self._fails:
            raise ValueError
        return self._takes

    def close(self) -> None:
        self.closed = True

    @property
    def spans(self) -> list[TraceSpan]:
        return [span for batch in self.batches for span in batch]


def sent(kept: Kept, observer: TraceObserver) -> None:
    """Let the observer send what it has, as at the end of the process."""

    async def played() -> None:
        task = asyncio.create_task(observer.run())
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(played())
    assert kept.closed


def test_a_tree_is_one_trace() -> None:
    kept = Kept()
    observer = TraceObserver(kept)
    watched = Watched(Rehearsal(), observer)
    watched.play({"name": "outer", "steps": [CHILD]}, {"name": "inner", "steps": [{"id": "a"}]})
    sent(kept, observer)
    assert {span.trace for span in kept.spans} == {trace_id("ROOT")}
    inner = next(told.member.spec.uid for told in watched.told if told.member.spec.parent is not None)
    parents = {span.id: span.parent for span in kept.spans}
    calls = AttemptKey("ROOT", "p", Role.DO, 1)
    assert parents == {
        run_span_id("ROOT"): None,
        step_span_id("ROOT", "p", 0): run_span_id("ROOT"),
        attempt_span_id(calls): step_span_id("ROOT", "p", 0),
        run_span_id(inner): attempt_span_id(calls),
        step_span_id(inner, "a", 0): run_span_id(inner),
        attempt_span_id(AttemptKey(inner, "a", Role.DO, 1)): step_span_id(inner, "a", 0),
    }
    jobs = {span.name: span.attributes.get("k8s.job.name") for span in kept.spans}
    assert jobs["attempt p"] is None
    assert str(jobs["attempt a"]).startswith("run-of-inner-a-1-")


def test_every_span_hangs_below_one_that_is_there() -> None:
    kept = Kept()
    observer = TraceObserver(kept)
    steps = [
        {"id": "a", "undo": {"input": {}}},
        {"id": "each", "foreach": "[1, 2]", "dependsOn": ["a"]},
        {"id": "b", "dependsOn": ["each"], "retry": {"maxAttempts": 2}},
    ]
    spec = {"name": "one", "steps": steps, "errorHandling": {"rollback": {"automatic": True}}}
    Watched(Rehearsal(lambda launch: BAD if launch.key.step == "b" else Scripted(5)), observer).play(spec)
    sent(kept, observer)
    ids = [span.id for span in kept.spans]
    assert len(set(ids)) == len(ids)
    assert {span.parent for span in kept.spans} - set(ids) == {None}
    assert sorted(span.name for span in kept.spans if span.failed) == ["attempt b", "attempt b", "run one", "step b"]
    assert "undo a" in {span.name for span in kept.spans}


def test_what_a_collector_does_not_take_is_dropped() -> None:
    for kept in (Kept(takes=False), Kept(fails=True)):
        dropped: list[int] = []
        observer = TraceObserver(kept, dropped=dropped.append)
        Watched(Rehearsal(), observer).play({"steps": [{"id": "a"}]})
        sent(kept, observer)
        assert dropped == [3]


def test_only_so_many_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    # How many wait is asked, not how many a busy machine makes spans of in the time that an ending process has.
    monkeypatch.setattr(trace_observer, "FAREWELL_S", 60)
    dropped: list[int] = []
    kept = Kept()
    observer = TraceObserver(kept, dropped=dropped.append)
    watched = Watched(Rehearsal(), observer)
    watched.play({"steps": [{"id": "a"}]})
    for _ in range(trace_observer.MOST_WAITING):
        observer.recorded(watched.told[-1])
    sent(kept, observer)
    assert len(kept.spans) == trace_observer.MOST_WAITING
    assert max(len(batch) for batch in kept.batches) == trace_observer.MOST_AT_ONCE
    assert sum(dropped) > 0
