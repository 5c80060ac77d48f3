"""Canonical bytes: one form per value, whichever of the two writers makes it."""

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from controller.model.digest import canonical, canonical_record
from controller.model.states import RunState

SCALARS = st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(st.characters(codec="utf-8"))


def values(*further: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.recursive(
        st.one_of(SCALARS, *further),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(codec="utf-8")), inner),
        max_leaves=20,
    )


@given(values(st.floats(allow_nan=False, allow_infinity=False)))
def test_the_fast_way_writes_what_the_standard_says(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@given(st.dictionaries(st.text(st.characters(max_codepoint=127)), SCALARS))
def test_records_are_written_as_the_standard_says(value: dict[str, Any]) -> None:
    assert canonical_record(value) == rfc8785.dumps(value)


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ({"b": 1, "a": [True, None, ""]}, b'{"a":[true,null,""],"b":1}'),
        ({"\U0001f600": 1, "\ufb33": 2}, '{"\U0001f600":1,"\ufb33":2}'.encode()),  # by UTF-16 units, not code points
        ('\x00\x1b\x7f\b\t\n\f\r"\\/\u2028', '"\\u0000\\u001b\x7f\\b\\t\\n\\f\\r\\"\\\\/\u2028"'.encode()),
        ([1e21, 1e-7, 1.0, -0.0], b"[1e+21,1e-7,1,0]"),
        ((1, RunState.FAILED), b'[1,"Failed"]'),
    ],
)
def test_there_is_one_form(value: Any, written: bytes) -> None:
    assert canonical(value) == written
    assert json.loads(written) is not None


@pytest.mark.parametrize(
    "value",
    [2**53, [-(2**53)], {"a": float("nan")}, float("inf"), {1: 2}, {"a": {None: 1}}, "\ud800", {"\udfff": 1}, b"x"],
)
def test_what_has_no_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        canonical(value)
