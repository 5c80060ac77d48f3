"""The state directory: of a newer Libretto, of an older one, only looked at, and where nothing can be written."""

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from controller.adapters.sqlite.schema import STEPS
from tests.crash.project import HELD, Project, step
from tests.scenes.program import killed, until

LOOKING = {
    "status": ("status",),
    "status of one": ("status", "latest"),
    "list": ("list",),
    "tree": ("tree", "latest"),
    "show": ("show", "latest"),
    "show a step": ("show", "latest", "first"),
    "logs": ("logs", "latest", "first"),
    "output": ("output", "latest", "first"),
    "explain": ("explain", "latest", "last"),
    "verify": ("verify",),
    "report": ("report", "latest", "-o", "../report.html"),
    "export": ("export", "latest", "-o", "../bundle.zip"),
    "dry run": ("run", "--dry-run", "definitions/small"),
    "simulate": ("simulate", "definitions/small"),
    "validate": ("validate", "definitions/small"),
    "definitions": ("definitions", "list"),
}

REFUSED = {name: LOOKING[name] for name in ("status", "verify", "dry run")} | {
    "run": ("run", "definitions/small"),
    "resume": ("resume",),
    "approve": ("approve", "latest"),
}


def snapshot(folder: Path) -> dict[str, tuple[int, int, str]]:
    """Name, mode, time of the last change and content of everything below a folder."""
    found = {}
    for path in sorted([folder, *folder.rglob("*")]):
        status = path.lstat()
        content = hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        found[os.fspath(path.relative_to(folder))] = (status.st_mode, status.st_mtime_ns, content)
    return found


def left(project: Project) -> None:
    """A run that was killed in the middle: the database still has its log and its shared memory."""
    steps = [step("first"), step("held", "first", told=HELD), step("last", "held")]
    process = project.begin("run", project.define("small", steps))
    until(lambda: project.began("held") and project.recorded_running("held"))
    assert killed(process)
    project.release()
    until(lambda: not project.supervised())


def set_version(project: Project, version: int) -> None:
    with closing(sqlite3.connect(project.state / "state.db")) as connection:
        connection.execute(f"PRAGMA user_version = {version}")


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("looked-at") / "project")
    left(made)
    return made


@pytest.mark.requirement("CMP-026")
@pytest.mark.parametrize("words", LOOKING.values(), ids=LOOKING)
def test_looking_changes_no_byte(looked_at: Project, words: tuple[str, ...]) -> None:
    before = snapshot(looked_at.state)
    assert {"state.db", "state.db-wal", "state.db-shm"} <= before.keys()
    said = looked_at.call(*words)
    assert said.code == 0, said
    assert snapshot(looked_at.state) == before


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Project:
    made = Project(tmp_path_factory.mktemp("newer") / "project")
    left(made)
    set_version(made, len(STEPS) + 1)
    return made


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_a_newer_state_is_refused_and_left_alone(newer: Project, words: tuple[str, ...]) -> None:
    before = snapshot(newer.state)
    said = newer.call(*words)
    assert said.code == 9, said
    assert f"has schema version {len(STEPS) + 1}; this Libretto knows versions up to {len(STEPS)}" in said.err
    assert "--state-dir" in said.err
    assert snapshot(newer.state) == before


def test_an_older_state_is_read_and_goes_on(project: Project) -> None:
    """Version 0 is a database without a table, as a crash in the very first start leaves it."""
    project.state.mkdir()
    (project.state / "state.db").touch()
    before = snapshot(project.state)
    assert project.call("status").code == 0
    assert snapshot(project.state) == before
    assert project.call("run", project.define("small", [step("only")])).code == 0
    assert project.digest()


def test_a_folder_that_cannot_be_written_is_named(project: Project) -> None:
    definition = project.define("small", [step("only")])
    (project.place / "file").touch()
    project.state = project.place / "file" / "state"
    said = project.call("run", definition)
    assert (said.code, said.out) == (75, "")
    assert said.err == (
        f"libretto: cannot make {project.state}: Not a directory\n  name a writable folder with --state-dir\n"
    )


def test_a_folder_of_something_else_is_left_alone(project: Project) -> None:
    definition = project.define("small", [step("only")])
    project.state = project.place / "mine" / "photos"
    project.state.mkdir(parents=True)
    (project.state / "holiday.jpg").touch()
    before = snapshot(project.state)
    said = project.call("run", definition)
    assert (said.code, said.out) == (2, "")
    assert "is not a state directory: it holds holiday.jpg" in said.err
    assert snapshot(project.state) == before
