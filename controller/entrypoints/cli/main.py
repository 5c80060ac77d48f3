"""The command line: verbs are modules of their own, imported only when they are called."""

import gc
import os
import sys
from collections.abc import Mapping
from copy import copy
from importlib import import_module
from io import TextIOWrapper
from keyword import iskeyword
from pathlib import Path
from typing import Any

import click
from click.exceptions import NoSuchCommand

from controller import __version__
from controller.entrypoints.cli import exits
from controller.entrypoints.cli.pasting import STATE_DIR_VARIABLE, located
from controller.errors import LibrettoError

VERBS = {
    "validate": "Check definition files and folders.",
    "convert": "Write a definition in canonical form.",
    "run": "Play an orchestration to its end.",
    "simulate": "Play an orchestration with given outcomes, without doing anything.",
    "watch": "Look on while another process drives a run.",
    "pause": "Let a run stand still.",
    "resume": "Go on with runs that were paused, interrupted, or left by a crash.",
    "rerun": "Run again what an earlier run ran, from the beginning or from a step on.",
    "try": "Play the example of the first minute.",
    "approve": "Approve what waits at a checkpoint.",
    "reject": "Reject what waits at a checkpoint; the run ends.",
    "modify": "Have a step done again with changes, at its checkpoint.",
    "retry": "Try a failed step again.",
    "skip": "Go on without a failed step.",
    "abort": "End a run, with or without undoing what it changed.",
    "undo": "Undo what a run changed.",
    "get": "List runs.",
    "cancel": "End a run, with or without undoing what it changed.",
    "diff": "Compare definition files with what is published.",
    "status": "Show what goes on, waits or failed lately.",
    "list": "List runs.",
    "tree": "Show a run with its phases, steps, attempts and child runs.",
    "show": "Show a run or a step: definition, input, output, artifacts.",
    "logs": "Show what a step printed.",
    "output": "Print the output of a run or step for programs.",
    "explain": "Say why a step ran, was skipped, came from the cache, or waits.",
    "verify": "Prove that a run, a bundle or a state directory is what it was.",
    "export": "Write a run with everything that proves it into one file.",
    "report": "Tell a run as a page: HTML, Markdown or JSON.",
    "clean": "Remove old runs and what only they needed.",
    "definitions": "Publish definitions and move them through their life.",
    "completion": "Print shell completion.",
}
"""Verb -> what it does in one line, so that `--help` imports none of them. The module is `<verb>.py` beside this file;
`try_.py` for `try`, which is a word of Python."""


SAME = {"get": "list", "cancel": "abort"}
"""Verbs that kubectl's users know under another word."""

GARBAGE = (100_000, 20, 100)
"""Objects, younger and middle collections between two searches for garbage in cycles. Definitions, states and records
have no cycles and stay; Python's own 700 would search them through so often that a large run took half as long again."""


def _called(command: click.Command, word: str) -> click.Command:
    """Return a verb under another word, which its example has too."""
    other = copy(command)
    other.name = word
    other.epilog = (command.epilog or "").replace(f"libretto {command.name}", f"libretto {word}")
    return other


class LazyGroup(click.Group):
    """Finds commands by module name."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of their listing."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of a verb."""
        if cmd_name not in VERBS:
            return None
        name = SAME.get(cmd_name, cmd_name).replace("-", "_")
        module = import_module(f"controller.entrypoints.cli.{name}{'_' if iskeyword(name) else ''}")
        command: click.Command = module.command
        return command if cmd_name not in SAME else _called(command, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a verb by its word; a word that is none is told with what it resembles."""
        if args[0] not in VERBS and not args[0].startswith("-") and not ctx.resilient_parsing:
            raise NoSuchCommand(args[0], possibilities=VERBS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a verb; what an error suggests then means the state directory of this call."""
        try:
            return super().invoke(ctx)
        except LibrettoError as error:
            error.hint = located(error.hint) if error.hint else None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl(list(VERBS.items()))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--state-dir",
    metavar="DIR",
    envvar=STATE_DIR_VARIABLE,
    show_envvar=True,
    help="State directory; default: the nearest .libretto, else ./.libretto.",
)
@click.option("--cluster", is_flag=True, help="Speak with a cluster, as `kubectl libretto` does.")
@click.option("--kubeconfig", metavar="FILE", help="With a cluster: its kubeconfig; default: as kubectl.")
@click.option("--context", metavar="NAME", help="With a cluster: a context of the kubeconfig.")
@click.option("-n", "--namespace", metavar="NAME", help="With a cluster: the namespace.")
@click.version_option(__version__, prog_name="libretto")
@click.pass_context
def cli(
    ctx: click.Context,
    state_dir: str | None,
    cluster: bool,
    kubeconfig: str | None,
    context: str | None,
    namespace: str | None,
) -> None:
    """Play orchestrations: what text says shall happen, happens, and a ledger proves it."""
    if state_dir == "":
        raise click.UsageError("--state-dir names no folder")
    if not (cluster or _is_plugin()) and (kubeconfig or context or namespace):
        raise click.UsageError("--kubeconfig, --context and --namespace need --cluster")
    ctx.obj = addressed(ctx.params)


def addressed(params: Mapping[str, Any]) -> Any:
    """Return what the options before the verb name: a state directory (None: the nearest), or a cluster."""
    if not (params.get("cluster") or _is_plugin()):
        return params.get("state_dir")
    from controller.wiring.remote import Target

    return Target(params.get("kubeconfig"), params.get("context"), params.get("namespace"))


def _open_closed_streams() -> None:
    """Who closed a stream (`>&-`) does not want it. Left closed, its number would go to the next file that is opened."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
            setattr(sys, name, os.fdopen(number, "w" if number else "r", encoding="utf-8"))


def main() -> None:
    """Entry point of `libretto` and `kubectl-libretto`: run a verb, turn errors into messages and exit codes."""
    gc.set_threshold(*GARBAGE)
    _open_closed_streams()
    if isinstance(sys.stdout, TextIOWrapper):
        # A locale without our arrows and bars: the facts matter more than their form.
        sys.stdout.reconfigure(errors="replace")
    if _is_plugin() or "--cluster" in sys.argv[1:]:
        sys.exit(_in_a_loop())
    sys.exit(exits.guarded(lambda: cli.main(standalone_mode=False)))


def _is_plugin() -> bool:
    """Whether kubectl called us, by the name under which it finds its plugins."""
    return Path(sys.argv[0]).name.startswith("kubectl-libretto")


def _in_a_loop() -> int:
    """Run a verb where what speaks with the API server can wait for it."""
    import asyncio

    from controller.adapters.cluster import fiber

    def verb() -> int:
        try:
            return exits.guarded(lambda: cli.main(standalone_mode=False))
        except SystemExit as stop:
            # How verbs end; the loop would take it for its own end.
            return stop.code if isinstance(stop.code, int) else exits.OK if stop.code is None else exits.USAGE

    try:
        return asyncio.run(fiber.run(verb))
    except KeyboardInterrupt:
        return exits.INTERRUPTED
