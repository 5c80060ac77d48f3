"""`python -m controller`, `libretto` and `kubectl-libretto`: start the command line."""

import signal


def main() -> None:
    """Run a verb.

    Until a verb says otherwise, Ctrl-C ends the process as SIGTERM does: what is durable by then is sound, and an
    exception in the middle of an import would show a stack trace, or be swallowed by the library that it hit.
    """
    # Ignored on purpose by who started us: it stays so.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from controller.entrypoints.cli.main import main as play

    play()


if __name__ == "__main__":
    main()
