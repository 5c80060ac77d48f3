"""Start the courier: `python -m controller.entrypoints.courier stage|publish|call`.

0       done
1       publish: not everything could be handed over; the message says what
64      it can never work; the message says why
75      stage: the results service did not answer in time, or the shared volume did not take something: try again
143     stopped by SIGTERM
others  call: as `adapters/process/supervisor/http_call.py` says it
"""

import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from controller.entrypoints.courier.clock import Clock
    from controller.entrypoints.courier.service import Service
    from controller.entrypoints.courier.settings import Settings

DONE, INCOMPLETE, REJECTED, TRY_AGAIN, STOPPED = 0, 1, 64, 75, 143


def start(arguments: Sequence[str]) -> NoReturn:
    """Be the courier."""
    # First of all: a SIGTERM that arrives while the modules load must be found later, for there is only one.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGINT})
    # What we make is for whichever user the program has.
    os.umask(0)
    if listens := os.environ.get("LIBRETTO_LISTENS"):
        # The hook of the container waits for this file: only then may the program start, and so end.
        os.close(os.open(listens, os.O_CREAT | os.O_WRONLY | os.O_CLOEXEC, 0o644))
    # A process that lives for milliseconds of work neither collects garbage nor takes itself apart: 10 ms of each pod.
    gc.disable()
    status = main(arguments[0] if arguments else "", os.environ)
    sys.stderr.flush()
    os._exit(status)


def main(mode: str, environment: Mapping[str, str]) -> int:
    """Do what `mode` says; return the exit status."""
    from controller.entrypoints.courier.settings import settings_from
    from controller.errors import ConfigurationInvalid

    modes = {"stage": _stage, "publish": _publish, "call": _call}
    if mode not in modes:
        _complain(f"{mode!r} is no mode; expected {', '.join(modes)}")
        return REJECTED
    try:
        settings = settings_from(environment)
    except ConfigurationInvalid as error:
        _complain(error.message)
        return REJECTED
    return modes[mode](settings, environment)


def _stage(settings: "Settings", environment: Mapping[str, str]) -> int:
    from controller.entrypoints.courier import message
    from controller.entrypoints.courier.clock import Clock
    from controller.entrypoints.courier.stage import stage
    from controller.errors import LibrettoError, StoreUnavailable

    # The first process of a container ignores what it has no handler for.
    signal.signal(signal.SIGTERM, _leave)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGTERM, signal.SIGINT})
    clock = Clock()
    try:
        stage(settings, environment, _reach(settings, clock), clock)
    except StoreUnavailable as error:
        status, why = TRY_AGAIN, error.message
    except LibrettoError as error:
        status, why = REJECTED, error.message
    except OSError as error:
        status, why = TRY_AGAIN, f"the shared volume does not take what is to be staged: {error}"
    else:
        return DONE
    _complain(why)
    _leave_message(settings, message.cut({"rejected": why[: settings.message_bytes // 4]}, settings.message_bytes))
    return status


def _publish(settings: "Settings", environment: Mapping[str, str]) -> int:
    del environment
    from controller.entrypoints.courier.clock import Clock
    from controller.entrypoints.courier.waiting import ProgressFile, until_end

    clock = Clock()
    reach = _reach(settings, clock)
    until_end(ProgressFile(settings.directory), _tell)
    from controller.entrypoints.courier import publish

    handed = publish.hand_over(
        settings.directory,
        reach,
        settings.message_bytes,
        clock.now() + settings.publish_budget_s,
        lambda: _leave_message(settings, publish.INTERRUPTED),
    )
    if not handed.complete:
        _complain(handed.message.decode())
    return DONE if _leave_message(settings, handed.message) and handed.complete else INCOMPLETE


def _call(settings: "Settings", environment: Mapping[str, str]) -> int:
    from controller.entrypoints.courier.call import REJECTED as IMPOSSIBLE
    from controller.entrypoints.courier.call import call
    from controller.errors import Refused

    try:
        status, why = call(settings.directory, environment)
    except Refused as error:
        status, why = IMPOSSIBLE, error.message
    if status != DONE:
        _complain(why)
        _leave_message(settings, why.encode()[: settings.message_bytes])
    return status


def _reach(settings: "Settings", clock: "Clock") -> "Callable[[], Service] | None":
    """Return what gives the results service, made when it is first needed; None where there is no such service."""
    made: list[Service] = []

    def reach() -> "Service":
        from controller.entrypoints.courier.service import Service

        if not made:
            made.append(Service(settings, clock, _complain))
        return made[0]

    return reach if settings.results else None


def _leave_message(settings: "Settings", content: bytes) -> bool:
    from controller.entrypoints.courier.message import leave

    try:
        leave(settings.termination_log, content)
    except OSError as error:
        _complain(f"the message of the end cannot be written to {settings.termination_log}: {error.strerror}")
        return False
    return True


def _leave(number: int, frame: FrameType | None) -> NoReturn:  # noqa: ARG001 - the signature of a handler
    sys.exit(STOPPED)


def _tell(done: int, total: int) -> None:
    """Say how far the program is, in the log of this container: who wants to know reads it there."""
    sys.stdout.write(f"progress {done}/{total}\n")
    sys.stdout.flush()


def _complain(line: str) -> None:
    sys.stderr.write(f"libretto: {line}\n")


if __name__ == "__main__":
    start(sys.argv[1:])
