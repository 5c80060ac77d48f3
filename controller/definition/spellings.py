"""Under which other names are fields known in bare `orchestration:` documents?

Every canonical name may also be written in snake_case there. This table holds what goes beyond that.
"""

from collections.abc import Mapping
from functools import cache

from pydantic import BaseModel
from pydantic.alias_generators import to_snake

from controller.definition.fields import members
from controller.model.orchestration import (
    Caching,
    Concurrency,
    Execution,
    OnStepFailure,
    OrchestrationSpec,
    Parameter,
    Rollback,
)
from controller.model.step import Checkpoint, Retry, Step, StepCaching

_TTL = dict.fromkeys(("ttl", "stepTtl", "step_ttl"), "ttlSeconds")
_ENABLED = dict.fromkeys(("enable", "isEnabled", "is_enabled"), "enabled")
_RETRY = {"multiplier": "backoffMultiplier", "baseDelayMs": "initialDelayMs", "base_delay_ms": "initialDelayMs"}

_FURTHER: Mapping[type[BaseModel], Mapping[str, str]] = {
    OrchestrationSpec: {"owner_agent_slug": "owner", "organization_slug": "organization"},
    Parameter: {"name": "key"},
    Execution: {"parallelism": "concurrency"},
    Concurrency: dict.fromkeys(
        ("maxParallelSteps", "max_parallel_steps", "maxConcurrent", "max_concurrent"), "maxParallel"
    ),
    Caching: {**_ENABLED, **_TTL},
    StepCaching: {**_ENABLED, **_TTL},
    Retry: _RETRY,
    OnStepFailure: _RETRY,
    Rollback: {"enabled": "reversible"},
    Checkpoint: {},
}

CONVERTED: Mapping[str, tuple[str, str]] = {
    name: (target, unit)
    for target, unit, names in (
        ("maxAttempts", "tries", ("retryCount", "retry_count")),
        (
            "initialDelayMs",
            "seconds",
            ("initialDelaySeconds", "initial_delay_seconds", "baseDelaySeconds", "base_delay_seconds"),
        ),
        ("maxDelayMs", "seconds", ("maxDelaySeconds", "max_delay_seconds")),
    )
    for name in names
}
"""Names in a retry policy whose value must be converted: -> (canonical name, what is counted)."""

_READ_APART: Mapping[type[BaseModel], tuple[str, ...]] = {
    Step: ("metadata",),
    Retry: tuple(CONVERTED),
    OnStepFailure: tuple(CONVERTED),
}
"""Names that are no fields, but that a rule takes care of."""


def read_apart(model: type[BaseModel]) -> tuple[str, ...]:
    """Return names that are accepted although they stand for no single field."""
    return _READ_APART.get(model, ())


@cache
def spellings(model: type[BaseModel]) -> Mapping[str, str]:
    """Return every accepted name of the model's fields -> canonical name."""
    canonical = {name: name for name in members(model)}
    snake = {to_snake(name): name for name in members(model)}
    return {**_FURTHER.get(model, {}), **snake, **canonical}
