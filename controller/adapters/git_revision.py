"""Which commit do files on disk belong to? Asked of `git` itself, and only for showing it to people."""

import subprocess
from pathlib import Path

ABBREVIATION = 7
"""Characters of a commit id, as Git shows them."""

PATIENCE_S = 5.0
"""Seconds after which the answer is not waited for: a run must not hang on a slow disk for a name."""


def commit_of(folder: Path) -> str | None:
    """Return the commit of the work tree that a folder lies in, with `+` where files of the folder differ from it.

    None without Git, outside of a work tree, before the first commit, and where the folder is not in that commit.
    """
    commit = _git(folder, "rev-parse", f"--short={ABBREVIATION}", "HEAD")
    if not commit or not _git(folder, "ls-tree", "HEAD", "."):
        return None
    return commit + ("+" if _git(folder, "status", "--porcelain", "--", ".") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    # A file monitor named in the configuration of a repository would be a program of somebody else's.
    command = ["git", "-c", "core.fsmonitor=false", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() if done.returncode == 0 else None
