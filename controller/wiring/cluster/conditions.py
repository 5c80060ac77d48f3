"""What do a run's conditions say that is in no ledger? Why it is not driven, who proves nothing, and which node is silent."""

import logging
from collections.abc import Sequence
from typing import Any

from controller.adapters.cluster.resources import RUNS
from controller.adapters.cluster.run_object import key_uid
from controller.adapters.cluster.status import (
    APPROVALS_UNPROTECTED,
    conditions,
    parsed,
    stalled,
    unprotected,
    unreachable,
)
from controller.errors import DefinitionInvalid, Fenced, Held, InvariantViolated, LibrettoError
from controller.wiring.cluster.shared import Shared

Json = dict[str, Any]

log = logging.getLogger("libretto.operator")


class RunConditions:
    """Writes them, once for each change."""

    def __init__(self, shared: Shared) -> None:
        self._shared = shared

    async def stall(self, run: Json, error: Exception) -> None:
        """Say why a run does not go on, and likewise of its descendants where that is about them."""
        for uid in error.runs if isinstance(error, Held) else ():
            other = self._shared.caches.run(uid)
            if other is not None and uid != key_uid(run):
                await self._stall(other, error)
        await self._stall(run, error)

    async def release(self, run: Json) -> None:
        """Say how a run stands that is held no longer, and bear the present epoch. Raises what the API server says."""
        status, generation = run.get("status") or {}, run["metadata"].get("generation", 1)
        after = conditions(parsed(status), generation, _conditions(run), self._shared.clock.now())
        metadata = run["metadata"]
        written = await self._shared.client.patch(
            RUNS, metadata["namespace"], metadata["name"], self._patch(run, after), subresource="status"
        )
        self._shared.caches.runs.put(written)

    async def _stall(self, run: Json, error: Exception) -> None:
        reason = error.reason if isinstance(error, LibrettoError) else InvariantViolated.__name__
        message = _told(error)
        before, generation = _conditions(run), run["metadata"].get("generation", 1)
        if await self._write(run, stalled(reason, message, generation, before, self._shared.clock.now())):
            self._shared.observer.stalled(run, reason, message)

    async def protection(self, run: Json, missing: str | None) -> None:
        """Say whether decisions wait because nothing proves whose they are; `missing` is what is to be done then."""
        before, generation = _conditions(run), run["metadata"].get("generation", 1)
        if missing is None and all(one["type"] != APPROVALS_UNPROTECTED for one in before):
            return
        if await self._write(run, unprotected(missing, generation, before, self._shared.clock.now())) and missing:
            self._shared.observer.unprotected(run, missing)

    async def reachability(self, uid: str, message: str) -> bool:
        """Say of the run of this key uid that a pod of it does not end because its node answers nobody; empty: none does.

        Return whether its conditions say so now.
        """
        run = self._shared.caches.run(uid)
        if run is None:
            return True
        before, generation = _conditions(run), run["metadata"].get("generation", 1)
        after = unreachable(message, generation, before, self._shared.clock.now())
        if _told_alike(after, before):
            return True
        written = await self._write(run, after)
        if written and message:
            self._shared.observer.unreachable(run, message)
        return written

    async def _write(self, run: Json, after: Sequence[Json]) -> bool:
        """Write conditions that differ in more than their times; return whether they were written."""
        if _told_alike(after, _conditions(run)):
            return False
        namespace, name = run["metadata"]["namespace"], run["metadata"]["name"]
        try:
            written = await self._shared.client.patch(
                RUNS, namespace, name, self._patch(run, after), subresource="status"
            )
        except LibrettoError as failure:
            if isinstance(failure, Fenced):
                self._shared.observer.fenced()
            log.warning("run %s in %s: its conditions could not be written: %s", name, namespace, failure)
            return False
        self._shared.caches.runs.put(written)
        return True

    def _patch(self, run: Json, after: Sequence[Json]) -> Json:
        metadata, mark = run["metadata"], self._shared.mark
        return {
            "metadata": {"resourceVersion": metadata["resourceVersion"]},
            "status": {
                "conditions": after,
                "observedGeneration": metadata.get("generation", 1),
                "epoch": mark.epoch,
                "lease": mark.lease,
            },
        }


def _conditions(run: Json) -> list[Json]:
    found: list[Json] = (run.get("status") or {}).get("conditions") or []
    return found


def _told(error: Exception) -> str:
    if isinstance(error, DefinitionInvalid):
        return "; ".join(f"{problem.path}: {problem.message}" for problem in error.problems)
    if isinstance(error, LibrettoError):
        return f"{error.message} ({error.hint})" if error.hint else error.message
    return repr(error)


def _told_alike(some: Sequence[Json], others: Sequence[Json]) -> bool:
    return [_without_time(one) for one in some] == [_without_time(one) for one in others]


def _without_time(condition: Json) -> Json:
    return {name: value for name, value in condition.items() if name != "lastTransitionTime"}
