"""`libretto explain`: why is it so?"""

import click

from controller.entrypoints.cli.naming import run_argument, step_argument
from controller.entrypoints.cli.session import output_option


@click.command(name="explain", epilog="Example: libretto explain latest publish")
@run_argument()
@step_argument
@output_option
@click.pass_context
def command(ctx: click.Context, run: str, step: str | None, form: str) -> None:
    """Say why STEP of RUN ran, was skipped, came from the cache, failed or waits, and for what in the end.

    Without STEP: why the run stands where it does, and what each step that has not begun waits for.
    """
    from controller.entrypoints.cli.address import locate
    from controller.entrypoints.cli.reasons import Reasons
    from controller.entrypoints.cli.session import emit, session

    with session(ctx, read_only=True) as opened:
        member = opened.look.member(opened.look.find(run))
        target = locate(opened, member, step) if step is not None else None
        reasons = Reasons(opened, target.member if target is not None else member)
        if form != "text":
            emit(reasons.facts(target.unit) if target is not None else reasons.run_facts(), form)
            return
        lines = reasons.step(target.unit) if target is not None else reasons.run()
        click.echo("\n".join(lines))
