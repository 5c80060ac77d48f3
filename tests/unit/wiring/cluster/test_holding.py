"""Which runs are held, what is said of them, and which command of a person lets one go on: the rules, case by case."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pytest

from controller.adapters.cluster.lapse import UNBROKEN, Lapse
from controller.errors import Held, LedgerInconsistent, OutcomeUnknown, Restored
from controller.wiring.cluster.holding import BACKUP_LABELS, RESTORED, UNKNOWN
from tests.unit.wiring.cluster.held_scene import EPOCH, Asked, Scene

Json = dict[str, Any]

AB: Json = {"steps": [{"id": "a"}, {"id": "b", "retry": {"allowSkip": True}}]}
UNLED, RESTORATION = Lapse(unled_before=EPOCH), Lapse(restored_before=EPOCH)


class Why(NamedTuple):
    lapse: Lapse
    run: Json
    """How it is; without an epoch it has no status."""
    expected: str | None


WHY: dict[str, Why] = {
    "somebody led all the time": Why(UNBROKEN, {"epoch": 3}, None),
    "nobody led since its last write": Why(UNLED, {"epoch": EPOCH - 1}, UNKNOWN),
    "it was written to since": Why(UNLED, {"epoch": EPOCH}, None),
    "the cluster was restored since its last write": Why(RESTORATION, {"epoch": EPOCH - 1}, RESTORED),
    "it was written to since the cluster was restored": Why(RESTORATION, {"epoch": EPOCH}, None),
    "both: what came from a backup is known least": Why(Lapse(EPOCH, EPOCH), {"epoch": 1}, RESTORED),
    "a leader before this one held it": Why(UNBROKEN, {"epoch": EPOCH, "stalled": UNKNOWN}, UNKNOWN),
    "a leader before this one held it as restored": Why(UNBROKEN, {"epoch": EPOCH, "stalled": RESTORED}, RESTORED),
    "it stands still for another reason": Why(UNBROKEN, {"epoch": EPOCH, "stalled": "NotFound"}, None),
    "it has ended": Why(Lapse(EPOCH, EPOCH), {"epoch": 1, "status": {"state": "Failed"}}, None),
    "it has not begun": Why(Lapse(EPOCH, EPOCH), {}, None),
    "a backup brought it, without its status": Why(UNBROKEN, {"labels": {BACKUP_LABELS[0]: "x"}}, RESTORED),
    "another label says the same": Why(UNBROKEN, {"labels": {BACKUP_LABELS[1]: "x"}}, RESTORED),
    "a backup brought it, with its status": Why(UNBROKEN, {"epoch": EPOCH, "labels": {BACKUP_LABELS[0]: "x"}}, None),
    "its ledger is that of another object": Why(UNBROKEN, {"epoch": EPOCH, "ledger": "uid-before"}, RESTORED),
    "where the ledger is sealed, the status does not say whose it is": Why(
        UNBROKEN, {"epoch": EPOCH, "ledger": "uid-before", "status": {"sealed": {"count": 1}}}, None
    ),
}


def scene_of(lapse: Lapse, *, protected: bool = True, **run: Any) -> Scene:
    scene = Scene(lapse, protected=protected)
    if "epoch" in run:
        scene.under_way("r", **{"definition": AB, **run})
    else:
        scene.run("r", None, **run)
    return scene


@pytest.mark.parametrize("case", WHY.values(), ids=WHY)
def test_why_a_tree_may_have_to_be_held(case: Why) -> None:
    assert scene_of(case.lapse, **case.run).holding().why == case.expected


def test_one_run_of_a_tree_is_enough() -> None:
    scene = scene_of(UNLED, epoch=EPOCH)
    scene.run("c", 1, parent={"uid": "uid-c", "rootUid": "uid-r", "parentUid": "uid-r"})["status"]["state"] = "Running"
    assert scene.holding().why == UNKNOWN


def test_a_first_record_that_is_none_is_no_question_for_a_person() -> None:
    with pytest.raises(LedgerInconsistent, match="record 0 of run uid-r"):
        scene_of(UNBROKEN, epoch=EPOCH, status={"tail": ["?"]}).holding()


class New(NamedTuple):
    run: Json
    asked: list[Asked]
    held: str
    """What is said; empty: it goes on."""
    answers: list[str | int]
    protected: bool = True


BARE: Json = {"labels": {BACKUP_LABELS[0]: "x"}}
FOREIGN: Json = {"epoch": EPOCH, "ledger": "uid-before"}
NO_STATUS, NO_LEDGER = "without its status: what was done for it is not known", "as another object"
BEGINS = "`retry` without a step begins it"

NEW: dict[str, New] = {
    "nobody decided about one without a status": New(BARE, [], NO_STATUS, []),
    "a retry begins it": New(BARE, [Asked("retry")], "", [0]),
    "a retry that was answered has begun it": New(
        BARE, [Asked("retry", status={"answeredAt": "x", "record": 0})], "", []
    ),
    "a retry that was refused did not": New(BARE, [Asked("retry", status={"answeredAt": "x"})], NO_STATUS, []),
    "an abort that was answered did not": New(
        BARE, [Asked("abort", status={"answeredAt": "x", "record": 0})], NO_STATUS, []
    ),
    "a retry of a step does not": New(BARE, [Asked("retry", "a")], NO_STATUS, [BEGINS]),
    "other commands do not, and are refused": New(
        BARE, [Asked("skip", "a"), Asked("abort"), Asked("undo")], NO_STATUS, [BEGINS, BEGINS, BEGINS]
    ),
    "the oldest one first": New(BARE, [Asked("retry", second=2), Asked("abort", second=1)], "", [BEGINS, 0]),
    "a rerun is about another run": New(BARE, [Asked("rerun")], NO_STATUS, []),
    "nobody knows whose command it is": New(BARE, [Asked("retry")], NO_STATUS, [], protected=False),
    "nobody decided about one with a foreign ledger": New(FOREIGN, [], NO_LEDGER, []),
    "nothing lets that go on": New(
        FOREIGN, [Asked("retry"), Asked("abort")], NO_LEDGER, ["delete it and make a new run"] * 2
    ),
    "what is ours and has a status is no question here": New({"epoch": 1}, [Asked("retry")], "", []),
    "one that nobody brought back begins by itself": New({}, [], "", []),
}


@pytest.mark.parametrize("case", NEW.values(), ids=NEW)
def test_what_is_no_run_of_ours_yet(case: New) -> None:
    scene = scene_of(RESTORATION, protected=case.protected, **case.run)
    scene.command(*case.asked)
    if case.held:
        with pytest.raises(Restored, match=case.held) as told:
            scene.check_new()
        assert told.value.runs == ("uid-r",)
        assert told.value.hint
    else:
        scene.check_new()
    told_them = scene.answers()
    assert len(told_them) == len(case.answers)
    for said, expected in zip(told_them, case.answers, strict=True):
        assert str(expected) in str(said)


class Case(NamedTuple):
    lapse: Lapse
    there: str
    """Steps whose Jobs are there."""
    asked: list[Asked]
    held: list[str]
    """What is said of it, in pieces; none: it goes on."""
    answers: Sequence[str | int] = ()
    unknown: bool = True
    """Whether attempts without a Job end as OutcomeUnknown."""
    released: bool = False
    """Whether its conditions say that it is held no longer."""
    protected: bool = True


LOST_A = ["nobody led for longer than Jobs are kept: nobody can tell what became of a (attempt 1, run r)"]
LOST_BOTH = ["a (attempt 1, run r), b (attempt 1, run r)"]
SINCE = ["the cluster was restored from a backup: what was done since is in no ledger"]

CASES: dict[str, Case] = {
    "all Jobs are there": Case(UNLED, "a b", [], [], unknown=False),
    "a Job is gone": Case(UNLED, "b", [], LOST_A),
    "all Jobs are gone": Case(UNLED, "", [], LOST_BOTH),
    "somebody retries it": Case(UNLED, "b", [Asked("retry", "a")], []),
    "somebody retries what they saw": Case(UNLED, "b", [Asked("retry", "a", attempt=1)], []),
    "somebody skips what may be skipped": Case(UNLED, "a", [Asked("skip", "b")], []),
    "somebody aborts": Case(UNLED, "b", [Asked("abort")], []),
    "what may not be skipped": Case(UNLED, "b", [Asked("skip", "a")], LOST_A, ["may not be skipped"]),
    "a retry of what still runs": Case(UNLED, "b", [Asked("retry", "b")], LOST_A, ["b"]),
    "a retry of a step that is none": Case(UNLED, "b", [Asked("retry", "z")], LOST_A, ["z"]),
    "a retry of another attempt": Case(UNLED, "b", [Asked("retry", "a", attempt=2)], LOST_A, ["attempt 2"]),
    "a command that was answered before": Case(UNLED, "b", [Asked("abort", status={"answeredAt": "x"})], LOST_A),
    "a rerun decides nothing here": Case(UNLED, "b", [Asked("rerun")], LOST_A),
    "nobody knows whose command it is": Case(UNLED, "b", [Asked("abort")], LOST_A, protected=False),
    "the oldest that can be carried out, those before it are refused": Case(
        UNLED,
        "b",
        [Asked("abort", second=3), Asked("skip", "a", second=1), Asked("retry", "a", second=2)],
        [],
        ["skipped"],
    ),
    "restored, and nobody decided": Case(RESTORATION, "a b", [], SINCE),
    "restored, and nothing is lost: a retry goes on": Case(
        RESTORATION, "a b", [Asked("retry")], [], [3], released=True
    ),
    "restored, and nothing is lost: an abort ends it": Case(RESTORATION, "a b", [Asked("abort")], []),
    "restored, and nothing is lost: a step that runs is not retried": Case(
        RESTORATION, "a b", [Asked("retry", "a")], SINCE, ["a"]
    ),
    "restored, and Jobs are gone": Case(RESTORATION, "b", [], [*SINCE, "a (attempt 1, run r)"]),
    "restored, and Jobs are gone: a retry is about what failed by that, as ever": Case(
        RESTORATION, "b", [Asked("retry")], []
    ),
    "restored, and Jobs are gone: a retry of such a step": Case(RESTORATION, "b", [Asked("retry", "a")], []),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_a_run_that_was_under_way(case: Case) -> None:
    scene = scene_of(case.lapse, epoch=1, protected=case.protected)
    scene.command(*case.asked)
    if case.held:
        with pytest.raises(Held) as told:
            scene.check(*case.there.split())
        assert type(told.value) is (OutcomeUnknown if case.lapse is UNLED else Restored)
        assert [piece for piece in case.held if piece not in told.value.message] == []
        assert told.value.runs == ("uid-r",)
        assert "Intervention" in str(told.value.hint)
    else:
        assert scene.check(*case.there.split()) is case.unknown
    assert [word for word, said in zip(case.answers, scene.answers(), strict=True) if str(word) not in str(said)] == []
    written = [status for what, status in scene.client.patched if what == "runs r"]
    assert [bool(written), *(status["epoch"] for status in written)] == ([True, EPOCH] if case.released else [False])
    if written:
        assert "Stalled" not in [one["type"] for one in written[0]["conditions"]]


def test_what_nobody_knows_is_not_tried_again_by_itself() -> None:
    """It fails whatever its retry policy says, so that a person can retry it."""
    again = {"errorHandling": {"onStepFailure": {"maxAttempts": 3, "initialDelayMs": 1}}}
    scene = scene_of(UNLED, epoch=1, definition={**AB, **again})
    scene.command(Asked("retry", "a"))
    assert scene.check("b")
    assert scene.answers() == []


def test_only_some_of_many_attempts_are_named() -> None:
    scene = scene_of(UNLED, epoch=1, definition={"steps": [{"id": f"s{number}"} for number in range(7)]})
    with pytest.raises(OutcomeUnknown, match=r"s4 \(attempt 1, run r\) and 2 more$"):
        scene.check()


CHILD: Mapping[str, Any] = {"parent": {"uid": "uid-c", "rootUid": "uid-r", "parentUid": "uid-r"}}


def test_children_are_held_with_their_parent_and_named_where_something_of_theirs_is_lost() -> None:
    scene = scene_of(UNLED, epoch=1)
    scene.under_way("c", 1, {"steps": [{"id": "x"}]}, **CHILD)
    with pytest.raises(OutcomeUnknown, match=r"became of x \(attempt 1, run c\)$") as told:
        scene.check("a", "b")
    assert told.value.runs == ("uid-c",)


def test_from_a_backup_every_run_of_a_tree_is_held() -> None:
    scene = scene_of(RESTORATION, epoch=1)
    scene.under_way("c", 1, {"steps": [{"id": "x"}]}, **CHILD)
    with pytest.raises(Restored) as told:
        scene.check("a", "b")
    assert told.value.runs == ("uid-r", "uid-c")


def test_a_command_about_a_child_lets_the_tree_go_on() -> None:
    scene = scene_of(UNLED, epoch=1)
    scene.under_way("c", 1, {"steps": [{"id": "x"}]}, **CHILD)
    scene.command(Asked("retry", "x", run="c"))
    assert scene.check("a", "b")
    assert scene.client.patched == []
