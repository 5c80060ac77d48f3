"""The project stands on its own: nothing in it points to one machine, and its parts agree."""

import os
import re
import tomllib
from pathlib import Path

import pytest

from tests.architecture.tree import ROOT, name, tracked

# Written in pieces, so that this file does not find itself.
FOREIGN = {
    "a folder of one machine": re.compile(r"(?<![\w.~-])/(?:" + "root|work|home/[a-z]|Users/[a-z]" + r")/"),
    "a folder beside the project": re.compile(r"\.\./" + "shared"),
    "a package registry": re.compile(
        "|".join(["pypi" + r"\.org", "pythonhosted" + r"\.org", "/simp" + "le/", "(?:extra-)?index" + "-url"])
    ),
}


@pytest.mark.parametrize("pattern", FOREIGN.values(), ids=FOREIGN)
def test_nothing_points_outside(pattern: re.Pattern[str]) -> None:
    found = [
        f"{name(path)}:{number}: {line.strip()[:100]}"
        for path in tracked()
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), start=1)
        if pattern.search(line)
    ]
    assert found == []


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9.-]+)==([^ ]+)", text, re.MULTILINE))


def test_every_dependency_is_locked() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    wanted = {
        "runtime.txt": project["project"]["dependencies"],
        "dev.txt": project["project"]["dependencies"] + project["dependency-groups"]["dev"],
        "lock.txt": project["dependency-groups"]["lock"],
    }
    names = {lock: {re.split(r"[<>=!~ \[;]", line)[0] for line in lines} for lock, lines in wanted.items()}
    assert {lock: missing for lock in wanted if (missing := names[lock] - pins(lock).keys())} == {}


def test_what_runs_is_what_was_tested() -> None:
    assert pins("runtime.txt").items() <= pins("dev.txt").items()


@pytest.mark.parametrize("lock", ["dev.txt", "lock.txt", "runtime.txt"])
def test_every_pin_has_its_hashes(lock: str) -> None:
    text = (ROOT / "requirements" / lock).read_text(encoding="utf-8")
    blocks = re.split(r"^(?=[a-z0-9])", text, flags=re.MULTILINE)
    assert [block.split()[0] for block in blocks if block.strip() and "--hash=sha256:" not in block] == []


@pytest.mark.parametrize("page", sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]), ids=name)
def test_commands_and_links_in_the_pages_exist(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    commands = re.findall(r"(?:^|`)make ([a-z][a-z-]*)", text, re.MULTILINE)
    links = re.findall(r"\]\((?![a-z]+:|#)([^)#\s]+)", text)
    assert [command for command in commands if command not in targets] == []
    assert [link for link in links if not (page.parent / link).exists()] == []


def test_ci_runs_the_same_gate_as_people_do() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert re.search(r"^make .*\bcheck\b", script.read_text(encoding="utf-8"), re.MULTILINE)
    assert re.search(r"^make test\b", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
