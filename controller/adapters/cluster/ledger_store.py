"""How does a ledger live on a cluster? Its newest records in the run's status, older ones in immutable shards.

One write of the status carries state, records and the small contents that they name, so all of them are durable or none.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from controller.adapters.cluster import fiber
from controller.adapters.cluster.crowd import Crowd
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.pool import Pool
from controller.adapters.cluster.status import Json, conditions, explained, outputs, parsed, view
from controller.adapters.cluster.together import together
from controller.errors import LedgerInconsistent, NotFound, VerificationFailed
from controller.model.digest import Digest
from controller.model.record import GENESIS
from controller.model.run import RunStatus
from controller.model.states import RunState
from controller.ports.clock import Clock
from controller.ports.ledger_store import Write

LONGEST_TAIL = 32
"""Records in the status. Measured: a write with 32 costs 5 ms, with 128 12 ms; a shard of 32 costs 2.6 ms once."""

LARGEST_RECORD = 32 * 1024
"""Bytes of a record that the tail takes; a larger one is sealed at once."""

PATIENCE_MS = 10
"""A wide graph ends many steps within this time, and one write tells of all of them."""

MOST_PATIENCE_MS = 100
"""Where a write takes longer, the next one waits as long as it took, so that a slow API server has fewer; but not longer."""

AT_ONCE = 200
"""Sealed records that are read before others have their turn: folding so many takes some 10 ms, and a ledger of 20,000, which
a takeover folds from the first record on, a second.
"""

_START = b'"kind":"StepStarted"'


class Sealed(NamedTuple):
    """How far a ledger is sealed."""

    sequence: int = -1
    head: Digest = GENESIS
    shards: int = 0
    """How many were written, not counting that some of them were merged since."""


class Runs(Protocol):
    """The Run objects of a tree, by the uid that the engine knows."""

    def find(self, run: str) -> Json | None:
        """Return the newest known state of a run's object."""

    def write_status(self, run: str, status: Json) -> None:
        """Replace the status of the object as it is known; raises Conflict where it is not the newest."""


class Shards(Protocol):
    """Sealed records, and the contents that they name."""

    def seal(self, run: str, first: int, records: Sequence[bytes], contents: dict[Digest, str], ends: "Ends") -> None:
        """Store records `first` and following; doing it twice is doing it once."""

    def read(self, run: str, sealed: Sealed) -> "Unsealed":
        """Return all sealed records of a run, from the first on, and their contents."""


class Unsealed(NamedTuple):
    """What was sealed."""

    records: list[bytes]
    contents: dict[Digest, str]
    damage: VerificationFailed | None = None
    """Why the records are not all there, or not what was sealed: then they are what can be read from the first on."""


class Ends(NamedTuple):
    """The digests before the first and of the last record of a shard."""

    before: Digest
    head: Digest


