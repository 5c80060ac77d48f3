"""A tree of which nobody can tell what was done, the question whether it is held, and an API server that takes notes."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from controller.adapters.cluster import fiber
from controller.adapters.cluster.client import MERGE_PATCH
from controller.adapters.cluster.gates import Gates
from controller.adapters.cluster.lapse import UNBROKEN, Lapse
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.run_object import key_uid
from controller.adapters.cluster.status import view
from controller.adapters.memory import MemoryNotifier
from controller.engine.status import status_of
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from controller.runtime.member import Member
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.holding import Holding
from controller.wiring.cluster.shared import Shared
from tests.behaviour.rehearsal import Rehearsal, good
from tests.fakes.clock import SettableClock
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call

Json = dict[str, Any]

EPOCH = 4
"""Of the present leadership."""


class Notes(AnsweringClient):
    """Patches objects as they are in the caches."""

    def __init__(self) -> None:
        self.caches: Caches
        self.patched: list[tuple[str, Json]] = []

    async def answer(self, call: Call) -> Any:
        assert (call.verb, call.form, call.subresource, call.query) == ("patch", MERGE_PATCH, "status", {})
        status = call.body["status"]
        self.patched.append((f"{call.resource.plural} {call.name}", status))
        cache = {"Run": self.caches.runs, "Intervention": self.caches.interventions}[call.resource.kind]
        assert call.namespace is not None
        known = cache.get(call.namespace, call.name)
        assert known is not None
        metadata = {**known["metadata"], "resourceVersion": str(int(known["metadata"]["resourceVersion"]) + 1)}
        return {**known, "metadata": metadata, "status": {**(known.get("status") or {}), **status}}


class Asked(NamedTuple):
    """A command of a person."""

    verb: str
    step: str | None = None
    status: Mapping[str, Any] = {}
    attempt: int | None = None
    run: str = "r"
    second: int = 0
    """When it was made."""


def steps_that_run(definition: Mapping[str, Any], uid: str) -> tuple[Member, Sequence[str]]:
    """Play a definition until all its steps run, and return the run with its records."""
    rehearsal = Rehearsal(lambda _: good(duration_ms=3_600_000))
    spec = rehearsal.admit({"execution": {"concurrency": {"maxParallel": 10}}, **definition}, uid=uid)
    count = len(definition["steps"])
    driver = rehearsal.drive(spec, lambda driver: len(driver.root.state.frontier) == count)
    driver.flush()
    return driver.root, [record.decode() for record in rehearsal.disk.ledgers[uid].records]


class Scene:
    """One namespace, `space`, with runs that were under way."""

    def __init__(self, lapse: Lapse = UNBROKEN, *, protected: bool = True) -> None:
        client = Notes()
        caches = client.caches = Caches(lambda *_: None, lambda _: None)
        clock = SettableClock()
        self.client, self.caches = client, caches
        self.shared = Shared(client, Configuration("i", "i"), clock, caches, MemoryNotifier(), lambda *_: None)
        self.shared.lapse, self.shared.mark = lapse, Mark(EPOCH, "lease")
        self.shared.gates = Gates(lambda _: protected, lambda: "2026-01-01T00:00:00Z")
        self.members: list[tuple[Json, Member]] = []

    def run(
        self, name: str, epoch: int | None, *, labels: Mapping[str, str] = {}, stalled: str = "", **spec: Any
    ) -> Json:
        """Add a run; without an epoch it has no status."""
        status: Json = {} if epoch is None else {"epoch": epoch}
        if stalled:
            status["conditions"] = [{"type": "Stalled", "status": "True", "reason": stalled, "message": "before"}]
        metadata = {"name": name, "namespace": "space", "uid": f"uid-{name}", "resourceVersion": "7", "generation": 1}
        body: Json = {"metadata": {**metadata, "labels": dict(labels)}, "spec": spec, "status": status}
        self.caches.runs.put(body)
        return body

    def under_way(
        self,
        name: str,
        epoch: int,
        definition: Mapping[str, Any],
        *,
        ledger: str = "",
        status: Mapping[str, Any] = {},
        **more: Any,
    ) -> None:
        """Add a run all of whose steps run. `ledger`: whose ledger it has, where that is not its own."""
        body = self.run(name, epoch, **more)
        member, tail = steps_that_run(definition, ledger or key_uid(body))
        body["status"] |= {**view(status_of(member.state)), "tail": list(tail), **status}
        self.members.append((body, member))

    def command(self, *asked: Asked) -> None:
        for number, one in enumerate(asked):
            spec: Json = {
                "runRef": {"name": one.run, "uid": f"uid-{one.run}"},
                "verb": one.verb,
                "actor": {"name": "mara"},
            }
            spec |= {name: value for name, value in (("step", one.step), ("attempt", one.attempt)) if value is not None}
            name = f"asked-{number}"
            stamp = f"2026-01-01T00:00:{one.second:02d}Z"
            metadata = {
                "name": name,
                "namespace": "space",
                "uid": name,
                "resourceVersion": "7",
                "creationTimestamp": stamp,
            }
            self.caches.interventions.put(
                {"kind": "Intervention", "metadata": metadata, "spec": spec, "status": dict(one.status)}
            )

    def holding(self, root: str = "uid-r") -> Holding:
        return Holding(self.shared, root)

    def check_new(self) -> None:
        asyncio.run(fiber.run(self.holding().check_new))

    def check(self, *known: str) -> bool:
        """`known`: steps of the first run whose Job is there."""
        keys = {AttemptKey(self.members[0][1].spec.uid, step, Role.DO, 1) for step in known}
        holding = self.holding()
        return asyncio.run(fiber.run(lambda: holding.check(self.members, keys)))

    def answers(self) -> list[str | int | None]:
        """Refusals and records that commands were answered with, in order."""
        written = [status for what, status in self.client.patched if what.startswith("interventions ")]
        return [one.get("refusal", one.get("record")) for one in written]
