"""`libretto undo`: take back what a run changed."""

import sys

import click

from controller.entrypoints.cli.naming import run_argument
from controller.entrypoints.cli.session import output_option


@click.command(name="undo", epilog="Example: libretto undo latest")
@run_argument()
@click.option("--comment", metavar="TEXT", help="Why; it is kept in the ledger.")
@click.option("--no-wait", is_flag=True, help="Only record it; `libretto resume` goes on.")
@output_option
@click.pass_context
def command(ctx: click.Context, run: str, comment: str | None, no_wait: bool, form: str) -> None:
    """Undo what RUN changed, last change first; the run has succeeded, failed or was aborted.

    What cannot be undone is listed and stays. Where no other process drives the run, it is driven here, and the exit
    code is 6 when everything is undone, 4 when changes remain.
    """
    from controller.entrypoints.cli.commanding import Wish, carry_out
    from controller.entrypoints.cli.session import session
    from controller.entrypoints.cli.undoing import Undoing
    from controller.entrypoints.cli.wording import short
    from controller.model.decision import Command
    from controller.model.states import Verb

    with session(ctx, existing=True) as opened:
        spec = opened.look.find(run)
        wish = Command(0, spec.uid, Verb.UNDO, opened.local.person(), comment=comment)
        presenter = Undoing() if form == "text" else None
        sys.exit(carry_out(opened, Wish(spec, wish, f"run {short(spec.uid)}", form, not no_wait, presenter)))
