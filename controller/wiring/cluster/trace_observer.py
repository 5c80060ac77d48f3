"""How do spans get to a collector without anybody waiting? In batches, from a bounded queue, in a thread of their own."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from controller.adapters.cluster.names import job_name
from controller.engine.units import index_of
from controller.model.attempt import AttemptKey
from controller.model.trace import TraceSpan
from controller.runtime.member import Member
from controller.runtime.spans import Part, Span
from controller.runtime.trace_spans import trace_span
from controller.wiring.cluster.observer import Told, Unconcerned

MOST_WAITING = 10_000
"""Spans; while the collector is away the oldest are given up."""

MOST_AT_ONCE = 512
"""Spans of one batch, as OpenTelemetry's own exporters have it."""

PAUSE_S = 1.0
"""Between the first span of a batch and its sending."""

FAREWELL_S = 1.0
"""For what is left when the process ends."""

log = logging.getLogger("libretto.observer")


class Sender(Protocol):
    """Sends spans; may block."""

    def send(self, spans: Sequence[TraceSpan]) -> bool:
        """Return whether they arrived."""

    def close(self) -> None:
        """Give up what is being sent."""


class TraceObserver(Unconcerned):
    """Implements Observer; sends while `run` runs."""

    def __init__(
        self, sender: Sender, *, dropped: Callable[[int], None] = lambda _: None, pause_s: float = PAUSE_S
    ) -> None:
        """`dropped` is told how many spans were given up."""
        self._sender = sender
        self._dropped = dropped
        self._pause_s = pause_s
        self._waiting: deque[_Ended] = deque()
        self._changed = asyncio.Event()
        self._fails = False

    def recorded(self, told: Told) -> None:
        metadata = told.run["metadata"]
        for span in told.spans:
            self._waiting.append(_Ended(metadata["namespace"], metadata["name"], told.member, span))
        while len(self._waiting) > MOST_WAITING:
            self._waiting.popleft()
            self._dropped(1)
        if self._waiting:
            self._changed.set()

    async def run(self) -> None:
        """Send, for ever; when it is cancelled, what is left, if that is quick."""
        try:
            while True:
                await self._changed.wait()
                self._changed.clear()
                await asyncio.sleep(self._pause_s)
                while self._waiting:
                    await self._send()
        finally:
            try:
                async with asyncio.timeout(FAREWELL_S):
                    while self._waiting:
                        await self._send()
            except TimeoutError:
                self._dropped(len(self._waiting))
            self._sender.close()

    async def _send(self) -> None:
        batch = [self._waiting.popleft() for _ in range(min(MOST_AT_ONCE, len(self._waiting)))]
        try:
            arrived = await asyncio.to_thread(self._deliver, batch)
        except Exception:
            log.exception("traces cannot be sent, which changes nothing else")
            arrived = False
        if not arrived:
            self._dropped(len(batch))
            if not self._fails:
                log.warning("the collector does not take traces, which changes nothing else")
        self._fails = not arrived

    def _deliver(self, batch: Sequence["_Ended"]) -> bool:
        return self._sender.send([_placed(one) for one in batch])


class _Ended(NamedTuple):
    """What ended, and where."""

    namespace: str
    name: str
    member: Member
    span: Span


def _placed(one: _Ended) -> TraceSpan:
    made, member, span = trace_span(one.member, one.span), one.member, one.span
    attributes = {**made.attributes, "k8s.namespace.name": one.namespace, "libretto.run.name": one.name}
    unit = member.unit(span.step) if span.part is Part.ATTEMPT else None
    if unit is not None and not member.graph.steps[index_of(unit)].child:
        key = AttemptKey(member.spec.uid, span.step, span.role, span.attempt)
        attributes["k8s.job.name"] = job_name(key, one.name)
    return made._replace(attributes=attributes)
