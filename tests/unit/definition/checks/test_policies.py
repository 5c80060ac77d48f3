"""Policies, contracts, agents and what a linter says."""

import pytest

from tests.unit.definition.reading import HEAD, rules, said

STEPS = "spec:\n  steps: [{id: a, agent: x}, {id: o, type: orchestration, orchestration: {name: c}}]\n"

CASES: dict[str, tuple[str, list[str]]] = {
    "contradicting rollback": (
        "  errorHandling: {rollback: {manualOnly: true, automatic: true}}\n",
        ["6:48 manualOnly and automatic exclude each other (keep one of the two)"],
    ),
    "the same parameter twice": (
        "  parameters: [{key: k}, {key: k}]\n",
        ['6:32 a second parameter "k"; the first is in line 6'],
    ),
    "a default outside of its enum": (
        "  parameters: [{key: k, default: c, enum: [a, b]}]\n",
        ['6:34 the default of "k" is not one of its enum'],
    ),
    "a long lifetime": (
        "  execution: {caching: {ttlSeconds: 90000, steps: [{id: a, ttlSeconds: 90000}, {id: a}, {id: o}]}}\n",
        [
            "6:37 warning: ttlSeconds is 90000; at most 86400 (a day) is used",
            "6:72 warning: ttlSeconds is 90000; at most 86400 (a day) is used",
            '6:85 "a" stands twice in caching (keep one of the two)',
            '6:94 warning: "o" plays an orchestration; only agent steps are cached',
        ],
    ),
}


@pytest.mark.parametrize(("more", "expected"), CASES.values(), ids=CASES)
def test_policies(more: str, expected: list[str]) -> None:
    assert said(HEAD + STEPS + more) == expected


OPTIONS: dict[str, tuple[str, list[str]]] = {
    "right": ("[{action: continue}, {action: retry, allowsModification: true}, {action: abort}]", []),
    "the same twice": ("[{action: continue}, {action: continue}]", ["RepeatedOption"]),
    "no way on": ("[{action: abort}]", ["NoWayOn"]),
    "modification elsewhere": ("[{action: continue, allowsModification: true}]", ["Ignored"]),
    "an unknown action": ("[{action: approve}]", ["WrongValue"]),
}


@pytest.mark.parametrize(("options", "expected"), OPTIONS.values(), ids=OPTIONS)
def test_options_of_checkpoints(options: str, expected: list[str]) -> None:
    text = f"{HEAD}spec: {{steps: [{{id: a, agent: x, checkpointAfter: {{options: {options}}}}}]}}\n"
    assert rules(text) == expected


CONTRACTS: dict[str, tuple[str, list[str]]] = {
    "right": (
        (
            "{schema: {type: object, properties: {a: {$ref: '#/$defs/x'}}, $defs: {x: {type: string}}}, due: 1h, "
            "artifacts: [{name: a/t.csv, transform: csv-to-json, schema: {type: array}}]}"
        ),
        [],
    ),
    "no schema": ("{schema: {type: objekt}}", ["Schema"]),
    "no schema of an artifact": ("{artifacts: [{name: t, schema: {required: a}}]}", ["Schema"]),
    "a reference away": ("{schema: {$ref: 'http://localhost/x'}}", ["Schema"]),
    "a reference to nothing": ("{schema: {$ref: '#/$defs/x'}}", ["Schema"]),
    "the same artifact twice": ("{artifacts: [{name: t}, {name: t}]}", ["RepeatedArtifact"]),
    "an artifact elsewhere": ("{artifacts: [{name: ../t}, {name: /t}]}", ["ArtifactName", "ArtifactName"]),
}


@pytest.mark.parametrize(("contract", "expected"), CONTRACTS.values(), ids=CONTRACTS)
def test_contracts(contract: str, expected: list[str]) -> None:
    assert rules(f"{HEAD}spec: {{steps: [{{id: a, agent: x, contract: {contract}}}]}}\n") == expected


