"""The command line as a whole: what is said to nothing, to a slip of the finger, and by the help."""

import io
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from controller.entrypoints.cli import exits
from controller.entrypoints.cli.main import VERBS, cli
from tests.scenes.program import PROGRAM, environment


def call(*words: str) -> int:
    return exits.guarded(lambda: cli.main(list(words), "libretto", standalone_mode=False))


@pytest.mark.parametrize("words", [(), ("definitions",)])
def test_who_says_nothing_is_told_what_there_is(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*words) == exits.OK
    said = capsys.readouterr()
    assert said.out.startswith("Usage: libretto ")
    assert said.err == ""


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (["aprove", "latest"], "Did you mean 'approve'?"),
        (["definitions", "lst"], "Did you mean 'list'?"),
        (["run", "--dry-rum", "x"], "Did you mean '--dry-run'?"),
        (["--state-dir", "", "list"], "--state-dir names no folder"),
        (["run", "--params", "nowhere.yaml", "x"], "File 'nowhere.yaml' does not exist."),
        (["export", "-o", "nowhere/run.zip"], "there is no folder nowhere"),
        (["list", "--state", "Bogus"], "'AwaitingApproval'"),
    ],
)
def test_a_slip_is_told_with_what_was_meant(words: list[str], hint: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*words) == exits.USAGE
    said = capsys.readouterr()
    assert hint.lower() in said.err.replace("\n", " ").lower()
    assert said.out == ""


def commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    group = click.Context(cli, info_name="libretto")
    for verb in VERBS:
        command = cli.get_command(group, verb)
        assert command is not None
        yield (verb,), command
        if isinstance(command, click.Group):
            for inner, below in command.commands.items():
                yield (verb, inner), below


@pytest.mark.parametrize(
    ("path", "command"), list(commands()), ids=lambda one: one[-1] if isinstance(one, tuple) else ""
)
def test_every_help_ends_with_an_example_that_is_a_command(path: tuple[str, ...], command: click.Command) -> None:
    assert command.epilog is not None
    example = command.epilog.removeprefix("Example: ").removeprefix('eval "$(').removesuffix(')"')
    program, *words = shlex.split(example.partition(" | ")[0])
    assert (program, words[: len(path)]) == ("libretto", list(path))
    if isinstance(command, click.Group):
        return
    # Files need not be there while the words are read for a shell.
    context = command.make_context(path[-1], words[len(path) :], resilient_parsing=True)
    assert context.args == []


def test_output_that_cannot_be_written_is_no_bug_of_ours(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("controller.entrypoints.cli.exits.forget_output", lambda: None)
    assert exits.guarded(full) == exits.TEMPORARY
    assert capfd.readouterr().err == "libretto: cannot write the output: No space left on device\n"


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_stream_that_was_closed_is_not_missed(tmp_path: Path, closed: str) -> None:
    words = shlex.join([*PROGRAM, "status"])
    run = subprocess.run(["sh", "-c", f"{words} {closed}"], cwd=tmp_path, env=environment(), check=False, timeout=60)
    assert run.returncode == exits.OK


def test_nobody_has_to_listen_to_what_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    class Gone(io.StringIO):
        def write(self, text: str) -> int:
            raise BrokenPipeError

    monkeypatch.setattr("sys.stderr", Gone())
    assert call("runn") == exits.USAGE
