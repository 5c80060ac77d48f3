"""Following a run tree that another process drives: its ledgers, read as they grow."""

import threading
from typing import TYPE_CHECKING

from controller.entrypoints.cli import exits
from controller.entrypoints.cli.presenter import Ending, Presenter, Tree, presenter_for
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.signals import Signals

if TYPE_CHECKING:
    from controller.model.run import RunSpec
    from controller.runtime.member import Member

POLL_S = 0.05
"""Seconds between two looks at SQLite's counter of changes, which costs some microseconds."""


def follow(session: Session, root: "RunSpec", *, form: str = "text", presenter: Presenter | None = None) -> int:
    """Show a tree until its root settles, and return the exit code. Nothing is written, and nobody is asked."""
    from controller.runtime.admit import snapshot_of
    from controller.runtime.member import Member

    show = presenter or presenter_for(form)
    # From the beginning: what happened before this terminal looked is shown too.
    members: dict[str, Member] = {root.uid: Member(root, snapshot_of(session.local.stores.blobs, root))}
    tree = Tree(session, root.uid, members)
    with Signals() as signals:
        show.opened(tree, None)
        ending = _follow(tree, members, show, signals)
        if signals.hangup:
            return exits.INTERRUPTED
        code = _code(ending, tree)
        show.closed(ending, code)
    return code


def _follow(tree: Tree, members: "dict[str, Member]", show: Presenter, signals: Signals) -> Ending:
    database, pause = tree.session.local.stores.database, threading.Event()
    seen = -1
    while True:
        # Before the look: who settles the run lets go of it afterwards.
        driven = tree.session.local.leadership.held(tree.root)
        commits = database.foreign_commits()
        if commits != seen or not driven:
            seen = commits
            _read_on(tree, members, show)
        show.tick(None)
        if tree.top.state.run.settled:
            return Ending.SETTLED
        if not driven:
            return Ending.SUSPENDED if tree.top.state.suspended else Ending.UNDRIVEN
        if signals.interrupts or signals.hangup:
            return Ending.LEFT
        pause.wait(POLL_S)


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
        case Ending.UNDRIVEN:
            return exits.WAITING if tree.top.state.open_gates else exits.REFUSED
        case _:
            return exits.INTERRUPTED
