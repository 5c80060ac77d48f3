"""When is an attempt of a step repeated? Lays a step's own fields over its orchestration's, and those over the defaults."""

from collections.abc import Iterable
from typing import TypeVar

from controller.model.graph import RetryPolicy
from controller.model.step import Retry

_T = TypeVar("_T")

DEFAULT_ATTEMPTS = 1
"""No repetition unless somebody asks for it: an effect may not bear it."""

DEFAULT_INITIAL_MS = 2000
DEFAULT_MULTIPLIER = 2.0

SHORTEST_INITIAL_MS = 250
"""A shorter first delay is raised to it, so that a mistyped policy cannot hammer an agent."""

SMALLEST_MULTIPLIER = 1.0
"""A smaller factor is raised to it: delays never shrink."""


def retry_policy(step: Retry, orchestration: Retry, agent_codes: Iterable[int] = ()) -> RetryPolicy:
    """Return the policy of one step with all defaults and floors applied.

    Exit codes come from the step or else the orchestration; those that the agent itself calls hopeless are added.
    """
    attempts = _first(step.max_attempts, orchestration.max_attempts, DEFAULT_ATTEMPTS)
    initial = _first(step.initial_delay_ms, orchestration.initial_delay_ms, DEFAULT_INITIAL_MS)
    multiplier = _first(step.backoff_multiplier, orchestration.backoff_multiplier, DEFAULT_MULTIPLIER)
    codes: list[int] = _first(step.non_retryable, orchestration.non_retryable, [])
    return RetryPolicy(
        max_attempts=max(1, attempts),
        initial_ms=max(SHORTEST_INITIAL_MS, initial),
        multiplier=max(SMALLEST_MULTIPLIER, multiplier),
        max_ms=step.max_delay_ms if step.max_delay_ms is not None else orchestration.max_delay_ms,
        linear=_first(step.strategy, orchestration.strategy, "exponential") == "linear",
        non_retryable=frozenset(codes).union(agent_codes),
        notify=_first(step.notify_human, orchestration.notify_human, False),
        allow_skip=_first(step.allow_skip, orchestration.allow_skip, False),
    )


def _first(own: _T | None, inherited: _T | None, default: _T) -> _T:
    if own is not None:
        return own
    return inherited if inherited is not None else default
