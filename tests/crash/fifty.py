"""Fifty steps that are a little of everything: chains, fans, joins, retries; 5 to 60 ms each, three at a time."""

from random import Random
from typing import Any

from tests.crash.project import Mark, Project, step

STEPS = 50
NAME = "fifty"
FAIL_ONCE = frozenset({5, 17, 29, 41})
"""Steps that fail at their first attempt."""


def define(project: Project, max_attempts: int = 2) -> str:
    """Write the definition and return its path. It is the same in every project, so all its runs mean the same."""
    random = Random(50)
    steps: list[Any] = []
    for number in range(STEPS):
        nearby = range(max(0, number - 8), number)
        after = sorted(random.sample(nearby, k=min(len(nearby), random.choice([0, 1, 1, 2, 3]))))
        told = {"seconds": random.randrange(5, 61) / 1000, "fails": int(number in FAIL_ONCE)}
        steps.append(step(f"s{number}", *(f"s{one}" for one in after), told=told))
    return project.define(
        NAME,
        steps,
        execution={"concurrency": {"maxParallel": 3}},
        errorHandling={"onStepFailure": {"maxAttempts": max_attempts, "initialDelayMs": 250}},
    )


def attempts() -> set[tuple[str, int]]:
    """Return what must be started, each exactly once."""
    return {(f"s{number}", 1 + again) for number in range(STEPS) for again in range(1 + (number in FAIL_ONCE))}


def dependencies(project: Project) -> dict[str, set[str]]:
    """Return step -> all steps that must have ended before it begins."""
    return {one.id: set(one.depends_on) for one in project.member().entry.spec.steps}


def out_of_order(marks: list[Mark], needs: dict[str, set[str]]) -> list[str]:
    """Return every begin of a step before the last attempt of one that it depends on had ended."""
    ends = {mark.step: place for place, mark in enumerate(marks) if mark.what == "end"}
    return [
        f"{mark.step} began before {need} had ended"
        for place, mark in enumerate(marks)
        if mark.what == "begin"
        for need in needs[mark.step]
        if ends.get(need, len(marks)) > place
    ]


def most_at_once(marks: list[Mark]) -> int:
    """Return how many steps ran side by side at most."""
    most = now = 0
    for mark in marks:
        now += 1 if mark.what == "begin" else -1
        most = max(most, now)
    return most
