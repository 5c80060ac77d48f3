"""The courier and the local runner see the same in the same directory."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.adapters.process import results
from controller.entrypoints.courier import collecting
from controller.entrypoints.courier.folders import entered
from controller.entrypoints.courier.publish import measure
from controller.model.digest import digest_bytes


def _plain(step: Path) -> None:
    (step / "output.json").write_text('{"a": 1}')
    (step / "receipt.json").write_text("{}")
    (step / "artifacts" / "b" / "c").mkdir(parents=True)
    (step / "artifacts" / "b" / "c" / "ä b.txt").write_text("x")
    (step / "artifacts" / "a").write_text("y")


def _nothing(step: Path) -> None:
    (step / "input.json").write_text("1")


def _links(step: Path) -> None:
    (step / "output.json").symlink_to("/etc/hostname")
    (step / "receipt.json").mkdir()
    (step / "artifacts").mkdir()
    (step / "artifacts" / "out").symlink_to("..")
    (step / "artifacts" / "dangling").symlink_to("nowhere")
    os.mkfifo(step / "artifacts" / "pipe")


def _names(step: Path) -> None:
    (step / "artifacts").mkdir()
    for name in ("new\nline", "tab\t", "fine"):
        (step / "artifacts" / name).write_text("")
    (step / "artifacts" / os.fsdecode(b"\xff")).write_text("")


def _deep(step: Path) -> None:
    (step.joinpath("artifacts", *["d"] * 31)).mkdir(parents=True)
    (step.joinpath("artifacts", *["d"] * 31, "deepest")).write_text("")
    (step.joinpath("artifacts", *["d"] * 31, "too deep")).mkdir()


def _large(step: Path) -> None:
    for name, size in (("output.json", results.LARGEST_OUTPUT), ("receipt.json", results.LARGEST_RECEIPT)):
        with (step / name).open("wb") as file:
            file.truncate(size + 1)
    (step / "artifacts").mkdir()
    with (step / "artifacts" / "huge").open("wb") as file:
        file.truncate(results.LARGEST_ARTIFACT + 1)


def _many(step: Path) -> None:
    (step / "artifacts").mkdir()
    for number in range(5):
        (step / "artifacts" / f"{number}").write_text("")


def _no_folder(step: Path) -> None:
    (step / "artifacts").write_text("")


DIRECTORIES: dict[str, Callable[[Path], None]] = {
    "what a program should leave": _plain,
    "nothing": _nothing,
    "links and pipes": _links,
    "names": _names,
    "depth": _deep,
    "sizes": _large,
    "numbers": _many,
    "no folder": _no_folder,
}


@pytest.mark.parametrize("fill", DIRECTORIES.values(), ids=DIRECTORIES)
def test_both_see_the_same(fill: Callable[[Path], None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (results, collecting):
        monkeypatch.setattr(module, "MOST_ARTIFACTS", 3)
    fill(tmp_path)
    local = results.collect_results(str(tmp_path))
    with entered(str(tmp_path)) as step:
        found = collecting.collect(step)
        parcel = measure(step)
    assert found.artifacts == [(one.name, one.size) for one in local.artifacts]
    assert tuple(parcel.problems) == tuple(local.problems)
    documents = {name: document.text for name, document in parcel.documents.items()}
    expected = {"output": local.output, "receipt": local.receipt}
    assert documents == {name: content.decode() for name, content in expected.items() if content is not None}
    if not local.problems:
        digests = {path: content.digest for content, path in parcel.artifacts}
        assert digests == {one.name: digest_bytes(Path(one.location).read_bytes()) for one in local.artifacts}
    else:
        assert parcel.artifacts == []


def test_the_limits_are_the_same() -> None:
    names = ("LARGEST_OUTPUT", "LARGEST_RECEIPT", "MOST_ARTIFACTS", "LARGEST_ARTIFACT", "DEEPEST")
    assert [getattr(collecting, name) for name in names] == [getattr(results, name) for name in names]
