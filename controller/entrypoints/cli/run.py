"""`libretto run`: play an orchestration to its end."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.entrypoints.cli.files import READ
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import output_option

if TYPE_CHECKING:
    from controller.entrypoints.cli.presenter import Presenter
    from controller.entrypoints.cli.session import Session
    from controller.wiring.definitions import Found


@click.command(name="run", epilog="Example: libretto run definitions/nightly --param mode=upsert")
@click.argument("target")
@click.option("--param", "texts", multiple=True, metavar="KEY=VALUE", help="A parameter; JSON, else text.")
@click.option("--params", "file", type=READ, metavar="FILE", help="Parameters (YAML, JSON).")
@click.option("--no-wait", is_flag=True, help="End with exit code 7 where only a person's decision is missing.")
@click.option("--dry-run", is_flag=True, help="Show what would run, and why; change nothing.")
@click.option(
    "--request-metadata", "metadata", multiple=True, metavar="KEY=VALUE", help="Kept with the run, for audit."
)
@click.option("--publish", is_flag=True, help="On a cluster: publish what the files define first.")
@click.option("--task-id", metavar="ID", help="Task that asks for the run.")
@click.option("--task-user", metavar="USER", help="Who the task belongs to.")
@output_option
@click.pass_context
def command(
    ctx: click.Context,
    target: str,
    texts: tuple[str, ...],
    file: Path | None,
    no_wait: bool,
    dry_run: bool,
    metadata: tuple[str, ...],
    publish: bool,
    task_id: str | None,
    task_user: str | None,
    form: str,
) -> None:
    """Run TARGET: a definition file, its folder, or `name` or `name@version` of something published.

    On a terminal it shows what happens and asks at checkpoints; elsewhere it prints a line per event. Ctrl-C suspends
    the run (`libretto resume` goes on), a second one kills its steps. Exit codes: 0 succeeded, 4 failed, 5 aborted,
    6 rolled back, 7 waits for approval (--no-wait), 3 invalid definition, 130 interrupted.
    """
    from controller.entrypoints.cli.parameters import assignments, given
    from controller.entrypoints.cli.session import session
    from controller.wiring.definitions import find

    if task_user is not None and task_id is None:
        raise click.UsageError("--task-user needs --task-id")
    parameters, kept = given(texts, file), assignments(metadata, "--request-metadata")
    with session(ctx, read_only=dry_run) as opened:
        if opened.remote is not None:
            from controller.entrypoints.cli.run_there import run_there

            if dry_run:
                raise click.UsageError("--dry-run is about definitions on this machine: leave the cluster out")
            task = _task(task_id, task_user)
            wishes = {"parameters": parameters, "requestMetadata": kept, "task": task}
            sys.exit(run_there(opened, target, wishes, publish=publish, form=form, wait=not no_wait))
        if publish:
            raise click.UsageError("--publish is about a cluster: here files are run as they are")
        found = find(target, opened.local.stores.objects)
        _warn(found)
        if dry_run:
            from controller.entrypoints.cli.dry_run import show_dry_run

            sys.exit(show_dry_run(opened, found, parameters, form))
        task = _task(task_id, task_user)
        again = command_line("run", *_words(target, texts, file))
        sys.exit(play(opened, found, parameters, form=form, wait=not no_wait, again=again, metadata=kept, task=task))


def play(
    session: "Session",
    found: "Found",
    parameters: dict[str, Any],
    *,
    form: str = "text",
    wait: bool = True,
    again: str | None = None,
    metadata: dict[str, Any] | None = None,
    task: dict[str, str] | None = None,
    presenter: "Presenter | None" = None,
) -> int:
    """Admit a run of what was found, drive it, and return the exit code."""
    from controller.entrypoints.cli.drive import drive
    from controller.entrypoints.cli.unfinished import reminder
    from controller.runtime.admit import admit
    from controller.wiring.local import new_run_id, person

    local = session.local
    spec = admit(
        found.entry,
        found.catalog,
        local.stores.blobs,
        uid=new_run_id(),
        parameters=parameters,
        requester=person().id,
        now=local.clock.now(),
        max_parallel=local.configuration.max_parallel,
        files=found.files,
        places=found.places,
        request_metadata=metadata,
        task=task,
    )
    if form == "text" and (left := reminder(session)) is not None:
        click.echo(left, err=True)
    return drive(session, spec, form=form, wait=wait, again=again, presenter=presenter)


def _task(task_id: str | None, task_user: str | None) -> dict[str, str] | None:
    return {"id": task_id} | ({"userId": task_user} if task_user else {}) if task_id else None


def _warn(found: "Found") -> None:
    from controller.entrypoints.cli.problems import as_text

    warnings = [problem for problem in found.warnings if problem.severity == "warning"]
    if warnings:
        click.echo(as_text(warnings, found.documents), err=True)


def _words(target: str, texts: tuple[str, ...], file: Path | None) -> list[str]:
    words = [target]
    if file is not None:
        words += ["--params", str(file)]
    for text in texts:
        words += ["--param", text]
    return words
