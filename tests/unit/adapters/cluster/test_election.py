"""What a candidate does next, row by row, and in every order of events that a machine can think of."""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
)

from controller.adapters.cluster.election import VACANT, Candidate, Seen, Timing

ME, OTHER = "me-1", "other-1"
ONE = st.sampled_from((0, 1))
LEADING = Candidate(ME, seen=Seen(ME, 4, "9"), changed_at=100.0, highest=4, epoch=4, renewed_at=100.0)


def standing_by(holder: str = OTHER, highest: int = 4) -> Candidate:
    return Candidate(ME).saw(Seen(holder, highest, "9"), 100.0)


MAY_ACQUIRE = {
    "nobody looked yet": (Candidate(ME), 1_000.0, False),
    "there is none, and nobody ever led": (Candidate(ME).saw(None, 100.0), 100.0, True),
    "there is none, but runs were led": (Candidate(ME).saw(None, 100.0).knows(7), 1_000.0, False),
    "another one's was deleted": (standing_by().saw(None, 101.0), 1_000.0, False),
    "vacant since just now": (standing_by(VACANT), 114.9, False),
    "vacant for as long as a Lease holds": (standing_by(VACANT), 115.0, True),
    "released": (standing_by(""), 100.0, True),
    "held by another one": (standing_by(), 114.9, False),
    "held by another one who is silent": (standing_by(), 115.0, True),
    "seen again without a change": (standing_by().saw(Seen(OTHER, 4, "9"), 114.0), 115.0, True),
    "renewed meanwhile": (standing_by().saw(Seen(OTHER, 4, "10"), 114.0), 115.0, False),
    "acquired by ourselves without an answer": (standing_by(ME), 100.0, True),
    "leading": (LEADING, 1_000.0, False),
}


@pytest.mark.parametrize(("candidate", "now", "expected"), MAY_ACQUIRE.values(), ids=list(MAY_ACQUIRE))
def test_when_a_lease_may_be_taken(candidate: Candidate, now: float, expected: bool) -> None:
    assert candidate.may_acquire(now) is expected


MUST_RESERVE = {
    "nobody looked yet": (Candidate(ME).knows(7), False),
    "there is none, and nobody ever led": (Candidate(ME).saw(None, 100.0), False),
    "there is none, but runs were led": (Candidate(ME).saw(None, 100.0).knows(7), True),
    "another one's was deleted": (standing_by().saw(None, 101.0), True),
    "ours was deleted": (LEADING.saw(None, 101.0), False),
    "vacant": (standing_by(VACANT), False),
}


@pytest.mark.parametrize(("candidate", "expected"), MUST_RESERVE.values(), ids=list(MUST_RESERVE))
def test_when_a_missing_lease_is_put_back_first(candidate: Candidate, expected: bool) -> None:
    assert candidate.must_reserve() is expected


SAW = {
    "itself": (Seen(ME, 4, "10"), 4),
    "nothing: it was deleted": (None, 4),
    "that somebody put it back": (Seen(VACANT, 4, "10"), 4),
    "that somebody who knows more put it back": (Seen(VACANT, 5, "10"), None),
    "another holder": (Seen(OTHER, 5, "10"), None),
    "itself, with another epoch": (Seen(ME, 5, "10"), None),
    "that it was given back": (Seen("", 4, "10"), None),
}


@pytest.mark.parametrize(("seen", "epoch"), SAW.values(), ids=list(SAW))
def test_what_a_leader_sees(seen: Seen | None, epoch: int | None) -> None:
    assert LEADING.saw(seen, 101.0).epoch == epoch


@pytest.mark.parametrize(("now", "leads"), [(100.0, True), (109.9, True), (110.0, False)])
def test_a_leader_stops_by_itself(now: float, leads: bool) -> None:
    assert LEADING.leads(now) is leads


def test_an_epoch_is_above_all_that_are_known() -> None:
    assert Candidate(ME).saw(None, 1.0).next_epoch() == 1
    assert standing_by(highest=4).next_epoch() == 5
    assert standing_by(highest=4).knows(9).knows(2).next_epoch() == 10
    assert standing_by(highest=4).saw(None, 101.0).next_epoch() == 5


@dataclass(frozen=True)
class Call:
    """A write that is under way: it may arrive, its answer may come, in any order with everything else."""

    candidate: int
    life: int
    began: float
    over: Seen | None
    epoch: int
    kind: str
    holder: str


def is_first_try(kind: str, over: Seen | None) -> bool:
    return kind == "acquire" and over is None


