"""Phases are known, used and in order."""

import pytest

from tests.unit.definition.reading import HEAD, said

PHASES = "  phases: [{id: one}, {parallel: [{id: two}, {id: three}]}]\n"
USED = "{id: u, agent: x, phase: one}, {id: v, agent: x, phase: two}, {id: w, agent: x, phase: three}"

CASES: dict[str, tuple[str, list[str]]] = {
    "right": (f"{PHASES}  steps: [{USED}]\n", []),
    "an unknown phase": (
        f"{PHASES}  steps: [{USED}, {{id: a, agent: x, phase: thre}}]\n",
        ['unknown phase "thre" of "a" (did you mean "three"?)'],
    ),
    "no phase": (
        f"{PHASES}  steps: [{USED}, {{id: a, agent: x}}]\n",
        ['step "a" is in no phase (add phase: with one of one, two, three)'],
    ),
    "a phase where there are none": (
        "  steps: [{id: a, agent: x, phase: one}]\n",
        ['phase "one" of "a" is not defined: there are no phases (define it under phases, or remove it)'],
    ),
    "the same phase twice": (
        f"  phases: [{{id: one}}, {{parallel: [{{id: two}}, {{id: three}}, {{id: one}}]}}]\n  steps: [{USED}]\n",
        ['a second phase "one"; the first is in line 5'],
    ),
    "an empty phase": (
        "  phases: [{id: one}, {id: two}]\n  steps: [{id: a, agent: x, phase: one}]\n",
        ['warning: phase "two" has no steps'],
    ),
    "waiting for a later phase": (
        f"{PHASES}  steps: [{USED}, {{id: a, agent: x, phase: one, dependsOn: [v]}}]\n",
        ['"a" waits for "v", which is in the later phase "two"'],
    ),
    "waiting across parallel phases": (
        f"{PHASES}  steps: [{USED}, {{id: a, agent: x, phase: two, dependsOn: [w]}}]\n",
        [],
    ),
    "output of an earlier phase": (
        (
            f"{PHASES}  steps: [{USED}, {{id: a, agent: x, phase: two, inputs: [{{step: u}}], "
            "input: {payload: {x: '{{ steps.u.x }}'}}, when: steps.u.y == 1}]\n"
        ),
        [],
    ),
    "output of a phase beside it": (
        f"{PHASES}  steps: [{USED}, {{id: a, agent: x, phase: two, input: {{payload: {{x: '{{{{ steps.w.x }}}}'}}}}}}]\n",
        ['"w" does not run before "a", so its output is not there (add "w" to dependsOn of "a")'],
    ),
    "a condition over what comes later": (
        f"  phases: [{{id: one, when: steps.v.x}}, {{id: two, when: steps.u.x}}, {{id: three}}]\n  steps: [{USED}]\n",
        ['when: "v" has not surely settled when phase "one" starts'],
    ),
}


@pytest.mark.parametrize(("body", "expected"), CASES.values(), ids=CASES)
def test_phases(body: str, expected: list[str]) -> None:
    assert [line.split(" ", 1)[1] for line in said(f"{HEAD}spec:\n{body}")] == expected
