"""What does an Agent object hold beyond what its file says? The files beside it, by digest."""

from typing import Annotated

from pydantic import Field

from controller.model.agent import AgentSpec
from controller.model.base import Authored
from controller.model.cluster.scalars import DigestText


class AgentFile(Authored):
    """A file beside the agent's file, stored by its digest."""

    digest: DigestText
    """Digest of its content."""
    mode: Annotated[int, Field(ge=0, le=0o777)] = 0o755
    """Permission bits as a decimal number. Default: 493, which is 0755."""


class AgentObjectSpec(AgentSpec):
    """What an agent is, with the files that its program needs."""

    files: Annotated[dict[str, AgentFile], Field(max_length=1000)] = Field(default_factory=dict)
    """Files beside the agent's file, by relative path. `kubectl libretto definitions publish` and the Git sync store them
    and fill this in; a plain `kubectl apply` cannot, and then a program that needs them is refused. Default: none."""
