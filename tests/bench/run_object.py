"""A Run object as a cluster holds it, written by the store that the operator has."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from controller.adapters.clock import SystemClock
from controller.adapters.cluster import fiber
from controller.adapters.cluster.ledger_store import Ends, Sealed, StatusLedgerStore, Unsealed
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.pool import Pool
from controller.machine.chain import Link
from controller.model.digest import Digest, canonical, digest_bytes
from controller.model.run import RunStatus
from controller.ports.ledger_store import Write

Json = dict[str, Any]

NAME = "a-run-of-the-longest-name-that-a-run-of-ours-may-have-on-a-cluster"
SPEC: Json = {"orchestrationRef": {"name": "wide"}, "requestedBy": {"username": "somebody", "groups": ["everybody"]}}
FACTS: Json = {"definition": digest_bytes(b"definition"), "snapshot": digest_bytes(b"snapshot"), "version": "1.0.0"}


class RunObject:
    """It and what belongs to it; `results` are the small contents that records may name."""

    def __init__(self, results: Iterable[Json]) -> None:
        self.largest = 0
        """Bytes of the object when it was largest."""
        self._object: Json = {
            "apiVersion": "libretto.dev/v1alpha1",
            "kind": "Run",
            "metadata": {"name": NAME, "namespace": "space", "uid": "run-uid", "generation": 1, "resourceVersion": "1"},
            "spec": SPEC,
        }
        pool = Pool()
        for result in results:
            pool.put(canonical(result))
        mark = Mark(1, "libretto-system/libretto-shard-0")
        self._store = StatusLedgerStore(self, self, pool, SystemClock(), lambda: mark, lambda _: FACTS)

    def write(self, links: Sequence[Link], status: RunStatus) -> None:
        """Write records and the status after them."""
        records, digests = [link.content for link in links], [link.digest for link in links]
        first = links[0].record.seq
        if "status" not in self._object:
            # What came before came with the object.
            self._object["status"] = {"sequence": first - 1, "head": links[0].record.prev}
        self._store.append([Write(NAME, first, records, digests, status)])
        asyncio.run(fiber.run(self._store.flush))

    # What the store writes to

    def find(self, run: str) -> Json:
        del run
        return self._object

    def write_status(self, run: str, status: Json) -> None:
        del run
        self._object = {**self._object, "status": status}
        self.largest = max(self.largest, len(orjson.dumps(self._object)))

    def seal(self, run: str, first: int, records: Sequence[bytes], contents: dict[Digest, str], ends: Ends) -> None:
        """Sealed records lie in objects of their own."""

    def read(self, run: str, sealed: Sealed) -> Unsealed:
        raise AssertionError(f"nobody asks for what {run} sealed: {sealed}")
