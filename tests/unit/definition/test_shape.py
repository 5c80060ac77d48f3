"""What a model does not take is said in the author's words, at its place, once; the rest is still checked."""

import pytest

from tests.unit.definition.reading import HEAD, said

CASES: dict[str, tuple[str, list[str]]] = {
    "a number of seconds": (
        "spec:\n  steps: [{id: a, agent: b}]\n  execution: {caching: {ttlSeconds: 1 day}}\n",
        ['6:37 ttlSeconds is "1 day"; expected a whole number of seconds, e.g. 86400'],
    ),
    "a version as a number": (
        "spec:\n  version: 1.0\n  steps: [{id: a, agent: b}]\n",
        ['5:12 version is 1.0; expected a semantic version such as "1.0.0" (quote it: "1.0")'],
    ),
    "a version that is none": (
        "spec:\n  version: v1\n  steps: [{id: a, agent: b}]\n",
        ['5:12 version is "v1"; expected a semantic version "major.minor.patch" such as "1.0.0"'],
    ),
    "a duration without unit": (
        "spec:\n  timeout: 90\n  steps: [{id: a, agent: b}]\n",
        ['5:12 timeout is 90; expected a duration with its unit, such as "90s", "5m" or "1h30m"'],
    ),
    "one id instead of a list": (
        "spec:\n  steps: [{id: a, agent: b}, {id: b, agent: c, dependsOn: a}]\n",
        ['5:59 dependsOn is "a"; expected a list (write [a])'],
    ),
    "a missing id": (
        "spec:\n  steps:\n    - agent: b\n    - {id: b, agent: c}\n",
        ['6:7 steps[0] needs the field "id"'],
    ),
    "aliases belong to bare documents": (
        "spec:\n  steps: [{id: a, agent: b, depends_on: []}]\n  error_handling: {}\n",
        [
            '5:29 unknown field "depends_on" in steps[0] (did you mean "dependsOn"?)',
            '6:3 unknown field "error_handling" in spec (did you mean "errorHandling"?)',
        ],
    ),
    "a mistyped required field": (
        "spec:\n  steps: [{idd: a, agent: b}, {id: c, agent: b, dependsOn: [a]}]\n",
        ['5:12 unknown field "idd" in steps[0] (did you mean "id"?)'],
    ),
    "a phase and what is none": (
        "spec:\n  phases: [{paralel: [{id: p}]}]\n  steps: [{id: a, agent: b, phase: p}]\n",
        ['5:13 unknown field "paralel" in phases[0] (did you mean "parallel"?)'],
    ),
    "several at once, with what other checks find": (
        (
            "spec:\n"
            "  steps:\n    - {id: a, agent: b, dependsOn: [c]}\n    - {id: b, agent: c, mode: build, timeout: soon}\n"
            "  errorHandling: {onStepFailure: {maxAttempts: 0}}\n"
        ),
        [
            '6:37 unknown step "c" in dependsOn of "a"',
            '7:31 mode is "build"; expected "BUILD", "CONVERSE", "PLAN" or "ORCHESTRATION" (did you mean "BUILD"?)',
            '7:47 timeout is "soon"; expected a duration such as "90s", "5m" or "1h30m"',
            "8:48 maxAttempts is 0; expected 1 or more",
        ],
    ),
    "what has no name is not spoken of": (
        "spec:\n  parameters: [{default: now}]\n  steps: [{agent: b, type: orchestration}]\n",
        [
            '5:16 parameters[0] needs the field "key"',
            '6:11 steps[0] needs the field "id"',
            '6:11 step "steps[0]" plays an orchestration but does not name it (add orchestration: {name: ...})',
        ],
    ),
    "an item of a list of texts": (
        "spec:\n  steps: [{id: a, agent: b}, {id: b, agent: c, dependsOn: [1, a, a]}]\n",
        [
            '5:60 dependsOn[0] is 1; expected text (quote it: "1")',
            '5:66 "a" stands twice in dependsOn of "b" (remove one)',
        ],
    ),
}


@pytest.mark.requirement("DEF-058")
@pytest.mark.parametrize(("body", "expected"), CASES.values(), ids=CASES)
def test_deviations_are_said(body: str, expected: list[str]) -> None:
    assert said(HEAD + body) == expected


@pytest.mark.requirement("DEF-058")
def test_reading_shape_and_meaning_are_told_together() -> None:
    text = HEAD + "spec:\n  steps:\n    - {id: a, agent: yes}\n    - {id: b, agnt: x, dependsOn: [d]}\n"
    assert [line.split(" ", 1)[0] for line in said(text)] == ["6:22", "7:15", "7:36"]
