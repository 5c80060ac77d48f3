"""Everything that decides about a result is in the key that it is kept under."""

from typing import Any

import pytest

from controller.model.agent import AgentSpec
from controller.model.digest import Digest
from controller.runtime.caching import cache_key, cache_ttl_ms
from controller.runtime.member import Member
from tests.behaviour.rehearsal import Rehearsal

INPUT: Digest = "blake3:" + "1" * 64
OTHER: Digest = "blake3:" + "2" * 64


def member(step: dict[str, Any], agent: dict[str, Any] | None = None, **spec: Any) -> Member:
    worker = AgentSpec.model_validate({"slug": "worker", "process": {"argv": ["true"]}, **(agent or {})})
    rehearsal = Rehearsal(agents=[worker])
    execution = {"caching": {"enabled": True, **spec.pop("caching", {})}}
    return rehearsal.drive(rehearsal.admit({"steps": [{"id": "a", **step}], "execution": execution, **spec})).root


def key(step: dict[str, Any], inputs: Any = INPUT, **more: Any) -> Digest:
    return cache_key(member(step, **more), 0, inputs)


def test_the_key_is_the_same_for_the_same() -> None:
    assert key({}) == key({}, name="another", version="2.0.0")
    # What is kept is an answer of the agent: neither contract nor checkpoint nor retries are part of it.
    assert key({}) == key({"retry": {"maxAttempts": 2}, "timeout": "1h", "contract": {"due": "1h"}})


def test_every_part_counts() -> None:
    keys = [
        key({}),
        key({}, OTHER),
        key({}, [INPUT]),
        key({}, [INPUT, OTHER]),
        key({}, [OTHER, INPUT]),
        key({"outputMapping": {"x": "$.x"}}),
        key({"outputMapping": {"x": "$.y"}}),
        key({}, agent={"process": {"argv": ["false"]}}),
        key({}, agent={"description": "another"}),
    ]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize(
    ("step", "kept"),
    [
        ({}, 600_000),
        ({"input": {"payload": {"a": "{{ run.id }}"}}}, 0),
        ({"input": {"payload": {}, "userMessage": "for {{ run.requester }}"}}, 0),
        ({"foreach": "[1]", "input": {"payload": {"a": "{{ item }}"}}}, 600_000),
    ],
)
def test_what_names_the_run_itself_is_not_kept(step: dict[str, Any], kept: int) -> None:
    assert cache_ttl_ms(member(step), 0) == kept
