"""Electors in virtual time: who leads, from when on, and until when."""

import pytest

from tests.unit.adapters.cluster.contenders import TIMING, World, played


@played
async def test_the_first_one_leads_at_once_where_nobody_ever_led() -> None:
    world = World()
    world.first.begin()
    assert await world.until(world.leaders, 1) < 0.1
    assert world.first.told == ["gained 1"]
    assert world.first.elector.epoch == 1


@played
async def test_a_leader_that_goes_is_followed_as_soon_as_the_other_looks() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    world.second.begin()
    await world.pass_by(30)
    await world.first.end()
    world.second.elector.nudge()
    assert await world.until(lambda: world.second.told, 1) < 0.1
    assert (world.first.told, world.second.told) == (["gained 1", "lost"], ["gained 2"])


@played
async def test_a_leader_that_was_killed_is_followed_when_its_lease_is_over() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    world.second.begin()
    await world.pass_by(5)
    await world.first.kill()
    taken = await world.until(lambda: world.second.told, 60)
    assert TIMING.duration - TIMING.retry <= taken <= TIMING.duration + TIMING.retry + 0.1


@played
async def test_a_leader_that_reaches_nobody_stops_before_another_begins() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    world.second.begin()
    await world.pass_by(5)
    world.first.client.trouble = lambda: "hangs"
    stopped = await world.until(lambda: not world.leaders(), 60)
    assert stopped <= TIMING.deadline
    assert await world.until(lambda: world.second.told, 60) >= TIMING.duration - TIMING.deadline - TIMING.retry
    assert world.first.told == ["gained 1", "lost"]


@played
async def test_one_call_that_hangs_does_not_cost_the_leadership() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    fates = iter(["hangs"])
    world.first.client.trouble = lambda: next(fates, "")
    await world.pass_by(60)
    assert world.first.told == ["gained 1"]


@played
async def test_a_lease_that_is_deleted_is_written_again_by_its_leader() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    world.second.begin()
    await world.pass_by(5)
    world.server.delete()
    for one in (world.second, world.first):
        one.elector.nudge()
    await world.pass_by(30)
    assert (world.first.told, world.second.told) == (["gained 1"], [])
    assert world.server.lease is not None


@pytest.mark.parametrize("fresh", [True, False], ids=["a fresh process", "one that stood by"])
def test_a_lease_that_was_deleted_frees_nobody_before_its_time(fresh: bool) -> None:
    async def whole() -> None:
        world = World()
        world.first.begin()
        await world.until(world.leaders, 1)
        if not fresh:
            world.second.begin()
        await world.pass_by(5)
        world.first.client.trouble = lambda: "lost"
        world.server.delete()
        if fresh:
            world.second.begin()
        world.second.elector.nudge()
        taken = await world.until(lambda: world.second.told, 60)
        assert TIMING.duration - 0.1 <= taken <= TIMING.duration + TIMING.retry + 0.1
        assert world.second.told == ["gained 2"]

    played(whole)()


@played
async def test_an_acquisition_whose_answer_is_lost_is_made_again_at_once() -> None:
    world = World()
    fates = iter(["", "mute"])
    world.first.client.trouble = lambda: next(fates, "")
    world.first.begin()
    assert await world.until(world.leaders, 60) <= TIMING.retry + 0.1
    assert world.first.told == ["gained 2"]
    assert world.server.epochs == [1, 2]


@played
async def test_an_acquisition_whose_answer_is_lost_is_given_back_by_who_leaves() -> None:
    world = World()
    fates = iter(["", "mute"])
    world.first.client.trouble = lambda: next(fates, "")
    world.first.begin()
    await world.pass_by(1)
    await world.first.end()
    assert world.first.told == []
    assert world.server.lease is not None
    assert world.server.lease["spec"]["holderIdentity"] == ""


@played
async def test_a_long_look_at_all_runs_keeps_nobody_from_leading() -> None:
    world = World(listing=20.0)
    world.first.begin()
    world.second.begin()
    await world.until(world.leaders, 60)
    await world.pass_by(60)
    assert len(world.first.told + world.second.told) == 1


@played
async def test_a_leader_hears_once_that_it_lost() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    lease = world.server.lease
    assert lease is not None
    lease["spec"] |= {"holderIdentity": "somebody", "leaseTransitions": 9}
    lease["metadata"]["resourceVersion"] = "99"
    await world.until(lambda: not world.leaders(), 10)
    await world.pass_by(5)
    assert world.first.told == ["gained 1", "lost"]


@played
async def test_a_lease_that_somebody_made_by_hand_stops_nobody() -> None:
    world = World()
    world.server.lease = {"metadata": {"name": "x", "resourceVersion": "3", "annotations": {"a": "b"}}}
    world.first.begin()
    await world.until(world.leaders, 1)
    assert world.server.lease["metadata"]["annotations"] == {"a": "b", "libretto.dev/jobs-kept-seconds": "604800"}


@played
async def test_a_renewal_is_one_call() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    world.first.client.calls.clear()
    await world.pass_by(20)
    calls = world.first.client.calls
    assert set(calls) == {"update"}
    assert len(calls) <= 20 / TIMING.retry + 1
