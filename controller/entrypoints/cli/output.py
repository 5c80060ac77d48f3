"""`libretto output`: what a run or step came to, for programs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.entrypoints.cli.files import WRITTEN
from controller.entrypoints.cli.naming import run_argument, step_argument
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import output_option

if TYPE_CHECKING:
    from controller.entrypoints.cli.address import Target
    from controller.entrypoints.cli.session import Session
    from controller.runtime.member import Member


@click.command(name="output", epilog="Example: libretto output latest | jq .")
@run_argument()
@step_argument
@click.option("--artifact", metavar="NAME", help="This artifact of STEP instead of its output.")
@click.option("-O", "file", type=WRITTEN, metavar="FILE", help="Write to FILE instead of the screen.")
@output_option
@click.pass_context
def command(ctx: click.Context, run: str, step: str | None, artifact: str | None, file: Path | None, form: str) -> None:
    """Print the outputs of RUN, or the output of STEP, as JSON (`-o yaml` for YAML); nothing else.

    Exit code 9 where there is none yet.
    """
    from controller.entrypoints.cli.session import session

    if artifact is not None and step is None:
        raise click.UsageError("--artifact needs the STEP that made it")
    with session(ctx, read_only=True) as opened:
        content = _content(opened, run, step, artifact, form)
    if file is None:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    try:
        file.write_bytes(content)
    except OSError as error:
        raise click.UsageError(f"cannot write {file}: {error.strerror}") from error


def _content(session: "Session", run: str, step: str | None, artifact: str | None, form: str) -> bytes:
    from controller.entrypoints.cli.address import locate
    from controller.entrypoints.cli.show import artifact_bytes

    member = session.look.member(session.look.find(run))
    if step is None:
        return _text(_of_run(session, member), form)
    target = locate(session, member, step)
    if artifact is not None:
        return artifact_bytes(session, target, artifact)
    return _text(_of_step(session, target), form)


def _of_run(session: "Session", member: "Member") -> Any:
    from controller.engine.units import unit_of
    from controller.entrypoints.cli.wording import short
    from controller.errors import Refused
    from controller.model.states import RunState
    from controller.runtime.contents import Contents

    contents = Contents(session.local.stores.blobs)
    state = member.state
    if state.outputs is not None:
        return contents.get(state.outputs)
    if state.run is not RunState.SUCCEEDED:
        raise Refused(
            f"run {short(member.spec.uid)} is {state.run}: only a run that succeeded has outputs",
            hint=f"the output of one step: {command_line('output', short(member.spec.uid), 'STEP')}",
        )
    ids = [step.id for step in member.graph.steps[: member.graph.ordinary]]
    return {name: contents.output(state.unit(unit_of(member.graph.by_id[name])).output) for name in ids}


def _of_step(session: "Session", target: "Target") -> Any:
    from controller.errors import Refused
    from controller.model.states import StepState
    from controller.runtime.contents import Contents

    known = target.member.state.unit(target.unit)
    if known.output is None and known.state is not StepState.SKIPPED:
        raise Refused(f'"{target.path}" is {known.state}: it has no output')
    return Contents(session.local.stores.blobs).output(known.output)


def _text(value: Any, form: str) -> bytes:
    if form == "yaml":
        import yaml

        return yaml.safe_dump(value, sort_keys=False, allow_unicode=True).encode()
    import orjson

    return orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
