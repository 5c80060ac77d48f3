"""What a shell offers where a person names a run, a step or a checkpoint."""

import os
from pathlib import Path

import pytest
from click.shell_completion import BashComplete
from click.testing import CliRunner

from controller.entrypoints.cli.main import cli
from tests.scenes.project import project


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with a run that waits at a checkpoint, in a state directory of its own."""
    place = project(tmp_path_factory.mktemp("naming"), "gated")
    words = ["--state-dir", os.fspath(place / "state"), "run", os.fspath(place / "definitions" / "gated"), "--no-wait"]
    assert CliRunner().invoke(cli, words).exit_code == 7
    return place


def offered(place: Path, *words: str, begun: str = "") -> list[str]:
    shell = BashComplete(cli, {}, "libretto", "_LIBRETTO_COMPLETE")
    given = ["--state-dir", os.fspath(place / "state"), *words]
    return [item.value for item in shell.get_completions(given, begun)]


def test_runs(place: Path) -> None:
    latest, *others = offered(place, "show")
    assert latest == "latest"
    assert [len(one) for one in others] == [10]
    assert offered(place, "show", begun=others[0][:4].lower()) == others
    assert offered(place, "show", begun="la") == ["latest"]


@pytest.mark.parametrize(
    ("words", "begun", "values"),
    [
        (("show", "latest"), "", ["draft", "publish"]),
        (("retry", "latest"), "p", ["publish"]),
        (("approve", "latest"), "", ["draft"]),
        (("approve", "latest"), "x", []),
        (("show", "nothing"), "", []),
    ],
)
def test_steps_and_checkpoints(place: Path, words: tuple[str, ...], begun: str, values: list[str]) -> None:
    assert offered(place, *words, begun=begun) == values


def test_where_nothing_was_run_nothing_is_offered_and_nothing_is_made(tmp_path: Path) -> None:
    assert offered(tmp_path, "show") == ["latest"]
    assert offered(tmp_path, "show", "latest") == []
    assert list(tmp_path.iterdir()) == []
