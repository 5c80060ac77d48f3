"""The list of requirements is whole, and no marker names a row that it does not hold."""

import re
from collections import Counter

from tests.architecture.tree import ROOT
from tools.requirements import claims_under, read_rows, wrong

ROWS = read_rows(ROOT / "tests" / "requirements.tsv")
COUNTS = {"CMP": 34, "ENG": 76, "TWO": 35, "DEF": 67, "PLN": 103, "K8S": 30, "GIT": 16}
"""How many requirements each replaced system has; a row may be added, never quietly lost."""


def test_the_list_is_whole() -> None:
    assert Counter(id_[:3] for id_ in ROWS) == COUNTS
    assert list(ROWS) == [f"{area}-{number:03}" for area, count in COUNTS.items() for number in range(1, count + 1)]


def test_each_area_has_one_name() -> None:
    assert len({(row.id[:3], row.area) for row in ROWS.values()}) == len(COUNTS)
    assert [row.id for row in ROWS.values() if not re.fullmatch(r"\S.*\S", row.text)] == []


def test_markers_name_known_requirements() -> None:
    assert wrong(ROWS, claims_under(ROOT / "tests")) == []
