"""Electors and the times that nobody knows of: what they note on the Lease, and when a past comes back."""

import copy
from datetime import datetime, timedelta

from controller.adapters.cluster.lapse import JOBS_KEPT, RESTORED, UNBROKEN, UNLED_BEFORE, Lapse, lapse_of
from controller.errors import Restored
from tests.unit.adapters.cluster.contenders import World, played


@played
async def test_a_leader_that_follows_at_once_knows_everything() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    await world.first.end()
    world.second.begin()
    await world.until(world.leaders, 1)
    assert world.second.elector.lapse == UNBROKEN


@played
async def test_a_leader_after_a_long_time_notes_that_and_so_does_the_next() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    await world.first.end()
    assert world.server.lease is not None
    world.server.lease["spec"]["renewTime"] = "1960-01-01T00:00:00.000000Z"
    world.second.begin()
    await world.until(world.leaders, 1)
    assert world.second.elector.lapse == Lapse(unled_before=2)
    await world.pass_by(30)
    await world.second.end()
    world.first.begin()
    await world.until(world.leaders, 1)
    assert (world.first.elector.epoch, world.first.elector.lapse) == (3, Lapse(unled_before=2))


@played
async def test_a_leader_with_another_time_for_jobs_goes_by_the_shorter_one() -> None:
    world = World()
    world.first.kept_s = 7_200
    world.first.begin()
    await world.until(world.leaders, 1)
    await world.first.end()
    assert world.server.lease is not None
    assert world.server.lease["metadata"]["annotations"][JOBS_KEPT] == "7200"
    moment = datetime.fromisoformat(world.server.lease["spec"]["renewTime"]) - timedelta(hours=2)
    world.server.lease["spec"]["renewTime"] = moment.isoformat()
    world.second.begin()
    await world.until(world.leaders, 1)
    assert world.second.elector.lapse == Lapse(unled_before=2)
    assert world.server.lease["metadata"]["annotations"][JOBS_KEPT] == "7200"


@played
async def test_a_lease_that_was_deleted_while_nobody_led() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    await world.first.kill()
    world.server.delete()
    world.second.begin()
    await world.until(world.leaders, 60)
    assert world.second.elector.lapse == Lapse(unled_before=2)


@played
async def test_a_lease_that_was_deleted_under_its_leader_says_nothing() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    world.second.begin()
    await world.pass_by(5)
    world.server.delete()
    world.second.elector.nudge()
    await world.pass_by(30)
    assert world.leaders() == [world.first]
    assert world.first.elector.lapse == UNBROKEN
    assert world.server.lease is not None
    assert UNLED_BEFORE not in world.server.lease["metadata"]["annotations"]


@played
async def test_a_lease_that_is_older_than_it_was() -> None:
    world = World()
    world.first.begin()
    await world.until(world.leaders, 1)
    backup, version = copy.deepcopy(world.server.lease), world.server.version
    await world.pass_by(30)
    world.server.lease, world.server.version = backup, version
    task = world.first.task
    assert task is not None
    await world.until(task.done, 10)
    assert isinstance(task.exception(), Restored)
    assert world.first.told == ["gained 1", "lost"]
    assert RESTORED in world.server.lease["metadata"]["annotations"]  # type: ignore[index]
    world.second.begin()
    await world.until(lambda: world.second.told, 60)
    epoch = world.second.elector.epoch
    assert epoch is not None
    assert lapse_of(world.server.lease) == world.second.elector.lapse == Lapse(restored_before=epoch)
    assert RESTORED not in world.server.lease["metadata"]["annotations"]  # type: ignore[index]
