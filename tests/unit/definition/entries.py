"""Small validated definitions and agents for tests of this layer."""

from typing import Any

from controller.definition.catalog import AgentEntry, CatalogEntry
from controller.model.agent import AgentSpec
from controller.model.digest import digest_value
from controller.model.names import Lifecycle
from controller.model.orchestration import OrchestrationSpec


def orchestration(name: str = "flow", steps: Any = None, **fields: Any) -> OrchestrationSpec:
    return OrchestrationSpec.model_validate(
        {"name": name, "steps": steps or [{"id": "only", "agent": "worker"}], **fields}
    )


def chain(*ids: str, **fields: Any) -> list[dict[str, Any]]:
    """Return steps that each wait for the one before."""
    return [
        {"id": id_, "agent": "worker", "dependsOn": [before] if before else [], **fields}
        for before, id_ in zip((None, *ids), ids, strict=False)
    ]


def entry(
    name: str = "flow",
    version: str = "1.0.0",
    *,
    owner: str | None = None,
    organization: str = "global",
    lifecycle: Lifecycle = "active",
    source: str = "store",
    **fields: Any,
) -> CatalogEntry:
    spec = orchestration(name, version=version, owner=owner, **fields)
    digest = digest_value(spec.model_dump(mode="json", by_alias=True, exclude_defaults=True))
    return CatalogEntry(spec, digest, owner, organization, lifecycle, source)


def agent(slug: str = "worker", *, organization: str = "global", source: str = "store", **fields: Any) -> AgentEntry:
    spec = AgentSpec.model_validate({"slug": slug, "process": {"argv": ["true"]}, **fields})
    files = {"run.py": digest_value(f"{organization}/{slug}")}
    return AgentEntry(spec, digest_value([slug, organization, fields]), files, organization, source)


def plays(name: str, id_: str = "child", **fields: Any) -> dict[str, Any]:
    """Return a step that plays the orchestration `name`; `agent` goes to the step, all else to its target."""
    step: dict[str, Any] = {"id": id_, "type": "orchestration"}
    if "agent" in fields:
        step["agent"] = fields.pop("agent")
    return {**step, "orchestration": {"name": name, **fields}}
