"""Whatever a definition refers to is there when it is needed, or it is said where it is not."""

import pytest

from tests.unit.definition.reading import HEAD, said

STEPS = """\
spec:
  parameters: [{key: topic}, {key: rows}]
  steps:
    - {id: first, agent: x, contract: {artifacts: [{name: t.csv}, {name: log, required: false}]}}
    - {id: maybe, agent: x, when: 'parameters.topic == "x"', contract: {artifacts: [{name: m.csv}]}}
    - id: second
      agent: x
      dependsOn: [first]
"""

TEMPLATES: dict[str, list[str]] = {
    "{{ parameters.topic }} {{ topic }} {{ steps.first.a.b }}": [],
    "{{ parameters.topik }}": ['9:29 unknown parameter "topik" (did you mean "topic"?)'],
    "on {{ topik }}": ['9:32 unknown parameter "topik" (did you mean "topic"?)'],
    "{{ first }}": ['9:29 unknown parameter "first" (for the output of the step write "steps.first")'],
    "{{ topic.x }}": ['9:29 unknown "topic" in a template (for a parameter write "parameters.topic.x")'],
    "{{ step.first.a }}": ['9:29 unknown "step" in a template (did you mean "steps"?)'],
    "{{ steps.frist.a }}": ['9:29 unknown step "frist" (did you mean "first"?)'],
    "{{ steps.maybe.a }}": [
        '9:29 "maybe" does not run before "second", so its output is not there (add "maybe" to dependsOn of "second")'
    ],
    "{{ steps.second.a }}": ['9:29 "second" cannot use its own output'],
    "{{ steps }}": ['9:29 unknown parameter "steps"'],
    "{{ item }}": ['9:29 "item" exists only in steps with foreach'],
    "{{ env.TOKEN }}": [
        "9:29 a definition cannot hold secrets (name the variable in fromEnv or fromFile of the agent)"
    ],
    "{{ run.id }}": [
        "9:29 warning: a value of the run in the input defeats the cache: no two runs have the same input"
    ],
}


@pytest.mark.parametrize(("text", "expected"), TEMPLATES.items(), ids=TEMPLATES)
def test_templates(text: str, expected: list[str]) -> None:
    found = said(f"{HEAD}{STEPS}      input: {{payload: {{a: '{text}'}}}}\n")
    assert [line.replace("12:29", "9:29", 1).replace("12:32", "9:32", 1) for line in found] == expected


def test_instances_know_their_item() -> None:
    text = STEPS + "      foreach: steps.first.rows\n      input: {payload: {a: '{{ item.x }} {{ index }}'}}\n"
    assert said(HEAD + text) == []


def test_outputs_of_the_run() -> None:
    text = STEPS + "  outputs: {a: '{{ steps.second.x }}', b: '{{ steps.z.x }}', c: '{{ run.id }}'}\n"
    text += "  finally: [{id: z, agent: x}]\n"
    assert said(HEAD + text) == ['12:44 the finally step "z" has no output for the run']


FURTHER: dict[str, tuple[str, list[str]]] = {
    "a condition": (
        "      when: steps.first.ok && steps.maybe.x == parameters.topik\n",
        ['when: unknown parameter "topik" (did you mean "topic"?)'],
    ),
    "a condition over a step that does not run before": (
        "      when: steps.maybe.x == 1\n",
        ['when: "maybe" has not surely settled when step "second" starts (add "maybe" to dependsOn)'],
    ),
    "a list that is none": ("      foreach: '3'\n", ["foreach: expected a list, this is int"]),
    "an artifact of a step that does not run before": (
        "      inputs: [{step: maybe}]\n",
        ['"maybe" does not run before "second" (add "maybe" to dependsOn)'],
    ),
    "an artifact that nobody promises": (
        "      inputs: [{step: first, artifact: s.csv}]\n",
        ['the contract of "first" promises no artifact "s.csv" (did you mean "t.csv"?)'],
    ),
    "an unknown step in inputs": (
        "      inputs: [{step: frst}]\n",
        ['unknown step "frst" in inputs of "second" (did you mean "first"?)'],
    ),
    "what a skipped step would have made": (
        "    - {id: third, agent: x, dependsOn: [maybe]}\n",
        [
            (
                '"third" needs m.csv of "maybe", which may be skipped '
                '(give "third" a when too, or make the artifact required: false)'
            )
        ],
    ),
    "a consumer that can be skipped, too": ("    - {id: third, agent: x, dependsOn: [maybe], when: 'true'}\n", []),
    "an unknown step in caching": (
        "  execution: {caching: {steps: [{id: frst}]}}\n",
        ['unknown step "frst" in caching (did you mean "first"?)'],
    ),
    "a path that is none": (
        "      outputMapping: {rows: content.rows}\n",
        ['cannot read "content.rows" as a path (did you mean "$.content.rows"?)'],
    ),
}


@pytest.mark.parametrize(("more", "expected"), FURTHER.values(), ids=FURTHER)
def test_references(more: str, expected: list[str]) -> None:
    assert [line.split(" ", 1)[1] for line in said(HEAD + STEPS + more)] == expected
