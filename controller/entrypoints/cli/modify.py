"""`libretto modify`: have a step done again with another input, at its checkpoint."""

from typing import Any

import click

from controller.entrypoints.cli.deciding import decide, decision_options
from controller.entrypoints.cli.files import READ
from controller.model.states import Verdict


@click.command(name="modify", epilog="Example: libretto modify latest --set input.rows=10")
@decision_options
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change the step's input, e.g. --set top.n=3."
)
@click.option("--file", type=READ, metavar="JSON", help="Object to merge into the step's input.")
def command(ctx: click.Context, **given: Any) -> None:
    """Have a step of RUN done again with changes, instead of approving what is there.

    Objects are merged into the step's input, everything else is replaced. The checkpoint opens again with the new
    output. GATE is the step, `step/childstep` inside a child run; it may be left out where only one checkpoint is open.
    """
    decide(ctx, Verdict.MODIFY, **given)
