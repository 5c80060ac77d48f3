"""How often, how long after, and after which exit codes an attempt is repeated."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.definition.retry import retry_policy
from controller.definition.validate import check
from controller.model.document import Document
from controller.model.graph import LONGEST_DELAY_MS, RetryPolicy
from controller.model.step import Retry


def policy(step: dict[str, Any] | None = None, orchestration: dict[str, Any] | None = None, *codes: int) -> RetryPolicy:
    return retry_policy(Retry.model_validate(step or {}), Retry.model_validate(orchestration or {}), codes)


def delays(fields: dict[str, Any], count: int = 5) -> list[int]:
    return [policy(fields).delay_ms(failed) for failed in range(1, count + 1)]


def test_defaults() -> None:
    assert policy() == RetryPolicy(max_attempts=1, initial_ms=2000, multiplier=2.0, max_ms=None, linear=False)


def test_attempts_of_the_step_win_over_those_of_the_orchestration() -> None:
    assert policy({}, {"maxAttempts": 3}).max_attempts == 3
    assert policy({"maxAttempts": 1}, {"maxAttempts": 3}).max_attempts == 1


@pytest.mark.requirement("DEF-044")
@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, [2000, 4000, 8000, 16000, 32000]),
        ({"initialDelayMs": 1000, "backoffMultiplier": 3}, [1000, 3000, 9000, 27000, 81000]),
        ({"initialDelayMs": 1000, "backoffMultiplier": 1.5}, [1000, 1500, 2250, 3375, 5062]),
        ({"initialDelayMs": 0}, [250, 500, 1000, 2000, 4000]),
        ({"initialDelayMs": 249}, [250, 500, 1000, 2000, 4000]),
        ({"initialDelayMs": 1000, "backoffMultiplier": 0.5}, [1000] * 5),
        ({"initialDelayMs": 1000, "backoffMultiplier": 1}, [1000] * 5),
    ],
)
def test_the_multiplier_lengthens_delays(fields: dict[str, Any], expected: list[int]) -> None:
    assert delays(fields) == expected


@pytest.mark.requirement("DEF-046")
@pytest.mark.parametrize(
    ("strategy", "expected"),
    [("exponential", [500, 1000, 2000, 4000, 8000]), ("linear", [500, 1000, 1500, 2000, 2500])],
)
def test_strategies(strategy: str, expected: list[int]) -> None:
    assert delays({"initialDelayMs": 500, "strategy": strategy}) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"initialDelayMs": 1000, "maxDelayMs": 3000}, [1000, 2000, 3000, 3000, 3000]),
        ({"initialDelayMs": 1000, "maxDelayMs": 2500, "strategy": "linear"}, [1000, 2000, 2500, 2500, 2500]),
        ({"maxDelayMs": 100}, [100] * 5),
        ({"maxDelayMs": 0}, [0] * 5),
    ],
)
def test_the_maximum_caps_delays(fields: dict[str, Any], expected: list[int]) -> None:
    assert delays(fields) == expected


@given(
    st.builds(
        RetryPolicy,
        initial_ms=st.integers(250, 10**9),
        multiplier=st.floats(1, 1e6),
        max_ms=st.none() | st.integers(0, 10**12),
        linear=st.booleans(),
    ),
    st.integers(1, 1000),
)
def test_delays_are_whole_bounded_and_never_shrink(policy: RetryPolicy, failed: int) -> None:
    delay, following = policy.delay_ms(failed), policy.delay_ms(failed + 1)
    assert type(delay) is int
    assert (
        0 <= delay <= following <= min(LONGEST_DELAY_MS, LONGEST_DELAY_MS if policy.max_ms is None else policy.max_ms)
    )


def test_exit_codes_of_the_agent_are_added() -> None:
    assert policy({}, {"nonRetryable": [1, 2]}, 7).non_retryable == {1, 2, 7}
    assert policy({"nonRetryable": [3]}, {"nonRetryable": [1, 2]}, 7).non_retryable == {3, 7}
    assert policy({"nonRetryable": []}, {"nonRetryable": [1, 2]}).non_retryable == frozenset()


def test_switches_of_the_step_win_even_when_off() -> None:
    asked = policy({}, {"notifyHuman": True, "allowSkip": True})
    assert (asked.notify, asked.allow_skip) == (True, True)
    refused = policy({"notifyHuman": False, "allowSkip": False}, {"notifyHuman": True, "allowSkip": True})
    assert (refused.notify, refused.allow_skip) == (False, False)


def guide(**on_step_failure: Any) -> RetryPolicy:
    """Return the policy of a step in a bare document."""
    body = {
        "name": "flow",
        "steps": [{"id": "s", "agent": "a"}],
        "error_handling": {"on_step_failure": on_step_failure},
    }
    [checked] = check([Document("flow.yaml", {"orchestration": body})]).orchestrations
    spec = checked.spec
    return retry_policy(spec.steps[0].retry, spec.error_handling.on_step_failure)


@pytest.mark.requirement("DEF-043")
@pytest.mark.parametrize(
    "spelled",
    [{"initialDelayMs": 3000}, {"initial_delay_ms": 3000}, {"initialDelaySeconds": 3}, {"initial_delay_seconds": 3}],
)
def test_the_initial_delay_in_milliseconds_or_seconds(spelled: dict[str, int]) -> None:
    assert guide(maxAttempts=3, **spelled).delay_ms(1) == 3000


@pytest.mark.requirement("DEF-045")
@pytest.mark.parametrize(
    "spelled", [{"maxDelayMs": 5000}, {"max_delay_ms": 5000}, {"maxDelaySeconds": 5}, {"max_delay_seconds": 5}]
)
def test_the_maximum_delay_in_milliseconds_or_seconds(spelled: dict[str, int]) -> None:
    assert [guide(**spelled).delay_ms(failed) for failed in (1, 2, 3, 4)] == [2000, 4000, 5000, 5000]


@pytest.mark.parametrize(
    ("spelled", "attempts"),
    [
        ({"maxAttempts": 3}, 3),
        ({"max_attempts": 3}, 3),
        ({"retryCount": 3}, 4),
        ({"retryCount": 3, "maxAttempts": 2}, 2),
    ],
)
def test_a_count_of_retries_comes_on_top_of_the_first_attempt(spelled: dict[str, int], attempts: int) -> None:
    assert guide(**spelled).max_attempts == attempts
