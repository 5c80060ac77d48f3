"""What people see of a definition: ready or not and why, written once per generation and never in the way."""

from typing import Any

import pytest

from controller.errors import Conflict, LibrettoError, NotFound, ServerUnavailable
from controller.model.cluster.scalars import MOST_PROBLEMS
from controller.wiring.cluster.definition_status import LONGEST_LINE, RETRY_S, status_of
from controller.wiring.cluster.definitions import defined
from tests.fakes.clock import START
from tests.unit.wiring.cluster.crew import Crew, played
from tests.unit.wiring.cluster.test_definitions import definition

Json = dict[str, Any]


def conditions(status: Json) -> dict[str, tuple[str, str]]:
    return {one["type"]: (one["status"], one["reason"]) for one in status["conditions"]}


def said(one: Json) -> Json:
    status = status_of(one, defined(one), START)
    assert status is not None
    return status


def test_an_orchestration_that_can_be_run() -> None:
    one = definition(version="2.1.0", generation=3)
    one["spec"]["finally"] = [{"id": "clean", "agent": "loader"}]
    status = said(one)
    assert conditions(status) == {"Ready": ("True", "Ready")}
    assert (status["version"], status["steps"], status["observedGeneration"]) == ("2.1.0", 2, 3)
    assert status["digest"].startswith("blake3:")
    assert status["problems"] is None  # of an earlier generation


@pytest.mark.parametrize(
    ("way", "runs"),
    [
        ({}, "process"),
        ({"image": {"name": "loader:1"}, "process": None}, "image"),
        ({"http": {"url": "https://loader"}, "process": None}, "http"),
    ],
)
def test_an_agent_says_how_it_runs(way: Json, runs: str) -> None:
    one = definition("Agent", "loader", **way)
    one["spec"] = {name: value for name, value in one["spec"].items() if value is not None}
    entry, problems = defined(one)
    assert entry is not None, problems
    assert said(one)["runsAs"] == runs


def test_what_cannot_be_run_says_all_that_is_wrong() -> None:
    status = said(definition(steps=[{"id": "a", "agent": "x", "dependsOn": ["b"]}, {"id": "a", "agent": "x"}]))
    assert conditions(status) == {"Ready": ("False", "DefinitionInvalid"), "Stalled": ("True", "DefinitionInvalid")}
    assert len(status["problems"]) >= 2
    message = status["conditions"][0]["message"]
    assert message.endswith(f"the first: {status['problems'][0]}")
    assert status["digest"] is None


def test_what_is_said_is_bounded() -> None:
    steps = [{"id": f"s{number}", "agent": "x", "dependsOn": ["n" * 3000]} for number in range(MOST_PROBLEMS + 10)]
    status = said(definition(steps=steps))
    assert len(status["problems"]) == MOST_PROBLEMS
    assert max(len(line) for line in status["problems"]) <= LONGEST_LINE


def test_a_generation_is_said_once() -> None:
    one = definition(generation=2)
    assert status_of({**one, "status": {"observedGeneration": 2}}, defined(one), START) is None
    assert status_of({**one, "status": {"observedGeneration": 1}}, defined(one), START) is not None


def test_what_did_not_change_keeps_its_time() -> None:
    one = definition(generation=2)
    before = said(definition(generation=1))
    later = status_of({**one, "status": before}, defined(one), START + 3_600_000)
    assert later is not None
    times = [status["conditions"][0]["lastTransitionTime"] for status in (before, later)]
    assert times[0] == times[1]


# The writer


def versioned(one: Json, version: int) -> Json:
    return {**one, "metadata": {**one["metadata"], "resourceVersion": str(version)}}


class Desk:
    """An operator whose definitions are written."""

    def __init__(self, *definitions: Json, **settings: Any) -> None:
        self.crew = Crew(**settings)
        for number, one in enumerate(definitions):
            self.put(one, number + 1)

    def put(self, one: Json, version: int) -> None:
        caches = self.crew.caches
        (caches.agents if one["kind"] == "Agent" else caches.orchestrations).put(versioned(one, version))

    async def lead(self) -> list[tuple[str, Json]]:
        await self.crew.lead()
        await self.crew.quiet()
        return self.crew.client.patched

    def fails(self, error: LibrettoError | None) -> None:
        self.crew.client.fails = error


