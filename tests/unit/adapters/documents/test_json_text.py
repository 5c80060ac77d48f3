"""JSON is read as RFC 8259 and I-JSON say; mistakes have places, too."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.documents.read import read
from controller.model.document import Span

BROKEN: dict[str, tuple[str, str]] = {
    "a trailing comma": ('{"a": 1,}', '1:8 not JSON: a comma before "}"'),
    "single quotes": ("{'a': 1}", """1:2 not JSON: expected a name in double quotes, found "'\""""),
    "a line break in text": ('{"a": "x\ny"}', "1:9 not JSON: a line break or tab inside text"),
    "not a number": ('{"a": NaN}', '1:7 not JSON: expected a value, found "NaN"'),
    "a leading zero": ('{"a": 01}', '1:7 not JSON: expected a value, found "01"'),
    "something after the end": ('{"a": 1}\nx', '2:1 not JSON: "x" after the end of the document'),
    "half a pair": (r'{"a": "\ud83d"}', "1:8 not JSON: half of a surrogate pair stands for no character"),
    "an unknown escape": (r'["\x"]', r"1:3 not JSON: unknown escape \x"),
    "a missing comma": ("[1\n2]", '2:1 not JSON: expected "," or "]", found "2"'),
    "nothing": ("", "1:1 not JSON: expected a value, found the end of the file"),
    "an open text": ('["a', "1:2 not JSON: text without a closing quote"),
    "a comment": ("// x\n{}", '1:1 not JSON: expected a value, found "/"'),
}


@pytest.mark.parametrize(("text", "expected"), BROKEN.values(), ids=BROKEN)
def test_what_is_no_json_is_said_with_its_place(text: str, expected: str) -> None:
    (document,) = read("f.json", text.encode())
    (problem,) = document.problems
    assert f"{problem.location.line}:{problem.location.column} {problem.message}" == expected
    assert not document.readable


def test_mistakes_that_do_not_break_the_text_are_all_told() -> None:
    (document,) = read("f.json", b'{"a": 1,\n "a": 2,\n "b": [99999999999999999, 1e999]}')
    assert [(problem.location.line, problem.location.column, problem.rule) for problem in document.problems] == [
        (2, 2, "DuplicateKey"),
        (3, 8, "NumberTooLarge"),
        (3, 27, "NumberTooLarge"),
    ]


def test_positions() -> None:
    (document,) = read("f.json", b'{\n  "a": [true,\n    {"b": "x"}]\n}')
    assert document.span(("a",), key=True) == Span(2, 3, 3)
    assert document.span(("a", 1, "b")) == Span(3, 11, 3)


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES, st.booleans(), st.sampled_from([None, 2]))
def test_everything_that_json_can_write_is_read(value: Any, ascii_only: bool, indent: int | None) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=indent)
    allowed = not any(0x7F <= ord(letter) <= 0x9F or letter in "\ufeff\ufffe\uffff" for letter in text)
    if allowed:
        (document,) = read("f.json", text.encode())
        assert document.problems == ()
        assert document.data == value


@given(st.text('{}[]:,"\\ \n0123456789.eE+-truefalsn/u', max_size=30))
def test_what_is_taken_is_what_the_standard_parser_takes(text: str) -> None:
    (document,) = read("f.json", text.encode())
    if document.readable and not document.problems:
        assert json.loads(text) == document.data
    elif document.problems[0].rule == "Syntax":
        with pytest.raises(ValueError, match=r".*"):
            _strict(text)


def _strict(text: str) -> None:
    value = json.loads(text)
    # The standard parser is laxer in these.
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
