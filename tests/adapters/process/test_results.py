"""Only plain files of the attempt itself are handed over."""

import os
from pathlib import Path

import pytest

from controller.adapters.process import results
from controller.adapters.process.results import collect_results
from controller.model.attempt import Collected, CollectedArtifact


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "artifacts").mkdir()
    return tmp_path


@pytest.mark.requirement("ENG-008")
def test_everything_below_artifacts_in_order(folder: Path) -> None:
    (folder / "output.json").write_bytes(b"[1]")
    (folder / "receipt.json").write_bytes(b"{}")
    (folder / "artifacts" / "b" / "c").mkdir(parents=True)
    for name, content in {"z.csv": b"12", "b/c/größe.txt": b"", "a": b"1"}.items():
        (folder / "artifacts" / name).write_bytes(content)
    found = collect_results(str(folder))
    assert (found.output, found.receipt, found.problems) == (b"[1]", b"{}", ())
    assert found.artifacts == tuple(
        CollectedArtifact(name, str(folder / "artifacts" / name), size)
        for name, size in (("a", 1), ("b/c/größe.txt", 0), ("z.csv", 2))
    )


def test_nothing_is_fine(tmp_path: Path) -> None:
    assert collect_results(str(tmp_path)) == Collected(None, None, ())


def link(path: Path) -> None:
    path.symlink_to("/etc/passwd")


def link_to_folder(path: Path) -> None:
    path.symlink_to("/etc")


def pipe(path: Path) -> None:
    os.mkfifo(path)


STRANGE = {
    "a link to a file": ("artifacts/x", link, "artifact x is a symbolic link"),
    "a link to a folder": ("artifacts/x", link_to_folder, "artifact x is a symbolic link"),
    "a dangling link": ("artifacts/x", lambda path: path.symlink_to("nowhere"), "artifact x is a symbolic link"),
    "a pipe": ("artifacts/x", pipe, "artifact x is neither file nor folder"),
    "an output that is a link": ("output.json", link, "output.json is not a regular file"),
    "an output that is a pipe": ("output.json", pipe, "output.json is not a regular file"),
    "a receipt that is a folder": ("receipt.json", Path.mkdir, "receipt.json is not a regular file"),
    "a line break in a name": ("artifacts/a\nb", Path.touch, "artifact 'a\\nb': the name is not printable UTF-8 text"),
}


@pytest.mark.parametrize(("name", "make", "problem"), STRANGE.values(), ids=STRANGE)
def test_strange_things_are_problems(folder: Path, name: str, make: object, problem: str) -> None:
    assert callable(make)
    make(folder / name)
    (folder / "artifacts" / "good").touch()
    found = collect_results(str(folder), ("before",))
    assert found.problems == ("before", problem)
    assert [artifact.name for artifact in found.artifacts] == ["good"]


def test_a_name_that_is_not_utf8(folder: Path) -> None:
    (folder / "artifacts" / os.fsdecode(b"\xff")).touch()
    assert collect_results(str(folder)).problems == ("artifact '\\udcff': the name is not printable UTF-8 text",)


def test_artifacts_that_are_a_link(tmp_path: Path) -> None:
    link_to_folder(tmp_path / "artifacts")
    assert collect_results(str(tmp_path)).problems == ("artifacts is not a folder",)


def test_bounds(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MOST_ARTIFACTS", 2)
    monkeypatch.setattr(results, "LARGEST_ARTIFACT", 3)
    monkeypatch.setattr(results, "LARGEST_OUTPUT", 4)
    monkeypatch.setattr(results, "DEEPEST", 2)
    (folder / "output.json").write_bytes(b"12345")
    (folder / "artifacts" / "a" / "b").mkdir(parents=True)
    for name, size in {"c": 4, "d": 3, "e": 3, "f": 3, "g": 3}.items():
        (folder / "artifacts" / name).write_bytes(b"x" * size)
    found = collect_results(str(folder))
    assert [artifact.name for artifact in found.artifacts] == ["d", "e"]
    assert found.problems == (
        "output.json has 5 bytes; at most 4 are taken",
        "artifact a/b: folders are nested deeper than 2",
        "artifact c has 4 bytes; at most 3 are taken",
        "more than 2 artifacts",
    )
