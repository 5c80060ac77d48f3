"""What becomes of a program's end, and what the program finds when it begins."""

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from controller.adapters.process.runner import ProcessRunner
from controller.errors import InvariantViolated, NotFound
from controller.model.agent import AgentSpec
from controller.model.attempt import Finished, StagedFile, Started
from controller.model.states import OutcomeClass, Role
from tests.adapters.process.workshop import Workshop, key, play, watch

ENDS = {
    "success": ("exit 0", None, "", 0),
    "any other exit code is a failure": ("exit 3", OutcomeClass.FAILED, "exit code 3", 3),
    "the highest exit code": ("exit 255", OutcomeClass.FAILED, "exit code 255", 255),
    "a signal has a name and no exit code": ("kill -SEGV $$", OutcomeClass.FAILED, "ended by SIGSEGV", None),
    "killed from outside": ("kill -KILL $$", OutcomeClass.FAILED, "ended by SIGKILL", None),
    "SIGTERM that nobody of us sent": ("kill -TERM $$", OutcomeClass.FAILED, "ended by SIGTERM", None),
}


@pytest.mark.requirement("CMP-027")
@pytest.mark.parametrize(("script", "failure", "reason", "code"), ENDS.values(), ids=ENDS)
def test_the_end_of_a_program(
    workshop: Workshop, runner: ProcessRunner, script: str, failure: OutcomeClass | None, reason: str, code: int | None
) -> None:
    crashing, sound = play(runner, workshop.launch("crashing", script), workshop.launch("sound", "echo fine"))
    assert (crashing.failure, crashing.reason, crashing.exit_code) == (failure, reason, code)
    assert sound.failure is None


UNSTARTABLE = {
    "a program that does not exist": (["no-such-program"], "cannot run no-such-program: No such file or directory"),
    "a path that does not exist": (["/no/such/program"], "cannot run /no/such/program: No such file or directory"),
    "a folder": (["/"], "cannot run /: Permission denied"),
    "a file without permission": (["/etc/passwd"], "cannot run /etc/passwd: Permission denied"),
}


@pytest.mark.parametrize("limits", [{}, {"open_files": 64}], ids=["plain", "through the shell"])
@pytest.mark.parametrize(("argv", "reason"), UNSTARTABLE.values(), ids=UNSTARTABLE)
def test_a_program_that_cannot_start_is_rejected(
    workshop: Workshop, runner: ProcessRunner, argv: list[str], reason: str, limits: dict[str, int]
) -> None:
    (ended,) = play(runner, workshop.launch("step", argv=argv, process={"limits": limits}))
    assert ended.failure is OutcomeClass.REJECTED
    assert ended.reason.startswith(reason.split(":", maxsplit=1)[0])
    assert limits or ended.reason == reason


def test_what_else_keeps_a_program_from_starting(workshop: Workshop, runner: ProcessRunner) -> None:
    script, interpreter, folder = play(
        runner,
        workshop.launch("script", argv=["./tool"], files={"tool": b"no first line"}),
        workshop.launch("interpreter", argv=["./tool"], files={"tool": b"#!/no/such/interpreter\n"}),
        workshop.launch("folder", process={"working_directory": "nowhere"}),
    )
    assert {ended.failure for ended in (script, interpreter, folder)} == {OutcomeClass.REJECTED}
    assert script.reason.endswith("is not a program: no `#!` line and no binary of this system")
    assert interpreter.reason.endswith("the interpreter that its first line names does not exist")
    assert folder.reason == f"working directory {workshop.folder / 'nowhere'}: No such file or directory"


