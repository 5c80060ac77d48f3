"""Outlet: standard output that may go away (`| head`, a closed terminal) without taking the run with it."""

import os
import sys


class Outlet:
    """Writes to standard output, and is silent once nobody reads any more."""

    def __init__(self) -> None:
        self.gone = False

    def line(self, text: str = "") -> None:
        """Write one line."""
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """Write text as it is, at once."""
        if self.gone:
            return
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except UnicodeEncodeError:
            # A locale without our arrows and bars: the facts matter more than their form.
            encoding = sys.stdout.encoding or "ascii"
            self.write(text.encode(encoding, "replace").decode(encoding))
        except OSError:
            self.gone = True
            forget_output()


def forget_output() -> None:
    """Let standard output lead nowhere: what is buffered could not be written at exit either."""
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, 1)
    os.close(null)
