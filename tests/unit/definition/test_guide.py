"""Every spelling of the guide and its companion means the same as the canonical one."""

from typing import Any

import pytest

from controller.definition.retry import retry_policy
from tests.unit.definition.reading import said, spec

STEP = "orchestration:\n  name: x\n  steps:\n    - id: a\n      agent: b\n"


def execution(section: str) -> Any:
    return spec(f"{STEP}  execution: {section}\n").execution


def failure(section: str) -> Any:
    return spec(f"{STEP}  error_handling: {{on_step_failure: {section}}}\n").error_handling.on_step_failure


@pytest.mark.requirement("DEF-006")
@pytest.mark.parametrize("spelled", ["key: k", "name: k", "key: k, name: other"])
def test_a_parameter_is_known_by_key_or_name_and_key_wins(spelled: str) -> None:
    text = f"{STEP}  parameters: [{{{spelled}}}]\n"
    assert [parameter.key for parameter in spec(text).parameters] == ["k"]


@pytest.mark.requirement("DEF-006")
def test_a_parameter_without_key_is_an_error() -> None:
    assert said(f"{STEP}  parameters: [{{type: string}}]\n") == ['6:16 parameters[0] needs the field "key"']


@pytest.mark.requirement("DEF-007", "DEF-008", "DEF-009")
@pytest.mark.parametrize("default", ["null", "1", "1.5", "true", "text", "[1, {a: b}]", "{a: [1]}"])
def test_parameters_take_any_default_and_their_type_is_a_hint(default: str) -> None:
    text = f"{STEP}  parameters: [{{key: k, type: whatever, description: d, default: {default}}}, {{key: l}}]\n"
    first, second = spec(text).parameters
    assert (first.type, first.description, first.required) == ("whatever", "d", False)
    assert (second.type, second.required, second.default) == (None, False, None)


@pytest.mark.parametrize(
    "name", ["maxParallel", "max_parallel", "maxParallelSteps", "max_parallel_steps", "maxConcurrent", "max_concurrent"]
)
@pytest.mark.parametrize("section", ["concurrency", "parallelism"])
def test_parallelism(section: str, name: str) -> None:
    assert execution(f"{{{section}: {{{name}: 3}}}}").concurrency.max_parallel == 3


@pytest.mark.parametrize(("written", "used"), [("0", 1), ("-3", 1), ("2.7", 2)])
def test_parallelism_has_a_floor_that_is_told(written: str, used: int) -> None:
    text = f"{STEP}  execution: {{concurrency: {{maxParallel: {written}}}}}\n"
    assert spec(text).execution.concurrency.max_parallel == used
    (line,) = said(text)
    assert line.startswith(f"6:42 warning: maxParallel is {written}; {used} is used")


@pytest.mark.requirement("DEF-034")
def test_an_unknown_strategy_is_kept_and_flagged() -> None:
    text = f"{STEP}  execution: {{concurrency: {{queueStrategy: priority}}}}\n"
    assert spec(text).execution.concurrency.queue_strategy == "priority"
    assert said(text) == ['6:44 warning: queueStrategy "priority" is not known; fifo is used']


@pytest.mark.parametrize("name", ["enabled", "enable", "isEnabled"])
@pytest.mark.parametrize(("value", "meant"), [("true", True), ('"True"', True), ('"false"', False), ("false", False)])
def test_caching_is_switched(name: str, value: str, meant: bool) -> None:
    assert execution(f"{{caching: {{{name}: {value}}}}}").caching.enabled is meant


@pytest.mark.parametrize("name", ["ttlSeconds", "ttl_seconds", "ttl", "stepTtl", "step_ttl"])
def test_lifetimes(name: str) -> None:
    caching = execution(f"{{caching: {{{name}: 60, steps: [{{id: a, {name}: 5, enable: 'false'}}]}}}}").caching
    assert (caching.ttl_seconds, caching.steps[0].ttl_seconds, caching.steps[0].enabled) == (60, 5, False)


