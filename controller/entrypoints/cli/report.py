"""`libretto report`: a run as a page, as Markdown, or as figures for programs."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.entrypoints.cli.files import WRITTEN
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.session import Session, session

if TYPE_CHECKING:
    from controller.model.run import RunSpec
    from controller.runtime.report.facts import Facts

_SUFFIXES = {".html": "html", ".htm": "html", ".md": "md", ".json": "json"}


@click.command(name="report", epilog="Example: libretto report latest -o report.html")
@click.argument("subject", default="latest", metavar="[RUN|FILE]")
@click.option("-o", "--output", "target", type=WRITTEN, help="File to write.")
@click.option(
    "--format", "form", type=click.Choice(["html", "md", "json"]), help="Default: by the file's name, else md."
)
@click.pass_context
def command(ctx: click.Context, subject: str, target: Path | None, form: str | None) -> None:
    """Tell a run (default: the latest) or an exported bundle: timeline, steps, decisions, artifacts, how to verify it.

    The page needs nothing else: no script, no network. While the run goes on it is a status report. The evidence is
    verified first, and the report says what came out.
    """
    from controller.adapters.documents.write import replace_file

    form = form or _SUFFIXES.get(target.suffix if target else "", "md")
    text = render(replace(_facts(ctx, subject), program=command_line()), form)
    if target is None:
        click.echo(text, nl=False)
    else:
        replace_file(target, text)
        click.echo(f"{target} written")


def _facts(ctx: click.Context, subject: str) -> "Facts":
    from controller.wiring.report import facts_of_bundle, facts_of_run

    if Path(subject).is_file():
        return facts_of_bundle(Path(subject))
    with session(ctx, read_only=True) as opened:
        return facts_of_run(opened.local, opened.look.root(opened.look.find(subject)))


def render(facts: "Facts", form: str) -> str:
    """Return a report as `html`, `md` or `json`."""
    match form:
        case "html":
            from controller.runtime.report.page import to_page

            return to_page(facts)
        case "json":
            import orjson

            from controller.runtime.report.values import report_value

            return orjson.dumps(report_value(facts), option=orjson.OPT_INDENT_2).decode() + "\n"
        case _:
            from controller.runtime.report.markdown import to_markdown

            return to_markdown(facts)


def write_report(opened: Session, spec: "RunSpec") -> Path:
    """Write the page of a run tree into its folder, `runs/<root>/report.html`, and return where. Raises as `report`."""
    from controller.adapters.documents.write import replace_file
    from controller.wiring.report import facts_of_run

    root = opened.look.root(spec)
    path = opened.local.directory.tree(root.uid) / "report.html"
    facts = replace(facts_of_run(opened.local, root), program=command_line())
    replace_file(path, render(facts, "html"))
    return path
