"""One JSON object a line, whatever is logged; lines for people where they are wanted."""

import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import orjson
import pytest

from controller.entrypoints.operator.logs import JsonLines, configure


def logged(message: str = "hello", *arguments: Any, **values: Any) -> dict[str, Any]:
    record = logging.LogRecord("libretto.operator", logging.WARNING, "file.py", 1, message, arguments, None)
    record.created = 1_764_590_400.0625
    record.__dict__.update(values)
    line = JsonLines().format(record)
    assert "\n" not in line
    found: dict[str, Any] = orjson.loads(line)
    return found


def test_a_line_says_when_how_bad_who_and_what() -> None:
    assert logged("%s of %s\nsteps", 3, 7) == {
        "time": "2025-12-01T12:00:00.062Z",
        "level": "warning",
        "logger": "libretto.operator",
        "message": "3 of 7\nsteps",
    }


def test_fields_are_members() -> None:
    found = logged(fields={"run": "q3", "where": {"namespace": "space"}, "odd": {1}})
    assert (found["run"], found["where"], found["odd"]) == ("q3", {"namespace": "space"}, "{1}")


def test_an_error_is_in_its_line_with_its_trace() -> None:
    try:
        int("first\nsecond")
    except ValueError:
        found = logged(exc_info=sys.exc_info())
    assert found["error"] == "ValueError"
    assert "ValueError: invalid literal" in found["trace"]


def test_no_error_is_no_member() -> None:
    assert {"error", "trace"} & set(logged(exc_info=(None, None, None))) == set()


Configure = Callable[[str, str], None]


@pytest.fixture
def configured() -> Iterator[Configure]:
    """`configure`, whose loggers are as they were afterwards."""
    root = logging.getLogger()
    changed = [root, *(logging.getLogger(name) for name in ("kopf", "kopf.objects", "aiohttp.access"))]
    levels = [one.level for one in changed]
    made: list[logging.Handler] = []

    def call(level: str, form: str) -> None:
        # Those of pytest are not to be closed by `force`.
        root.handlers = [one for one in root.handlers if one in made]
        configure(level, form)
        made[:] = root.handlers

    yield call
    root.handlers = [one for one in root.handlers if one not in made]
    for one, level in zip(changed, levels, strict=True):
        one.setLevel(level)


def test_machines_get_json(configured: Configure, capsys: pytest.CaptureFixture[str]) -> None:
    configured("INFO", "json")
    logging.getLogger("libretto.operator").info("leading with epoch %s", 3)
    logging.getLogger("libretto.operator").debug("nobody wants this")
    (line,) = capsys.readouterr().err.splitlines()
    assert orjson.loads(line)["message"] == "leading with epoch 3"


def test_people_get_lines(configured: Configure, capsys: pytest.CaptureFixture[str]) -> None:
    configured("DEBUG", "text")
    logging.getLogger("libretto.operator").debug("a look")
    assert capsys.readouterr().err.endswith("DEBUG   libretto.operator: a look\n")


@pytest.mark.parametrize("name", ["kopf.objects", "kopf._core", "aiohttp.access"])
def test_chatter_is_left_out_and_warnings_are_not(
    configured: Configure, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    configured("DEBUG", "text")
    logging.getLogger(name).info("an event of an object")
    assert capsys.readouterr().err == ""
    logging.getLogger(name).warning("it went wrong")
    assert "it went wrong" in capsys.readouterr().err


def test_configured_twice_says_everything_once(configured: Configure, capsys: pytest.CaptureFixture[str]) -> None:
    configured("INFO", "json")
    configured("INFO", "json")
    logging.getLogger("libretto").warning("once")
    assert capsys.readouterr().err.count("once") == 1
