"""Where is what an attempt left behind: what it printed, and its folder? On this machine, or with its pod."""

from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from controller.entrypoints.cli.session import Session

if TYPE_CHECKING:
    from controller.model.attempt import AttemptKey


class Printed(Protocol):
    """What was printed; each call of `read` returns what is new."""

    def read(self) -> str:
        """Return what is new; empty when nothing is."""


def printed(session: Session, root: str, key: "AttemptKey", lines: int | None = None) -> Printed:
    """Return what an attempt printed, from its last `lines` lines on."""
    if session.remote is not None:
        return session.remote.log(key, lines)
    from controller.adapters.process.layout import log_path
    from controller.adapters.process.logs import LogTail

    return LogTail(log_path(session.local.directory.tree(root), key), lines)


def last_line(session: Session, root: str, key: "AttemptKey", among: int) -> str:
    """Return the last line that says anything `among` the last ones; empty where nobody knows it any more."""
    from controller.entrypoints.cli.wording import one_line
    from controller.errors import LibrettoError

    try:
        text = printed(session, root, key, among).read()
    except LibrettoError:
        if session.remote is None:
            raise
        return ""  # whoever may see a run need not be allowed to see logs
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(lines[-1]) if lines else ""


def folder(session: Session, root: str, key: "AttemptKey") -> Path | None:
    """Return the folder of an attempt where there is one on this machine."""
    if session.remote is not None:
        return None
    from controller.adapters.process.layout import attempt_directory

    found = session.local.directory.tree(root) / attempt_directory(key)
    return found if found.is_dir() else None
