"""The screen fits, whatever its size, and text of others stays text."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controller.entrypoints.cli.dashboard import Dashboard
from controller.entrypoints.cli.frame import closing_lines, event_line, frame
from controller.entrypoints.cli.main import cli
from controller.entrypoints.cli.news import News
from controller.entrypoints.cli.presenter import Tree
from controller.entrypoints.cli.session import Session
from controller.model.states import RunState
from controller.runtime.look import Look
from controller.wiring.local import Local
from tests.scenes.project import project


@pytest.fixture(scope="module")
def board(tmp_path_factory: pytest.TempPathFactory) -> Dashboard:
    """A real run that waits at its checkpoint."""
    place = project(tmp_path_factory.mktemp("board"), "gated")
    state = str(place / ".libretto")
    words = ["--state-dir", state, "run", str(place / "definitions" / "gated"), "--no-wait"]
    assert CliRunner().invoke(cli, words).exit_code == 7
    local = Local.open(state, read_only=True)
    look = Look(local.stores.objects, local.stores.ledger, local.stores.blobs)
    member = look.member(look.find("latest"))
    shown = Dashboard(Tree(Session(local, look), member.spec.uid, {member.spec.uid: member}))
    shown.events.extend(News(1_000 * number, f"step-{number}", "running", "x" * 300) for number in range(20))
    return shown


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(width=st.integers(20, 250), height=st.integers(4, 80), prompt=st.none() | st.text(max_size=300))
def test_it_fits_into_every_screen(board: Dashboard, width: int, height: int, prompt: str | None) -> None:
    lines = frame(board, prompt, width, height)
    assert len(lines) < height
    assert max(line.cell_len for line in lines) <= width


def test_the_question_and_what_is_asked_are_shown(board: Dashboard) -> None:
    text = [line.plain for line in frame(board, "approve / show [a/s]? ", 100, 30)]
    waiting = text.index('  1 make  ◇ waiting: draft, severity high: "Good enough?"')
    assert text[waiting + 1] == "      approve / show [a/s]? ▏"
    assert "    0 of 2 steps, 0 %" in text[6]
    assert text[6].endswith("waiting for a decision")


def test_the_latest_events_are_shown_newest_last(board: Dashboard) -> None:
    text = [line.plain for line in frame(board, None, 100, 40)]
    assert [line.split()[1] for line in text[-6:]] == [f"step-{number}" for number in range(14, 20)]


def test_text_of_others_is_no_markup() -> None:
    line = event_line(News(0, "[red]x[/red]", "failed", "[bold]no[/bold]"), 20)
    assert "[red]x[/red]" in line.plain
    assert line.plain.endswith("[bold]no[/bold]")
    (only,) = closing_lines(["Failed [link=x]y[/link]"], RunState.FAILED)
    assert only.plain == "Failed [link=x]y[/link]"


def test_no_room_is_no_error(board: Dashboard, tmp_path: Path) -> None:
    assert [line.plain for line in frame(board, "?", 20, 2)]
