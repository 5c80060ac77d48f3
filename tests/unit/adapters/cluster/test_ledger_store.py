"""Ledgers in the status of runs: one write per edge, sealed shards, small contents beside their records."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controller.adapters.cluster import fiber
from controller.adapters.cluster.ledger_store import AT_ONCE, LONGEST_TAIL, Ends, Sealed, StatusLedgerStore, Unsealed
from controller.adapters.cluster.names import Mark
from controller.adapters.cluster.pool import Pool
from controller.engine.transitions import RUN
from controller.errors import LedgerInconsistent, StoreUnavailable
from controller.model.digest import Digest, digest_bytes
from controller.model.record import GENESIS
from controller.model.run import RunProgress, RunStatus
from controller.model.states import RunState
from controller.ports.ledger_store import Write
from tests.fakes.clock import SettableClock

T = TypeVar("T")
Json = dict[str, Any]
FACTS = {"definition": digest_bytes(b"definition")}


class Objects:
    """Run objects as an API server holds them, with what it refuses."""

    def __init__(self) -> None:
        self.runs: dict[str, Json] = {"a": {"metadata": {"generation": 1}}, "b": {"metadata": {"generation": 1}}}
        self.writes: list[tuple[str, str]] = []
        self.failing = False

    def find(self, run: str) -> Json | None:
        return self.runs.get(run)

    def write_status(self, run: str, status: Json) -> None:
        if self.failing:
            raise StoreUnavailable("somebody wrote")
        old = self.runs[run].get("status", {})
        before, after = RunState(old.get("state", "Pending")), RunState(status.get("state", "Pending"))
        edges = {(source, target) for source, _, target in RUN.edges()}
        assert before is after or (before, after) in edges, f"{before} -> {after} in one write"
        assert len(status["tail"]) <= 128
        grown = status.get("sealed", {}).get("sequence", -1) > old.get("sealed", {}).get("sequence", -1)
        assert grown or len(status["tail"]) >= len(old.get("tail", ()))
        assert status["sequence"] >= old.get("sequence", -1)
        self.runs[run] = {**self.runs[run], "status": status}
        self.writes.append((run, after))


class Shards:
    """Shards in memory, found again from the end backwards."""

    def __init__(self) -> None:
        self.kept: dict[tuple[str, Digest], tuple[int, list[bytes], dict[Digest, str], Digest]] = {}

    def seal(self, run: str, first: int, records: Sequence[bytes], contents: dict[Digest, str], ends: Ends) -> None:
        assert digest_bytes(records[-1]) == ends.head
        self.kept[run, ends.head] = (first, list(records), contents, ends.before)

    def read(self, run: str, sealed: Sealed) -> Unsealed:
        records: list[bytes] = []
        contents: dict[Digest, str] = {}
        head = sealed.head
        while head != GENESIS:
            first, part, named, head = self.kept[run, head]
            assert first + len(part) + len(records) == sealed.sequence + 1
            records = part + records
            contents |= named
        return Unsealed(records, contents)


class World:
    """A process with its store over objects that outlive it."""

    def __init__(self, objects: Objects | None = None, shards: Shards | None = None, epoch: int = 1) -> None:
        self.objects, self.shards, self.pool = objects or Objects(), shards or Shards(), Pool()
        clock = SettableClock()
        self.store = StatusLedgerStore(
            self.objects, self.shards, self.pool, clock, lambda: Mark(epoch, "lease"), lambda _: FACTS
        )

    def again(self, epoch: int = 1) -> "World":
        return World(self.objects, self.shards, epoch)


def status(sequence: int, head: Digest, state: RunState) -> RunStatus:
    return RunStatus(state=state, progress=RunProgress(total=1), sequence=sequence, head=head)


def write(first: int, count: int, state: RunState = RunState.RUNNING, run: str = "a", named: Digest = "") -> Write:
    records = [f'{{"kind":"Fact","n":"{run}{first + number}{named}"}}'.encode() for number in range(count)]
    digests = [digest_bytes(record) for record in records]
    return Write(run, first, records, digests, status(first + count - 1, digests[-1], state))


def played(function: Callable[[], T]) -> T:
    return asyncio.run(fiber.run(function))


def test_what_was_written_is_read_by_the_next_process() -> None:
    world = World()
    one, two = write(0, 2), write(2, 3)
    world.store.append([one])
    world.store.append([two])
    assert world.store.head("a") == (4, two.digests[-1])
    played(world.store.flush)
    assert world.objects.writes == [("a", "Running")]
    after = world.again().store
    assert list(after.read("a")) == [*one.records, *two.records]
    assert list(after.read("a", 3)) == list(two.records[1:])
    assert after.head("a") == (4, two.digests[-1])
    found = after.status("a")
    assert found is not None
    assert (found.state, found.sequence, found.head) == (RunState.RUNNING, 4, two.digests[-1])


def test_a_run_that_nobody_wrote_to_has_nothing() -> None:
    store = World().store
    assert (store.head("a"), store.status("a"), list(store.read("a"))) == ((-1, GENESIS), None, [])


def test_one_write_crosses_one_edge() -> None:
    world = World()
    states = [RunState.RUNNING, RunState.RUNNING, RunState.AWAITING_APPROVAL, RunState.RUNNING, RunState.SUCCEEDED]
    world.store.append([write(number, 1, state) for number, state in enumerate(states)])
    played(world.store.flush)
    assert world.objects.writes == [
        ("a", "Running"),
        ("a", "AwaitingApproval"),
        ("a", "Running"),
        ("a", "Succeeded"),
    ]


def test_long_tails_are_sealed_before_the_status_forgets_them() -> None:
    world = World()
    for number in range(10):
        world.store.append([write(number * 10, 10)])
        played(world.store.flush)
        assert len(world.objects.runs["a"]["status"]["tail"]) <= LONGEST_TAIL
    everything = [record for number in range(10) for record in write(number * 10, 10).records]
    after = world.again()
    assert played(lambda: list(after.store.read("a"))) == everything
    assert played(lambda: list(after.store.read("a", 55))) == everything[55:]


def test_a_wide_pass_is_sealed_at_once() -> None:
    world = World()
    world.store.append([write(0, 1000)])
    played(world.store.flush)
    assert len(world.objects.runs["a"]["status"]["tail"]) == 1
    assert played(lambda: list(world.again().store.read("a"))) == list(write(0, 1000).records)


def test_small_contents_travel_with_the_records_that_name_them() -> None:
    world = World()
    digest = world.pool.put(b'{"answer":42}')
    world.pool.put(b'"nobody names this"')
    world.store.append([write(0, 1, named=digest)])
    played(world.store.flush)
    assert world.objects.runs["a"]["status"]["contents"] == {digest: '{"answer":42}'}
    world.store.append([write(1, 40)])
    played(world.store.flush)
    assert "contents" not in world.objects.runs["a"]["status"]
    after = world.again()
    played(lambda: list(after.store.read("a")))
    assert after.pool.get(digest) == b'{"answer":42}'


def test_whoever_reads_a_long_ledger_lets_others_have_their_turns() -> None:
    world = World()
    world.store.append([write(0, 5 * AT_ONCE)])
    played(world.store.flush)
    seen: list[str] = []

    def read(name: str) -> None:
        for number, _ in enumerate(world.again().store.read("a")):
            if number % AT_ONCE == 0:
                seen.append(name)

    async def both() -> None:
        await asyncio.gather(fiber.run(read, "one"), fiber.run(read, "other"))

    asyncio.run(both())
    assert seen == ["one", "other"] * 5


def succeeded(first: int, outputs: Digest | None) -> Write:
    named = "" if outputs is None else f',"outputDigest":"{outputs}"'
    record = f'{{"kind":"RunSucceeded"{named}}}'.encode()
    digest = digest_bytes(record)
    return Write("a", first, [record], [digest], status(first, digest, RunState.SUCCEEDED))


def test_what_a_run_gives_is_in_its_status_once_it_has_succeeded() -> None:
    world = World()
    outputs = world.pool.put(b'{"rows":3}')
    world.store.append([write(0, 2, named=outputs), succeeded(2, outputs)])
    played(world.store.flush)
    assert [state for _, state in world.objects.writes] == ["Running", "Succeeded"]
    assert world.objects.runs["a"]["status"]["outputs"] == {"rows": 3}
    after = world.again()
    after.store.append([write(3, 1, RunState.SUCCEEDED)])
    played(after.store.flush)
    assert after.objects.runs["a"]["status"]["outputs"] == {"rows": 3}
    after.store.append([write(4, 1, RunState.ROLLING_BACK)])
    played(after.store.flush)
    assert "outputs" not in after.objects.runs["a"]["status"]


@pytest.mark.parametrize(
    "outputs",
    [digest_bytes(b"[1]"), digest_bytes(b"elsewhere"), None],
    ids=["no outputs by name", "outputs that are large", "no outputs"],
)
def test_what_does_not_belong_there_is_left_out(outputs: Digest | None) -> None:
    world = World()
    world.pool.put(b"[1]")
    world.store.append([write(0, 1), succeeded(1, outputs)])
    played(world.store.flush)
    assert "outputs" not in world.objects.runs["a"]["status"]


def test_contents_that_are_not_what_their_digest_says_are_not_believed() -> None:
    pool = Pool()
    pool.learn({digest_bytes(b"one"): "two"})
    assert pool.get(digest_bytes(b"one")) is None


def test_several_runs_of_a_tree_are_written_side_by_side() -> None:
    world = World()
    world.store.append([write(0, 1), write(0, 2, run="b")])
    played(world.store.flush)
    assert sorted(world.objects.writes) == [("a", "Running"), ("b", "Running")]


def test_a_failed_write_keeps_what_waits() -> None:
    world = World()
    world.store.append([write(0, 1)])
    world.objects.failing = True
    with pytest.raises(StoreUnavailable):
        played(world.store.flush)
    world.objects.failing = False
    played(world.store.flush)
    assert list(world.again().store.read("a")) == list(write(0, 1).records)


@pytest.mark.parametrize("first", [0, 1, 3])
def test_records_that_do_not_follow_are_refused(first: int) -> None:
    world = World()
    world.store.append([write(0, 2)])
    with pytest.raises(LedgerInconsistent):
        world.store.append([write(first, 1)])


def test_a_claim_writes_nothing_but_the_epoch() -> None:
    world = World()
    world.store.append([write(0, 2)])
    played(world.store.flush)
    assert world.store.claimed("a")
    later = world.again(epoch=2)
    assert not later.store.claimed("a")
    before = world.objects.runs["a"]["status"]
    later.store.claim("a")
    assert world.objects.runs["a"]["status"] == {**before, "epoch": 2}
    assert later.store.claimed("a")


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), min_size=1, max_size=12))
def test_any_rhythm_of_writes_gives_the_same_ledger(steps: list[tuple[int, bool]]) -> None:
    world, first = World(), 0
    expected: list[bytes] = []
    for count, flushed in steps:
        one = write(first, count)
        expected += one.records
        first += count
        world.store.append([one])
        if flushed:
            played(world.store.flush)
            world = world.again()
            played(lambda world=world: list(world.store.read("a")))  # type: ignore[misc]
    played(world.store.flush)
    assert played(lambda: list(world.again().store.read("a"))) == expected
