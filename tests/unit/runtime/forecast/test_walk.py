"""What a dry run says of each step: by the rules of a real run, and open where only the run itself can tell."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from controller.runtime.forecast.words import RunForecast, StepForecast
from controller.wiring.dry_run import dry_run
from controller.wiring.local import Local
from tests.differential.stage import People, play_real
from tests.differential.story import orchestration
from tests.differential.workshop import built

Specs = Sequence[Mapping[str, Any]]
_AFTER_A: dict[str, Any] = {"dependsOn": ["a"]}
_TIDY: dict[str, Any] = {"finally": [{"id": "end", "agent": "worker"}]}
_NUMBER = {"type": "object", "required": ["n"], "properties": {"n": {"type": "integer"}}}


def forecast(folder: Path, specs: Specs, **parameters: Any) -> RunForecast:
    local = Local.open(str(folder / "state"), read_only=True)
    try:
        return dry_run(local, built(folder, specs, {}), parameters, requester="mara")
    finally:
        local.close()


def fates(forecasts: RunForecast) -> dict[str, tuple[str, tuple[str, ...]]]:
    return {step.step: (step.fate.value, step.decided_by) for step in forecasts.all()}


def named(forecasts: RunForecast, name: str) -> StepForecast:
    return next(step for step in forecasts.all() if step.step == name)


CASES: dict[str, tuple[Specs, dict[str, tuple[str, tuple[str, ...]]]]] = {
    "conditions on parameters are decided, conditions on outputs are open": (
        [
            orchestration(
                {"id": "a"},
                {"id": "yes", "when": "parameters.n > 1"},
                {"id": "no", "when": "parameters.n > 5"},
                {"id": "perhaps", "when": "steps.a.n > 1", **_AFTER_A},
                {"id": "after-no", "when": "steps.no == null", "dependsOn": ["no"]},
                parameters=[{"key": "n", "default": 2}],
            )
        ],
        {
            "a": ("run", ()),
            "yes": ("run", ()),
            "no": ("skip", ()),
            "after-no": ("run", ()),
            "perhaps": ("open", ("a",)),
        },
    ),
    "a condition that cannot be evaluated fails its step and what follows": (
        [
            orchestration(
                {"id": "a", "when": "parameters.n.deep"},
                {"id": "b", **_AFTER_A},
                {"id": "c"},
                parameters=[{"key": "n", "default": 2}],
                **_TIDY,
            )
        ],
        {"a": ("refuse", ()), "c": ("run", ()), "b": ("unreached", ()), "end": ("run", ())},
    ),
    "phases": (
        [
            orchestration(
                {"id": "a", "phase": "one"},
                {"id": "b", "phase": "two"},
                {"id": "c", "phase": "three"},
                phases=[{"id": "one"}, {"id": "two", "when": "1 > 2"}, {"id": "three", "when": "steps.a.go"}],
            )
        ],
        {"a": ("run", ()), "b": ("skip", ()), "c": ("open", ("a",))},
    ),
    "lists": (
        [
            orchestration(
                {"id": "a"},
                {"id": "none", "foreach": "[]"},
                {"id": "two", "foreach": "[1, 2]"},
                {"id": "some", "foreach": "steps.a.items", **_AFTER_A},
                {"id": "on-none", "when": "size(steps.none) == 0", "dependsOn": ["none"]},
            )
        ],
        {
            "a": ("run", ()),
            "none": ("run", ()),
            "two": ("run", ()),
            "on-none": ("run", ()),
            "some": ("run", ("a",)),
        },
    ),
    "what is cached hangs on its input": (
        [
            orchestration(
                {"id": "a"},
                {"id": "b", **_AFTER_A},
                execution={"caching": {"enabled": True}},
            )
        ],
        {"a": ("run", ()), "b": ("open", ("a",))},
    ),
    "child runs are walked, with what is known of their parameters": (
        [
            orchestration(
                {"id": "a"},
                {
                    "id": "play",
                    "orchestration": {
                        "name": "child",
                        "parameters": {"known": "{{ n }}", "later": "{{ steps.a.x }}"},
                    },
                    **_AFTER_A,
                },
                {"id": "b", "dependsOn": ["play"], "when": "steps.play.results.x"},
                parameters=[{"key": "n", "default": 1}],
            ),
            orchestration(
                {"id": "x", "when": "parameters.known > 1"},
                {"id": "y", "when": "parameters.later > 1"},
                name="child",
                parameters=[{"key": "known"}, {"key": "later", "required": True, "enum": [1, 2]}],
            ),
        ],
        {
            "a": ("run", ()),
            "play": ("run", ("a",)),
            "play/x": ("skip", ()),
            "play/y": ("open", ("a",)),
            "b": ("open", ("play",)),
        },
    ),
    "a child run of which everything is known": (
        [
            orchestration(
                {"id": "play", "orchestration": {"name": "child"}},
                {"id": "b", "when": "steps.play.results.x == null", "dependsOn": ["play"]},
            ),
            orchestration({"id": "x", "when": "1 > 2"}, name="child"),
        ],
        {"play": ("run", ()), "play/x": ("skip", ()), "b": ("run", ())},
    ),
    "a child run for each": (
        [
            orchestration(
                {
                    "id": "each",
                    "foreach": "[1, 2]",
                    "orchestration": {"name": "child", "parameters": {"n": "{{ item }}"}},
                }
            ),
            orchestration({"id": "x", "when": "parameters.n > 1"}, name="child", parameters=[{"key": "n"}]),
        ],
        {"each": ("run", ()), "each[*]/x": ("open", ("each[*]",))},
    ),
    "a child run that may be skipped takes nothing with it": (
        [
            orchestration(
                {"id": "a"},
                {"id": "play", "orchestration": {"name": "child"}, "when": "steps.a.x", **_AFTER_A},
                {"id": "b", "dependsOn": ["play"]},
            ),
            orchestration({"id": "x", "when": "1 / 0 > 1"}, name="child"),
        ],
        {"a": ("run", ()), "play": ("open", ("a",)), "play/x": ("refuse", ()), "b": ("run", ("play",))},
    ),
}


@pytest.mark.requirement("CMP-025")
@pytest.mark.parametrize("case", CASES.values(), ids=[name.replace(" ", "-") for name in CASES])
def test_every_step_of_the_whole_chain_is_told(
    case: tuple[Specs, dict[str, tuple[str, tuple[str, ...]]]], tmp_path: Path
) -> None:
    specs, expected = case
    assert fates(forecast(tmp_path, specs)) == expected


def test_what_is_in_the_cache_is_looked_up(tmp_path: Path) -> None:
    spec = orchestration(
        {"id": "a", "input": {"payload": {"n": "{{ n }}"}}},
        {"id": "b", "when": "steps.a.n == 4", **_AFTER_A},
        execution={"caching": {"enabled": True}},
        parameters=[{"key": "n", "default": 1}],
    )
    table = {"a": [{"output": {"n": 4}}]}
    real = play_real(tmp_path / "state", built(tmp_path, [spec], table), People())
    assert real.meaning["verdict"] == "Succeeded"
    assert fates(forecast(tmp_path, [spec])) == {"a": ("cache", ()), "b": ("cache", ())}
    assert fates(forecast(tmp_path, [spec], n=2)) == {"a": ("run", ()), "b": ("open", ("a",))}


def test_what_a_step_waits_for(tmp_path: Path) -> None:
    gate = {"question": "good?", "severity": "high", "required": False, "autoTimeout": 90}
    spec = orchestration(
        {"id": "a", "phase": "one"},
        {"id": "b", "phase": "one"},
        {"id": "c", "phase": "two", "dependsOn": ["a", "b"], "checkpointAfter": gate},
        phases=[{"id": "one"}, {"id": "two"}],
        execution={"concurrency": {"maxParallel": 1}},
    )
    found = forecast(tmp_path, [spec])
    assert [(wait.kind, wait.what) for wait in named(found, "a").waits] == [
        ("slot", ("run: 1 at a time, 2 may be ready together",))
    ]
    assert [(wait.kind, wait.what) for wait in named(found, "c").waits] == [
        ("dependency", ("a", "b")),
        ("phase", ("one",)),
        ("checkpoint", ('severity high: "good?"; after 1m30s without a decision the run goes on',)),
    ]


def test_what_is_undone_when_the_run_fails(tmp_path: Path) -> None:
    spec = orchestration(
        {"id": "a"},
        {"id": "b", "undo": {"input": {"drop": 1}}},
        {"id": "c", "reversible": False},
        {"id": "d", "undo": {"instruction": "ask Ida"}},
        {"id": "e", "when": "1 > 2"},
        errorHandling={"rollback": {"automatic": True}},
    )
    found = forecast(tmp_path, [spec])
    assert found.automatic_undo
    assert {step.step: step.undo.partition(",")[0] for step in found.steps} == {
        "a": "undone by its receipt",
        "b": "undone as its definition says",
        "c": "remains (its definition says irreversible)",
        "d": "remains until a person does it: ask Ida",
        "e": "",
    }


def test_an_input_that_the_agent_would_not_take(tmp_path: Path) -> None:
    spec = orchestration({"id": "a", "agent": "strict", "input": {"payload": {"n": "one"}}})
    found = built(tmp_path, [spec], {}, agents=[{"slug": "strict", "inputSchema": _NUMBER}])
    local = Local.open(str(tmp_path / "state"), read_only=True)
    try:
        told = dry_run(local, found, {}, requester="mara")
    finally:
        local.close()
    assert (told.steps[0].fate, "does not take this input" in told.steps[0].why) == ("refuse", True)
