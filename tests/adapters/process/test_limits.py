"""A program cannot take more than its agent allows."""

import resource
import sys

import pytest

from controller.adapters.process.runner import ProcessRunner
from controller.adapters.process.supervisor.limits import limited
from controller.model.states import OutcomeClass
from tests.adapters.process.workshop import Workshop, play

PYTHON = [sys.executable, "-I", "-S", "-c"]

GREEDY = {
    "processor time": ({"cpu_seconds": 1}, "while True: pass", "ended by SIGXCPU"),
    "memory": ({"memory_mib": 256}, "b'x' * (1 << 30)", "exit code 1"),
    "files": ({"open_files": 16}, "a = [open('/dev/null') for _ in range(20)]", "exit code 1"),
    "file size": ({"file_size_mib": 1}, "open('big', 'wb').write(b'x' * (2 << 20))", "exit code 1"),
}


@pytest.mark.requirement("CMP-027")
@pytest.mark.parametrize(("limits", "program", "reason"), GREEDY.values(), ids=GREEDY)
def test_a_greedy_program_fails(
    workshop: Workshop, runner: ProcessRunner, limits: dict[str, int], program: str, reason: str
) -> None:
    greedy, modest = play(
        runner,
        workshop.launch("greedy", argv=[*PYTHON, program], process={"limits": limits}),
        workshop.launch("modest", argv=[*PYTHON, "print('ok')"], process={"limits": limits}),
    )
    assert (greedy.failure, greedy.reason) == (OutcomeClass.FAILED, reason)
    assert modest.failure is None


def test_arguments_pass_the_shell_unchanged(workshop: Workshop, runner: ProcessRunner) -> None:
    argv = ["printf", "%s|", "a b", "$HOME", "'\"", "*", "--", "größe"]
    play(runner, workshop.launch("step", argv=argv, process={"limits": {"open_files": 64}}))
    assert workshop.log("step") == "a b|$HOME|'\"|*|--|größe|"


def script(platform: str, **limits: int) -> str:
    process = {"cwd": "/", "env": {}, "limits": limits}
    return limited(["/bin/sh"], process, platform)[0][2]


def test_memory_is_not_limited_on_macos() -> None:
    assert "ulimit -v 1024 " in script("linux", memory=1, files=10)
    assert script("darwin", memory=1, files=10) == 'ulimit -n 10 || exit 126; exec "$@"'


def test_units() -> None:
    assert script("linux", fileSize=3) == 'ulimit -f 6144 || exit 126; exec "$@"'
    assert script("linux", cpu=3).startswith("ulimit -S -t 3 || exit 126; ulimit -H -t 4 || exit 126;")


def test_a_hard_limit_that_is_lower_stays() -> None:
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    assert script("linux", files=hard + 1) == f'ulimit -n {hard} || exit 126; exec "$@"'
