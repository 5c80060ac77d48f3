"""The envelope that every file of ours has: apiVersion, kind, metadata, spec."""

from typing import Annotated, Literal

from pydantic import Field

from controller.model.agent import AgentSpec
from controller.model.base import Authored
from controller.model.orchestration import OrchestrationSpec

API_VERSION = "libretto.dev/v1alpha1"
"""Group and version of all our resources."""


class Metadata(Authored):
    """What Kubernetes calls ObjectMeta, as far as people write it."""

    name: Annotated[str, Field(min_length=1, max_length=253)]
    """Name of the object; also the name of the orchestration or agent where the spec gives none."""
    namespace: str | None = None
    """Namespace on a cluster; the organization of what it holds. Default: the one it is applied to."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Free labels; not part of the digest."""
    annotations: dict[str, str] = Field(default_factory=dict)
    """Free annotations; not part of the digest."""


class OrchestrationResource(Authored):
    """A versioned definition of what shall happen."""

    api_version: Literal["libretto.dev/v1alpha1"]
    kind: Literal["Orchestration"]
    metadata: Metadata
    spec: OrchestrationSpec


class AgentResource(Authored):
    """A catalogue entry: how a slug becomes something that runs, what it takes and returns."""

    api_version: Literal["libretto.dev/v1alpha1"]
    kind: Literal["Agent"]
    metadata: Metadata
    spec: AgentSpec