def test_the_directory_and_environment_of_a_program(workshop: Workshop, runner: ProcessRunner) -> None:
    launch = workshop.launch(
        "load[3]",
        "env > environment; pwd > place; cat input.json inputs/extract/rows.csv; ls -A > listing; readlink /proc/self/fd/0",
        input='{"payload":"größer"}'.encode(),
        staged={"inputs/extract/rows.csv": b"1;2\n"},
        environment={"LIBRETTO_RUN": "r", "LIBRETTO_STEP": "load[3]"},
        process={"env": {"GREETING": "grüß dich", "HOME": "/somewhere"}},
    )
    (ended,) = play(runner, launch)
    directory = workshop.directory("load[3]")
    environment = dict(line.split("=", 1) for line in (directory / "environment").read_text().splitlines())
    for added_by_the_shell in ("PWD", "OLDPWD", "SHLVL", "_"):
        environment.pop(added_by_the_shell, None)
    assert ended.failure is None
    assert environment == {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "HOME": "/somewhere",
        "TMPDIR": str(directory),
        "GREETING": "grüß dich",
        "LIBRETTO_DIR": str(directory),
        "LIBRETTO_RUN": "r",
        "LIBRETTO_STEP": "load[3]",
    }
    assert (directory / "place").read_text().strip() == str(directory)
    assert workshop.log("load[3]") == '{"payload":"größer"}1;2\n/dev/null\n'
    assert directory.relative_to(workshop.run_directory) == Path("steps") / key().run / "load[3]" / "do-1"


@pytest.mark.parametrize(("word", "place"), [("repository", "."), ("sub/folder", "sub/folder"), ("/", "/")])
def test_working_directories(workshop: Workshop, runner: ProcessRunner, word: str, place: str) -> None:
    (workshop.folder / "sub" / "folder").mkdir(parents=True)
    play(runner, workshop.launch("step", "pwd", process={"working_directory": word}))
    assert workshop.log("step").strip() == str(workshop.folder / place)


def test_an_agents_files_are_unpacked_once_and_belong_to_its_revision(
    workshop: Workshop, runner: ProcessRunner
) -> None:
    files = {"tool": b"#!/bin/sh\ncat $(dirname $0)/lib/words $1\n", "lib/words": b"one "}
    argv = ["./tool", "./lib/words"]
    play(runner, workshop.launch("old", argv=argv, files=files))
    play(runner, workshop.launch("again", argv=argv, files=files))
    play(runner, workshop.launch("new", argv=argv, files={**files, "lib/words": b"two "}))
    assert [workshop.log(step) for step in ("old", "again", "new")] == ["one one ", "one one ", "two two "]
    revisions = list((workshop.run_directory / "agents").iterdir())
    assert len(revisions) == 2
    assert {path.stat().st_mode & 0o777 for path in revisions[0].rglob("*") if path.is_file()} == {0o555}


REFUSED = {
    "a file that is not the agent's": ({"launch": {"argv": ["./other"]}}, "./other is not among the agent's files"),
    "nothing to run here": ({"launch": {"agent": AgentSpec()}}, "the agent has neither `process` nor `http`"),
    "a blob that is gone": (
        {"changed": {"staged": [StagedFile("b", "blake3:0")]}},
        "cannot stage a file: there is no blob",
    ),
    "a staged file outside": (
        {"changed": {"staged": [StagedFile("a/../../b", "x")]}},
        "not a path below the attempt's",
    ),
    "an agent's file outside": ({"launch": {"files": {"/x": b""}}}, "not a path below the attempt's directory: '/x'"),
    "a variable with NUL": (
        {"launch": {"process": {"env": {"A": "\0"}}}},
        "not possible as environment variables: 'A'",
    ),
    "a missing secret": (
        {"launch": {"process": {"from_env": {"TOKEN": "MY_TOKEN"}, "from_file": {"KEY": "key.txt"}}}},
        "secret TOKEN needs the environment variable MY_TOKEN, which is not set; secret KEY needs the file key.txt: No",
    ),
}


@pytest.mark.parametrize(("given", "reason"), REFUSED.values(), ids=REFUSED)
def test_what_can_never_start_is_refused_and_the_others_start(
    workshop: Workshop, runner: ProcessRunner, given: dict[str, Any], reason: str
) -> None:
    bad = workshop.launch("bad", **given.get("launch", {}))._replace(**given.get("changed", {}))
    (refusal,) = runner.start_many([bad, workshop.launch("good")])
    assert refusal.key == bad.key
    assert refusal.reason.startswith(reason)
    watch(runner, key("good"))
    assert [attempt.key for attempt in runner.known()] == [key("good")]


