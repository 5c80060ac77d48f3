"""Another process: `python -m tests.contract.process STATE SCENARIO KILL`."""

import os
import signal
import sys
from pathlib import Path

from controller.adapters.clock import SystemClock
from controller.adapters.sqlite import LocalStores
from tests.contract import scenarios


def main() -> None:
    state, scenario, kill = sys.argv[1:]
    stores = LocalStores.open(Path(state), SystemClock(), lambda _: True)
    getattr(scenarios, scenario)(stores)
    if int(kill):
        os.kill(os.getpid(), signal.SIGKILL)
    stores.close()


if __name__ == "__main__":
    main()
