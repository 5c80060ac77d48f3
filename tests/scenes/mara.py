"""A user called mara at work: real commands in a project folder, and what they say without what differs from run to run."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from tests.scenes.program import ROOT, Said, begin, ended

LOOKS = 200
"""Looks at a state before it counts as never coming; each starts a program, so this is about a minute."""


class Project:
    """A user called mara in a project that is under Git."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = folder / ".libretto"
        who = dict.fromkeys(("LOGNAME", "USER", "LNAME", "USERNAME"), "mara")
        self.environment = {**who, "COLUMNS": "200"}

    @classmethod
    def with_definitions(cls, folder: Path) -> "Project":
        """Make a project of the example library, committed."""
        shutil.copytree(ROOT / "definitions", folder / "definitions", ignore=shutil.ignore_patterns("__pycache__"))
        (folder / ".gitignore").write_text("outbox/\n__pycache__/\n", encoding="utf-8")
        who = ("-c", "user.name=mara", "-c", "user.email=mara@example.org", "-c", "commit.gpgsign=false")
        for arguments in (("init", "-q"), ("add", "."), (*who, "commit", "-q", "-m", "library")):
            subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True)
        return cls(folder)

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """Start a command and let it run."""
        return begin(self.folder, *arguments, given=self.environment)

    def call(self, *arguments: str) -> Said:
        """Run a command to its end."""
        return ended(self.begin(*arguments))

    def told(self, *arguments: str) -> Any:
        """Return what a command tells programs."""
        said = self.call(*arguments, "-o", "json")
        assert said.code == 0, said
        return orjson.loads(said.out)

    def until(self, what: Callable[[Any], bool], *arguments: str) -> Any:
        """Ask again and again until the answer is wanted, and return it."""
        answer: Any = None
        for _ in range(LOOKS):
            said = self.call(*arguments, "-o", "json")
            answer = orjson.loads(said.out) if said.code == 0 else said
            if said.code == 0 and what(answer):
                return answer
        raise AssertionError(f"never came: {answer}")


def waits(answer: Any) -> bool:
    """Whether `status -o json` tells of a run that waits for a person."""
    return bool(answer) and answer[0]["state"] == "AwaitingApproval"
