"""`libretto diff`: what files would change of what is published."""

import sys
from pathlib import Path

import click

from controller.entrypoints.cli.session import emit, output_option

CHANGED = 1
"""Exit code where something differs, as that of diff and `kubectl diff`."""


@click.command(name="diff", epilog="Example: libretto diff definitions")
@click.argument("path", type=click.Path(path_type=Path))
@output_option
@click.pass_context
def command(ctx: click.Context, path: Path, form: str) -> None:
    """Say of each definition in PATH whether it is new, changed or the same as what is published; change nothing.

    Exit code 0: all is as published, 1: something differs, 3: a file is wrong.
    """
    from controller.entrypoints.cli.session import session
    from controller.wiring.publishing import differences

    with session(ctx, read_only=True) as opened:
        found = differences(opened.local, path)
    if form != "text":
        emit([one._asdict() for one in found], form)
    else:
        for one in found:
            click.echo(f"{one.change:9} {one.kind.lower()} {one.name} {one.version}".rstrip())
            for line in one.details:
                click.echo(f"          {line}")
    sys.exit(CHANGED if any(one.change != "same" for one in found) else 0)
