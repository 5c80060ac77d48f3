"""Exit codes, in one place, and how errors become one and a message. The table for people is `docs/spec/exit-codes.md`."""

import errno
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

import click

from controller import errors
from controller.entrypoints.cli.outlet import forget_output
from controller.model.states import RunState

OK = 0
USAGE = 2
INVALID_DEFINITION = 3
FAILED = 4
ABORTED = 5
ROLLED_BACK = 6
WAITING = 7
NOT_VERIFIED = 8
REFUSED = 9
INTERNAL = 70
TEMPORARY = 75
INTERRUPTED = 130

_BY_ERROR: tuple[tuple[type[errors.LibrettoError], int], ...] = (
    (errors.DefinitionInvalid, INVALID_DEFINITION),
    (errors.VerificationFailed, NOT_VERIFIED),
    (errors.Refused, REFUSED),
    (errors.StateTooNew, REFUSED),
    (errors.Stalled, USAGE),
    (errors.Busy, REFUSED),
    (errors.Waiting, TEMPORARY),
    (errors.Transient, TEMPORARY),
    (errors.InvariantViolated, INTERNAL),
)

_NOT_WRITTEN = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})
"""Met at the border of the program they are about its output: files and databases are behind errors of our own."""

BY_STATE = {
    RunState.SUCCEEDED: OK,
    RunState.FAILED: FAILED,
    RunState.ABORTED: ABORTED,
    RunState.ROLLED_BACK: ROLLED_BACK,
}
"""What a settled run means to the caller."""


def exit_code(error: errors.LibrettoError) -> int:
    """Return the exit code of an error."""
    return next(code for kind, code in _BY_ERROR if isinstance(error, kind))


def guarded(call: Callable[[], Any]) -> int:
    """Call, show any error as one message with a hint, and return the exit code. No stack trace for what users cause."""
    try:
        outcome = call()
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.exceptions.NoArgsIsHelpError as nothing:
        # Who says nothing asks what there is.
        click.echo(nothing.format_message())
        return OK
    except click.ClickException as error:
        _say(error.show)
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing more to say, and nothing to complain about at exit.
        forget_output()
        return OK
    except errors.LibrettoError as error:
        _say(partial(_show, error))
        return exit_code(error)
    except Exception as error:  # the border of the program: whatever else comes here is a bug of ours
        if isinstance(error, OSError) and error.errno in _NOT_WRITTEN and error.filename is None:
            forget_output()
            click.echo(f"libretto: cannot write the output: {error.strerror}", err=True)
            return TEMPORARY
        traceback.print_exc()
        click.echo("libretto: this is a bug of ours; the lines above help to mend it. Nothing is lost.", err=True)
        return INTERNAL
    return outcome if isinstance(outcome, int) else OK


def _say(say: Callable[[], None]) -> None:
    """Say it, if anybody listens: the exit code counts either way."""
    with suppress(OSError):
        say()


def _show(error: errors.LibrettoError) -> None:
    if isinstance(error, errors.DefinitionInvalid):
        from controller.entrypoints.cli.problems import as_text, summary

        click.echo(as_text(error.problems, (), _plain), err=True)
        click.echo(summary(error.problems, len({problem.location.file for problem in error.problems})), err=True)
        return
    click.echo(f"libretto: {error.message}", err=True)
    if error.hint:
        click.echo(f"  {error.hint}", err=True)


def _plain(text: str, _: str) -> str:
    return text
