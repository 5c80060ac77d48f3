"""`libretto validate`: is what the files say right?"""

import os
import sys
from pathlib import Path

import click

_DEFAULT = "definitions"


@click.command(name="validate")
@click.argument("paths", metavar="[PATH]...", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "-o", "--output", "form", type=click.Choice(["text", "json", "sarif"]), default="text", help="How to show problems."
)
def command(paths: tuple[Path, ...], form: str) -> None:
    """Check definition files and folders; show every problem with its place.

    Without PATH the folder `definitions` is checked, else the current one. A file is checked together with the
    definitions folder that it lies in, but only its own problems are shown. Exit code 3 when there are problems;
    warnings alone do not count.
    """
    from controller.definition.validate import check_together
    from controller.entrypoints.cli.problems import INVALID, as_json, as_sarif, as_text, summary
    from controller.wiring.definition_files import gather

    asked = paths or (Path(_DEFAULT) if Path(_DEFAULT).is_dir() else Path(),)
    documents, shown = gather(asked)
    checked = check_together(documents)
    problems = [problem for problem in checked.problems if problem.location.file in shown]
    match form:
        case "json":
            click.echo(as_json(problems, len(shown)))
        case "sarif":
            click.echo(as_sarif(problems))
        case _:
            if problems:
                click.echo(as_text(problems, documents, _paint))
            click.echo(summary(problems, len(shown)))
    if any(problem.severity == "error" for problem in problems):
        sys.exit(INVALID)


def _paint(text: str, severity: str) -> str:
    if os.environ.get("NO_COLOR"):
        return text
    return click.style(text, fg="red" if severity == "error" else "yellow", bold=True)
