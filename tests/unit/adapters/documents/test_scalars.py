"""A plain scalar has one meaning for every reader, or is refused with the hint to quote it."""

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.documents.scalars import Refusal, plain

MEANINGS: list[tuple[str, Any]] = [
    ("", None),
    ("~", None),
    ("null", None),
    ("true", True),
    ("False", False),
    ("0", 0),
    ("-5", -5),
    ("+5", 5),
    ("0x1F", 31),
    ("9007199254740991", 2**53 - 1),
    ("0.5", 0.5),
    (".5", 0.5),
    ("5.", 5.0),
    ("1.5e+3", 1500.0),
    ("plain words", "plain words"),
    ("1.2.3", "1.2.3"),
    ("nULL", "nULL"),
    ("08:30", "08:30"),
    ("2026-1", "2026-1"),
    ("-", "-"),
    (".", "."),
    ("blake3:00", "blake3:00"),
]

REFUSED = {
    "AmbiguousScalar": [
        *("y", "N", "yes", "No", "ON", "off"),
        *("012", "08", "-07", "0o14", "0b101", "-0x1F", "0x1_F"),
        *("1_000", "1_0.5", "1e3", "1.5e3", "2E-4"),
        *("22:22", "1:30:00", "190:20:30.15"),
        *("2026-01-31", "2001-12-14 21:59:43.10 -5", "2001-12-14t21:59:43.10-05:00"),
        "=",
    ],
    "NotJson": [".inf", "-.INF", ".NaN"],
    "NumberTooLarge": ["9007199254740992", "-99999999999999999999", "1.0e+999", "0xFFFFFFFFFFFFFFFF", "9" * 5000],
}


@pytest.mark.parametrize(("text", "value"), MEANINGS)
def test_what_both_versions_of_yaml_read_alike_is_taken(text: str, value: Any) -> None:
    assert plain(text) == value
    assert type(plain(text)) is type(value)


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in REFUSED.items() for text in texts])
def test_what_they_read_differently_is_refused(rule: str, text: str) -> None:
    refusal = plain(text)
    assert isinstance(refusal, Refusal)
    assert refusal.rule == rule
    assert f'"{text}"' in refusal.hint


@given(st.text("0123456789+-._:xobeETZ yn=~<infatrulsoNOY", min_size=1, max_size=12))
def test_what_is_taken_as_text_is_text_for_a_reader_of_yaml_1_1(text: str) -> None:
    if isinstance(plain(text), str):
        tag: str = yaml.SafeLoader("").resolve(yaml.ScalarNode, text, (True, False))  # type: ignore[no-untyped-call]
        assert tag in {"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"}
