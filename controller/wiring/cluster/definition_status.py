"""What do people see of a definition? Whether a run of it can be made, and all that is wrong with it."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Any

from controller.adapters.cluster.resources import AGENTS, ORCHESTRATIONS, Resource
from controller.adapters.cluster.status import condition
from controller.definition.catalog import AgentEntry, CatalogEntry
from controller.errors import LibrettoError, NotFound
from controller.model.cluster.scalars import MOST_PROBLEMS
from controller.wiring.cluster.definitions import Defined
from controller.wiring.cluster.shared import Shared

Json = dict[str, Any]

LONGEST_LINE = 1000
"""Characters of a problem here; the command line shows all of it, with its place."""

RETRY_S = 5.0

log = logging.getLogger("libretto.operator")


class DefinitionStatuses:
    """Writes the status of each definition once per generation, one after the other and never in the way of a run."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared
        self._waiting: dict[tuple[str, str, str], None] = {}
        self._changed = asyncio.Event()

    def changed(self, definition: Json) -> None:
        """Note that a definition came or changed."""
        metadata = definition["metadata"]
        self._waiting[definition["kind"], metadata["namespace"], metadata["name"]] = None
        self._changed.set()

    def all_changed(self) -> None:
        """Note everything that was not looked at since it changed."""
        for cache in (self._shared.caches.orchestrations, self._shared.caches.agents):
            for one in cache.all():
                self.changed(one)

    async def run(self) -> None:
        """Write, while this process leads."""
        while True:
            while self._waiting:
                place = next(iter(self._waiting))
                del self._waiting[place]
                try:
                    await self._write(*place)
                except LibrettoError as error:
                    log.warning("the status of %s could not be written: %s", "/".join(place), error)
                    self._waiting[place] = None
                    await asyncio.sleep(RETRY_S)
                except Exception:  # the others are still to be written
                    log.exception("a mistake of ours: the status of %s is not written", "/".join(place))
            self._changed.clear()
            await self._changed.wait()

    async def _write(self, kind: str, namespace: str, name: str) -> None:
        caches = self._shared.caches
        resource, cache = (AGENTS, caches.agents) if kind == "Agent" else (ORCHESTRATIONS, caches.orchestrations)
        found = cache.get(namespace, name)
        if found is None or not self._shared.configuration.drives(namespace):
            return
        status = status_of(found, self._shared.definitions.of(found), self._shared.clock.now())
        if status is not None:
            await self._patch(resource, found, status)

    async def _patch(self, resource: Resource, found: Json, status: Json) -> None:
        metadata = found["metadata"]
        body = {"metadata": {"uid": metadata["uid"]}, "status": status}
        try:
            await self._shared.client.patch(
                resource, metadata["namespace"], metadata["name"], body, subresource="status"
            )
        except NotFound:
            return


def status_of(definition: Mapping[str, Any], defined: Defined, now: int) -> Json | None:
    """Return the status of a definition; None where it stands there already."""
    generation, old = definition["metadata"].get("generation", 1), definition.get("status") or {}
    if old.get("observedGeneration") == generation:
        return None
    errors = [problem for problem in defined.problems if problem.severity == "error"]
    lines = [f"{problem.path}: {problem.message}"[:LONGEST_LINE] for problem in defined.problems[:MOST_PROBLEMS]]
    ready = defined.entry is not None
    reason = "Ready" if ready else "DefinitionInvalid"
    message = "can be run" if ready else f"{len(errors)} problems, the first: {lines[0] if lines else 'unknown'}"
    before = old.get("conditions") or []
    conditions = [condition("Ready", "True" if ready else "False", reason, message, generation, before, now)]
    if not ready:
        conditions.append(condition("Stalled", "True", reason, message, generation, before, now))
    # `null` takes away what an earlier generation had.
    body: Json = {
        "observedGeneration": generation,
        "conditions": conditions,
        "problems": lines or None,
        "digest": None,
    }
    match defined.entry:
        case CatalogEntry(spec=spec, digest=digest):
            body |= {"digest": digest, "version": spec.version, "steps": len(spec.steps) + len(spec.finally_)}
        case AgentEntry(spec=agent, revision=revision):
            runs = next((way for way in ("image", "process", "http") if getattr(agent, way) is not None), None)
            body |= {"digest": revision, "runsAs": runs}
        case None:
            pass
    return body
