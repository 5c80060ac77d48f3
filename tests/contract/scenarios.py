"""What processes do before they are killed, and the values that the suites use. No pytest here: it starts slowly."""

from typing import Any

from controller.machine.chain import Chain
from controller.model.decision import Answer, Command, Decision
from controller.model.digest import digest_bytes
from controller.model.record import CONTROLLER, Actor, Record
from controller.model.run import RunProgress, RunSpec, RunStatus
from controller.model.states import RunState, Verb, Verdict
from controller.ports.ledger_store import Write
from controller.ports.object_store import Published
from controller.ports.result_cache import CacheEntry
from tests.contract.machine import Stores
from tests.fakes.clock import START

MARA = Actor("person", "mara")
KEY = digest_bytes(b"key")
SMALL = b'{"rows": 3}'
LARGE = bytes(range(256)) * 400
"""Too large for a row of the database."""


def spec(uid: str = "run-1", **values: Any) -> RunSpec:
    given: dict[str, Any] = {
        "root": uid,
        "orchestration": "nightly",
        "version": "1.0.0",
        "definition": digest_bytes(b"definition"),
        "snapshot": digest_bytes(b"snapshot"),
        "requester": "mara",
        "created_at": START,
    }
    return RunSpec(uid=uid, **(given | values))


def status(sequence: int = 0, **values: Any) -> RunStatus:
    given: dict[str, Any] = {"state": RunState.RUNNING, "progress": RunProgress(total=3), "head": KEY}
    return RunStatus(sequence=sequence, **(given | values))


def record(number: int) -> bytes:
    return b'{"seq":%d,"kind":"StepMoved","text":"%s"}' % (number, b"x" * (number % 50))


def write(run: str, first: int, count: int = 1, state: RunState = RunState.RUNNING) -> Write:
    records = [record(first + offset) for offset in range(count)]
    digests = [digest_bytes(content) for content in records]
    return Write(run, first, records, digests, status(first + count - 1, state=state))


def chained(count: int) -> list[tuple[bytes, str]]:
    """Records that really are a chain."""
    chain, links = Chain(), []
    for number in range(count):
        link, chain = chain.link(Record(0, "", "StepMoved", CONTROLLER, START + number, step=f"load[{number}]"))
        links.append((link.content, link.digest))
    return links


def decision(run: str = "run-1", **values: Any) -> Decision:
    return Decision(0, run, "review", KEY, 7, Verdict.APPROVE, MARA)._replace(**values)


def command(run: str = "run-1", **values: Any) -> Command:
    return Command(0, run, Verb.RETRY, MARA)._replace(**values)


def entry(key: str = KEY, stored_at: int = START, ttl: int = 600_000) -> CacheEntry:
    return CacheEntry(key, digest_bytes(SMALL), "run-1", "extract", stored_at, stored_at + ttl)


def published(name: str = "nightly", version: str = "1.0.0", **values: Any) -> Published:
    resource = {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Orchestration",
        "metadata": {"name": name},
        "spec": {"name": name, "version": version, "displayName": "Nightly load", "description": "Loads the books"},
    }
    given = Published("Orchestration", "", "global", name, version, "draft", resource, {}, START, START)
    return given._replace(**values)


def flush_some(stores: Stores) -> None:
    """Three records are flushed, two more are not."""
    stores.ledger.append([write("run-1", 0, 3)])
    stores.ledger.flush()
    stores.ledger.append([write("run-1", 3, 2)])


def submit_one(stores: Stores) -> None:
    stores.decisions.submit(decision())


def change_everything(stores: Stores) -> None:
    """One group over all stores that write in groups; it is not flushed."""
    stores.blobs.put(SMALL)
    stores.cache.put(entry())
    stores.decisions.answer([Answer(1, 4, None)])
    stores.ledger.append([write("run-1", 0, 5)])


def change_everything_and_flush(stores: Stores) -> None:
    change_everything(stores)
    stores.ledger.flush()


def make_objects(stores: Stores) -> None:
    stores.objects.create_run(spec(parameters={"quarter": "Q3", "limit": 2.5, "tags": ["a", None]}))
    stores.objects.publish(published())


def store_and_die(stores: Stores) -> None:
    """A large blob is durable by itself, a small one with the group."""
    stores.blobs.put(LARGE)
    stores.blobs.put(SMALL)
