"""Which tree is looked at when."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from controller.adapters.cluster.work_queue import Key
from controller.errors import ServerUnavailable
from tests.unit.wiring.cluster.crew import Crew, played, root, settle

Json = dict[str, Any]

A = Key("space", "a")


def approval(run: str, *, answered: bool = False) -> Json:
    status = {"answeredAt": "2026-01-01T00:00:00Z"} if answered else {}
    metadata = {"name": f"approves-{run}", "namespace": "space", "uid": f"approval-{run}", "resourceVersion": "11"}
    return {"kind": "Approval", "metadata": metadata, "spec": {"runRef": {"uid": run}}, "status": status}


@played
async def test_a_new_leader_looks_at_all_that_is_not_over_the_oldest_first() -> None:
    over = root("over", created=0, state="Succeeded")
    crew = Crew(root("b", created=2), root("a", created=1, state="Running"), over, workers=1)
    await crew.lead()
    await crew.quiet()
    assert crew.turns == ["a", "b"]
    assert crew.operator.shared.mark == (7, "lease")


@played
async def test_nothing_is_done_before_all_is_listed_and_while_nobody_leads() -> None:
    crew = Crew()
    crew.caches.runs.put(root("a"))
    assert len(crew.queue) == 0
    listed = asyncio.Event()

    async def relist() -> None:
        await listed.wait()
        crew.caches.runs.put(root("b"))

    leading = asyncio.create_task(crew.operator.lead(crew.operator.shared.mark, relist))
    await crew.quiet()
    assert (crew.operator.leading, crew.turns) == (False, [])
    listed.set()
    await leading
    await crew.quiet()
    assert sorted(crew.turns) == ["a", "b"]


@played
async def test_who_leads_no_more_forgets_everything() -> None:
    crew = Crew(root("a"), root("b"))
    crew.plays["a"] = [ServerUnavailable("away")]
    await crew.lead()
    await crew.quiet(0.05)
    await crew.operator.follow()
    crew.caches.runs.put(root("c"))
    await crew.quiet(600)
    assert (crew.operator.trees, len(crew.queue), crew.operator.shared.mark.epoch) == ({}, 0, 0)
    assert sorted(set(crew.turns)) == ["a", "b"]
    assert not crew.operator.reaper.active
    await crew.lead()
    await crew.quiet()
    assert crew.made.count("c") == 1


@played
async def test_a_turn_says_itself_when_there_is_more_to_do() -> None:
    crew = Crew(root("a"))
    crew.plays["a"] = [500, 500]
    await crew.lead()
    await crew.quiet(0.4)
    assert crew.turns == ["a"]
    await crew.quiet(10)
    assert (crew.turns, crew.made) == (["a"] * 3, ["a"])


@played
async def test_a_tree_that_is_over_is_dropped_and_found_again_when_somebody_commands() -> None:
    crew = Crew(root("a"))
    crew.plays["a"] = [settle]
    await crew.lead()
    await crew.quiet()
    assert crew.operator.trees == {}
    crew.caches.approvals.put(approval("a", answered=True))
    await crew.quiet()
    assert crew.turns == ["a"]
    crew.caches.approvals.remove(approval("a"))
    crew.caches.approvals.put({**approval("a"), "metadata": {**approval("a")["metadata"], "uid": "another"}})
    await crew.quiet()
    assert crew.made == ["a", "a"]


@played
async def test_a_change_of_a_job_is_no_reason_where_nobody_waits_for_it() -> None:
    crew = Crew(root("a"))
    await crew.lead()
    await crew.quiet()
    tree: Any = crew.operator.trees[A]
    tree.looked_for = False
    crew.operator.wake(A, "job-1")
    await crew.quiet()
    assert (crew.turns, tree.touched) == (["a"], ["job-1"])
    tree.looked_for = True
    crew.operator.wake(A, "job-2")
    crew.operator.wake(A)
    await crew.quiet()
    assert (crew.turns, tree.touched) == (["a", "a"], ["job-1", "job-2", "decisions"])


@pytest.mark.parametrize(
    "change",
    [
        lambda one: one["metadata"].update(deletionTimestamp="2026-01-01T00:00:00Z"),
        lambda one: one["status"].update(state="Failed"),
    ],
    ids=["being deleted", "over"],
)
def test_there_is_nothing_to_do_for_such_a_run(change: Callable[[Json], None]) -> None:
    @played
    async def test() -> None:
        one = root("a")
        change(one)
        crew = Crew(one)
        await crew.lead()
        crew.operator.wake(A)
        await crew.quiet()
        assert crew.turns == []

    test()


@played
async def test_other_shards_have_other_namespaces() -> None:
    names = [f"space-{number}" for number in range(20)]
    crews = [Crew(*(root(name, name) for name in names), shard=shard, shards=3) for shard in range(3)]
    for crew in crews:
        await crew.lead()
    await crews[0].quiet()
    assert sorted(name for crew in crews for name in crew.turns) == sorted(names)
    assert all(crew.turns for crew in crews)
