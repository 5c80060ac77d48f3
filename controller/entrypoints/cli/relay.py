"""Relay: what a driver tells goes to the presenter once it would survive a crash, so that nobody sees what is then lost."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from controller.entrypoints.cli.presenter import Presenter

if TYPE_CHECKING:
    from controller.machine.chain import Link
    from controller.model.attempt import AttemptKey
    from controller.runtime.member import Member


class Relay:
    """Stands between a driver and a presenter."""

    def __init__(self, show: Presenter) -> None:
        self._show = show
        self._waiting: list[tuple[Member, Sequence[Link]]] = []
        self.opened = False
        """Whether the presenter has begun. Progress that was found before then is dropped; programs say it again."""

    def records(self, member: "Member", links: Sequence["Link"]) -> None:
        """Keep records until they are durable."""
        self._waiting.append((member, links))

    def progress(self, member: "Member", key: "AttemptKey", done: int, total: int) -> None:
        """Pass progress on at once: it is in no ledger."""
        if self.opened:
            self._show.progress(member, key, done, total)

    def durable(self) -> None:
        """Show everything that was kept."""
        waiting, self._waiting = self._waiting, []
        for member, links in waiting:
            self._show.records(member, links)