@pytest.mark.requirement("ENG-012")
def test_an_unknown_transformation_is_an_error() -> None:
    text = "spec: {steps: [{id: a, agent: x, contract: {artifacts: [{name: t, transform: cvs-to-json}]}}]}\n"
    assert said(HEAD + text) == ['4:78 unknown transformation "cvs-to-json" (did you mean "csv-to-json"?)']


DEFAULTS = {
    "MutableDefault": ["now", "TODAY", "now()", "today + 1", "random", "$(date)", '"{{ today }}"', '"`date`"'],
    "DynamicSecret": ['"${HOME}"', "$API_TOKEN"],
    "Secret": ["ghp_" + "a" * 36, "AKIA" + "A" * 16, '"postgres://me:pw@db/x"', '"-----BEGIN PRIVATE KEY-----"'],
}
FIXED = ["nowhere", "randomised", "today's news", '"2026-01-31"', '"https://example.org/x"', "$5", "3", "[]", "week"]


@pytest.mark.requirement("DEF-063")
@pytest.mark.parametrize(("rule", "default"), [(rule, text) for rule, texts in DEFAULTS.items() for text in texts])
def test_defaults_that_change_or_leak_are_flagged(rule: str, default: str) -> None:
    text = f"{HEAD}{STEPS}  parameters: [{{key: k, default: {default}}}]\n"
    assert rules(text) == [rule]
    assert said(text)[0].startswith("6:34 warning: ")


@pytest.mark.parametrize("default", FIXED)
def test_fixed_defaults_are_not(default: str) -> None:
    assert rules(f"{HEAD}{STEPS}  parameters: [{{key: k, default: {default}}}]\n") == []


@pytest.mark.requirement("DEF-063")
@pytest.mark.parametrize(
    ("payload", "expected"),
    [
        ("{password: hunter2x}", ["Secret"]),
        ("{db: {api_key: abcdef, apiKey: abcdef}}", ["Secret", "Secret"]),
        ("{authorization: Bearer abcdefghijkl}", ["Secret"]),
        ("{key: '${SECRET}'}", ["DynamicSecret"]),
        ("{key: '{{ env.SECRET }}'}", ["DynamicSecret"]),
        ("{key: '{{ secrets.x }}'}", ["DynamicSecret"]),
        ("{max_tokens: 100, tokenizer: x, secretary: joe, password: ''}", []),
    ],
)
def test_secrets_do_not_belong_into_definitions(payload: str, expected: list[str]) -> None:
    text = f"{HEAD}spec: {{steps: [{{id: a, agent: x, input: {{payload: {payload}}}}}]}}\n"
    assert rules(text) == expected
    assert not any("hunter2x" in line for line in said(text))


AGENT = "apiVersion: libretto.dev/v1alpha1\nkind: Agent\nmetadata: {name: worker}\nspec:\n"

AGENTS: dict[str, tuple[str, list[str]]] = {
    "right": ("  process: {argv: [python3, -V]}\n  inputSchema: {type: object}\n", []),
    "all ways at once": ("  process: {argv: [a]}\n  http: {url: 'http://a/b'}\n  image: {name: a}\n", []),
    "no way": ("  displayName: x\n", ["NoRuntime"]),
    "a mistyped way": ("  proces: {argv: [a]}\n", ["UnknownField"]),
    "no mode": ("  process: {argv: [a]}\n  modes: []\n", ["NoModes"]),
    "no schema": ("  process: {argv: [a]}\n  outputSchema: {type: 3}\n", ["Schema"]),
    "a secret in the open": ("  process: {argv: [a], env: {DB_PASSWORD: geheim}}\n", ["Secret"]),
    "a secret in a header": ("  http: {url: 'http://a', headers: {Authorization: Bearer abcdefghij}}\n", ["Secret"]),
    "a variable twice": ("  process: {argv: [a], env: {X: a}, fromEnv: {X: B}}\n", ["RepeatedVariable"]),
    "no address": ("  http: {url: a/b}\n", ["WrongValue"]),
}


@pytest.mark.parametrize(("body", "expected"), AGENTS.values(), ids=AGENTS)
def test_agents(body: str, expected: list[str]) -> None:
    assert rules(AGENT + body) == expected
