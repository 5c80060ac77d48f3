"""`libretto list`: all runs, newest first."""

import click

from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import output_option
from controller.model.states import RunState

FEW = 25


@click.command(name="list", epilog="Example: libretto list nightly --state Failed")
@click.argument("search", required=False)
@click.option("--lifecycle", type=click.Choice(["active", "completed", "all"]), default="all", help="Settled or not.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([str(state) for state in RunState], case_sensitive=False),
    help="Only these.",
)
@click.option("--limit", type=click.IntRange(1), default=FEW, show_default=True, help="Show at most so many.")
@click.option("--all", "everything", is_flag=True, help="No limit, and child runs too.")
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    search: str | None,
    lifecycle: str,
    states: tuple[str, ...],
    limit: int,
    everything: bool,
    form: str,
) -> None:
    """List runs, newest first; those whose id or orchestration contains SEARCH."""
    from controller.entrypoints.cli.layout import table
    from controller.entrypoints.cli.overview import Row, rows_of
    from controller.entrypoints.cli.session import emit, session
    from controller.entrypoints.cli.wording import clock, short, span
    from controller.runtime.phrases import counted

    def wanted(row: Row) -> bool:
        spec = row.spec
        return (
            (
                not search
                or any(search.lower() in text.lower() for text in (spec.uid, short(spec.uid), spec.orchestration))
            )
            and (lifecycle == "all" or row.state.settled == (lifecycle == "completed"))
            and (not states or row.state in states)
        )

    with session(ctx, read_only=True) as opened:
        found = [row for row in rows_of(opened, children=everything) if wanted(row)]
    shown = found if everything else found[:limit]
    if form != "text":
        emit({"items": [row.facts() for row in shown], "total": len(found), "limit": len(shown)}, form)
        return
    if not found:
        some = search or states or lifecycle != "all"
        click.echo("no runs" if some else f"no runs yet ({command_line('run', 'PATH')} starts one)")
        return
    heads = ("RUN", "ORCHESTRATION", "VERSION", "STATE", "STEPS", "STARTED", "TOOK", "BY")
    rows = [
        (
            short(row.spec.uid),
            ("  " if row.spec.parent else "") + row.spec.orchestration,
            row.spec.version,
            str(row.state),
            row.steps,
            clock(row.spec.created_at, "%Y-%m-%d %H:%M"),
            "-" if row.took_ms is None else span(row.took_ms),
            row.spec.requester,
        )
        for row in shown
    ]
    click.echo("\n".join(table(heads, rows)))
    if len(shown) < len(found):
        click.echo(f"and {counted(len(found) - len(shown), 'older run')} (--all shows them)")
