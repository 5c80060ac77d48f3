"""Any single mistyped field name is exactly one problem, at its line, whatever it leads to."""

from collections.abc import Iterator

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from controller.adapters.documents.write import to_yaml
from controller.definition.findings import Findings
from controller.definition.normalise import normalise
from tests.unit.definition.reading import checked, documents
from tests.unit.definition.sample import SAMPLE

FREE = {"payload", "parameters:", "topic", "launch", "research", "instruction"}
"""Names that the author invents, and sections that hold only such."""

OTHER_SPELLINGS = {"enable"}
"""A typing mistake that the guide allows."""

BARE = SAMPLE
CANONICAL = to_yaml(normalise(documents(SAMPLE)[0], Findings(documents(SAMPLE)[0])).resource)


def fields(text: str) -> Iterator[tuple[int, int, str]]:
    """Line, column and name of every field name at the beginning of a line."""
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.lstrip(" -")
        name, colon, _ = stripped.partition(":")
        if colon and name.isidentifier() and name not in FREE:
            yield number, len(line) - len(stripped) + 1, name


FIELDS = [(text, *field) for text in (BARE, CANONICAL) for field in fields(text)]


def mistype(name: str, position: int, letter: str) -> str:
    return name[:position] + letter + name[position + (letter == "") :]


@given(st.sampled_from(FIELDS), st.data())
@settings(max_examples=300)
def test_one_typo_is_one_problem_at_its_line(field: tuple[str, int, int, str], data: st.DataObject) -> None:
    text, number, column, name = field
    long = len(name) > 3
    position = data.draw(st.integers(0, len(name) - 1))
    wrong = mistype(name, position, data.draw(st.sampled_from(["", "x", "q"] if long else ["x", "q"])))
    assume(wrong not in OTHER_SPELLINGS)
    lines = text.splitlines()
    lines[number - 1] = lines[number - 1][: column - 1] + wrong + lines[number - 1][column - 1 + len(name) :]
    problems = checked("\n".join(lines) + "\n").problems
    assert [(problem.location.line, problem.location.column) for problem in problems] == [(number, column)]


def test_the_fields_are_all_there() -> None:
    assert len(FIELDS) > 80
    assert {name for *_, name in FIELDS} >= {
        "apiVersion",
        "kind",
        "spec",
        "orchestration",
        "id",
        "depends_on",
        "dependsOn",
    }


@pytest.mark.parametrize("text", [BARE, CANONICAL])
def test_without_a_typo_there_is_no_problem(text: str) -> None:
    assert checked(text).problems == ()
