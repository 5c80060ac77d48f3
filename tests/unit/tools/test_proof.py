"""The record of the long proofs keeps its text, and its newest row on top."""

from tools.proof import HEADER, last, record


def test_the_newest_row_is_on_top() -> None:
    text = record(record("", "| 1 |"), "| 2 |")
    assert text == f"# When the long proofs last ran\n\n{HEADER}| 2 |\n| 1 |\n"
    assert last(text) == ["| 2 |", "| 1 |"]


def test_what_people_wrote_stays() -> None:
    text = record("# Proofs\n\nHow long each takes.\n", "| 1 |")
    assert text == f"# Proofs\n\nHow long each takes.\n\n{HEADER}| 1 |\n"


def test_no_table_means_no_run() -> None:
    assert last("# Proofs\n") == []
