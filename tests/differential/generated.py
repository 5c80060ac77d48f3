"""Random stories whose meaning cannot hang on the moment: small, with everything that a run can have."""

from random import Random
from typing import Any

from tests.differential.story import Story, orchestration


def generate(seed: int) -> Story:
    """Return the story of a seed; the same for ever."""
    random = Random(seed)
    drawn = _Drawn(random)
    child = drawn.orchestration("c", "child", children=False)
    root = drawn.orchestration("r", "story", children=random.random() < 0.6)
    specs = [root, child] if any("orchestration" in step for step in root["steps"]) else [root]
    own = {step["id"] for spec in specs for step in (*spec["steps"], *spec.get("finally", []))}
    played = [step["id"] for step in root["steps"] if "orchestration" in step]
    decisions = {gate: answers for gate, answers in drawn.decisions.items() if gate in own and gate[0] == "r"}
    for gate, answers in drawn.decisions.items():
        if gate in own and gate[0] == "c":
            decisions |= {f"{step}/{gate}": answers for step in played}
    return Story(
        specs,
        {step: attempts for step, attempts in drawn.table.items() if step.partition("[")[0] in own},
        {step: attempts for step, attempts in drawn.undo.items() if step.partition("[")[0] in own},
        decisions,
        random.choice([[], [], [{"verb": "undo"}], [{"verb": "abort", "undo": True}]]),
    )


class _Drawn:
    def __init__(self, random: Random) -> None:
        self._random = random
        self.table: dict[str, list[dict[str, Any]]] = {}
        self.undo: dict[str, list[dict[str, Any]]] = {}
        self.decisions: dict[str, list[Any]] = {}

    def orchestration(self, prefix: str, name: str, *, children: bool) -> dict[str, Any]:
        random = self._random
        count = random.randrange(2, 6)
        # A rejection stops what happens to run beside it, so it comes only where nothing can.
        chain = random.random() < 0.4
        phased = random.random() < 0.3
        steps: list[dict[str, Any]] = []
        for number in range(count):
            step = self._step(f"{prefix}{number}", steps, chain=chain, children=children)
            if phased:
                step["phase"] = "first" if number * 2 < count else "second"
            steps.append(step)
        fields: dict[str, Any] = {
            "errorHandling": {
                "onStepFailure": {
                    "maxAttempts": random.randrange(1, 4),
                    "initialDelayMs": 250,
                    "strategy": random.choice(["linear", "exponential"]),
                },
                "rollback": {"automatic": random.random() < 0.4},
            },
            "execution": {"concurrency": {"maxParallel": random.randrange(1, 4)}},
        }
        if phased:
            fields["phases"] = [{"id": "first"}, {"id": "second", "when": random.choice(["true", "true", "1 > 2"])}]
        if random.random() < 0.3:
            fields["finally"] = [{"id": f"{prefix}-end", "agent": "worker"}]
            self.table[f"{prefix}-end"] = self._attempts(f"{prefix}-end")
        return dict(orchestration(*steps, name=name, **fields))

    def _step(self, name: str, before: list[dict[str, Any]], *, chain: bool, children: bool) -> dict[str, Any]:
        random = self._random
        ids = [step["id"] for step in before]
        needs = ids[-1:] if chain else sorted(random.sample(ids, min(len(ids), random.randrange(3))))
        step: dict[str, Any] = {"id": name, "dependsOn": needs}
        if random.random() < 0.15:
            step["when"] = random.choice(["true", "1 > 2"])
        if children and random.random() < 0.4:
            return step | {"orchestration": {"name": "child"}}
        payload: dict[str, Any] = {"name": name}
        if needs:
            payload["from"] = "{{ steps." + needs[0] + " }}"
        many = random.random() < 0.2
        if many:
            step["foreach"] = random.choice(["[1, 2, 3]", "[]", "['a', 'b']"])
            payload["item"] = "{{ item }}"
        step["input"] = {"payload": payload}
        if random.random() < 0.3:
            step["undo"] = {"input": {"back": name}}
        if random.random() < 0.1:
            step["reversible"] = False
        if random.random() < 0.25:
            step["checkpointAfter"] = {"question": "good?"}
            choices = ["approve", {"modify": {"tuned": 1}}, *(["reject"] if chain else [])]
            self.decisions[name] = [random.choice(choices), "approve"]
        self.table[name] = self._attempts(name)
        if many and random.random() < 0.5:
            self.table[f"{name}[1]"] = self._attempts(name)
        if random.random() < 0.3:
            self.undo[name] = [{"exitCode": random.choice([1, 65])}, {}]
        return step

    def _attempts(self, name: str) -> list[dict[str, Any]]:
        return [self._attempt(name) for _ in range(self._random.randrange(1, 4))]

    def _attempt(self, name: str) -> dict[str, Any]:
        random = self._random
        attempt: dict[str, Any] = {"exitCode": random.choice([0, 0, 0, 0, 0, 1, 1, 75, 64])}
        if random.random() < 0.4:
            undo = {"input": {"what": name}, "reversible": random.random() < 0.8}
            attempt["receipt"] = {"changes": [name], "undo": undo}
        if attempt["exitCode"]:
            return attempt
        if random.random() < 0.3:
            attempt["artifacts"] = {f"{name}.txt": {"text": f"by {name} {random.randrange(3)}"}}
        if random.random() < 0.05:
            return attempt | {"raw": '{"broken": '}
        return attempt | {"output": {"by": name, "n": random.randrange(3), "share": random.random()}}
