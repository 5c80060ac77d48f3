"""An output mapping takes parts of the answer, and says before the run what it can never read."""

from typing import Any

import pytest

from controller.definition.mapping import map_output, mistakes
from controller.errors import InvariantViolated

ANSWER = {"content": {"deliverable": {"content": "text"}, "rows": [{"n": 1}, {"n": 2}]}, "näme-1": 7, "null": None}

PATHS = {
    "$": ANSWER,
    "$.content.deliverable.content": "text",
    "$.content.rows[1].n": 2,
    "$.content.rows[2].n": None,
    "$.content.rows.n": None,
    "$.content[0]": None,
    "$.näme-1": 7,
    "$.null": None,
    "$.null.deeper": None,
    "$.missing": None,
}


@pytest.mark.parametrize(("path", "value"), PATHS.items())
def test_path(path: str, value: Any) -> None:
    assert map_output({"out": path}, ANSWER) == {"out": value}
    assert mistakes({"out": path}) == []


@pytest.mark.parametrize("answer", [None, 3, "text", [1, 2], {"a": 1}])
def test_without_a_mapping_the_answer_is_the_output(answer: Any) -> None:
    assert map_output({}, answer) == answer


def test_an_answer_that_is_a_list() -> None:
    assert map_output({"second": "$[1]", "deep": "$[0][1]"}, [[1, 2], "b"]) == {"second": "b", "deep": 2}


@pytest.mark.parametrize(
    ("path", "column", "hint"),
    [
        ("content.rows", 1, '"$.content.rows"'),
        (".content", 1, '"$.content"'),
        ("[0]", 1, '"$[0]"'),
        ("", 1, "a path looks like"),
        ("$content", 2, "a path looks like"),
        ("$.", 2, "a path looks like"),
        ("$.a..b", 4, "a path looks like"),
        ("$.a[*]", 4, "a path looks like"),
        ("$.a[-1]", 4, "a path looks like"),
        ("$.a b", 4, "a path looks like"),
    ],
)
def test_a_malformed_path_is_found_before_the_run(path: str, column: int, hint: str) -> None:
    [mistake] = mistakes({"ok": "$", "bad": path})
    assert (mistake.name, mistake.column) == ("bad", column)
    assert hint in mistake.hint
    with pytest.raises(InvariantViolated):
        map_output({"bad": path}, ANSWER)