@played
async def test_a_leader_writes_what_nobody_has_written() -> None:
    seen = definition(name="seen") | {"status": {"observedGeneration": 1}}
    desk = Desk(definition(), definition("Agent", "loader"), seen)
    written = await desk.lead()
    assert sorted(where for where, _ in written) == ["agents space/loader", "orchestrations space/nightly"]
    body = dict(written)["orchestrations space/nightly"]
    # That very object, whoever else writes beside.
    assert body["metadata"] == {"uid": "uid-Orchestration-nightly"}


@played
async def test_a_change_is_written_and_an_echo_is_not() -> None:
    desk = Desk(definition())
    written = await desk.lead()
    desk.put(definition() | {"status": written[0][1]["status"]}, 5)
    await desk.crew.quiet()
    assert len(written) == 1
    desk.put(definition(generation=2, steps=[]), 6)
    await desk.crew.quiet()
    assert conditions(written[1][1]["status"])["Ready"] == ("False", "DefinitionInvalid")


@pytest.mark.parametrize("error", [ServerUnavailable("away"), Conflict("another uid")])
def test_what_could_not_be_written_is_tried_again_after_the_others(error: LibrettoError) -> None:
    @played
    async def test() -> None:
        desk = Desk(definition(name="one"), definition(name="two"))
        desk.fails(error)
        written = await desk.lead()
        assert [where for where, _ in written] == ["orchestrations space/one"]
        desk.fails(None)
        await desk.crew.quiet(RETRY_S)
        expected = ["orchestrations space/one", "orchestrations space/two", "orchestrations space/one"]
        assert [where for where, _ in written] == expected

    test()


@played
async def test_a_definition_that_goes_meanwhile_is_not_tried_again() -> None:
    desk = Desk(definition())
    desk.fails(NotFound("gone"))
    written = await desk.lead()
    await desk.crew.quiet(10 * RETRY_S)
    assert len(written) == 1


@played
async def test_a_definition_that_went_before_is_not_written() -> None:
    desk = Desk(definition())
    desk.crew.caches.orchestrations.remove(versioned(definition(), 9))
    assert await desk.lead() == []


@played
async def test_who_does_not_lead_writes_nothing() -> None:
    desk = Desk(definition())
    await desk.crew.quiet()
    assert desk.crew.client.patched == []
    await desk.lead()
    await desk.crew.operator.follow()
    desk.put(definition(generation=2), 9)
    await desk.crew.quiet()
    assert len(desk.crew.client.patched) == 1


@played
async def test_other_shards_write_their_own() -> None:
    names = [f"space-{number}" for number in range(12)]
    written: list[str] = []
    for shard in range(2):
        definitions = (definition(namespace=name, name=f"of-{name}") | {"kind": "Orchestration"} for name in names)
        desk = Desk(*definitions, shard=shard, shards=2)
        written += [where for where, _ in await desk.lead()]
        await desk.crew.operator.follow()
    assert sorted(written) == sorted(f"orchestrations {name}/of-{name}" for name in names)


@played
async def test_a_mistake_of_ours_about_one_definition_does_not_end_the_writing() -> None:
    broken = definition("Agent", "broken")
    broken["spec"]["files"] = {"a": {}}  # its schema refuses that
    desk = Desk(definition(), broken)
    written = await desk.lead()
    desk.put(definition(generation=2), 9)
    await desk.crew.quiet()
    assert [where for where, _ in written] == ["orchestrations space/nightly"] * 2


@played
async def test_what_a_deleted_definition_meant_is_forgotten() -> None:
    desk = Desk(definition())
    await desk.lead()
    assert list(desk.crew.operator.shared.definitions._known) == ["uid-Orchestration-nightly"]
    desk.crew.caches.orchestrations.remove(versioned(definition(), 9))
    await desk.crew.quiet()
    assert desk.crew.operator.shared.definitions._known == {}
