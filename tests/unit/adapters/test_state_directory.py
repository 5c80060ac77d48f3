"""Where state is looked for, and what is made."""

from pathlib import Path

import pytest

from controller.adapters.state_directory import StateDirectory
from controller.errors import ConfigurationInvalid, StoreUnavailable


def test_the_nearest_one_above_is_found(tmp_path: Path) -> None:
    deep = tmp_path / "project" / "definitions" / "nightly"
    deep.mkdir(parents=True)
    assert StateDirectory.find(None, deep).path == deep / ".libretto"
    (tmp_path / ".libretto").mkdir()
    (tmp_path / "project" / ".libretto").mkdir()
    assert StateDirectory.find(None, deep).path == tmp_path / "project" / ".libretto"


@pytest.mark.parametrize("given", ["elsewhere", "./elsewhere", "../project/elsewhere"])
def test_a_given_one_is_relative_to_the_start(tmp_path: Path, given: str) -> None:
    start = tmp_path / "project"
    start.mkdir()
    (start / ".libretto").mkdir()
    found = StateDirectory.find(given, start)
    assert found.path == start / "elsewhere"
    assert found.project == start
    assert not found.exists
    assert not found.path.exists()


def test_it_is_private_and_unknown_to_git(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path / "deep" / ".libretto")
    state.create()
    state.create()
    assert [folder.stat().st_mode & 0o777 for folder in (state.path, state.blobs, state.runs)] == [0o700] * 3
    assert (state.path / ".gitignore").read_text().splitlines()[-1] == "*"
    assert state.tree("root") == state.path / "runs" / "root"


def test_what_is_there_stays(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    state.configuration.write_text("maxParallel = 3\n")
    (tmp_path / ".gitignore").write_text("mine\n")
    state.create()
    assert state.configuration.read_text() == "maxParallel = 3\n"
    assert (tmp_path / ".gitignore").read_text() == "mine\n"


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    for name in ("src", "README.md", "a.txt", "b.txt"):
        (tmp_path / name).touch()
    with pytest.raises(ConfigurationInvalid, match=r"it holds README\.md, a\.txt, b\.txt and 1 more") as refusal:
        StateDirectory(tmp_path).create()
    assert refusal.value.hint is not None
    assert not (tmp_path / ".gitignore").exists()


def test_a_state_directory_may_hold_more(tmp_path: Path) -> None:
    state = StateDirectory(tmp_path)
    state.database.touch()
    (tmp_path / "notes.txt").touch()
    state.create()
    assert state.exists
    assert state.blobs.is_dir()


def test_a_file_in_its_place(tmp_path: Path) -> None:
    (tmp_path / ".libretto").touch()
    for state in (StateDirectory(tmp_path / ".libretto"), StateDirectory(tmp_path / ".libretto" / "deeper")):
        with pytest.raises(StoreUnavailable, match="cannot make") as refusal:
            state.create()
        assert refusal.value.hint is not None
