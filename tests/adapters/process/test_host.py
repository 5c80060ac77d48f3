"""What two operating systems say about processes. The words of macOS are put into the mouth of a Linux machine."""

import os
import subprocess
import time
from collections.abc import Iterator

import pytest

from controller.adapters.process.host import SAME_START_MS, Host
from controller.adapters.process.layout import attempt_directory
from controller.errors import InvariantViolated
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from tests.adapters.process.workshop import gone, until


@pytest.fixture
def child() -> Iterator[tuple[int, tuple[int, int], int]]:
    """A process: its id, its birth mark, and when it was started."""
    host = Host("linux")
    at = time.time_ns() // 1_000_000
    before = host.ticks()
    with subprocess.Popen(["sleep", "80"], process_group=0, env={"LIBRETTO_DIR": "/where/ever"}) as process:
        yield process.pid, (before, host.ticks()), at
        process.kill()


def test_a_process_is_recognised(child: tuple[int, tuple[int, int], int]) -> None:
    pid, (before, after), at = child
    host = Host("linux")
    assert host.is_same(pid, (before, after), at)
    assert not host.is_same(pid, (before - 100, after - 100), at)
    assert not host.is_same(pid, (before + 100, after + 100), at)
    os.kill(pid, 9)
    until(lambda: gone(pid))
    assert not host.is_same(pid, (before, after), at), "a zombie runs no more"


def test_processes_are_found_by_their_attempt(child: tuple[int, tuple[int, int], int]) -> None:
    assert Host("linux").processes_by_attempt()["/where/ever"] == [child[0]]
    assert Host("darwin").processes_by_attempt() == {}


def test_groups(child: tuple[int, tuple[int, int], int]) -> None:
    pid = child[0]
    for platform in ("linux", "darwin"):
        assert Host(platform).group_alive(pid)
    os.kill(pid, 9)
    until(lambda: gone(pid))
    assert not Host("linux").group_alive(pid), "only a zombie is left"
    os.waitpid(pid, 0)
    for platform in ("linux", "darwin"):
        assert not Host(platform).group_alive(pid)


def test_the_boot_id() -> None:
    assert Host("linux").boot_id() == Host("linux").boot_id() != ""
    answers = {"sysctl -n kern.bootsessionuuid": "5C8A"}
    assert Host("darwin", lambda command: answers[" ".join(command)]).boot_id() == "5C8A"


NOON = time.mktime((2026, 2, 5, 12, 0, 0, 0, 0, -1))


@pytest.mark.parametrize(
    ("answer", "off_ms", "same"),
    [
        ("Thu Feb  5 12:00:00 2026", 0, True),
        ("Thu Feb  5 12:00:00 2026", SAME_START_MS, True),
        ("Thu Feb  5 12:00:00 2026", SAME_START_MS + 1, False),
        ("", 0, False),
    ],
)
def test_macos_recognises_a_process_by_ps(answer: str, off_ms: int, same: bool) -> None:
    host = Host("darwin", lambda command: answer if command == ["ps", "-o", "lstart=", "-p", "77"] else "?")
    assert host.ticks() == 0
    assert host.is_same(77, (0, 0), int(NOON * 1000) + off_ms) is same


def test_the_answer_of_a_command() -> None:
    commands: dict[str, list[str]] = {"5\n": ["echo", "5"], "": ["sh", "-c", "echo 5; exit 1"]}
    for answer, command in commands.items():
        output = Host("darwin")._output(command)
        assert output == answer.strip()


def test_attempt_directories() -> None:
    key = AttemptKey("01J", "Load-b[3]", Role.UNDO, 12)
    assert attempt_directory(key, "linux") == "steps/01J/Load-b[3]/undo-12"
    assert attempt_directory(key._replace(step="load-b[3]"), "darwin") == "steps/01J/load-b[3]/undo-12"
    assert attempt_directory(key, "darwin") == "steps/01J/Load-b[3]~1/undo-12"
    assert attempt_directory(key._replace(step="loAd-b[3]"), "darwin") == "steps/01J/loAd-b[3]~4/undo-12"


@pytest.mark.parametrize("step", ["..", "", "a/b", "/", "a\0", "a[b]", "~a", ".hidden"])
def test_a_path_cannot_leave_the_run(step: str) -> None:
    for key in (AttemptKey("01J", step, Role.DO, 1), AttemptKey(step, "a", Role.DO, 1)):
        with pytest.raises(InvariantViolated):
            attempt_directory(key)
