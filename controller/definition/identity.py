"""Under which digest is a definition known, however it was written down?"""

from collections.abc import Mapping
from typing import Any

from controller.model.agent import AgentSpec
from controller.model.digest import Digest, digest_value
from controller.model.orchestration import OrchestrationSpec


def definition_digest(spec: OrchestrationSpec) -> Digest:
    """Return the digest of the normalised definition, without nulls and without fields that have their default.

    `name` must be filled in. Labels, annotations, comments, order of keys and spelling are no part of it, and neither is
    how many runs are kept: whoever changes that changes nothing of what runs.
    """
    return digest_value({"kind": "Orchestration", "spec": _normalised(spec, _OF_HISTORY)})


def agent_revision(spec: AgentSpec, files: Mapping[str, Digest]) -> Digest:
    """Return the digest of an agent: its specification (`slug` filled in) and every file beside it that it refers to."""
    return digest_value({"kind": "Agent", "spec": _normalised(spec), "files": dict(files)})


_OF_HISTORY = {"successful_runs_history_limit", "failed_runs_history_limit"}


def _normalised(spec: OrchestrationSpec | AgentSpec, without: set[str] | None = None) -> Any:
    return spec.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True, exclude=without)
