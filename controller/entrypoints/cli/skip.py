"""`libretto skip`: go on without a failed step."""

import sys
from pathlib import Path
from typing import Any

import click

from controller.entrypoints.cli.files import READ
from controller.entrypoints.cli.naming import attempt_option, run_argument, step_argument


@click.command(name="skip", epilog="Example: libretto skip latest load --output replacement.json")
@run_argument()
@step_argument
@click.option("--output", "file", type=READ, metavar="JSON", help="Output to go on with; without it: null.")
@attempt_option
@click.option("--comment", metavar="TEXT", help="Why; it is kept in the ledger.")
@click.option("--no-wait", is_flag=True, help="Only record it; `libretto resume` goes on.")
@click.option("-o", "form", type=click.Choice(["text", "json", "yaml"]), default="text", help="Form of the output.")
@click.pass_context
def command(
    ctx: click.Context,
    run: str,
    step: str | None,
    file: Path | None,
    attempt: int | None,
    comment: str | None,
    no_wait: bool,
    form: str,
) -> None:
    """Go on without a failed STEP of RUN, where its definition allows it (allowSkip).

    Without STEP it is the one that failed last. What depends on it gets the output that you give, else null. Where no
    other process drives the run, it is driven here, and the exit code is that of the run.
    """
    from controller.entrypoints.cli.commanding import recover
    from controller.entrypoints.cli.session import session
    from controller.model.decision import Command
    from controller.model.states import Verb

    output = _read(file) if file is not None else None
    with session(ctx, existing=True) as opened:
        wish = Command(0, "", Verb.SKIP, opened.local.person(), comment=comment, output=output, attempt=attempt)
        sys.exit(recover(opened, run, step, wish, form=form, wait=not no_wait))


def _read(file: Path) -> Any:
    from controller.runtime.strict_json import parse

    try:
        return parse(file.read_bytes())
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise click.UsageError(f"{file}: {error}") from error
