"""Who is told of what happens, for metrics, events, logs and traces? Afterwards, in few words, and only of what is durable."""

import logging
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, NamedTuple, Protocol

from controller.machine.chain import Link
from controller.runtime.member import Member
from controller.runtime.spans import Span

Json = dict[str, Any]

log = logging.getLogger("libretto.observer")


class Turned(StrEnum):
    """How a turn of a tree ended."""

    SUCCESS = "success"
    ERROR = "error"
    CONFLICT = "conflict"
    """Somebody else wrote an object of the tree; it was read again."""


class Told(NamedTuple):
    """Records of one run that are durable now."""

    namespace: str
    run: Json
    """The Run object, as it is known."""
    member: Member
    links: Sequence[Link]
    spans: Sequence[Span]
    """What ended with these records."""


class Observer(Protocol):
    """Told of what happens. Returns at once, calls nothing and decides nothing: a turn waits for it."""

    def recorded(self, told: Told) -> None:
        """Records became durable."""

    def turned(self, result: Turned, seconds: float) -> None:
        """A turn of a tree ended."""

    def stalled(self, run: Json, reason: str, message: str) -> None:
        """A run does not go on before somebody changes something; told once, until its conditions say something else."""

    def unprotected(self, run: Json, message: str) -> None:
        """Decisions about a run do not count, because nothing proves whose they are."""

    def unreachable(self, run: Json, message: str) -> None:
        """A pod of a run does not end, because its node answers nobody."""

    def fenced(self) -> None:
        """A write was refused because another leader took over."""


class Observers:
    """Implements Observer for several; an error of one is logged and hurts nobody."""

    def __init__(self, observers: Sequence[Observer] = ()) -> None:
        self._observers = observers

    def recorded(self, told: Told) -> None:
        self._each(lambda one: one.recorded(told))

    def turned(self, result: Turned, seconds: float) -> None:
        self._each(lambda one: one.turned(result, seconds))

    def stalled(self, run: Json, reason: str, message: str) -> None:
        self._each(lambda one: one.stalled(run, reason, message))

    def unprotected(self, run: Json, message: str) -> None:
        self._each(lambda one: one.unprotected(run, message))

    def unreachable(self, run: Json, message: str) -> None:
        self._each(lambda one: one.unreachable(run, message))

    def fenced(self) -> None:
        self._each(lambda one: one.fenced())

    def _each(self, tell: Callable[[Observer], None]) -> None:
        for one in self._observers:
            try:
                tell(one)
            except Exception:
                log.exception("%s cannot cope with what it was told; the run goes on", type(one).__name__)


class Unconcerned:
    """Implements Observer and does nothing: for observers of less than everything."""

    def recorded(self, told: Told) -> None:
        """Nobody looks."""

    def turned(self, result: Turned, seconds: float) -> None:
        """Nobody looks."""

    def stalled(self, run: Json, reason: str, message: str) -> None:
        """Nobody looks."""

    def unprotected(self, run: Json, message: str) -> None:
        """Nobody looks."""

    def unreachable(self, run: Json, message: str) -> None:
        """Nobody looks."""

    def fenced(self) -> None:
        """Nobody looks."""
