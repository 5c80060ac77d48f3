"""Start the supervisor: `python -I -S -X utf8 .../supervisor/__main__.py RUN_DIRECTORY LOCK_FD CLIENT_FD`."""

import contextlib
import os
import sys


def _main() -> None:
    here = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120 - pathlib would double the time to start
    # At the end, so that nothing beside this package can hide a module of the standard library.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(here)))))  # noqa: PTH120 - as above
    from controller.adapters.process.supervisor.loop import Supervisor

    directory, lock, client = sys.argv[1:]
    # What the command line itself had inherited, e.g. the pipe of a `| tee`, would stay open as long as we live.
    for name in os.listdir("/dev/fd"):  # noqa: PTH208 - as above
        if int(name) > 2 and name not in {lock, client}:
            with contextlib.suppress(OSError):
                os.close(int(name))
    Supervisor(directory, int(lock), int(client)).run()


if __name__ == "__main__":
    _main()
