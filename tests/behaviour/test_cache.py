"""When is an agent not called because its output is known?"""

import sqlite3
from contextlib import closing
from typing import Any

import pytest

from controller.model.states import Verdict
from controller.ports.result_cache import CacheEntry
from tests.behaviour.stage import Played, Stage, facts

ON = {"caching": {"enabled": True}}
ANY = [{"key": "value", "default": 1}]


def ask(name: str = "ask", **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "input": {"payload": {"of": name, "value": "{{ value }}", "leave": {"made.txt": "by hand"}}},
        **more,
    }


def how(played: Played, *steps: str) -> list[str]:
    return [played.root.state.unit(played.root.unit(step) or 0).how for step in steps]


@pytest.mark.requirement("DEF-036")
@pytest.mark.parametrize("enabled", [True, False])
def test_caching_is_switched_by_the_definition(stage: Stage, *, enabled: bool) -> None:
    stage.orchestration("one", [ask()], parameters=ANY, execution={"caching": {"enabled": enabled}})
    stage.play("one")
    again = stage.play("one")
    assert again.calls == ([] if enabled else ["ask do 1"])
    assert how(again, "ask") == ["cache" if enabled else "ran"]


@pytest.mark.requirement("DEF-037")
def test_equal_input_has_one_key_whatever_the_order_of_its_keys(stage: Stage) -> None:
    stage.orchestration("one", [ask()], parameters=ANY, execution=ON)
    stage.play("one", {"value": {"a": 1, "b": {"c": [1, 2], "d": None}}})
    assert stage.play("one", {"value": {"b": {"d": None, "c": [1, 2]}, "a": 1}}).calls == []
    assert stage.play("one", {"value": {"a": 1, "b": {"c": [2, 1], "d": None}}}).calls == ["ask do 1"]


@pytest.mark.requirement("DEF-038")
def test_a_hit_gives_output_and_artifacts_without_calling_the_agent(stage: Stage) -> None:
    stage.orchestration("one", [ask(), {"id": "use", "dependsOn": ["ask"]}], parameters=ANY, execution=ON)
    first = stage.play("one")
    # Another program for the consumer alone: its input is the artifact that comes from the cache.
    stage.orchestration(
        "one", [ask(), {"id": "use", "agent": "reader", "dependsOn": ["ask"]}], parameters=ANY, execution=ON
    )
    second = stage.play("one")
    assert second.calls == ["use do 1"]
    assert second.output("ask") == first.output("ask")
    assert second.output("use")["files"] == {"ask/made.txt": "by hand"}
    (record,) = second.of("ask")
    assert (record.kind, record.attempt) == ("StepSucceeded", None)
    assert facts(record)["source"]["run"] == first.root.spec.uid


@pytest.mark.requirement("DEF-039")
def test_an_entry_expires_with_its_time(stage: Stage) -> None:
    stage.orchestration("one", [ask()], parameters=ANY, execution={"caching": {"enabled": True, "ttlSeconds": 300}})
    first = stage.play("one")
    (entry,) = entries(stage)
    assert entry.expires_at - entry.stored_at == 300_000
    assert entry.output_digest == first.of("ask", "StepSucceeded")[0].output_digest
    assert stage.local.stores.cache.get(entry.key, entry.expires_at - 1) is not None
    assert stage.local.stores.cache.get(entry.key, entry.expires_at) is None
    stage.local.stores.cache.put(entry._replace(expires_at=entry.stored_at))
    assert stage.play("one").calls == ["ask do 1"]


