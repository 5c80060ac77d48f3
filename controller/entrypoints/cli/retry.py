"""`libretto retry`: try a failed step again."""

import sys
from pathlib import Path

import click

from controller.entrypoints.cli.naming import attempt_option, run_argument, step_argument
from controller.entrypoints.cli.session import output_option


@click.command(name="retry", epilog="Example: libretto retry latest load --set input.mode=upsert")
@run_argument()
@step_argument
@click.option(
    "--set", "settings", multiple=True, metavar="NAME=VALUE", help="Change the input, e.g. --set input.mode=upsert."
)
@click.option("--file", type=click.Path(path_type=Path), metavar="JSON", help="Object to merge into the step's input.")
@click.option("--delay", metavar="TIME", help="Wait before the attempt: 30s, 5m; at most 10m.")
@attempt_option
@click.option("--comment", metavar="TEXT", help="Why; it is kept in the ledger.")
@click.option("--no-wait", is_flag=True, help="Only record it; `libretto resume` goes on.")
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    run: str,
    step: str | None,
    settings: tuple[str, ...],
    file: Path | None,
    delay: str | None,
    attempt: int | None,
    comment: str | None,
    no_wait: bool,
    form: str,
) -> None:
    """Try a failed STEP of RUN again, perhaps with changes, and keep everything that is done.

    Without STEP it is the one that failed last. The step gets a fresh budget of attempts. Where no other process drives
    the run, it is driven here, and the exit code is that of the run.
    """
    from controller.entrypoints.cli.commanding import recover
    from controller.entrypoints.cli.patches import patch_from
    from controller.entrypoints.cli.session import session
    from controller.model.decision import Command
    from controller.model.states import Verb

    patch, delay_ms = patch_from(settings, file), _milliseconds(delay)
    with session(ctx, existing=True) as opened:
        wish = Command(
            0,
            "",
            Verb.RETRY,
            opened.local.person(),
            comment=comment,
            modifications=patch,
            delay_ms=delay_ms,
            attempt=attempt,
        )
        sys.exit(recover(opened, run, step, wish, form=form, wait=not no_wait))


def _milliseconds(delay: str | None) -> int:
    from controller.model.duration import parse_duration

    if delay is None:
        return 0
    try:
        return parse_duration(delay)
    except ValueError as error:
        raise click.UsageError(f"--delay {delay}: {error}") from error
