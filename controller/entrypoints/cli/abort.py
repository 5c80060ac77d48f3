"""`libretto abort`: end a run before it is done."""

import sys

import click

from controller.entrypoints.cli.naming import run_argument
from controller.entrypoints.cli.session import output_option


@click.command(name="abort", epilog="Example: libretto abort latest --undo")
@run_argument()
@click.option("--undo", is_flag=True, help="Undo what was changed, last change first, before the run ends.")
@click.option("--comment", metavar="TEXT", help="Why; it is kept in the ledger.")
@click.option("--no-wait", is_flag=True, help="Only record it; `libretto resume` goes on.")
@output_option
@click.pass_context
def command(ctx: click.Context, run: str, undo: bool, comment: str | None, no_wait: bool, form: str) -> None:
    """End RUN: what runs is stopped, open checkpoints are closed, nothing new starts.

    With --undo everything that its steps changed is taken back; what cannot be is listed and stays. Where no other
    process drives the run, it is driven here, and the exit code is that of the run: 5 aborted, 6 rolled back, 4 where
    changes remain.
    """
    from controller.entrypoints.cli.commanding import Wish, carry_out
    from controller.entrypoints.cli.session import session
    from controller.entrypoints.cli.undoing import Undoing
    from controller.entrypoints.cli.wording import short
    from controller.model.decision import Command
    from controller.model.states import Verb

    with session(ctx, existing=True) as opened:
        spec = opened.look.find(run)
        wish = Command(0, spec.uid, Verb.ABORT, opened.local.person(), comment=comment, undo=undo)
        presenter = Undoing() if undo and form == "text" else None
        sys.exit(carry_out(opened, Wish(spec, wish, f"run {short(spec.uid)}", form, not no_wait, presenter)))
