"""Story: an orchestration, how its programs end, and what people do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from controller.model.outcomes import Outcomes
from controller.wiring.definitions import Found
from tests.differential.stage import People
from tests.differential.workshop import built, outcomes_from

Spec = Mapping[str, Any]
Attempts = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Story:
    """What is played."""

    specs: Sequence[Spec]
    """The root first, then the orchestrations that it plays."""
    table: Mapping[str, Attempts] = field(default_factory=dict)
    undo: Mapping[str, Attempts] = field(default_factory=dict)
    decisions: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    commands: Sequence[Mapping[str, Any]] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    agents: Sequence[Mapping[str, Any]] = ()
    verdict: str = "Succeeded"

    def found(self, folder: Path) -> Found:
        """Write the programs and their table below `folder`; return what is to be played."""
        return built(folder, self.specs, self.table, self.undo, self.agents)

    def named(self, suffix: str) -> "Story":
        """Return the same story with other names for all that it defines, so that several fit into one namespace."""
        agents = [{"slug": "worker"}, *self.agents]
        renamed = [{**agent, "slug": f"{agent['slug']}-{suffix}"} for agent in agents]
        return replace(self, specs=[_suffixed(spec, suffix) for spec in self.specs], agents=renamed)

    @property
    def people(self) -> People:
        """What people do in the real run."""
        return People(self.decisions, self.commands)

    @property
    def outcomes(self) -> Outcomes:
        """What happens, as an outcomes file that knows nothing of the real run."""
        return outcomes_from(self.table, self.undo, self.decisions, self.commands, self._paths())

    def _paths(self) -> dict[str, list[str]]:
        named = {spec["name"]: spec for spec in self.specs}
        found: dict[str, list[str]] = {}
        waiting = [("", self.specs[0])]
        while waiting:
            path, spec = waiting.pop()
            for step in (*spec["steps"], *spec.get("finally", [])):
                if "orchestration" in step:
                    waiting.append((f"{path}{step['id']}/", named[step["orchestration"]["name"]]))
                elif path:
                    # An instance is named in the table, not in the definition.
                    for name in self.table.keys() | self.undo.keys():
                        if name.partition("[")[0] == step["id"]:
                            found.setdefault(name, []).append(path + name)
        return found


def orchestration(*steps: Mapping[str, Any], name: str = "story", **fields: Any) -> Spec:
    """Return a definition; steps call the worker unless they say otherwise."""
    return {"name": name, "steps": [_step(step) for step in steps], **fields}


def _suffixed(spec: Spec, suffix: str) -> Spec:
    renamed = {**spec, "name": f"{spec['name']}-{suffix}"}
    for member in ("steps", "finally"):
        if member in spec:
            renamed[member] = [_suffixed_step(step, suffix) for step in spec[member]]
    return renamed


def _suffixed_step(step: Mapping[str, Any], suffix: str) -> Mapping[str, Any]:
    if "orchestration" in step:
        return {**step, "orchestration": {"name": f"{step['orchestration']['name']}-{suffix}"}}
    return {**step, "agent": f"{step['agent']}-{suffix}"}


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    if "orchestration" in step:
        return {"type": "orchestration", **step}
    return {"agent": "worker", **step}


def retrying(attempts: int, **more: Any) -> dict[str, Any]:
    """Return a policy with the shortest delay that there is."""
    return {"maxAttempts": attempts, "initialDelayMs": 250, **more}
