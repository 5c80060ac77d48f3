"""Names are followed one by one, and never through a link."""

import os
from pathlib import Path

import pytest

from controller.entrypoints.courier.folders import below, chunks, entered, opened, write_all, written


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    with entered(str(tmp_path)) as top, below(top, ["a", "b"], make=True) as folder:
        with written(folder, "file", 0o640) as file:
            write_all(file, b"content")
            assert not (tmp_path / "a/b/file").exists()
        with opened(folder, "file") as (descriptor, size):
            assert (size, b"".join(chunks(descriptor))) == (7, b"content")
    assert (tmp_path / "a/b/file").stat().st_mode & 0o777 == 0o640
    assert [path.name for path in (tmp_path / "a/b").iterdir()] == ["file"]


def test_a_file_that_was_not_finished_is_not_there(tmp_path: Path) -> None:
    (tmp_path / ".file.part").write_text("of one that was killed")
    with entered(str(tmp_path)) as top, pytest.raises(ValueError, match="x"), written(top, "file", 0o600):
        raise ValueError("x")
    assert [*tmp_path.iterdir()] == []


def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "file").symlink_to(tmp_path / "precious")
    with entered(str(tmp_path)) as top:
        with pytest.raises(OSError, match=r"symbolic link|levels"), opened(top, "file"):
            pass
        with written(top, "file", 0o600) as file:
            write_all(file, b"new")
    assert ((tmp_path / "precious").read_text(), (tmp_path / "file").read_text()) == ("precious", "new")


def test_a_folder_that_is_a_link_is_not_entered(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    (tmp_path / "link").symlink_to("there")
    for make in (True, False):
        with entered(str(tmp_path)) as top, pytest.raises(NotADirectoryError), below(top, ["link"], make=make):
            pass
    with pytest.raises(NotADirectoryError), entered(str(tmp_path / "link")):
        pass


def test_only_regular_files_are_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with entered(str(tmp_path)) as top:
        for name in ("pipe", "."):
            with pytest.raises(OSError, match="not a regular file"), opened(top, name):
                pass


def test_no_descriptor_stays_open(tmp_path: Path) -> None:
    before = sorted(Path("/dev/fd").iterdir())
    with entered(str(tmp_path)) as top, below(top, ["a", "b", "c"], make=True):
        pass
    assert sorted(Path("/dev/fd").iterdir()) == before
