"""How is a command written so that it does the same when a person pastes it?"""

import re
import shlex
from collections.abc import Sequence
from pathlib import Path

import click

PROGRAM = "libretto"

STATE_DIR_VARIABLE = "LIBRETTO_STATE_DIR"
"""Environment variable that stands for `--state-dir`."""


def command_line(*words: str) -> str:
    """Return a command, quoted for a shell, that means the same state directory as this one when it is run here.

    Words in capitals such as KEY=VALUE stay as they are: a person puts something in their place.
    """
    return shlex.join([*_program(), *_where(), *words])


def located(text: str) -> str:
    """Return a text in which every command means the same state directory as this one.

    For texts from below the command line, which know its verbs but not how it was called.
    """
    from controller.entrypoints.cli.main import VERBS

    # Not the end of a path such as `.libretto`.
    command = rf"(?<![\w./-])(?<!--state-dir ){PROGRAM} (?=(?:{'|'.join(VERBS)})\b)"
    return re.sub(command, lambda _: f"{command_line()} ", text)


def alternatives(verbs: Sequence[str], *words: str) -> str:
    """Return the first command whole, and the other verbs that may stand in its place."""
    first, *others = verbs
    return f"{command_line(first, *words)}{', or ' if others else ''}{', '.join(others)}"


def _program() -> tuple[str, ...]:
    context = click.get_current_context(silent=True)
    target = context.find_root().obj if context is not None else None
    if target is None or isinstance(target, str):
        return (PROGRAM,)
    given = (("--kubeconfig", target.kubeconfig), ("--context", target.context), ("-n", target.namespace))
    return ("kubectl", PROGRAM, *(word for option, value in given if value for word in (option, value)))


def _where() -> tuple[str, ...]:
    """The option that leads back to the state directory; nothing where it would be found without it.

    An environment variable counts as given: another terminal need not have it.
    """
    from controller.adapters.state_directory import StateDirectory

    context = click.get_current_context(silent=True)
    given = context.find_root().obj if context is not None else None
    here = Path.cwd()
    if (
        given is None
        or not isinstance(given, str)
        or StateDirectory.find(given, here).path == StateDirectory.find(None, here).path
    ):
        return ()
    return ("--state-dir", given)
