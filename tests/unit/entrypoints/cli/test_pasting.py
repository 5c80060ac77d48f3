from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest

from controller.entrypoints.cli.pasting import alternatives, command_line, located
from controller.wiring.remote import Target


@contextmanager
def called(state_dir: str | None) -> Iterator[None]:
    with click.Context(click.Command("libretto"), obj=state_dir):
        yield


@pytest.fixture(autouse=True)
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / ".libretto").mkdir()
    (tmp_path / "below").mkdir()
    monkeypatch.chdir(tmp_path / "below")
    return tmp_path


@pytest.mark.parametrize("given", [None, "../.libretto"])
def test_what_would_be_found_anyway_is_not_said(given: str | None) -> None:
    with called(given):
        assert command_line("resume", "01ABC") == "libretto resume 01ABC"


def test_another_state_directory_is_part_of_the_command() -> None:
    with called("my state"):
        assert command_line("resume", "01ABC") == "libretto --state-dir 'my state' resume 01ABC"
        assert alternatives(["approve", "reject"], "01ABC", "load") == (
            "libretto --state-dir 'my state' approve 01ABC load, or reject"
        )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("logs", "01ABC", "load[3]"), "libretto logs 01ABC 'load[3]'"),
        (("modify", "01ABC", "--set", "KEY=VALUE"), "libretto modify 01ABC --set KEY=VALUE"),
        (("run", "x", "--param", "name=a red boat"), "libretto run x --param 'name=a red boat'"),
        ((), "libretto"),
    ],
)
def test_words_are_quoted_for_a_shell(words: tuple[str, ...], line: str) -> None:
    with called(None):
        assert command_line(*words) == line


@pytest.mark.parametrize(
    ("text", "same_elsewhere"),
    [
        ("libretto list shows all runs", "libretto --state-dir there list shows all runs"),
        ("look with libretto show, then libretto retry", None),
        ("libretto is not a verb", "libretto is not a verb"),
        ("libretto runner", "libretto runner"),
        ("libretto --state-dir x list", "libretto --state-dir x list"),
    ],
)
def test_commands_in_texts_from_below_are_completed(text: str, same_elsewhere: str | None) -> None:
    expected = same_elsewhere or text.replace("libretto ", "libretto --state-dir there ")
    with called("there"):
        assert located(text) == expected
        assert located(located(text)) == expected


@pytest.mark.parametrize("given", ["there", "/tmp/x/.libretto", "libretto", "x/libretto"])
def test_a_command_that_is_whole_stays_as_it_is(given: str) -> None:
    with called(given):
        whole = f"free some space, then: {command_line('resume', '01ABC')}"
        assert located(whole) == whole


def test_a_cluster_is_part_of_the_command_as_far_as_it_was_named() -> None:
    for target, words in (
        (Target(), ""),
        (Target(namespace="team"), " -n team"),
        (Target("my config", "prod", "team"), " --kubeconfig 'my config' --context prod -n team"),
    ):
        with click.Context(click.Command("libretto"), obj=target):
            assert command_line("approve", "q3") == f"kubectl libretto{words} approve q3"
