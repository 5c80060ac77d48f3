"""A person's wish gets its answer: from the process that drives the run, or on the spot where nobody does."""

import threading
from typing import NamedTuple

import click

from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.wording import short
from controller.errors import Busy
from controller.model.decision import Answer, Command, Decision
from controller.model.run import RunSpec

POLL_S = 0.005
"""Seconds between two looks: an answer takes a driver up to 60 ms, and each look costs a few microseconds."""

PATIENCE_MS = 2000
"""After this a person is told what is waited for: a driver that is stopped (Ctrl-Z) does not answer."""


class Outcome(NamedTuple):
    """What became of a submission."""

    answer: Answer
    driven: bool
    """Another process drives the run: what follows happens there."""
    waits: str | None = None
    """Why it is neither recorded nor refused: it is there, and does not count yet."""


def submit(session: Session, spec: RunSpec, wish: Decision | Command) -> Outcome:
    """Submit and wait for the answer; where nobody drives the tree, record it here and start nothing."""
    local = session.local
    number = local.stores.decisions.submit(wish)
    began, told, pause = local.clock.monotonic(), False, threading.Event()
    while True:
        answer = local.stores.decisions.answered(number)
        if answer is not None:
            waits = session.remote.stores.decisions.waits.get(number) if session.remote is not None else None
            return Outcome(answer, local.leadership.held(spec.root), waits)
        if not local.leadership.held(spec.root) and _recorded(session, spec):
            continue
        if not told and local.clock.monotonic() - began > PATIENCE_MS:
            told = True
            click.echo(f"waiting for {session.driver}: {short(spec.root)}", err=True)
        pause.wait(POLL_S)


def _recorded(session: Session, spec: RunSpec) -> bool:
    from controller.runtime.undriven import record_pending

    tools = session.local.toolbox(spec.root)
    try:
        record_pending(tools, session.look, spec)
    except Busy:
        return False
    finally:
        tools.notifier.close()
    return True
