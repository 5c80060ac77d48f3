"""The command line: verbs are modules of their own, imported only when they are called."""

import sys
from importlib import import_module

import click

from controller import __version__
from controller.entrypoints.cli import exits

VERBS = {
    "validate": "Check definition files and folders.",
    "run": "Run an orchestration.",
}
"""Verb -> what it does in one line, so that `--help` imports none of them. The module is `<verb>.py` beside this file."""


class LazyGroup(click.Group):
    """Finds commands by module name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of their listing."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a verb."""
        if cmd_name not in VERBS:
            return None
        module = import_module(f"controller.entrypoints.cli.{cmd_name.replace('-', '_')}")
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--state-dir", metavar="DIR", help="State directory; default: the nearest .libretto, else ./.libretto.")
@click.version_option(__version__, prog_name="libretto")
@click.pass_context
def cli(ctx: click.Context, state_dir: str | None) -> None:
    """Play orchestrations: what text says shall happen, happens, and a ledger proves it."""
    ctx.obj = state_dir


def main() -> None:
    """Entry point of `libretto` and `kubectl-libretto`: run a verb, turn errors into messages and exit codes."""
    sys.exit(exits.guarded(lambda: cli.main(standalone_mode=False)))
