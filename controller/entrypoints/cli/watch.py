"""`libretto watch`: look on while another process drives a run."""

import sys

import click

from controller.entrypoints.cli.naming import run_argument
from controller.entrypoints.cli.session import output_option


@click.command(name="watch", epilog="Example: libretto watch latest")
@run_argument()
@output_option
@click.pass_context
def command(ctx: click.Context, run: str, form: str) -> None:
    """Look on while RUN is driven elsewhere, with the same picture; Ctrl-C only ends the looking.

    The exit code is that of the run once it settles; 9 when nobody drives it.
    """
    from controller.entrypoints.cli.follow import follow
    from controller.entrypoints.cli.session import session

    with session(ctx, existing=True) as opened:
        root = opened.look.root(opened.look.find(run))
        if opened.remote is not None:
            from controller.entrypoints.cli.on_cluster import look_on

            sys.exit(look_on(opened, root.uid, form=form, wait=True))
        sys.exit(follow(opened, root, form=form))