@pytest.mark.requirement("DEF-040", "DEF-041")
@pytest.mark.parametrize(
    ("caching", "kept"),
    [
        ({"ttlSeconds": 60}, {"a": 60, "b": 60}),
        ({"ttlSeconds": 60, "steps": [{"id": "a", "ttlSeconds": 5}]}, {"a": 5}),
        ({"ttlSeconds": 60, "steps": [{"id": "a"}]}, {"a": 60}),
        ({"ttlSeconds": 60, "strategy": "definition", "steps": [{"id": "a", "ttlSeconds": 5}]}, {"a": 5, "b": 60}),
        ({"ttlSeconds": 60, "strategy": "definition", "steps": [{"id": "a", "enabled": False}]}, {"b": 60}),
        ({"ttlSeconds": 60, "strategy": "per_step"}, {}),
        ({"ttlSeconds": 0, "strategy": "definition", "steps": [{"id": "b", "ttlSeconds": 9}]}, {"b": 9}),
        ({"ttlSeconds": 200_000}, {"a": 86_400, "b": 86_400}),
    ],
)
def test_each_step_is_kept_as_long_as_is_said_or_not_at_all(
    stage: Stage, caching: dict[str, Any], kept: dict[str, int]
) -> None:
    stage.orchestration(
        "one", [ask("a"), ask("b")], parameters=ANY, execution={"caching": {"enabled": True, **caching}}
    )
    stage.play("one")
    found = {entry.step: (entry.expires_at - entry.stored_at) // 1000 for entry in entries(stage)}
    assert found == kept


def test_a_hit_never_skips_a_checkpoint(stage: Stage) -> None:
    gated = ask(checkpointAfter={"question": "good?"})
    stage.orchestration("one", [gated], parameters=ANY, execution=ON)
    stage.play("one", decide=lambda _: Verdict.APPROVE)
    again = stage.play("one", decide=lambda _: Verdict.REJECT)
    assert (again.calls, again.state) == ([], "Aborted")
    assert again.kinds("ask") == ["GateOpened", "GateRejected"]


def test_what_a_person_changed_is_another_input(stage: Stage) -> None:
    stage.orchestration("one", [ask(checkpointAfter={"question": "good?"})], parameters=ANY, execution=ON)
    said: list[Any] = [{"value": 2}, Verdict.APPROVE]
    stage.play("one", decide=lambda _: said.pop(0))
    assert stage.play("one", {"value": 2}, decide=lambda _: Verdict.APPROVE).calls == []
    assert stage.play("one", {"value": 1}, decide=lambda _: Verdict.APPROVE).calls == []
    assert stage.play("one", {"value": 3}, decide=lambda _: Verdict.APPROVE).calls == ["ask do 1"]


def test_a_changed_program_misses(stage: Stage) -> None:
    stage.orchestration("one", [ask()], parameters=ANY, execution=ON)
    stage.play("one")
    program = stage.folder / "definitions" / "agents" / "worker" / "probe.py"
    program.write_bytes(program.read_bytes() + b"# changed\n")
    assert stage.play("one").calls == ["ask do 1"]


def test_what_breaks_the_contract_of_today_is_not_served(stage: Stage) -> None:
    stage.orchestration("one", [ask()], parameters=ANY, execution=ON)
    stage.play("one")
    strict = ask(contract={"artifacts": [{"name": "made.txt", "schema": {"type": "object"}}]})
    stage.orchestration("one", [strict], parameters=ANY, execution=ON)
    assert stage.play("one").calls == ["ask do 1"]


def test_a_list_of_instances_is_kept_and_served_as_a_whole(stage: Stage) -> None:
    each = ask(
        foreach="parameters.value", input={"payload": {"item": "{{ item }}", "leave": {"n.txt": "of {{ index }}"}}}
    )
    stage.orchestration("one", [each, {"id": "use", "dependsOn": ["ask"]}], parameters=ANY, execution=ON)
    first = stage.play("one", {"value": [3, 4]})
    assert first.calls[:2] == ["ask[0] do 1", "ask[1] do 1"]
    assert [one["given"]["payload"]["item"] for one in first.output("ask")] == [3, 4]
    second = stage.play("one", {"value": [3, 4]})
    assert (second.calls, how(second, "ask", "use")) == ([], ["cache", "cache"])
    assert second.output("ask") == first.output("ask")
    assert second.of("ask")[0].input_digest == first.of("ask", "StepExpanded")[0].input_digest
    assert stage.play("one", {"value": [4, 3]}).calls[:2] == ["ask[0] do 1", "ask[1] do 1"]
    assert stage.play("one", {"value": [3]}).calls[0] == "ask[0] do 1"


def test_a_list_that_a_person_completed_is_not_kept(stage: Stage) -> None:
    failing = {"item": "{{ item }}", "exit": [64]}
    each = {"id": "ask", "foreach": "[1]", "input": {"payload": failing}}
    stage.orchestration("one", [each], execution=ON, errorHandling={"onStepFailure": {"allowSkip": True}})
    stage.play("one")
    assert entries(stage) == []


def test_an_empty_list_is_not_kept(stage: Stage) -> None:
    stage.orchestration("one", [ask(foreach="[]")], parameters=ANY, execution=ON)
    assert stage.play("one").output("ask") == []
    assert how(stage.play("one"), "ask") == ["expanded"]


def entries(stage: Stage) -> list[CacheEntry]:
    with closing(sqlite3.connect(stage.folder / ".libretto" / "state.db")) as database:
        columns = ", ".join(CacheEntry._fields)
        return [CacheEntry(*row) for row in database.execute(f"SELECT {columns} FROM cache ORDER BY step")]
