"""How does a definition stand? Whether it is well-formed, and under which digest runs know it."""

from typing import Annotated

from pydantic import Field

from controller.model.base import Stored
from controller.model.cluster.condition import Conditions
from controller.model.cluster.scalars import (
    ATOMIC_LIST,
    MOST_PROBLEMS,
    Count,
    DigestText,
    ExactVersion,
    Message,
    Word,
)

Problems = Annotated[list[Message], Field(max_length=MOST_PROBLEMS, json_schema_extra=ATOMIC_LIST)]


class OrchestrationStatus(Stored):
    """How the definition stands. Only Libretto writes it."""

    observed_generation: Count | None = None
    """`metadata.generation` that was looked at last."""
    conditions: Conditions = Field(default_factory=list)
    """Ready: a run of it can be made. Stalled: a person must change it."""
    digest: DigestText | None = None
    """Digest of the normalised definition; equal wherever it is read."""
    version: ExactVersion | None = None
    """Version that it declares."""
    steps: Count | None = None
    """How many steps it has."""
    problems: Problems = Field(default_factory=list)
    """What is wrong with it, at most 32 lines; `kubectl libretto check` shows all with their places."""


class AgentStatus(Stored):
    """How the agent stands. Only Libretto writes it."""

    observed_generation: Count | None = None
    """`metadata.generation` that was looked at last."""
    conditions: Conditions = Field(default_factory=list)
    """Ready: steps can call it. Stalled: a person must change it."""
    digest: DigestText | None = None
    """Revision of the agent: digest of the whole of it, its files included."""
    runs_as: Word | None = None
    """What a cluster runs: `image`, `process` or `http`."""
    problems: Problems = Field(default_factory=list)
    """What is wrong with it, at most 32 lines."""
