"""`libretto resume`: go on with runs that were left."""

import sys
from typing import TYPE_CHECKING

import click

from controller.entrypoints.cli.naming import run_argument
from controller.entrypoints.cli.session import output_option

if TYPE_CHECKING:
    from controller.entrypoints.cli.session import Session
    from controller.model.run import RunSpec, RunStatus


@click.command(name="resume", epilog="Example: libretto resume latest")
@run_argument(required=False)
@click.option("--no-wait", is_flag=True, help="End with exit code 7 where only a person's decision is missing.")
@output_option
@click.pass_context
def command(ctx: click.Context, run: str | None, no_wait: bool, form: str) -> None:
    """Go on with RUN, which was paused, interrupted, or left by a crash; without RUN with all such runs, oldest first.

    Steps whose processes live on are watched again, ends that nobody saw are taken over, and nothing is started twice.
    A run whose undo is incomplete (name it) tries again to undo what remains. The exit code is that of the run; of
    several runs the first that is not 0.
    """
    from controller.entrypoints.cli import exits
    from controller.entrypoints.cli.session import session
    from controller.entrypoints.cli.unfinished import unfinished

    with session(ctx, existing=True) as opened:
        if opened.remote is not None:
            sys.exit(_resume_there(opened, run, form, wait=not no_wait))
        if run is not None:
            spec = opened.look.root(opened.look.find(run))
            sys.exit(_resume(opened, spec, opened.local.stores.ledger.status(spec.uid), form, wait=not no_wait))
        left = unfinished(opened)
        if not left and form == "text":
            click.echo("no run was left unfinished")
        # One that waits for a person must not keep the others from going on.
        wait = not no_wait and len(left) == 1
        codes = [_resume(opened, spec, status, form, wait=wait) for spec, status in left]
        sys.exit(next((code for code in codes if code != exits.OK), exits.OK))


def _resume(session: "Session", spec: "RunSpec", status: "RunStatus | None", form: str, *, wait: bool) -> int:
    from controller.entrypoints.cli.drive import drive
    from controller.entrypoints.cli.instead import instead
    from controller.entrypoints.cli.undoing import Undoing
    from controller.entrypoints.cli.wording import short
    from controller.errors import Refused
    from controller.model.decision import Command
    from controller.model.states import RunState, Verb
    from controller.wiring.local import person

    undoing = status is not None and (status.reason == "UndoIncomplete" or status.state is RunState.ROLLING_BACK)
    settled = status is not None and status.state.settled
    if status is not None and settled and not undoing:
        hint = instead(session.look.member(spec))
        raise Refused(f"run {short(spec.uid)} is {status.state}: there is nothing to resume", hint=hint)
    held = session.local.leadership.held(spec.uid)
    if status is not None and (status.suspended or settled) and not held:
        session.local.stores.decisions.submit(Command(0, spec.uid, Verb.RESUME, person()))
    presenter = Undoing() if undoing and form == "text" else None
    return drive(session, spec, form=form, wait=wait, resumed=not settled, presenter=presenter)


def _resume_there(session: "Session", run: str | None, form: str, *, wait: bool) -> int:
    """Let a paused run, or all that are paused, go on; the operator drives them, and this looks on."""
    from controller.entrypoints.cli.answers import submit
    from controller.entrypoints.cli.on_cluster import look_on
    from controller.entrypoints.cli.wording import short
    from controller.errors import Refused
    from controller.model.decision import Command
    from controller.model.states import Verb

    if run is not None:
        found = [session.look.root(session.look.find(run))]
    else:
        rows = session.local.stores.objects.runs()
        found = [spec for spec, status in reversed(rows) if status is not None and status.suspended and not spec.parent]
    if not found and form == "text":
        click.echo("no run was paused")
    codes = []
    for spec in found:
        status = session.local.stores.ledger.status(spec.uid)
        if run is not None and status is not None and status.state.settled:
            raise Refused(f"run {short(spec.uid)} is {status.state}: there is nothing to resume")
        submit(session, spec, Command(0, spec.uid, Verb.RESUME, session.local.person()))
        codes.append(look_on(session, spec.uid, form=form, wait=wait and len(found) == 1))
    return next((code for code in codes if code), 0)
