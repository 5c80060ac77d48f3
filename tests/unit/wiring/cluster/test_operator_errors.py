"""What an error of one tree does to it, and does not do to the others."""

from typing import Any

import pytest

from controller.adapters.cluster.work_queue import Key
from controller.errors import (
    Conflict,
    DefinitionInvalid,
    Fenced,
    InvariantViolated,
    NotFound,
    ServerUnavailable,
    StoreUnavailable,
    Throttled,
    VerificationFailed,
)
from controller.wiring.cluster.observer import Turned
from controller.wiring.cluster.operator import STALLED_RETRY_MS
from tests.unit.wiring.cluster.crew import Crew, played, root

Json = dict[str, Any]

B = Key("space", "b")


def definition(name: str = "nightly") -> Json:
    metadata = {"name": name, "namespace": "space", "uid": name, "resourceVersion": "12", "generation": 1}
    return {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Orchestration",
        "metadata": metadata,
        "spec": {},
        "status": {"observedGeneration": 1},
    }


@pytest.mark.parametrize(
    "error",
    [
        Conflict("wrote"),
        ServerUnavailable("away"),
        StoreUnavailable("away"),
        Throttled("later", retry_after=1),
        Fenced("epoch 8 leads"),
        VerificationFailed("not what it says"),
        InvariantViolated("a promise was broken"),
        KeyError("a mistake of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_gives_up_that_tree_alone(error: Exception) -> None:
    @played
    async def test() -> None:
        crew = Crew(root("a", state="Running"), root("b", state="Running"))
        crew.plays = {"a": [error], "b": [20, 20]}
        await crew.lead()
        await crew.quiet(0.09)
        assert crew.turns.count("b") == 3
        assert list(crew.operator.trees) == [B]
        assert crew.watcher.results.count(Turned.SUCCESS) == 3

    test()


@played
async def test_what_is_away_is_asked_again_later_each_time() -> None:
    crew = Crew(root("a", state="Running"))
    crew.plays["a"] = [ServerUnavailable("away")] * 5
    await crew.lead()
    await crew.quiet(0.1 + 0.2 + 0.4 + 0.8 + 0.04 + 0.02)
    assert len(crew.turns) == 5
    await crew.quiet(2)
    assert (crew.turns, crew.made) == (["a"] * 6, ["a"] * 6)
    assert crew.watcher.results == [Turned.ERROR] * 5 + [Turned.SUCCESS]
    assert crew.client.patched == []  # nobody has to do anything about it


@played
async def test_a_server_that_asks_for_patience_gets_it() -> None:
    crew = Crew(root("a", state="Running"))
    crew.plays["a"] = [Throttled("later", retry_after=7)]
    await crew.lead()
    await crew.quiet(6.9)
    assert crew.turns == ["a"]
    await crew.quiet(0.2)
    assert crew.turns == ["a", "a"]


@played
async def test_runs_that_somebody_else_wrote_are_read_again() -> None:
    crew = Crew(root("a", state="Running"))
    newer = root("a", state="Running", sequence=9)
    newer["metadata"]["resourceVersion"] = "55"
    crew.client.there["run-a"] = newer
    crew.plays["a"] = [Conflict("wrote")]
    await crew.lead()
    await crew.quiet()
    assert crew.client.read == ["run-a"]
    assert crew.caches.run("a") == newer
    assert crew.watcher.results == [Turned.CONFLICT, Turned.SUCCESS]


@played
async def test_a_run_that_is_found_gone_is_left_alone() -> None:
    crew = Crew(root("a", state="Running"))
    crew.plays["a"] = [Conflict("deleted")]
    await crew.lead()
    await crew.quiet()
    assert (crew.caches.run("a"), crew.turns) == (None, ["a"])


@played
async def test_a_run_that_is_deleted_is_no_error() -> None:
    crew = Crew(root("a", state="Running"))
    await crew.lead()
    await crew.quiet()
    crew.plays["a"] = [NotFound("run a is gone")]
    crew.delete("a")
    await crew.quiet(120)
    assert crew.watcher.results == [Turned.SUCCESS] * 2
    assert (crew.operator.trees, crew.client.patched) == ({}, [])


@played
async def test_another_leader_ends_it() -> None:
    crew = Crew(root("a", state="Running"))
    crew.plays["a"] = [Fenced("epoch 8 leads")]
    await crew.lead()
    await crew.quiet(300)
    assert (crew.fenced, crew.watcher.fences, crew.turns, crew.client.patched) == (1, 1, ["a"], [])


@played
async def test_what_a_person_must_change_is_said_once_and_looked_at_now_and_then() -> None:
    crew = Crew(root("a"))
    crew.plays["a"] = [DefinitionInvalid([])] * 3
    await crew.lead()
    await crew.quiet(2 * STALLED_RETRY_MS / 1000 + 1)
    assert crew.turns == ["a"] * 3
    assert [name for name, _, _ in crew.watcher.was_stalled] == ["run-a"]
    ((where, body),) = crew.client.patched
    assert where == "runs space/run-a"
    assert (body["metadata"], body["status"]["epoch"]) == ({"resourceVersion": "10"}, 7)
    said = {one["type"]: one for one in body["status"]["conditions"]}
    assert (said["Stalled"]["status"], said["Stalled"]["reason"]) == ("True", "DefinitionInvalid")


@played
async def test_a_mistake_of_ours_is_said_too() -> None:
    crew = Crew(root("a", state="Running"))
    crew.plays["a"] = [KeyError("surprise")]
    await crew.lead()
    await crew.quiet()
    assert crew.watcher.was_stalled == [("run-a", "InvariantViolated", "KeyError('surprise')")]


@played
async def test_conditions_that_cannot_be_written_are_no_second_error() -> None:
    crew = Crew(root("a"))
    crew.plays["a"] = [VerificationFailed("damaged")]
    crew.client.fails = ServerUnavailable("away")
    await crew.lead()
    await crew.quiet(STALLED_RETRY_MS / 1000 + 1)
    assert (crew.turns, crew.watcher.was_stalled) == (["a", "a"], [])
    assert not any(worker.done() for worker in crew.operator._workers)


@played
async def test_a_definition_that_comes_is_tried_at_once() -> None:
    crew = Crew(root("a"))
    crew.plays["a"] = [NotFound('there is no orchestration "nightly"')]
    await crew.lead()
    await crew.quiet()
    crew.caches.orchestrations.put(definition())
    await crew.quiet()
    assert (crew.turns, crew.made) == (["a", "a"], ["a", "a"])
    crew.caches.orchestrations.put(definition("other"))
    await crew.quiet()
    assert crew.turns == ["a", "a"]  # it waits no more


@played
async def test_a_node_that_is_silent_is_said_once_and_taken_back() -> None:
    crew = Crew(root("a"))

    def silent(tree: Any) -> int:
        tree.unreachable = "node n1 does not answer"
        return 5_000

    def answers(tree: Any) -> None:
        tree.unreachable = ""

    crew.plays["a"] = [silent, lambda tree: 5_000, answers]
    await crew.lead()
    await crew.quiet(16)
    assert (crew.turns, crew.watcher.was_unreachable) == (["a"] * 3, ["node n1 does not answer"])
    first, last = (body["status"]["conditions"] for _, body in crew.client.patched)
    assert [one["type"] for one in first if one not in last] == ["NodeUnreachable"]


@played
async def test_decisions_that_nothing_proves_are_looked_at_again_and_said() -> None:
    crew = Crew(root("a", state="AwaitingApproval"))

    def unproved(tree: Any) -> int:
        tree.unprotected = True
        return 60_000

    def proved(tree: Any) -> None:
        tree.unprotected = False

    crew.plays["a"] = [unproved, proved]
    await crew.lead()
    await crew.quiet()
    assert crew.watcher.was_unprotected == ["run-a"]
    await crew.quiet(61)
    assert (crew.turns, crew.watcher.was_unprotected) == (["a", "a"], ["run-a"])
    first, last = (body["status"]["conditions"] for _, body in crew.client.patched)
    assert [one["type"] for one in first if one["type"] not in {one["type"] for one in last}] == [
        "ApprovalsUnprotected"
    ]
