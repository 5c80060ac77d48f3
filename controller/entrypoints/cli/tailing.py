"""The log of one attempt: all of it, its end, or as it grows."""

import sys
import threading
from typing import TYPE_CHECKING, Any

import click

from controller.engine.units import index_of
from controller.entrypoints.cli.address import Target
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.prints import Printed, printed
from controller.entrypoints.cli.session import Session
from controller.entrypoints.cli.wording import short
from controller.errors import NotFound
from controller.model.attempt import AttemptKey
from controller.model.states import Role, StepState
from controller.runtime.phrases import counted

if TYPE_CHECKING:
    from controller.wiring.remote import Remote

POD_S = 0.5
"""Seconds between two looks whether a pod has begun, or its attempt has ended."""

POLL_S = 0.05
"""Seconds between two looks at a growing log: often enough to read along."""


class Shown:
    """The log of an attempt, ready to be shown."""

    def __init__(self, session: Session, target: Target, role: Role, attempt: int | None) -> None:
        """Raises NotFound when there is no such attempt."""
        self._session = session
        self._target = target
        self._role = role
        self._member = session.look.member(target.member.spec)
        self._attempt = attempt or self._last()
        self._refuse()

    def _last(self) -> int:
        known = self._member.state.unit(self._target.unit)
        return known.undo_attempt if self._role is Role.UNDO else known.attempt

    def _refuse(self) -> None:
        known, path = self._member.state.unit(self._target.unit), self._target.path
        run = short(self._member.spec.uid)
        if self._member.graph.steps[index_of(self._target.unit)].child:
            raise NotFound(
                f'"{path}" plays an orchestration and prints nothing itself',
                hint=command_line("logs", run, f"{path}/STEP"),
            )
        if known.instances >= 0:
            raise NotFound(
                f'"{path}" has {known.instances} instances, each with its own log',
                hint=command_line("logs", run, f"{path}[0]"),
            )
        if not self._attempt or self._attempt > self._last():
            had = (
                f"it had {counted(self._last(), 'attempt')}"
                if self._last()
                else f"it is {known.state} and was never started"
            )
            undo = "to undo " if self._role is Role.UNDO else ""
            raise NotFound(f'there is no attempt {self._attempt or 1} {undo}of "{path}": {had}')

    @property
    def running(self) -> bool:
        """Whether the attempt runs, as the ledger says."""
        known = self._member.state.unit(self._target.unit)
        if self._attempt != self._last():
            return False
        if self._role is Role.UNDO:
            return self._member.state.undoing == self._target.unit
        return known.state is StepState.RUNNING

    @property
    def _key(self) -> AttemptKey:
        return self._member.key(self._target.unit, self._role, self._attempt)

    def _tail(self, lines: int | None) -> Printed:
        return printed(self._session, self._member.spec.root, self._key, lines)

    def facts(self, lines: int | None) -> dict[str, Any]:
        """Return the log for programs."""
        tail, parts = self._tail(lines), []
        while text := tail.read():
            parts.append(text)
        key = self._key
        return {"run": key.run, "step": key.step, "role": str(key.role), "attempt": key.attempt, "log": "".join(parts)}

    def head(self) -> None:
        """Say on standard error whose log it is, where a person looks on."""
        if sys.stderr.isatty():
            role = "undo, " if self._role is Role.UNDO else ""
            click.echo(
                f"{self._target.path} of run {short(self._member.spec.root)}, {role}attempt {self._attempt}:", err=True
            )

    def all(self, lines: int | None) -> None:
        """Print what there is. Raises NotFound when it is there no more."""
        self._print(self._tail(lines))
        remote = self._session.remote
        if remote is not None and remote.log(self._key).pod() is None:
            raise NotFound(
                f"the pod of {self._target.path}, attempt {self._attempt}, is not there",
                hint="it goes with its Job (steps.ttlSecondsAfterFinished of the chart); what it came to stays: "
                + command_line("show", short(self._member.spec.root), self._target.path),
            )

    def follow(self, lines: int | None) -> None:
        """Print what comes until the attempt has ended."""
        if self._session.remote is not None:
            self._follow_pod(self._session.remote, lines)
            return
        tail, pause, database = self._tail(lines), threading.Event(), self._session.local.stores.database
        seen = -1
        while True:
            if seen != (seen := database.foreign_commits()):
                self._member = self._session.look.member(self._target.member.spec)
            running = self.running
            self._print(tail)
            if not running:
                return
            pause.wait(POLL_S)

    def _follow_pod(self, remote: "Remote", lines: int | None) -> None:
        def running() -> bool:
            remote.stores.runs.refresh(self._target.member.spec.uid)
            self._member = self._session.look.member(self._target.member.spec)
            return self.running

        for text in remote.log(self._key, lines).follow(running, lambda: remote.pause(POD_S)):
            sys.stdout.write(text)
            sys.stdout.flush()

    def _print(self, tail: Printed) -> None:
        while text := tail.read():
            sys.stdout.write(text)
        sys.stdout.flush()
