"""`libretto tree`: a run with everything below it."""

from typing import TYPE_CHECKING, Any

import click

from controller.entrypoints.cli.naming import run_argument
from controller.entrypoints.cli.session import output_option

if TYPE_CHECKING:
    from controller.entrypoints.cli.layout import Branch


@click.command(name="tree", epilog="Example: libretto tree latest")
@run_argument()
@click.option(
    "--all", "everything", is_flag=True, help="Every attempt and every instance, not only those that tell something."
)
@output_option
@click.pass_context
def command(ctx: click.Context, run: str, everything: bool, form: str) -> None:
    """Show RUN as a tree: phases, steps, instances, attempts and child runs, with states and durations.

    Attempts are shown where there was more than one; of many instances those that did not simply succeed.
    """
    from controller.entrypoints.cli.branches import Grower
    from controller.entrypoints.cli.layout import drawn
    from controller.entrypoints.cli.session import emit, session

    with session(ctx, read_only=True) as opened:
        grown = Grower(opened, everything=everything).run(opened.look.find(run))
    if form == "text":
        click.echo("\n".join([grown.text, *drawn(grown.below)]))
    else:
        emit(_facts(grown), form)


def _facts(branch: "Branch") -> dict[str, Any]:
    found = dict(branch.facts)
    if branch.below:
        found["children"] = [_facts(one) for one in branch.below]
    return found
