"""`libretto validate`: is what the files say right?"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.entrypoints.cli.exits import INVALID_DEFINITION
from controller.entrypoints.cli.session import emit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from controller.definition.checked import Checked
    from controller.model.document import Document

_DEFAULT = "definitions"
_PERHAPS_PUBLISHED = frozenset({"UnknownAgent", "UnknownOrchestration"})


@click.command(name="validate", epilog="Example: libretto validate definitions/nightly")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o",
    "--output",
    "form",
    type=click.Choice(["text", "json", "yaml", "sarif"]),
    default="text",
    help="How to show problems.",
)
@click.pass_context
def command(ctx: click.Context, paths: tuple[Path, ...], form: str) -> None:
    """Check definition files and folders; show every problem with its place.

    Without PATH the folder `definitions` is checked, else the current one. A file is checked together with the
    definitions folder that it lies in, and with what is published, but only its own problems are shown. Exit code 3
    when there are problems; warnings alone do not count.
    """
    from controller.entrypoints.cli.problems import as_sarif, as_text, as_value, summary
    from controller.wiring.definition_files import gather

    asked = paths or (Path(_DEFAULT) if Path(_DEFAULT).is_dir() else Path(),)
    documents, shown = gather(asked)
    checked = _check(documents, ctx)
    problems = [problem for problem in checked.problems if problem.location.file in shown]
    match form:
        case "json" | "yaml":
            emit(as_value(problems, len(shown)), form)
        case "sarif":
            click.echo(as_sarif(problems))
        case _:
            if problems:
                click.echo(as_text(problems, documents, _paint))
            click.echo(summary(problems, len(shown)))
    if any(problem.severity == "error" for problem in problems):
        ctx.exit(INVALID_DEFINITION)


def _check(documents: "Sequence[Document]", ctx: click.Context) -> "Checked":
    from controller.definition.validate import check_together

    checked = check_together(documents)
    if not any(problem.rule in _PERHAPS_PUBLISHED for problem in checked.problems):
        return checked
    # The state directory is opened only when something is not found in the files, and nothing is written to it.
    from controller.entrypoints.cli.session import session
    from controller.wiring.definitions import published

    with session(ctx, read_only=True) as opened:
        store, store_agents = published(opened.local.stores.objects)
    return check_together(documents, store=store, store_agents=store_agents)


def _paint(text: str, severity: str) -> str:
    if os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg="red" if severity == "error" else "yellow", bold=True)
