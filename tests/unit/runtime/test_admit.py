"""What a run is given must have an exact form before anything of it is stored."""

from typing import Any

import pytest

from controller.errors import ParametersInvalid
from controller.runtime.admit import admit
from tests.behaviour.rehearsal import Rehearsal, entry_of
from tests.fakes.blob_store import InMemoryBlobStore

SPEC = {"parameters": [{"key": "size"}], "steps": [{"id": "a"}]}


@pytest.mark.parametrize("value", [float("nan"), float("-inf"), 2**60, "\ud800", {"a": [2**53]}, {"\udfff": 1}, {1: 2}])
def test_a_parameter_without_a_canonical_form_is_refused(value: Any) -> None:
    rehearsal = Rehearsal()
    with pytest.raises(ParametersInvalid, match='parameter "size" has no exact form in JSON'):
        rehearsal.admit(SPEC, {"size": value})
    assert rehearsal.disk.blobs == {}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"request_metadata": {"why": float("nan")}}, "request metadata 'why' has no exact form in JSON"),
        ({"request_metadata": {"why": {"deep": 2**60}}}, "request metadata 'why' has no exact form in JSON"),
        ({"task": {"id": "\udcff"}}, "task 'id' has no exact form in JSON"),
    ],
)
def test_what_the_caller_adds_must_have_one_too(given: dict[str, Any], reason: str) -> None:
    rehearsal = Rehearsal()
    blobs = InMemoryBlobStore(rehearsal.disk)
    with pytest.raises(ParametersInvalid, match=reason):
        admit(
            entry_of(SPEC),
            rehearsal.catalog(entry_of(SPEC)),
            blobs,
            uid="R",
            parameters={},
            requester="mara",
            now=0,
            **given,
        )
    assert rehearsal.disk.blobs == {}


@pytest.mark.parametrize("value", [None, 0, 1.5, 2**53 - 1, "text", [1, {"a": None}], ""])
def test_any_other_value_goes_in_as_it_is(value: Any) -> None:
    assert Rehearsal().admit(SPEC, {"size": value}).parameters == {"size": value}
