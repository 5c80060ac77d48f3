"""`libretto show`: a run or a step, with everything that belongs to it."""

import sys
from typing import TYPE_CHECKING

import click

from controller.entrypoints.cli.naming import run_argument, step_argument
from controller.entrypoints.cli.session import output_option

if TYPE_CHECKING:
    from controller.entrypoints.cli.address import Target
    from controller.entrypoints.cli.session import Session


@click.command(name="show", epilog="Example: libretto show latest load")
@run_argument()
@step_argument
@click.option("--artifact", metavar="NAME", help="Print the bytes of this artifact of STEP and nothing else.")
@output_option
@click.pass_context
def command(ctx: click.Context, run: str, step: str | None, artifact: str | None, form: str) -> None:
    """Show RUN: definition, parameters, outputs, ledger; or STEP of it: input, output, artifacts, attempts, checkpoint.

    STEP is `step`, `step[3]` for an instance, `step/childstep` inside a child run.
    """
    from controller.entrypoints.cli.address import locate
    from controller.entrypoints.cli.exhibits import run_facts, run_lines, step_facts, step_lines
    from controller.entrypoints.cli.session import emit, session

    if artifact is not None and step is None:
        raise click.UsageError("--artifact needs the STEP that made it")
    with session(ctx, read_only=True) as opened:
        member = opened.look.member(opened.look.find(run))
        if step is None:
            shown = run_facts(opened, member)
            click.echo("\n".join(run_lines(shown))) if form == "text" else emit(shown, form)
            return
        target = locate(opened, member, step)
        if artifact is not None:
            sys.stdout.buffer.write(artifact_bytes(opened, target, artifact))
            sys.stdout.buffer.flush()
            return
        found = step_facts(opened, target)
        click.echo("\n".join(step_lines(found))) if form == "text" else emit(found, form)


def artifact_bytes(session: "Session", target: "Target", name: str) -> bytes:
    """Return an artifact of a step. Raises NotFound with those that there are."""
    from controller.errors import NotFound
    from controller.runtime.contents import Contents

    contents = Contents(session.local.stores.blobs)
    artifacts = contents.artifacts(target.member.state.unit(target.unit).output)
    if name not in artifacts:
        offered = ", ".join(sorted(artifacts)) or "none"
        raise NotFound(f'"{target.path}" has no artifact "{name}"', hint=f"its artifacts: {offered}")
    return session.local.stores.blobs.get(artifacts[name])
