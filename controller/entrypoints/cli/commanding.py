"""Commanding a run: retry, skip, abort and undo are recorded or refused, then somebody plays what follows."""

from typing import TYPE_CHECKING, NamedTuple

import click

from controller.entrypoints.cli.session import Session, emit
from controller.model.decision import Command
from controller.model.states import Verb

if TYPE_CHECKING:
    from controller.entrypoints.cli.presenter import Presenter
    from controller.model.run import RunSpec
    from controller.runtime.member import Member

DONE = {Verb.RETRY: "retried", Verb.SKIP: "skipped", Verb.ABORT: "aborted", Verb.UNDO: "undo ordered"}


class Wish(NamedTuple):
    """A command, and how what follows is to be shown."""

    run: "RunSpec"
    """Run that the command is about: the named one, or a child."""
    command: Command
    what: str
    """What it is about, e.g. `step load`."""
    form: str = "text"
    wait: bool = True
    """Play what follows in the foreground, where nobody else drives."""
    presenter: "Presenter | None" = None


def carry_out(session: Session, wish: Wish) -> int:
    """Submit the command and return the exit code: that of the run where it is driven here.

    Raises Refused with the engine's reason and what can be done instead.
    """
    from controller.entrypoints.cli.answers import submit
    from controller.entrypoints.cli.exits import WAITING
    from controller.entrypoints.cli.instead import instead
    from controller.errors import Refused

    root = session.look.root(wish.run)
    answer, driven, waits = submit(session, wish.run, wish.command)
    if waits is not None:
        click.echo(f"{wish.what}: the command is there; it does not count yet: {waits}")
        return WAITING
    if answer.record is None:
        raise Refused(f"{answer.refusal}. Nothing was changed.", hint=instead(session.look.member(wish.run)))
    plays = wish.wait and not driven
    if wish.form == "text":
        if not plays or wish.presenter is None:
            click.echo(_said(session, wish, answer.record, driven=driven, plays=plays, root=root.uid))
    elif not plays:
        emit(_facts(wish, answer.record, driven=driven), wish.form)
    if not plays:
        return 0
    from controller.entrypoints.cli.drive import drive

    return drive(session, root, form=wish.form, presenter=wish.presenter)


def _said(session: Session, wish: Wish, record: int, *, driven: bool, plays: bool, root: str) -> str:
    from controller.entrypoints.cli.pasting import command_line
    from controller.entrypoints.cli.wording import short

    said = f"{wish.what}: {DONE[wish.command.verb]} by {wish.command.actor.id} as record {record}."
    if driven:
        return f"{said} {session.driver.capitalize()} goes on with it."
    return said if plays else f"{said} Nobody drives the run; it goes on with: {command_line('resume', short(root))}"


def _facts(wish: Wish, record: int, *, driven: bool) -> dict[str, object]:
    command = wish.command
    return {
        "run": wish.run.uid,
        "root": wish.run.root,
        "verb": command.verb,
        "step": command.step,
        "actor": command.actor.id,
        "record": record,
        "driven": driven,
    }


def recover(session: Session, run: str, step: str | None, command: Command, *, form: str, wait: bool) -> int:
    """Carry out a command on a failed step: the named one, else the last that failed."""
    from controller.engine.outlook import failed
    from controller.entrypoints.cli.address import locate

    member = session.look.member(session.look.find(run))
    holder, name = member, None
    if step is not None:
        target = locate(session, member, step)
        holder, name = target.member, target.name
    elif last := failed(member.state):
        name = member.name(last[0])
    _refuse_settled_child(holder, command.verb, step)
    wish = command._replace(run=holder.spec.uid, step=name)
    return carry_out(session, Wish(holder.spec, wish, f"step {step or name}" if name else "the run", form, wait))


def _refuse_settled_child(holder: "Member", verb: Verb, path: str | None) -> None:
    from controller.entrypoints.cli.pasting import command_line
    from controller.entrypoints.cli.wording import short
    from controller.errors import Refused

    spec = holder.spec
    if spec.parent is None or not holder.state.run.settled:
        return
    parent = path.rpartition("/")[0] if path is not None else spec.parent_step
    raise Refused(
        f"child run {short(spec.uid)} is {holder.state.run}, and its parent knows. Nothing was changed.",
        hint=f"{verb} the step that played it: {command_line(verb, short(spec.root), parent or spec.parent_step or '')}",
    )
