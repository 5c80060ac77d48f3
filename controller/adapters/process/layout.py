"""Where does what lie in the folder of a run tree, `runs/<root>/`?"""

import re
import sys
from pathlib import Path

from controller.errors import InvariantViolated
from controller.model.attempt import AttemptKey

JOURNAL = "journal"
LOCK = "supervisor.lock"
SOCKET = "s.sock"
SUPERVISOR_LOG = "supervisor.log"
AGENTS = "agents"
LOG = "log"
PROGRESS = "progress"

_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]*(?:\[[0-9]+\])?")


def attempt_directory(key: AttemptKey, platform: str = sys.platform) -> str:
    """Return the path of an attempt's directory, relative to the folder of its run tree.

    On macOS names that differ only in case would be one folder, so a step id with capitals gets a mark that tells which
    letters they are. Raises InvariantViolated for names that no definition can have.
    """
    for part in (key.run, key.step):
        if not _PART.fullmatch(part):
            raise InvariantViolated(f"{part!r} cannot be part of an attempt's directory")
    step = key.step
    if platform == "darwin" and step != step.lower():
        step += f"~{sum(1 << place for place, letter in enumerate(step) if letter.isupper()):x}"
    return f"steps/{key.run}/{step}/{key.role.value}-{key.attempt}"


def log_path(run_directory: Path, key: AttemptKey) -> Path:
    """Return where an attempt's output (stdout and stderr) is written; the file may not exist yet."""
    return run_directory / attempt_directory(key) / LOG
