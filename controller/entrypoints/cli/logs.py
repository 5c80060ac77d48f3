"""`libretto logs`: what a step printed."""

from typing import TYPE_CHECKING

import click

from controller.entrypoints.cli.naming import run_argument, step_argument
from controller.entrypoints.cli.session import output_option

if TYPE_CHECKING:
    from controller.entrypoints.cli.address import Target
    from controller.entrypoints.cli.session import Session
    from controller.model.run import RunSpec


@click.command(name="logs", epilog="Example: libretto logs latest load -f")
@run_argument()
@step_argument
@click.option("-f", "--follow", is_flag=True, help="Go on until the attempt has ended.")
@click.option("--attempt", type=click.IntRange(1), help="This attempt; default: the last one.")
@click.option("--undo", is_flag=True, help="The attempts to undo the step.")
@click.option("-n", "--lines", type=click.IntRange(0), help="Only the last lines.")
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    run: str,
    step: str | None,
    follow: bool,
    attempt: int | None,
    undo: bool,
    lines: int | None,
    form: str,
) -> None:
    """Show what STEP of RUN printed: standard output and standard error, as they came.

    Without STEP: the step that failed last, else one that runs, else the last one that did. Secrets are blacked out.
    """
    from controller.entrypoints.cli.session import emit, session
    from controller.entrypoints.cli.tailing import Shown
    from controller.model.states import Role

    role = Role.UNDO if undo else Role.DO
    with session(ctx, read_only=True) as opened:
        spec = opened.look.find(run)
        target = _target(opened, spec, step)
        shown = Shown(opened, target, role, attempt)
        if form != "text":
            emit(shown.facts(lines), form)
            return
        shown.head()
        running = shown.running
        if not (follow and running):
            shown.all(lines)
            return
        if opened.remote is not None:
            shown.follow(lines)
            return
    # The copy that was read above never changes; to see the end of the attempt the database itself is needed.
    with session(ctx) as opened:
        Shown(opened, target, role, attempt).follow(lines)


def _target(session: "Session", spec: "RunSpec", step: str | None) -> "Target":
    from controller.engine.outlook import failed
    from controller.entrypoints.cli.address import Target, locate
    from controller.entrypoints.cli.wording import short
    from controller.errors import NotFound

    member = session.look.member(spec)
    if step is not None:
        return locate(session, member, step)
    candidates = [unit for unit in failed(member.state) if member.state.unit(unit).attempt]
    candidates += [unit for unit, word in sorted(member.state.frontier.items()) if word == "Running"]
    candidates += sorted(unit for unit, known in member.state.units.items() if known.attempt)[::-1]
    if not candidates:
        raise NotFound(f"no step of run {short(spec.uid)} has begun")
    return Target(member, candidates[0], member.name(candidates[0]))
