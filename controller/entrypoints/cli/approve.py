"""`libretto approve`: decide at a checkpoint."""

from typing import Any

import click

from controller.entrypoints.cli.deciding import decide, decision_options
from controller.model.states import Verdict


@click.command(name="approve", epilog='Example: libretto approve latest --comment "checked against SAP"')
@decision_options
def command(ctx: click.Context, **given: Any) -> None:
    """Approve what waits at a checkpoint of RUN.

    What waits for it may start; the approval counts for exactly the output that is there now. GATE is the step, `step/childstep` inside a child run; it may be left out where only one checkpoint is open.
    """
    decide(ctx, Verdict.APPROVE, **given)
