"""What leaves the message first when it does not fit?"""

import json

import pytest

from controller.entrypoints.courier.content import Content
from controller.entrypoints.courier.message import encode
from controller.entrypoints.courier.publish import Document, Parcel, arrange


def _content(what: str, size: int) -> Content:
    return Content(what, lambda: iter(()), "blake3:" + "0" * 64, size)


def _parcel(output: int, receipt: int, artifacts: int) -> Parcel:
    texts = {"output": "o" * output, "receipt": "r" * receipt}
    documents = {name: Document(_content(name, len(text)), text) for name, text in texts.items() if text}
    return Parcel(documents, [(_content(f"artifact {n}", 1), f"{n}") for n in range(artifacts)], [])


@pytest.mark.parametrize(
    ("parcel", "most", "members", "uploads"),
    [
        (_parcel(1000, 1000, 5), 3072, ["output", "receipt", "artifacts"], ["artifacts"] * 5),
        (_parcel(1000, 1000, 50), 3072, ["output", "receipt", "listBlob"], [*["artifacts"] * 50, "listBlob"]),
        (_parcel(1000, 1000, 0), 2000, ["output", "receiptBlob"], ["receiptBlob"]),
        (_parcel(1000, 1000, 50), 512, ["outputBlob", "receiptBlob", "listBlob"], ["receiptBlob", "outputBlob"]),
        (_parcel(0, 0, 0), 512, [], []),
    ],
)
def test_what_is_needed_least_leaves_first(parcel: Parcel, most: int, members: list[str], uploads: list[str]) -> None:
    told, sent = arrange(parcel, most)
    assert [*told] == members
    assert [member for member, _ in sent][: len(uploads)] == uploads
    assert len(encode(told)) <= most


def test_problems_push_nothing_out() -> None:
    parcel = _parcel(1000, 1000, 0)._replace(problems=["p" * 100] * 10_000)
    told, _ = arrange(parcel, 3072)
    assert {*told} == {"output", "receipt", "problems"}
    assert len(told["problems"]) == 10_000
    assert json.loads(encode(told))["v"] == 1
