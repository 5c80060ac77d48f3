"""Start the supervisor: `python -I -S -X utf8 .../supervisor/__main__.py RUN_DIRECTORY LOCK_FD CLIENT_FD`."""

import os
import sys


def _main() -> None:
    here = os.path.dirname(os.path.realpath(__file__))  # noqa: PTH120 - pathlib would double the time to start
    # At the end, so that nothing beside this package can hide a module of the standard library.
    sys.path.append(os.path.dirname(os.path.dirname(os.path.dirname(os.path.dirname(here)))))  # noqa: PTH120 - as above
    from controller.adapters.process.supervisor.loop import Supervisor

    directory, lock, client = sys.argv[1:]
    Supervisor(directory, int(lock), int(client)).run()


if __name__ == "__main__":
    _main()
