"""The table of retry, skip, undo and rerun in docs/spec/run.md is complete: each row is played, each play is a row."""

import re
from pathlib import Path

from tests.unit.engine import test_rerun, test_retry, test_retry_of_attempt, test_skip, test_undo_command

PAGE = Path(__file__).parents[3] / "docs" / "spec" / "run.md"
ROW = re.compile(r"^\| ([A-Z]{2}\d+) \|", re.MULTILINE)


def test_every_row_of_the_page_is_played_and_every_play_stands_on_the_page() -> None:
    retries = [*test_retry.PLAYS, *test_retry_of_attempt.PLAYS]
    played = [*retries, *test_skip.PLAYS, *test_undo_command.PLAYS, *test_rerun.PLAYS]
    assert ROW.findall(PAGE.read_text(encoding="utf-8")) == played
