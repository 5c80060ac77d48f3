"""How far does the program say it is?"""

import os
from pathlib import Path

import pytest

from controller.entrypoints.courier.waiting import ProgressFile


@pytest.fixture
def step(tmp_path: Path) -> Path:
    (tmp_path / "step").mkdir()
    return tmp_path / "step"


def test_only_news_is_told(step: Path) -> None:
    file = ProgressFile(str(step))
    assert file.changed() is None
    (step / "progress").write_text("1/4")
    assert [file.changed(), file.changed()] == [(1, 4), None]
    (step / "progress").write_text("1/4\n")
    assert file.changed() is None
    (step / "progress").write_text(" 2 / 4 ")
    assert file.changed() == (2, 4)


@pytest.mark.parametrize("text", ["", "1", "1/", "/4", "-1/4", "1.5/4", "one/four", "1" * 100])
def test_what_is_no_progress(step: Path, text: str) -> None:
    (step / "progress").write_text(text)
    assert ProgressFile(str(step)).changed() is None


def test_what_is_no_file(step: Path) -> None:
    file = ProgressFile(str(step))
    os.mkfifo(step / "progress")
    assert file.changed() is None
    (step / "progress").unlink()
    (step / "progress").mkdir()
    assert file.changed() is None