class StatusLedgerStore:
    """Implements LedgerStore for one run tree. `mark` is that of the leadership; `facts` are further members of the
    status that never change: definition, snapshot, version.
    """

    def __init__(
        self,
        runs: Runs,
        shards: Shards,
        pool: Pool,
        clock: Clock,
        mark: Callable[[], Mark],
        facts: Callable[[str], Json],
        crowd: Crowd | None = None,
    ) -> None:
        """`crowd`: of all ledgers that are written beside this one."""
        self._crowd = crowd or Crowd()
        self._runs = runs
        self._shards = shards
        self._pool = pool
        self._clock = clock
        self._mark = mark
        self._facts = facts
        self._waiting: dict[str, list[Write]] = {}
        self._took = 0
        """How many milliseconds the last write took."""

    # The port

    def append(self, writes: Sequence[Write]) -> None:
        ends: dict[str, int] = {}
        for write in writes:
            expected = ends.get(write.run, self.head(write.run)[0] + 1)
            if write.first != expected:
                raise LedgerInconsistent(
                    f"the next record of run {write.run} is {expected}, not {write.first}: another process wrote to it"
                )
            if len(write.records) != len(write.digests):
                raise LedgerInconsistent(f"{len(write.records)} records with {len(write.digests)} digests")
            ends[write.run] = expected + len(write.records)
        for write in writes:
            self._waiting.setdefault(write.run, []).append(write)

    def patience(self) -> int:
        starts = all(_START in record for writes in self._waiting.values() for one in writes for record in one.records)
        if starts and self._waiting:
            return self._crowd.join(self)
        self._crowd.leave(self)
        return max(PATIENCE_MS, min(self._took, MOST_PATIENCE_MS))

    def flush(self) -> None:
        self._crowd.leave(self)
        runs, began = list(self._waiting), self._clock.monotonic()
        if not runs:
            return
        if len(runs) == 1:
            self._write(runs[0])
        else:
            fiber.wait(together(fiber.run(self._write, run) for run in runs))
        self._took = self._clock.monotonic() - began

    def read(self, run: str, first: int = 0) -> Iterator[bytes]:
        status = self._stored(run)
        sealed, damage = sealed_of(status), None
        if sealed.shards and first <= sealed.sequence:
            found = self._shards.read(run, sealed)
            self._pool.learn(found.contents)
            self._pool.learn(status.get("contents", {}))
            for number, record in enumerate(found.records[first:], 1):
                yield record
                if number % AT_ONCE == 0:
                    fiber.wait(asyncio.sleep(0))
            damage = found.damage
            if damage is not None and len(found.records) <= sealed.sequence:
                raise damage
        self._pool.learn(status.get("contents", {}))
        tail = [text.encode() for text in status.get("tail", ())]
        yield from tail[max(0, first - sealed.sequence - 1) :]
        if damage is not None:
            # After the records: who drives gives up here, and who verifies tells where it is.
            raise damage
        for write in self._waiting.get(run, ()):
            yield from write.records[max(0, first - write.first) :]

    def head(self, run: str) -> tuple[int, Digest]:
        for write in reversed(self._waiting.get(run, ())):
            if write.digests:
                return write.first + len(write.records) - 1, write.digests[-1]
        status = self._stored(run)
        return status.get("sequence", -1), status.get("head", GENESIS)

    def status(self, run: str) -> RunStatus | None:
        waiting = self._waiting.get(run)
        if waiting:
            return waiting[-1].status
        status = self._stored(run)
        return parsed(status) if "head" in status else None

    # Beyond the port

    def claim(self, run: str) -> None:
        """Write nothing but the epoch. Raises Conflict where another leader wrote since."""
        self._runs.write_status(run, {**self._stored(run), **self._marked()})

    def claimed(self, run: str) -> bool:
        """Return whether the last write of the run bears the present epoch."""
        return bool(self._stored(run).get("epoch") == self._mark().epoch)

    def _marked(self) -> Json:
        mark = self._mark()
        return {"epoch": mark.epoch, "lease": mark.lease}

    def _stored(self, run: str) -> Json:
        found = self._runs.find(run)
        return {} if found is None else found.get("status") or {}

    def _write(self, run: str) -> None:
        """Write what waits for a run, in as many writes as it crosses edges of the run's state."""
        while waiting := self._waiting.get(run):
            group = _group(RunState(self._stored(run).get("state", RunState.PENDING)), waiting)
            self._write_group(run, waiting[:group])
            del waiting[:group]
        self._waiting.pop(run, None)

    def _write_group(self, run: str, writes: Sequence[Write]) -> None:
        found = self._runs.find(run)
        if found is None:
            raise NotFound(f"run {run} is gone")
        stored = found.get("status") or {}
        records = [record for write in writes for record in write.records]
        digests = [digest for write in writes for digest in write.digests]
        status = explained(writes[-1].status, [*stored.get("tail", ()), *(record.decode() for record in records)])
        generation = found["metadata"].get("generation", 1)
        body = {
            **self._facts(run),
            **view(status),
            **self._ledger(run, stored, records, digests),
            **self._marked(),
            "observedGeneration": generation,
            "conditions": conditions(status, generation, stored.get("conditions", []), self._clock.now()),
        }
        if status.state is RunState.SUCCEEDED:
            given = outputs(records, self._pool.get) or stored.get("outputs")
            body |= {} if given is None else {"outputs": given}
        self._runs.write_status(run, body)

    def _ledger(self, run: str, stored: Json, records: list[bytes], digests: list[Digest]) -> Json:
        """Return tail, contents and seal after more records; shards are written before the status that needs them."""
        sealed = sealed_of(stored)
        tail: list[str] = stored.get("tail", [])
        contents: dict[Digest, str] = stored.get("contents", {})
        large = any(len(record) > LARGEST_RECORD for record in records)
        if len(tail) + len(records) > LONGEST_TAIL or large:
            # The records of this write stay, if there are few: people read the tail.
            move = len(records) if large else 0 if len(records) <= LONGEST_TAIL else len(records) - 1
            old = [*(text.encode() for text in tail), *records[:move]]
            head = digests[move - 1] if move else stored["head"]
            moved = contents | self._pool.named(records[:move])
            self._shards.seal(run, sealed.sequence + 1, old, moved, Ends(sealed.head, head))
            sealed = Sealed(sealed.sequence + len(old), head, sealed.shards + 1)
            tail, contents, records = [], {}, records[move:]
        body: Json = {"tail": [*tail, *(record.decode() for record in records)]}
        contents = contents | self._pool.named(records)
        if contents:
            body["contents"] = contents
        if sealed.shards:
            body["sealed"] = {"sequence": sealed.sequence, "head": sealed.head, "count": sealed.shards}
        return body


def sealed_of(status: Json) -> Sealed:
    """Return how far the ledger of a status is sealed."""
    body: dict[str, Any] | None = status.get("sealed")
    return Sealed() if body is None else Sealed(body["sequence"], body["head"], body["count"])


def _group(before: RunState, writes: Sequence[Write]) -> int:
    """Return how many of the writes may be one: together they cross at most one edge of the run's state."""
    state = before
    for number, write in enumerate(writes):
        reached = write.status.state
        if reached is not state and state is not before:
            return number
        state = reached
    return len(writes)
