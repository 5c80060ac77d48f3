"""`libretto status`: what goes on, what waits, what failed lately."""

from typing import TYPE_CHECKING

import click

from controller.entrypoints.cli.naming import run_argument
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import output_option

if TYPE_CHECKING:
    from controller.entrypoints.cli.session import Session

LATELY_MS = 86_400_000
"""A failed run is shown for a day without being asked for; then people know, or it does not matter."""


@click.command(name="status", epilog="Example: libretto status latest")
@run_argument(required=False)
@output_option
@click.pass_context
def command(ctx: click.Context, run: str | None, form: str) -> None:
    """Show where RUN stands; without RUN every run that goes on, waits, or failed within a day."""
    from controller.entrypoints.cli.session import session

    with session(ctx, read_only=True) as opened:
        if run is None:
            _overview(opened, form)
        else:
            _one(opened, run, form)


def _overview(opened: "Session", form: str) -> None:
    from controller.entrypoints.cli.layout import table
    from controller.entrypoints.cli.overview import rows_of
    from controller.entrypoints.cli.session import emit
    from controller.entrypoints.cli.wording import age, short
    from controller.model.states import RunState

    now = opened.local.clock.now()
    rows = [
        row
        for row in rows_of(opened)
        if not row.state.settled or (row.state is RunState.FAILED and now - row.since < LATELY_MS)
    ]
    if form != "text":
        emit([row.facts() for row in rows], form)
        return
    if not rows:
        click.echo(f"nothing goes on, waits, or failed within a day (all runs: {command_line('list')})")
        return
    heads = ("RUN", "ORCHESTRATION", "STATE", "STEPS", "SINCE", "WAITS FOR")
    cells = [
        (short(row.spec.uid), row.spec.orchestration, str(row.state), row.steps, age(now - row.since), row.waits_for())
        for row in rows
    ]
    click.echo("\n".join(table(heads, cells)))


def _one(opened: "Session", run: str, form: str) -> None:
    from controller.entrypoints.cli.details import detail_lines, details
    from controller.entrypoints.cli.session import emit

    spec = opened.look.find(run)
    member = opened.look.member(spec)
    if form == "text":
        click.echo("\n".join(detail_lines(opened, member)))
    else:
        emit(details(opened, member), form)