RETRIES: dict[str, tuple[str, tuple[int, int, float, int | None]]] = {
    "nothing": ("{}", (1, 2000, 2.0, None)),
    "camel case": (
        "{maxAttempts: 4, initialDelayMs: 300, backoffMultiplier: 3, maxDelayMs: 9000}",
        (4, 300, 3.0, 9000),
    ),
    "snake case": (
        "{max_attempts: 4, initial_delay_ms: 300, backoff_multiplier: 1.5, max_delay_ms: 9000}",
        (4, 300, 1.5, 9000),
    ),
    "tries beyond the first": ("{retryCount: 2}", (3, 2000, 2.0, None)),
    "the same in snake case": ("{retry_count: 0}", (1, 2000, 2.0, None)),
    "attempts win over tries": ("{retry_count: 9, max_attempts: 2}", (2, 2000, 2.0, None)),
    "seconds": ("{initialDelaySeconds: 3, maxDelaySeconds: 60}", (1, 3000, 2.0, 60_000)),
    "parts of seconds in snake case": ("{initial_delay_seconds: 0.5, max_delay_seconds: 1.5}", (1, 500, 2.0, 1500)),
    "base delays": ("{base_delay_ms: 700, multiplier: 4}", (1, 700, 4.0, None)),
    "base delays in seconds": ("{base_delay_seconds: 7}", (1, 7000, 2.0, None)),
    "floors": ("{initialDelayMs: 1, multiplier: 0}", (1, 250, 1.0, None)),
    "a list, merged in order": ("[{max_attempts: 2}, {initialDelayMs: 400}, {max_attempts: 5}]", (5, 400, 2.0, None)),
}


@pytest.mark.parametrize(("section", "policy"), RETRIES.values(), ids=RETRIES)
def test_retries(section: str, policy: tuple[int, int, float, int | None]) -> None:
    made = failure(section)
    found = retry_policy(made, made)
    assert (found.max_attempts, found.initial_ms, found.multiplier, found.max_ms) == policy


@pytest.mark.parametrize(
    ("section", "message"),
    [
        ("{retry_count: many}", 'retry_count is "many"; expected a whole number of further tries, e.g. 2'),
        ("{initialDelaySeconds: 2s}", 'initialDelaySeconds is "2s"; expected a number of seconds, e.g. 2'),
        ("[{maxAttempts: 2}, 3]", "on_step_failure[1] must be an object"),
        ("{strategy: random}", 'strategy is "random"; expected "exponential" or "linear"'),
    ],
)
def test_wrong_retries_are_told_as_they_were_written(section: str, message: str) -> None:
    (line,) = said(f"{STEP}  error_handling: {{on_step_failure: {section}}}\n")
    assert line.split(" ", 1)[1] == message


def test_strategy_notification_and_skipping() -> None:
    made = failure("{strategy: linear, notify_human: true, allow_skip: true}")
    assert (made.strategy, made.notify_human, made.allow_skip) == ("linear", True, True)


def test_rollback_is_reversible_or_enabled() -> None:
    text = f"{STEP}  error_handling: {{rollback: {{enabled: true, manual_only: true, description: d, label: l}}}}\n"
    rollback = spec(text).error_handling.rollback
    assert (rollback.reversible, rollback.manual_only, rollback.description, rollback.label) == (True, True, "d", "l")


def test_everything_in_the_input_joins_the_payload() -> None:
    text = STEP + "      input: {payload: {a: 1}, context: {b: 2}, tone: warm, a: 3, userMessage: hi}\n"
    made = spec(text).steps[0].input
    assert (made.payload, made.user_message) == ({"a": 1, "context": {"b": 2}, "tone": "warm"}, "hi")
    assert said(text) == ['6:61 warning: "a" is ignored: "a" says it already']


def test_a_step_overrides_retries_and_undo_in_its_metadata() -> None:
    text = STEP + "      metadata: {retry: {retry_count: 1}, rollback: {reversible: false, description: Call them}}\n"
    step = spec(text).steps[0]
    assert (step.retry.max_attempts, step.reversible) == (2, False)
    assert step.undo is not None
    assert step.undo.instruction == "Call them"


def test_a_checkpoint_in_both_spellings() -> None:
    text = (
        STEP + "      checkpoint_after:\n"
        "        question: Good?\n"
        "        required: false\n"
        "        auto_timeout: 60\n"
        "        options: [{action: continue, label: Yes please}, {action: retry, allows_modification: true}]\n"
    )
    gate = spec(text).steps[0].checkpoint_after
    assert gate is not None
    assert (gate.question, gate.required, gate.auto_timeout, gate.severity) == ("Good?", False, 60, "normal")
    assert [(option.action, option.allows_modification) for option in gate.options] == [
        ("continue", False),
        ("retry", True),
    ]


def test_a_child_in_snake_case() -> None:
    text = (
        "orchestration: {name: x, steps: [{id: a, type: orchestration, agent: o, orchestration: "
        "{name: child, version: 2.0.0, owner: p, inherit_conversation: true, parameters: {snake_case: 1}}}]}"
    )
    target = spec(text).steps[0].orchestration
    assert target is not None
    assert (target.name, target.version, target.owner, target.inherit_conversation) == ("child", "2.0.0", "p", True)
    assert target.parameters == {"snake_case": 1}
