"""A value and its digest are one, wherever the value comes from."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.model.digest import canonical, digest_value
from controller.runtime.contents import WARM, Contents, merge, read_canonical
from tests.fakes.blob_store import InMemoryBlobStore
from tests.fakes.disk import Disk

INTEGERS = st.integers(-(2**53) + 1, 2**53 - 1)
NUMBERS = INTEGERS | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(st.characters(codec="utf-8"), max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=2), inner)
    ),
    max_leaves=8,
)


@given(VALUES)
def test_what_is_read_back_has_the_same_digest(value: Any) -> None:
    assert canonical(read_canonical(canonical(value))) == canonical(value)


@given(VALUES)
def test_fresh_and_stored_values_are_alike(value: Any) -> None:
    disk = Disk()
    digest = (contents := Contents(InMemoryBlobStore(disk))).put(value)
    assert digest == digest_value(value)
    fresh, stored = contents.get(digest), Contents(InMemoryBlobStore(disk)).get(digest)
    assert (fresh, repr(fresh)) == (stored, repr(stored))


def test_it_forgets_what_nobody_asked_for_lately_and_finds_it_again() -> None:
    contents = Contents(InMemoryBlobStore(Disk()))
    digests = [contents.put(number) for number in range(WARM + 10)]
    assert len(contents._warm) <= WARM
    assert [contents.get(digest) for digest in digests] == list(range(WARM + 10))


def test_what_has_no_canonical_form_is_not_stored() -> None:
    disk = Disk()
    for value in (float("nan"), 2**60, {1: 2}):
        with pytest.raises(ValueError, match=r"\S"):
            Contents(InMemoryBlobStore(disk)).put(value)
    assert disk.blobs == {}


@pytest.mark.parametrize(
    ("value", "patch", "merged"),
    [
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": 1}, {"a": None}, {"a": None}),
        ({"a": {"b": 1}}, {"a": 2}, {"a": 2}),
        ({"a": 1}, {"a": {"b": 2}}, {"a": {"b": 2}}),
        ({}, {"a": 1}, {"a": 1}),
        ({"a": 1}, {}, {"a": 1}),
    ],
)
def test_objects_are_merged_and_all_else_is_replaced(value: Any, patch: Any, merged: Any) -> None:
    before = repr(value)
    assert merge(value, patch) == merged
    assert repr(value) == before  # values are shared
