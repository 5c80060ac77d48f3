"""Exit codes: the table that people read is the table that the program obeys."""

import re

import pytest

from controller import errors
from controller.entrypoints.cli import exits
from tests.architecture.tree import ROOT

PLANNING = range(10, 19)


def codes() -> dict[str, int]:
    return {name: value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)}


def test_the_page_lists_exactly_the_codes_of_the_program() -> None:
    page = (ROOT / "docs" / "spec" / "exit-codes.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| `([A-Z_]+)` \| \S", page, re.MULTILINE)
    assert [(int(number), name) for number, name in rows] == sorted((number, name) for name, number in codes().items())


def test_no_code_is_taken_twice_or_kept_for_planning() -> None:
    numbers = sorted(codes().values())
    assert len(set(numbers)) == len(numbers)
    assert set(numbers).isdisjoint(PLANNING)


@pytest.mark.parametrize(
    "error", [one for one in vars(errors).values() if isinstance(one, type) and issubclass(one, errors.LibrettoError)]
)
def test_every_error_has_a_code(error: type[errors.LibrettoError]) -> None:
    if error is errors.LibrettoError:
        return
    made = error.__new__(error)
    assert exits.exit_code(made) in codes().values()
