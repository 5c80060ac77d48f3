"""What an attempt left is what its courier told, and what it stored; what cannot be read is a problem of the result."""

import json
from typing import Any

import pytest

from controller.errors import NotFound
from tests.unit.adapters.cluster.jobs.bench import World
from tests.unit.adapters.cluster.jobs.pods import (
    COMPLETE,
    DIGEST,
    KEY,
    WHOLE,
    succeeded,
)

Json = dict[str, Any]


def test_there_is_nothing_to_collect_before_the_end() -> None:
    world = World()
    with pytest.raises(NotFound, match="has not ended"):
        world.runner.collect(KEY)
    world.start()
    with pytest.raises(NotFound, match="has not ended"):
        world.runner.collect(KEY)


def test_what_the_courier_told_is_collected_as_often_as_one_likes() -> None:
    world = World()
    world.start()
    world.show(succeeded(WHOLE), job=COMPLETE)
    world.look()
    collected = world.runner.collect(KEY)
    assert collected == world.runner.collect(KEY)
    assert collected.output == b'{"rows": 3}'
    assert [(one.name, one.location, one.size) for one in collected.artifacts] == [("rows.csv", DIGEST, 12)]


def test_what_the_courier_stored_is_read() -> None:
    world = World()
    told = {
        "v": 1,
        "outputBlob": world.blobs.put(b'{"much": 1}'),
        "receiptBlob": world.blobs.put(b'{"receipt": 1}'),
        "listBlob": world.blobs.put(json.dumps([["a", DIGEST, 1], ["b", DIGEST, 2]]).encode()),
    }
    world.start()
    world.show(succeeded(json.dumps(told)), job=COMPLETE)
    world.look()
    collected = world.runner.collect(KEY)
    assert (collected.output, collected.receipt) == (b'{"much": 1}', b'{"receipt": 1}')
    assert [one.name for one in collected.artifacts] == ["a", "b"]
    assert not collected.problems


@pytest.mark.requirement("K8S-015")
@pytest.mark.parametrize("member", ["outputBlob", "receiptBlob", "listBlob"])
def test_what_cannot_be_read_is_a_problem_of_the_result(member: str) -> None:
    world = World()
    world.start()
    world.show(succeeded(json.dumps({"v": 1, member: DIGEST})), job=COMPLETE)
    world.look()
    (problem,) = world.runner.collect(KEY).problems
    assert problem.startswith("what its courier stored cannot be read: ")


@pytest.mark.parametrize(
    "content", [b"no JSON", b"", b"null", b"5", b"{}", b"[1]", b'[["only a name"]]', b'[["a", "no digest", 1]]']
)
def test_a_list_that_is_none_is_a_problem_of_the_result(content: bytes) -> None:
    world = World()
    world.start()
    world.show(succeeded(json.dumps({"v": 1, "listBlob": world.blobs.put(content)})), job=COMPLETE)
    world.look()
    collected = world.runner.collect(KEY)
    assert len(collected.problems) == 1
    assert not collected.artifacts
