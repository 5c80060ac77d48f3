"""YAML is read strictly; each mistake is one problem at its place, and the rest is still read."""

from typing import Any

import pytest

from controller.adapters.documents.limits import LARGEST_DEPTH, LARGEST_FILE
from controller.adapters.documents.read import read
from controller.model.document import Span

CASES: dict[str, tuple[str, list[str]]] = {
    "a duplicate key": ("a: 1\nb: 2\na: 3\n", ['3:1 "a" is given twice, first in line 1']),
    "duplicates at several places": (
        "a: {x: 1, x: 2}\nb: {z: 1, z: 2}\n",
        ['1:11 "x" is given twice, first in line 1', '2:11 "z" is given twice, first in line 2'],
    ),
    "an ambiguous key": ("on: 1\n", ["1:1 on is ambiguous: true in YAML 1.1 and text in 1.2"]),
    "a key that is a number": ("1: x\n", ["1:1 the key 1 is not text"]),
    "a key that is a list": ("? [a]\n: 1\n", ["1:3 a key must be text"]),
    "a merge key": ("<<: {a: 1}\n", ["1:1 merge keys are not supported: YAML 1.2 does not know them"]),
    "tags": (
        "a: !x 1\nb: !!int 2\n",
        [
            "1:4 the tag !x is not allowed: only plain JSON types are",
            "2:4 the tag !!int is not allowed: only plain JSON types are",
        ],
    ),
    "an alias in itself": ("a: &r [*r]\n", ["1:4 an alias inside of what it stands for"]),
    "an undefined alias": ("a: *b\n", ["1:4 not YAML: an alias to an anchor that is not defined before it"]),
    "a tab": ("a:\n\tb: 1\n", ["2:1 not YAML: a tab where spaces must be"]),
    "an open bracket": ("a: [1,\nb: 2", ["1:4 not YAML: what begins here never ends"]),
    "an open quote": ('a: 1\nb: "x\nc: 1\n', ["2:4 not YAML: what begins here never ends"]),
    "a bracket too many": ("a: [1]]\nb: 2\n", ["1:7 not YAML: a key was expected"]),
    "nested mapping in a line": ("a: b: c\n", ['1:5 not YAML: a ": " inside of plain text']),
    "control characters": ("a: \x01\n", ["1:4 the control character U+0001 is not allowed"]),
    "only comments": ("# changelog\n", ["1:1 the file defines nothing"]),
    "two kinds in two documents": (
        "a: yes\n---\nb: 012\n",
        [
            "1:4 yes is ambiguous: true in YAML 1.1 and text in 1.2",
            "3:4 012 is ambiguous: a leading zero makes it octal in YAML 1.1 and decimal in 1.2",
        ],
    ),
    "what comes before a broken document": ("a: yes\n---\nb: [\n", ["1:4 yes is ambiguous", "3:4 not YAML"]),
}


@pytest.mark.parametrize(("text", "expected"), CASES.values(), ids=CASES)
def test_every_mistake_is_one_problem_at_its_place(text: str, expected: list[str]) -> None:
    found = [
        f"{problem.location.line}:{problem.location.column} {problem.message}"
        for document in read("f.yaml", text.encode())
        for problem in document.problems
    ]
    assert len(found) == len(expected)
    for got, start in zip(found, expected, strict=True):
        assert got.startswith(start)


VALUES: dict[str, tuple[bytes, Any]] = {
    "byte order mark and carriage returns": (b"\xef\xbb\xbfa: 1\r\nb: x\r\n", {"a": 1, "b": "x"}),
    "an alias": (b"a: &x [1]\nb: *x\n", {"a": [1], "b": [1]}),
    "a text tag": (b"a: !!str 12\n", {"a": "12"}),
    "a changelog": (b"# 1.1.0 more\n# 1.0.0 first\n\na: 1\n", {"a": 1}),
    "quoted": (b"a: 'yes'\nb: \"012\"\n", {"a": "yes", "b": "012"}),
    "block text": (b"a: |\n  x\n  y\nb: >-\n  x\n  y\n", {"a": "x\ny\n", "b": "x y"}),
}


@pytest.mark.parametrize(("content", "value"), VALUES.values(), ids=VALUES)
def test_what_is_taken(content: bytes, value: Any) -> None:
    (document,) = read("f.yaml", content)
    assert document.problems == ()
    assert document.data == value


def test_positions_of_keys_and_values() -> None:
    (document,) = read("f.yaml", "é: {b: [x, 'long']}\nc:\n  - d: 1\n".encode())
    assert document.span(("é", "b", 1)) == Span(1, 12, 6)
    assert document.span(("é", "b"), key=True) == Span(1, 5, 1)
    assert document.span(("c", 0, "d")) == Span(3, 8, 1)
    assert document.span(("c", 0, "missing")) == Span(3, 5, 0)


def test_the_second_document_has_positions_of_its_own() -> None:
    first, second = read("f.yaml", b"---\na: 1\n---\n# nothing\n---\na: 2\n")
    assert (first.index, second.index) == (0, 2)
    assert first.span(("a",)).line == 2
    assert second.span(("a",)).line == 6


def test_aliases_are_bounded_by_what_they_stand_for() -> None:
    levels = "".join(f"a{level}: &a{level} [{','.join([f'*a{level - 1}'] * 10)}]\n" for level in range(1, 9))
    (document,) = read("f.yaml", f"a0: &a0 [{','.join('x' * 10)}]\n{levels}".encode())
    assert [problem.rule for problem in document.problems] == ["TooLarge"]
    assert not document.readable


@pytest.mark.parametrize("file", ["f.yaml", "f.json"])
def test_depth_is_bounded(file: str) -> None:
    (right,) = read(file, b"[" * LARGEST_DEPTH + b"]" * LARGEST_DEPTH)
    (wrong,) = read(file, b"[" * (LARGEST_DEPTH + 1) + b"]" * (LARGEST_DEPTH + 1))
    assert right.problems == ()
    assert [problem.rule for problem in wrong.problems] == ["TooDeep"]


def test_size_is_bounded_and_encoding_is_utf_8() -> None:
    (large,) = read("f.yaml", b" " * (LARGEST_FILE + 1))
    (latin,) = read("f.yaml", b"a: 1\nb: \xe9\n")
    assert [problem.rule for problem in large.problems] == ["TooLarge"]
    assert [tuple(problem.location) for problem in latin.problems] == [("f.yaml", 2, 4)]
