"""Reading a log from its end, and while it grows."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.process import logs
from controller.adapters.process.layout import log_path
from controller.adapters.process.logs import LogTail
from controller.adapters.process.runner import ProcessRunner
from controller.errors import StoreUnavailable
from tests.adapters.process.workshop import RUN, Workshop, key, until, watch

LAST = {
    "everything": ("a\nb\nc\n", None, "a\nb\nc\n"),
    "two lines": ("a\nb\nc\n", 2, "b\nc\n"),
    "an unfinished line counts": ("a\nb\nc", 2, "b\nc"),
    "more than there are": ("a\nb\n", 5, "a\nb\n"),
    "none": ("a\nb\n", 0, ""),
    "empty lines": ("a\n\n\n", 2, "\n\n"),
    "an empty log": ("", 3, ""),
}


@pytest.mark.parametrize(("content", "lines", "expected"), LAST.values(), ids=LAST)
def test_the_last_lines(tmp_path: Path, content: str, lines: int | None, expected: str) -> None:
    path = tmp_path / "log"
    path.write_text(content)
    assert LogTail(path, lines).read() == expected


@given(content=st.text(alphabet="a\n", max_size=60), lines=st.integers(1, 8), chunk=st.integers(1, 7))
def test_the_last_lines_of_a_long_log(
    tmp_path_factory: pytest.TempPathFactory, content: str, lines: int, chunk: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "long"
    path.write_text(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(logs, "CHUNK", chunk)
        assert LogTail(path, lines).read() == "".join(content.splitlines(keepends=True)[-lines:])


def test_a_log_that_grows(tmp_path: Path) -> None:
    path = tmp_path / "log"
    tail = LogTail(path, 10)
    assert tail.read() == ""
    for added, expected in ((b"one\n", "one\n"), (b"gr\xc3", "gr"), (b"\xb6\xff", "ö\ufffd"), (b"", "")):
        with path.open("ab") as file:
            file.write(added)
        assert tail.read() == expected


def test_a_log_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable):
        LogTail(tmp_path).read()


def test_following_a_running_step(workshop: Workshop, runner: ProcessRunner) -> None:
    path = log_path(workshop.folder / "runs" / RUN, key("step"))
    assert path == runner.log_path(key("step"))
    script = "echo first; while [ ! -e ../../../go ]; do sleep 0.02; done; echo größer >&2"
    runner.start_many([workshop.launch("step", script)])
    tail = LogTail(path)
    until(lambda: path.exists() and path.stat().st_size == len("first\n"))
    assert tail.read() == "first\n"
    (workshop.run_directory / "steps" / "go").touch()
    watch(runner, key("step"))
    assert tail.read() == "größer\n"