class Candidates(RuleBasedStateMachine):
    """Two candidates and one Lease. Time passes for everybody, at different rates. Nobody deletes the Lease while the
    first leader of all is being found: before it has marked a run, nothing would tell of it.
    """

    sent: Bundle[Any] = Bundle("sent")
    answers: Bundle[Any] = Bundle("answers")

    @initialize(rates=st.tuples(st.floats(0.88, 1.12), st.floats(0.88, 1.12)))
    def begin(self, rates: tuple[float, float]) -> None:
        self.now, self.rates, self.lives = 1_000.0, rates, [1, 1]
        self.lease: Seen | None = None
        self.version, self.in_runs, self.first_tries = 0, 0, 0
        self.gained: list[int] = []
        self.candidates = [Candidate(f"{index}-1", Timing()) for index in (0, 1)]

    def local(self, index: int) -> float:
        return self.now * self.rates[index]

    @rule(seconds=st.one_of(st.floats(0.01, 3.0), st.floats(3.0, 20.0)))
    def time_passes(self, seconds: float) -> None:
        self.now += seconds

    @rule(index=ONE)
    def reads(self, index: int) -> None:
        self.candidates[index] = self.candidates[index].saw(self.lease, self.local(index))

    @rule(target=sent, index=ONE)
    def asks(self, index: int) -> Any:
        """Renew, put back or acquire, over what was last seen."""
        candidate, now = self.candidates[index], self.local(index)
        if candidate.leads(now):
            assert candidate.epoch is not None
            return self.call(index, "renew", candidate.epoch)
        candidate = candidate.resigned()
        if candidate.may_acquire(now):
            candidate = candidate.knows(self.in_runs)
        self.candidates[index] = candidate
        if candidate.must_reserve():
            return self.call(index, "reserve", candidate.highest)
        return self.call(index, "acquire", candidate.next_epoch()) if candidate.may_acquire(now) else multiple()

    def call(self, index: int, kind: str, epoch: int) -> Call:
        candidate = self.candidates[index]
        holder = VACANT if kind == "reserve" else candidate.identity
        self.first_tries += is_first_try(kind, candidate.seen)
        return Call(index, self.lives[index], self.local(index), candidate.seen, epoch, kind, holder)

    @rule(target=answers, call=consumes(sent), heard=st.booleans())
    def arrives(self, call: Call, heard: bool) -> Any:
        """Late or at once, perhaps after its sender died; whether anybody hears the answer is another matter."""
        self.first_tries -= is_first_try(call.kind, call.over)
        if self.lease != call.over:
            return multiple()
        self.version += 1
        self.lease = Seen(call.holder, call.epoch, str(self.version))
        return (call, self.lease) if heard else multiple()

    @rule(call=consumes(sent))
    def is_lost(self, call: Call) -> None:
        self.first_tries -= is_first_try(call.kind, call.over)

    @rule(answer=consumes(answers))
    def hears(self, answer: tuple[Call, Seen]) -> None:
        call, seen = answer
        index = call.candidate
        if call.life != self.lives[index]:
            return
        candidate, now = self.candidates[index], self.local(index)
        if call.kind == "renew" and candidate.leads(now) and candidate.epoch == call.epoch:
            self.candidates[index] = candidate.renewed(seen, call.began)
        if call.kind == "reserve":
            self.candidates[index] = candidate.saw(seen, now)
        if call.kind == "acquire" and candidate.epoch is None:
            candidate = candidate.acquired(seen, call.began)
            self.candidates[index] = candidate if candidate.leads(now) else candidate.resigned()
            if candidate.leads(now):
                self.gained.append(call.epoch)
                self.in_runs = max(self.in_runs, call.epoch)

    @rule(index=ONE)
    def dies_and_begins_anew(self, index: int) -> None:
        self.lives[index] += 1
        self.candidates[index] = Candidate(f"{index}-{self.lives[index]}", Timing())

    @rule(index=ONE)
    def gives_back_and_begins_anew(self, index: int) -> None:
        held = self.lease
        if held is not None and held.holder == self.candidates[index].identity:
            self.version += 1
            self.lease = held._replace(holder="", version=str(self.version))
        self.dies_and_begins_anew(index)

    @precondition(lambda self: self.in_runs > 0 and not self.first_tries)
    @rule()
    def somebody_deletes_it(self) -> None:
        self.lease = None

    @invariant()
    def at_most_one_leads(self) -> None:
        if hasattr(self, "candidates"):
            assert sum(one.leads(self.local(index)) for index, one in enumerate(self.candidates)) <= 1

    @invariant()
    def epochs_grow(self) -> None:
        if hasattr(self, "candidates"):
            assert self.gained == sorted(set(self.gained))


TestCandidates = Candidates.TestCase
TestCandidates.settings = settings(max_examples=200, stateful_step_count=40, deadline=None)


def test_a_lease_of_another_duration_has_the_same_shares() -> None:
    assert Timing.of(15) == Timing()
    assert Timing.of(60) == Timing(60, 40, 8)
