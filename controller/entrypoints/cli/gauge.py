"""How far do attempts say they are that somebody else drives? Asked of where they say it: no ledger has it."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import click

from controller.engine.wanted import running
from controller.errors import LibrettoError

if TYPE_CHECKING:
    from controller.entrypoints.cli.session import Session
    from controller.model.attempt import AttemptKey
    from controller.runtime.member import Member

Said = tuple[int, int]

INTERVAL_MS = 2000
"""Between two looks while somebody watches: on a cluster each costs a request per attempt that is shown."""


class Gauge:
    """Asks for the progress of attempts of one tree. What keeps it from being known is told once, and hinders nothing else."""

    def __init__(self, session: "Session", root: str, say: Callable[[str], None]) -> None:
        self._session = session
        self._root = root
        self._say = say
        self._said = ""
        self._asked_at = -INTERVAL_MS

    def look(self, members: "Iterable[Member]") -> "Mapping[AttemptKey, Said]":
        """Return done and total of those attempts that say so and run, as their ledgers tell."""
        keys = [member.key(*one) for member in members for one in running(member.state)]
        if not keys:
            return {}
        try:
            return self._session.local.progress(self._root, keys)
        except LibrettoError as error:
            if error.message != self._said:
                self._said = error.message
                self._say(f"how far steps are cannot be seen: {error.message}")
            return {}

    def due(self) -> bool:
        """Return whether it is time for another look of somebody who watches."""
        now = self._session.local.clock.monotonic()
        if now - self._asked_at < INTERVAL_MS:
            return False
        self._asked_at = now
        return True


def complain(text: str) -> None:
    """Tell it beside what is shown."""
    click.echo(f"libretto: {text}", err=True)


def in_words(said: Said | None) -> str:
    """Return how far an attempt is, for people; nothing where it said nothing that can be shown."""
    if said is None or not said[1]:
        return ""
    done, total = said
    return f"{done}/{total} ({100 * done // total} %)"


def in_facts(said: Said | None) -> dict[str, Any]:
    """Return how far an attempt is, for programs: a member `progress`, or nothing."""
    return {} if said is None else {"progress": {"done": said[0], "total": said[1]}}
