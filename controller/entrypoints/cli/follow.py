"""Following a run tree that another process, or an operator, drives: its ledgers, read as they grow."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from controller.entrypoints.cli import exits
from controller.entrypoints.cli.gauge import Gauge
from controller.entrypoints.cli.presenter import Ending, Presenter, Tree, presenter_for
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.signals import Signals

if TYPE_CHECKING:
    from controller.model.run import RunSpec
    from controller.runtime.member import Member

POLL_S = 0.05
"""Seconds between two looks at SQLite's counter of changes, which costs some microseconds."""


class Source(Protocol):
    """Where news of a tree come from."""

    def driven(self) -> bool:
        """Return whether anybody drives the tree."""

    def news(self) -> bool:
        """Return whether there may be something to read since the last call."""

    def pause(self) -> None:
        """Wait a little, or until there are news."""


class _Commits:
    """News of a state directory: whatever other processes commit."""

    def __init__(self, session: Session, root: str) -> None:
        self._held, self._root = session.local.leadership.held, root
        self._database, self._pause = session.local.stores.database, threading.Event()
        self._seen = -1

    def driven(self) -> bool:
        return self._held(self._root)

    def news(self) -> bool:
        before, self._seen = self._seen, self._database.foreign_commits()
        return before != self._seen

    def pause(self) -> None:
        self._pause.wait(POLL_S)


def follow(
    session: Session, root: "RunSpec", *, form: str = "text", wait: bool = True, presenter: Presenter | None = None
) -> int:
    """Show a tree until its root settles, and return the exit code. Nothing is written, and nobody is asked.

    `wait=False` ends (exit code 7) where only people's decisions keep the run from going on.
    """
    from controller.runtime.admit import snapshot_of
    from controller.runtime.member import Member

    show = presenter or presenter_for(form)
    # From the beginning: what happened before this terminal looked is shown too.
    members: dict[str, Member] = {root.uid: Member(root, snapshot_of(session.local.stores.blobs, root))}
    tree = Tree(session, root.uid, members)
    with Signals() as signals:
        show.opened(tree, None)
        with _source(session, root, show) as source:
            ending = _follow(tree, members, show, signals, source, wait=wait)
        if signals.hangup:
            return exits.INTERRUPTED
        code = _code(ending, tree)
        show.closed(ending, code)
    return code


@contextmanager
def _source(session: Session, root: "RunSpec", show: Presenter) -> Iterator[Source]:
    if session.remote is None:
        yield _Commits(session, root.uid)
        return
    from controller.entrypoints.cli.on_cluster import following

    with following(session.remote, root.uid, show.note) as source:
        yield source


def _follow(
    tree: Tree, members: "dict[str, Member]", show: Presenter, signals: Signals, source: Source, *, wait: bool
) -> Ending:
    gauge = Gauge(tree.session, tree.root, show.note)
    while True:
        # Before the look: who settles the run lets go of it afterwards.
        driven = source.driven()
        if source.news() or not driven:
            _read_on(tree, members, show)
        if show.shows_progress and gauge.due():
            for key, (done, total) in gauge.look(members.values()).items():
                show.progress(members[key.run], key, done, total)
        show.tick(None)
        state = tree.top.state
        if state.run.settled:
            return Ending.SETTLED
        if not driven or (tree.session.remote is not None and state.suspended and not _anything_runs(members)):
            return Ending.SUSPENDED if state.suspended else Ending.UNDRIVEN
        if not wait and state.open_gates and not _goes_on(members):
            return Ending.WAITING
        if signals.interrupts or signals.hangup:
            return Ending.LEFT
        source.pause()


def _anything_runs(members: "dict[str, Member]") -> bool:
    from controller.entrypoints.cli.drive import leaves

    return any(leaves(member) for member in members.values() if not member.state.run.settled)


def _goes_on(members: "dict[str, Member]") -> bool:
    """Return whether something happens without a person: steps that run, retries, slots, and what was asked for."""
    open_ones = [member for member in members.values() if not member.state.run.settled]
    return _anything_runs(members) or any(member.state.waiting or member.state.asked for member in open_ones)


def _read_on(tree: Tree, members: "dict[str, Member]", show: Presenter) -> None:
    """Fold and show what was recorded since the last look, in the order of time across the tree."""
    from heapq import merge

    from controller.engine.evolve import evolve
    from controller.machine.chain import Chain, Link
    from controller.model.digest import digest_bytes
    from controller.model.record import decode
    from controller.runtime.member import Member

    ledger = tree.session.local.stores.ledger
    fresh = []
    for spec in tree.session.look.tree(tree.top.spec):
        member = members.setdefault(spec.uid, Member(spec, tree.top.snapshot))
        contents = ledger.read(spec.uid, member.state.chain.next)
        fresh.append([(decode(content), content, member) for content in contents])
    # A merge keeps the order within each ledger even where the clock jumped back.
    for record, content, member in merge(*fresh, key=lambda one: one[0].time):
        digest = digest_bytes(content)
        member.state = evolve(member.state, record)._replace(chain=Chain(record.seq + 1, digest))
        show.records(member, [Link(record, content, digest)])


def _code(ending: Ending, tree: Tree) -> int:
    match ending:
        case Ending.SETTLED:
            return exits.BY_STATE[tree.top.state.run]
        case Ending.WAITING:
            return exits.WAITING
        case Ending.UNDRIVEN:
            return exits.WAITING if tree.top.state.open_gates else exits.REFUSED
        case _:
            return exits.INTERRUPTED