@pytest.mark.requirement("ENG-010")
def test_times_are_measured(workshop: Workshop, runner: ProcessRunner) -> None:
    runner.start_many([workshop.launch("step", "sleep 0.2")])
    started, ended = watch(runner, key("step"))
    assert isinstance(started, Started)
    assert isinstance(ended, Finished)
    assert started.at == ended.started_at
    assert 200 <= ended.duration_ms <= ended.ended_at - ended.started_at + 5


def test_roles_and_attempts_have_directories_of_their_own(workshop: Workshop, runner: ProcessRunner) -> None:
    keys = [key("step", 1), key("step", 2), key("step", 1, Role.UNDO)]
    play(runner, *(workshop.launch("step", f"printf {number} > output.json", key=k) for number, k in enumerate(keys)))
    assert [runner.collect(k).output for k in keys] == [b"0", b"1", b"2"]


def test_a_program_of_its_own_for_an_undo(workshop: Workshop, runner: ProcessRunner) -> None:
    play(runner, workshop.launch("step", "echo do", argv=["false"])._replace(argv=["echo", "undo"]))
    assert workshop.log("step") == "undo\n"


def test_an_attempt_belongs_to_one_input(workshop: Workshop, runner: ProcessRunner) -> None:
    play(runner, workshop.launch("step"))
    with pytest.raises(InvariantViolated):
        runner.start_many([workshop.launch("other"), workshop.launch("step", input=b"{}")])
    assert [attempt.key for attempt in runner.known()] == [key("step")]


def test_nothing_is_collected_before_the_end(workshop: Workshop, runner: ProcessRunner) -> None:
    with pytest.raises(NotFound):
        runner.collect(key("step"))


def test_a_folder_that_a_dead_driver_prepared_is_prepared_anew(workshop: Workshop, runner: ProcessRunner) -> None:
    directory = workshop.directory("step")
    directory.mkdir(parents=True)
    (directory / "output.json").write_text("old")
    play(runner, workshop.launch("step"))
    assert runner.collect(key("step")).output is None


def test_no_signal_is_ignored_in_a_program(workshop: Workshop, runner: ProcessRunner) -> None:
    play(runner, workshop.launch("step", argv=["grep", "-E", "Sig(Ign|Blk)", "/proc/self/status"]))
    masks = {line.split()[0]: int(line.split()[1], 16) for line in workshop.log("step").splitlines()}
    ours = sum(1 << (number - 1) for number in (signal.SIGINT, signal.SIGHUP, signal.SIGTERM, signal.SIGPIPE))
    assert masks == {"SigBlk:": 0, "SigIgn:": masks["SigIgn:"] & ~ours}


@pytest.mark.requirement("CMP-020")
def test_two_hundred_at_once(workshop: Workshop, runner: ProcessRunner) -> None:
    """None of them ends before all run: each waits for the file that is written when the last has started."""
    script = 'while [ ! -e ../../../go ]; do sleep 0.05; done; printf \'"%s"\' "$LIBRETTO_STEP" > output.json'
    launches = [
        workshop.launch(f"step-{number}", script, environment={"LIBRETTO_STEP": f"{number}"}) for number in range(200)
    ]
    assert runner.start_many(launches) == []
    running: set[object] = set()
    while len(running) < 200:
        running |= {seen.key for seen in runner.observe(1000) if isinstance(seen, Started)}
    (workshop.run_directory / "steps" / "go").touch()
    ends = [seen for seen in watch(runner, *(launch.key for launch in launches)) if isinstance(seen, Finished)]
    assert max(seen.started_at for seen in ends) < min(seen.ended_at for seen in ends)
    outputs = {json.loads(runner.collect(launch.key).output or b"") for launch in launches}
    assert outputs == {str(number) for number in range(200)}
