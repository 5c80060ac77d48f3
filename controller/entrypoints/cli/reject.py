"""`libretto reject`: decide at a checkpoint."""

from typing import Any

import click

from controller.entrypoints.cli.deciding import decide, decision_options
from controller.model.states import Verdict


@click.command(name="reject", epilog='Example: libretto reject latest --comment "wrong quarter"')
@decision_options
def command(ctx: click.Context, **given: Any) -> None:
    """Reject what waits at a checkpoint of RUN.

    The run ends as aborted, and nothing that waits for it is done. GATE is the step, `step/childstep` inside a child run; it may be left out where only one checkpoint is open.
    """
    decide(ctx, Verdict.REJECT, **given)
