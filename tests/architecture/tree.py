"""The files that the architecture tests look at."""

import ast
import subprocess
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHES = {"__pycache__", ".libretto"}


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@cache
def modules(*folders: str) -> tuple[Path, ...]:
    """Every Python file below the given top-level folders, whether Git knows it yet or not."""
    found = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    return tuple(path for path in found if CACHES.isdisjoint(path.parts))


@cache
def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=name(path))


@cache
def tracked() -> tuple[Path, ...]:
    """Every text file that Git holds; an unpacked archive without Git has nothing to say here."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a Git work tree")
    files = (ROOT / line for line in listed.stdout.split("\0") if line)
    return tuple(path for path in files if path.is_file() and b"\0" not in path.read_bytes())
