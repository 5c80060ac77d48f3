"""What the command line says about itself, as a page."""

import click

from controller.entrypoints.cli.main import cli

PAGE = "docs/cli.md"

WIDTH = 100
"""Characters of a line, so that the page does not depend on a terminal."""

_HEAD = """\
# Command line

`libretto VERB --help` says what stands here. A run is named by the beginning of its id or by `latest`; a step by
`step`, `step[3]` for an instance of a `foreach` step, and `step/childstep` inside a child run. `-o json` and `-o yaml`
are for programs. What a verb ends with: [exit codes](spec/exit-codes.md).

`--state-dir DIR`, before the verb, or the environment variable `LIBRETTO_STATE_DIR` names the state directory; without
them it is the nearest `.libretto` at or above the current folder, else a new one there. Commands that Libretto suggests
lead to the same one.
"""


def cli_reference() -> dict[str, str]:
    """Return the page, made from the help of every verb."""
    group = click.Context(cli, info_name="libretto")
    parts = [_HEAD]
    for verb in cli.list_commands(group):
        command = cli.get_command(group, verb)
        assert command is not None  # the group lists only what it finds
        parts += _section(group, f"libretto {verb}", command, depth=2)
    return {PAGE: "\n".join(parts)}


def _section(above: click.Context, name: str, command: click.Command, depth: int) -> list[str]:
    context = click.Context(command, info_name=name.rpartition(" ")[2], parent=above, max_content_width=WIDTH)
    context.terminal_width = WIDTH
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    found = [f"{'#' * depth} {name}\n", f"```text\n{text}\n```\n"]
    if isinstance(command, click.Group):
        for inner in command.list_commands(context):
            below = command.get_command(context, inner)
            assert below is not None
            found += _section(context, f"{name} {inner}", below, depth + 1)
    return found
