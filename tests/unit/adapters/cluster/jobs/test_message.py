"""A courier's message is taken whole or not at all; nothing in it can do harm."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.cluster.jobs.message import parse
from controller.model.attempt import CollectedArtifact

DIGEST = "blake3:" + "0b" * 32
WHOLE: dict[str, Any] = {
    "v": 1,
    "output": '{"a": 1}',
    "receipt": "{}",
    "artifacts": [["deep/a.csv", DIGEST, 3]],
    "problems": ["one", "two"],
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
MEMBERS = ("output", "outputBlob", "receipt", "receiptBlob", "artifacts", "listBlob", "problems", "rejected")


def test_a_message_says_what_was_left() -> None:
    message = parse(json.dumps(WHOLE))
    assert message is not None
    assert message.collected.output == b'{"a": 1}'
    assert message.collected.receipt == b"{}"
    assert message.collected.artifacts == [CollectedArtifact("deep/a.csv", DIGEST, 3)]
    assert message.collected.problems == ("one", "two")


def test_what_is_large_is_named_by_digest() -> None:
    message = parse(json.dumps({"v": 1, "outputBlob": DIGEST, "receiptBlob": DIGEST, "listBlob": DIGEST}))
    assert message is not None
    assert (message.output_blob, message.receipt_blob, message.list_blob) == (DIGEST, DIGEST, DIGEST)
    assert message.collected.output is None


@pytest.mark.requirement("K8S-015")
@given(st.integers(0, len(json.dumps(WHOLE)) - 1), st.booleans())
def test_a_message_that_was_cut_is_none(at: int, begin: bool) -> None:
    text = json.dumps(WHOLE)
    assert parse(text[:at] if begin else text[at + 1 :]) is None


@given(st.text())
def test_garbage_is_no_message(text: str) -> None:
    assert parse(text) is None


@given(JSON | st.dictionaries(st.sampled_from(["v", *MEMBERS]), JSON))
def test_whatever_it_holds_is_taken_or_refused(body: Any) -> None:
    parse(json.dumps(body))


@pytest.mark.parametrize(
    "wrong",
    [
        {"v": 2},
        {"v": 0},
        {"v": True},
        {"v": "1"},
        {"outputBlob": "blake3:short"},
        {"outputBlob": 7},
        {"listBlob": DIGEST.upper()},
        {"artifacts": [["a", DIGEST]]},
        {"artifacts": [["a", "sha256:00", 3]]},
        {"artifacts": [[1, DIGEST, 3]]},
        {"artifacts": [["a", DIGEST, "3"]]},
        {"artifacts": [["a", DIGEST, -1]]},
        {"artifacts": [["a", DIGEST, True]]},
        {"artifacts": {"a": DIGEST}},
        {"output": {"a": 1}},
        {"receipt": 1},
        {"problems": "one"},
        {"rejected": ["no"]},
    ],
)
def test_what_is_not_as_it_was_agreed_is_no_message(wrong: dict[str, Any]) -> None:
    assert parse(json.dumps({**WHOLE, **wrong})) is None
