"""One definition has one digest, however it was written; every change of meaning gives another."""

import json

import pytest

from controller.definition.identity import agent_revision, definition_digest
from controller.model.agent import AgentSpec
from controller.model.digest import Digest, digest_bytes
from tests.unit.definition.reading import HEAD, spec

BARE = "orchestration: {name: sample, steps: [{id: a, agent: x}, {id: b, agent: x, depends_on: [a]}]}\n"


def digest(text: str, file: str = "definition.yaml") -> Digest:
    return definition_digest(spec(text, file))


SAME: dict[str, tuple[str, str]] = {
    "canonical": (HEAD + "spec: {steps: [{id: a, agent: x}, {id: b, agent: x, dependsOn: [a]}]}\n", "d.yaml"),
    "defaults written out": (
        HEAD
        + "spec:\n  version: 1.0.0\n  name: sample\n  parameters: []\n  execution: {failFast: false, caching: {ttlSeconds: 600}}\n"
        + "  steps: [{id: a, agent: x, type: agent, mode: BUILD, dependsOn: []}, {dependsOn: [a], agent: x, id: b}]\n",
        "d.yaml",
    ),
    "labels, annotations and comments": (
        "# note\n"
        + HEAD.replace("sample", "sample, labels: {a: b}, annotations: {c: d}")
        + "spec: {steps: [{id: a, agent: x}, {id: b, agent: x, dependsOn: [a]}]} # note\n",
        "d.yaml",
    ),
    "JSON": (
        json.dumps(
            {
                "orchestration": {
                    "name": "sample",
                    "steps": [{"id": "a", "agent": "x"}, {"id": "b", "agent": "x", "depends_on": ["a"], "input": None}],
                }
            }
        ),
        "d.json",
    ),
}


@pytest.mark.requirement("DEF-001")
@pytest.mark.parametrize(("text", "file"), SAME.values(), ids=SAME)
def test_writing_does_not_matter(text: str, file: str) -> None:
    assert digest(text, file) == digest(BARE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("name: sample", "name: other"),
        ("id: b", "id: c"),
        ("[a]", "[]"),
        ("steps:", "version: 1.0.1, steps:"),
        ("agent: x}", "agent: x, input: {payload: {k: null}}}"),
        ("agent: x}", "agent: x, mode: plan}"),
    ],
)
def test_meaning_does(old: str, new: str) -> None:
    assert digest(BARE.replace(old, new, 1)) != digest(BARE)


def test_a_null_in_a_payload_is_a_value() -> None:
    first = BARE.replace("agent: x}", "agent: x, input: {payload: {k: null}}}", 1)
    second = BARE.replace("agent: x}", "agent: x, input: {payload: {m: null}}}", 1)
    assert digest(first) != digest(second)


def test_an_agent_is_its_specification_and_its_files() -> None:
    agent = AgentSpec.model_validate({"slug": "a", "process": {"argv": ["./a"]}})
    other = AgentSpec.model_validate({"slug": "a", "process": {"argv": ["./a", "-v"]}})
    files = {"a": digest_bytes(b"one")}
    revisions = {
        agent_revision(agent, files),
        agent_revision(other, files),
        agent_revision(agent, {"a": digest_bytes(b"two")}),
        agent_revision(agent, {}),
    }
    assert len(revisions) == 4
    assert agent_revision(agent, dict(files)) in revisions
