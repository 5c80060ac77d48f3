"""What is read has one meaning and a canonical form; all else is refused with words."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.digest import LARGEST_INTEGER, canonical
from controller.runtime.strict_json import DEEPEST, parse

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters()),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_whatever_is_read_has_a_canonical_form(value: Any) -> None:
    text = json.dumps(value)
    try:
        read = parse(text.encode())
    except ValueError:
        # Refused for a reason: it has no canonical form, or one that would be refused in its turn.
        with pytest.raises(ValueError, match=r"\S"):
            parse(canonical(json.loads(text)))
    else:
        assert json.loads(canonical(read)) == json.loads(text)
        assert canonical(parse(canonical(read))) == canonical(read)


@given(st.binary(max_size=40))
def test_any_bytes_are_read_or_refused_with_words(content: bytes) -> None:
    try:
        canonical(parse(content))
    except ValueError as error:
        assert str(error)  # noqa: PT017 - that it says something is the point


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\xff", "it is not UTF-8 at byte 0"),
        (b"", "it is not JSON: Expecting value at line 1, column 1"),
        (b'{"a":\n}', "it is not JSON: Expecting value at line 2, column 1"),
        (b'{"a": 1, "a": 1}', 'the key "a" stands twice in one object'),
        (b"[NaN]", "NaN is not a JSON number"),
        (b"-Infinity", "-Infinity is not a JSON number"),
        (
            b"9007199254740992",
            "the integer 9007199254740992 is beyond 2^53 and would lose digits; write it as a string",
        ),
        (b"9" * 5000, f"the integer {'9' * 20}… is beyond 2^53 and would lose digits; write it as a string"),
        (b"-1e400", "the number -1e400 is beyond what a double holds; write it as a string"),
        (b"1e17", "the number 1e17 is an integer beyond 2^53; write it as a string"),
        (b'["\\udc00"]', "a text holds half of a surrogate pair, which is no character"),
        (b'{"\\ud83d": 1}', "a text holds half of a surrogate pair, which is no character"),
        (b"[" * 100_000, "it is nested deeper than 128 levels"),
        (b"[" * (DEEPEST + 1) + b"]" * (DEEPEST + 1), "it is nested deeper than 128 levels"),
        (b'{"a":' * (DEEPEST + 1) + b"1" + b"}" * (DEEPEST + 1), "it is nested deeper than 128 levels"),
    ],
)
def test_what_is_wrong_is_said(content: bytes, reason: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the whole text is compared
        parse(content)
    assert str(caught.value) == reason


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b" 1 ", 1),
        (str(LARGEST_INTEGER).encode(), LARGEST_INTEGER),
        (b'"\\ud83d\\ude00"', "\U0001f600"),
        (b"[" * DEEPEST + b"]" * DEEPEST, None),
        (b"[" + b"[]," * 500 + b"[]]", None),
    ],
)
def test_what_is_right_is_read(content: bytes, value: Any) -> None:
    read = parse(content)
    assert value is None or read == value
