"""Fifty steps that are a little of everything: chains, fans, joins, retries, lists, a child run, artifacts.

5 to 60 ms each, three at a time.
"""

from random import Random
from typing import Any

from tests.crash.project import Mark, Project, step

STEPS = 50
NAME = "fifty"
FAIL_ONCE = frozenset({5, 17, 29, 41})
"""Steps that fail at their first attempt."""

INSTANCES = {10: 4, 30: 3}
"""Steps that are done for each element of a list -> its length."""

CHILD, GRANDCHILDREN = 20, 4
"""The step that plays a run of its own, and how many steps that has."""

SKIPPED = frozenset({25, 35})
LARGE = {15: 20_000, 40: 300_000}
"""Steps that leave an artifact that becomes a file -> its bytes."""

PLAIN = frozenset(range(STEPS)) - INSTANCES.keys() - SKIPPED - {CHILD}


def define(project: Project, max_attempts: int = 2) -> str:
    """Write the definitions and return the path. They are the same in every project, so all runs mean the same."""
    random = Random(50)
    errors = {"onStepFailure": {"maxAttempts": max_attempts, "initialDelayMs": 250}}
    chain = [step(f"c{number}", *([f"c{number - 1}"] if number else [])) for number in range(GRANDCHILDREN)]
    project.define("four", chain, errorHandling=errors)
    steps = []
    for number in range(STEPS):
        nearby = range(max(0, number - 8), number)
        after = sorted(random.sample(nearby, k=min(len(nearby), random.choice([0, 1, 1, 2, 3]))))
        steps.append(_step(number, after, random.randrange(5, 61) / 1000))
    return project.define(NAME, steps, execution={"concurrency": {"maxParallel": 3}}, errorHandling=errors)


def _step(number: int, after: list[int], seconds: float) -> dict[str, Any]:
    told = {"seconds": seconds, "fails": int(number in FAIL_ONCE), "size": LARGE.get(number, 0)}
    made = step(f"s{number}", *(f"s{one}" for one in after if one in PLAIN), told=told)
    # What has no output of its own form is waited for, but not named in the input.
    made["dependsOn"] = [f"s{one}" for one in after]
    if number in INSTANCES:
        made["foreach"] = str(list(range(INSTANCES[number])))
    elif number in SKIPPED:
        made["when"] = "1 > 2"
    elif number == CHILD:
        made = {
            "id": made["id"],
            "type": "orchestration",
            "dependsOn": made["dependsOn"],
            "orchestration": {"name": "four"},
        }
    return made


def attempts() -> set[tuple[str, int]]:
    """Return what must be started, each exactly once."""
    once = {f"s{number}" for number in PLAIN} | {f"c{number}" for number in range(GRANDCHILDREN)}
    once |= {f"s{number}[{one}]" for number, length in INSTANCES.items() for one in range(length)}
    return {(name, 1) for name in once} | {(f"s{number}", 2) for number in FAIL_ONCE}


def dependencies(project: Project) -> dict[str, set[str]]:
    """Return step -> all steps that must have ended before it begins."""
    return {one.id: set(one.depends_on) for one in project.member().entry.spec.steps}


def out_of_order(marks: list[Mark], needs: dict[str, set[str]]) -> list[str]:
    """Return every begin of a step before the last attempt of one that it depends on had ended."""
    # Instances count as their step, and the steps of the child as the step that plays it.
    named = [mark._replace(step=mark.step.partition("[")[0]) for mark in marks]
    named = [mark._replace(step=f"s{CHILD}") if mark.step.startswith("c") else mark for mark in named]
    ends = {mark.step: place for place, mark in enumerate(named) if mark.what == "end"}
    return [
        f"{mark.step} began before {need} had ended"
        for place, mark in enumerate(named)
        if mark.what == "begin"
        for need in needs[mark.step] - {f"s{number}" for number in SKIPPED}
        if ends.get(need, len(marks)) > place
    ]


def most_at_once(marks: list[Mark]) -> int:
    """Return how many steps ran side by side at most; those of the child have a limit of their own."""
    most = now = 0
    for mark in marks:
        if not mark.step.startswith("c"):
            now += 1 if mark.what == "begin" else -1
            most = max(most, now)
    return most
