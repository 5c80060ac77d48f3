"""`libretto diff`: what files would change of what is published."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from controller.entrypoints.cli.session import emit, output_option

if TYPE_CHECKING:
    from controller.wiring.differences import Difference

CHANGED = 1
"""Exit code where something differs, as that of diff and `kubectl diff`."""


@click.command(name="diff", epilog="Example: libretto diff definitions")
@click.argument("path", type=click.Path(path_type=Path))
@output_option
@click.pass_context
def command(ctx: click.Context, path: Path, form: str) -> None:
    """Say of each definition in PATH whether it is new, changed or the same as what is published; change nothing.

    A changed one is compared with the same version, else with the one before it: its steps (+ new, - gone, ~ changed
    and in what), whether it breaks those who use it, and whether its version is raised far enough. Exit code 0: all is
    as published, 1: something differs, 3: a file is wrong.
    """
    from controller.entrypoints.cli.session import session
    from controller.wiring.differences import differences

    with session(ctx, read_only=True) as opened:
        found = differences(opened.local.stores.objects, path)
    if form != "text":
        emit([one._asdict() for one in found], form)
    else:
        for one in found:
            click.echo("\n".join(_lines(one)))
    sys.exit(CHANGED if any(one.change != "same" for one in found) else 0)


def _lines(one: "Difference") -> Iterator[str]:
    from controller.entrypoints.cli.wording import brief, one_line

    title = f"{one.change:<8} {one.kind.lower()} {one.name} {one.version}".rstrip()
    if one.change == "same" or one.published is None:
        yield f"{title}  {brief(one.digest)}"
        return
    against = f" {one.against}" if one.against is not None and one.against != one.version else ""
    yield f"{title}  published{against} {brief(one.published)} -> {brief(one.digest)}"
    if one.kind == "Agent":
        return
    if one.breaking:
        yield f"         breaking: {one_line('; '.join(one.breaking))}"
    else:
        yield f"         not breaking: {one.bump} is enough"
    for step in one.steps:
        yield f"         {one_line(step)}"
    for problem in one.problems:
        yield f"         cannot be published: {one_line(problem)}"
    if not one.steps:
        yield "         its steps are the same"
