"""Random orchestrations with the outcomes of their attempts: small, but with everything that a run can have."""

from dataclasses import dataclass, field
from random import Random
from typing import Any

import orjson

from controller.adapters.simulated_runner import Scripted
from controller.definition.catalog import AgentEntry, Catalog, CatalogEntry
from controller.definition.identity import agent_revision, definition_digest
from controller.model.agent import AgentSpec
from controller.model.orchestration import OrchestrationSpec
from controller.model.states import OutcomeClass

AGENT = AgentSpec.model_validate({"slug": "worker", "maxParallel": 3, "process": {"argv": ["true"]}})


@dataclass
class Story:
    """What is played: definitions, how attempts go, what people do."""

    root: CatalogEntry
    catalog: Catalog
    fates: dict[tuple[str, int], list[Scripted]] = field(default_factory=dict)
    """(path of the step, instance) -> how its charged attempts go; the last one stands for all further ones."""
    verdicts: dict[str, list[str]] = field(default_factory=dict)
    """Path of a gate -> what is decided each time it opens; then `approve`."""
    commands: list[str] = field(default_factory=list)
    """What is commanded each time the run has settled."""


def generate(seed: int) -> Story:
    """Return the story of a seed; the same for ever."""
    random = Random(seed)
    child = _spec(random, "child", "child-story", [])
    children = [child] if random.random() < 0.5 else []
    root = _spec(random, "root", "story", [child["name"]] if children else [])
    entries = [_entry(spec) for spec in (root, *children)]
    agent = AgentEntry(AGENT, agent_revision(AGENT, {}), {}, "global", "dst")
    story = Story(entries[0], Catalog(folder=entries, folder_agents=[agent]))
    _fates(random, story, root, "")
    for step in root["steps"]:
        if step.get("type") == "orchestration":
            _fates(random, story, child, f"{step['id']}/")
    story.commands = random.choices(["retry", "undo", "abort --undo", "skip", ""], k=random.randrange(4))
    return story


def _entry(spec: dict[str, Any]) -> CatalogEntry:
    model = OrchestrationSpec.model_validate(spec)
    return CatalogEntry(model, definition_digest(model), None, "global", "active", "dst")


def _spec(random: Random, prefix: str, name: str, children: list[str]) -> dict[str, Any]:
    count = random.randrange(2, 9)
    phased = random.random() < 0.3
    phases = ["first", "second"] if phased else []
    steps: list[dict[str, Any]] = []
    for number in range(count):
        step = _step(random, f"{prefix[0]}{number}", steps, children)
        if phased:
            step["phase"] = phases[number * 2 // count]
        steps.append(step)
    spec: dict[str, Any] = {
        "name": name,
        "steps": steps,
        "execution": {
            "concurrency": {"maxParallel": random.randrange(1, 4)},
            # Two children that share a cache hit or miss by the moment; only the root's inputs are all its own.
            "caching": {"enabled": prefix == "root" and random.random() < 0.3},
        },
        "errorHandling": {
            "onStepFailure": {"maxAttempts": random.randrange(1, 4), "initialDelayMs": 300, "allowSkip": True},
            "rollback": {"automatic": random.random() < 0.2},
        },
    }
    if phased:
        spec["phases"] = [{"id": "first"}, {"id": "second", "when": random.choice(["true", "1 > 2"])}]
    if random.random() < 0.3:
        spec["finally"] = [{"id": f"{prefix[0]}-end", "agent": "worker"}]
    return spec


def _step(random: Random, name: str, before: list[dict[str, Any]], children: list[str]) -> dict[str, Any]:
    step: dict[str, Any] = {"id": name, "agent": "worker", "input": {"payload": {"name": name}}}
    candidates = [other["id"] for other in before]
    step["dependsOn"] = sorted(random.sample(candidates, min(len(candidates), random.randrange(3))))
    if step["dependsOn"]:
        step["input"]["payload"]["from"] = "{{ steps." + step["dependsOn"][0] + " }}"
    drawn = random.random()
    if children and drawn < 0.3:
        del step["input"], step["agent"]
        step |= {"type": "orchestration", "orchestration": {"name": children[0]}}
    elif drawn < 0.45:
        step["foreach"] = random.choice(["[1, 2, 3]", "[]", "['a']"])
        step["input"]["payload"]["item"] = "{{ item }}"
    elif drawn < 0.55:
        step["launch"] = "AtMostOnce"
    if random.random() < 0.15:
        step["when"] = random.choice(["true", "1 > 2"])
    if random.random() < 0.25:
        step["checkpointAfter"] = {"question": "good?", "required": random.random() < 0.5}
    if random.random() < 0.3:
        step["undo"] = {"input": {"back": name}}
    if random.random() < 0.1:
        step["reversible"] = False
    if random.random() < 0.15:
        step["attemptTimeout"] = "200ms"
    return step


def _fates(random: Random, story: Story, spec: dict[str, Any], path: str) -> None:
    for step in (*spec["steps"], *spec.get("finally", [])):
        name = path + step["id"]
        if step.get("type") == "orchestration":
            continue
        for instance in range(-1, 3):
            story.fates[(name, instance)] = [_script(random, name) for _ in range(random.randrange(3))] + [
                _good(random, name)
            ]
        if "checkpointAfter" in step and not path:
            story.verdicts[name] = random.choices(["approve", "modify", "reject"], weights=[6, 2, 1], k=2)


def _good(random: Random, name: str) -> Scripted:
    output = orjson.dumps({"by": name, "n": random.randrange(3)})
    receipt = None
    if random.random() < 0.4:
        undo = {"input": {"what": name}, "reversible": random.random() < 0.8}
        receipt = orjson.dumps({"changes": [name], "undo": undo})
    return Scripted(random.randrange(1, 150), output=output, receipt=receipt)


def _script(random: Random, name: str) -> Scripted:
    length = random.randrange(1, 400)
    return random.choice(
        [
            Scripted(length, OutcomeClass.FAILED, "it broke", 1),
            Scripted(length, OutcomeClass.FAILED, "come again", 75),
            Scripted(length, OutcomeClass.FAILED, "wrong usage", 64),
            Scripted(length, OutcomeClass.INTERRUPTED, "by a shutdown", None),
            Scripted(length, OutcomeClass.DISRUPTED, "evicted", None),
            Scripted(length, output=b'{"broken": '),
            _good(random, name),
            _good(random, name),
        ]
    )
