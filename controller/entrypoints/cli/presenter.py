"""Presenter: who shows a run tree while it is being played, and which one fits the output?"""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from controller.entrypoints.cli.session import Session
    from controller.machine.chain import Link
    from controller.model.attempt import AttemptKey
    from controller.model.run import GateStatus
    from controller.runtime.estimate import UsualTimes
    from controller.runtime.member import Member


@dataclass
class Tree:
    """A run tree as it is played or watched."""

    session: "Session"
    root: str
    """Uid of the run at the top."""
    members: Mapping[str, "Member"]
    """All runs of the tree that were met so far, by uid."""
    again: str | None = None
    """Command that would run the same thing once more."""
    report: str | None = None
    """Where a report of the run was written."""
    decided_here: set[tuple[str, int]] = field(default_factory=set)
    """(run, record that opened the gate) of decisions that were made in this terminal."""

    @cached_property
    def usual(self) -> "UsualTimes":
        """How long steps took in earlier runs."""
        from controller.runtime.estimate import UsualTimes

        return UsualTimes(self.session.local.stores.objects, self.session.local.stores.ledger)

    @property
    def top(self) -> "Member":
        """The run at the top."""
        return self.members[self.root]

    def path(self, member: "Member", step: str) -> str:
        """Return a step as seen from the top: `run-kpi-tracking/fetch-kpi`."""
        while member.spec.parent is not None and member.spec.uid != self.root:
            step = f"{member.spec.parent_step}/{step}"
            parent = self.members.get(member.spec.parent)
            if parent is None:
                break
            member = parent
        return step


class Found(NamedTuple):
    """How a run was found that was driven before."""

    done: int
    """Steps that need nothing more."""
    running: Mapping[tuple[str, str], tuple[int, bool | None]]
    """(run, step) that the ledger says runs -> its attempt, and whether its process still runs; None: no trace."""
    suspended: bool


class Ending(StrEnum):
    """Why a verb stops driving or watching."""

    SETTLED = "settled"
    WAITING = "waiting"
    """Only people's decisions keep the run from going on, and the caller does not want to wait for them."""
    SUSPENDED = "suspended"
    """The run is paused and nothing of it runs."""
    LEFT = "left"
    """The terminal was closed, or a person does not want to watch any more. Steps go on."""
    UNDRIVEN = "undriven"
    """Nobody drives the run, so there is nothing to watch."""


class Presenter(Protocol):
    """Shows a run tree. No method raises because the output has gone."""

    shows_progress: bool
    """Whether it is worth while to ask how far attempts are."""

    def opened(self, tree: Tree, found: Found | None, /) -> None:
        """Begin. `found` says how the run was found when it is not a new one."""

    def records(self, member: "Member", links: Sequence["Link"], /) -> None:
        """Show what was recorded; `member.state` is the state after it."""

    def progress(self, member: "Member", key: "AttemptKey", done: int, total: int, /) -> None:
        """Show how far an attempt says it is."""

    def tick(self, prompt: str | None) -> None:
        """Time has passed; `prompt` is what a person at the terminal is asked just now, with what was typed so far."""

    def note(self, text: str) -> None:
        """Tell the person something that is not in the ledger."""

    def closed(self, ending: Ending, code: int, /) -> None:
        """End with the summary."""

    def left(self) -> None:
        """End without one, because of an error: give the screen back as it was."""


def on_terminal() -> bool:
    """Return whether standard output is a terminal that can move its cursor."""
    return sys.stdout.isatty() and os.environ.get("TERM", "dumb") not in ("dumb", "unknown")


def presenter_for(form: str) -> Presenter:
    """Return the presenter for an output form (`text`, `json` or `yaml`) on this output."""
    if form != "text":
        from controller.entrypoints.cli.lines import JsonLines

        return JsonLines(form)
    if on_terminal():
        from controller.entrypoints.cli.live import Live

        return Live()
    from controller.entrypoints.cli.plain import Plain

    return Plain()


def open_gates(tree: Tree) -> Sequence["GateStatus"]:
    """Return the open checkpoints of the whole tree, those of children as `step/childstep`."""
    from controller.engine.status import open_gates as gates_of

    return gates_of(tree.top.state)
