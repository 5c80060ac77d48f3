"""One pass over a run, as a generator: it yields batches of effects and is sent what became of them.

A synchronous driver, an asynchronous one and a simulation drive the same generator, so none of them decides anything.
It can be cut anywhere and started again from the ledger.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple

from controller.engine.effects import Effect, WakeAt
from controller.engine.events import Advanced, Event
from controller.engine.reduce import reduce
from controller.engine.state import State
from controller.machine.chain import Link
from controller.model.states import RunState


class Batch(NamedTuple):
    """Effects to carry out side by side, and what was recorded since the last batch (to be stored after them,
    or before them where `Persist` is among them).
    """

    effects: tuple[Effect, ...]
    links: tuple[Link, ...]
    state: State


class Passed(NamedTuple):
    """What a pass came to."""

    state: State
    links: tuple[Link, ...]
    """Recorded since the last batch."""
    wake_at: int | None
    """When time alone will change something, in milliseconds since the epoch."""


Pass = Generator[Batch, Sequence[Event], Passed]


def run_pass(state: State, events: Iterable[Event], now: int) -> Pass:
    """Tell the engine all events, then let it advance until it asks for nothing more.

    `events` are in canonical order: attempts that were found, outcomes by topological index, decisions by id, timers.
    """
    wake_at: int | None = None
    told: Iterable[Event] = events
    while True:
        effects: list[Effect] = []
        links: list[Link] = []
        for event in (*told, Advanced()):
            decision = reduce(state, event, now)
            state = decision.state
            links += decision.records
            effects += decision.effects
        last = effects[-1] if effects else None
        wake_at = last.time if isinstance(last, WakeAt) else None
        effects = [effect for effect in effects if not isinstance(effect, WakeAt)]
        if not effects and not links:
            return Passed(state, (), wake_at)
        told = yield Batch(tuple(effects), tuple(links), state)


def writes(links: Sequence[Link]) -> list[list[Link]]:
    """Cut records into writes of which each crosses at most one edge of the run's state, as the API server demands."""
    cut: list[list[Link]] = []
    crossed = True
    for link in links:
        edge = link.record.step is None and link.record.target in _RUN_STATES
        if not cut or (edge and crossed):
            cut.append([])
            crossed = False
        cut[-1].append(link)
        crossed = crossed or edge
    return cut


_RUN_STATES = frozenset(RunState)
