"""The API server keeps a run's ledger whole: it grows at its end, shrinks by what is sealed, and is never rewritten."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.cluster.resources.stage import DIGEST, OTHER, WAYS, Object, ledger


@pytest.fixture
def running(new_run: Callable[..., Object]) -> Callable[[str], Object]:
    """Make a run with records 10 to 13 in its tail, 9 being the last sealed one; written in the given way alone."""

    def make(way: str) -> Object:
        run = new_run()
        for members in (
            {"state": "Running", "epoch": 7},
            {
                "sequence": 9,
                "head": DIGEST,
                "sealed": {"sequence": 9, "head": DIGEST, "count": 1},
            },
            {"sequence": 13, "head": DIGEST, "tail": ledger(10, 4)},
        ):
            answer = run.write(way, "status", members)
            assert answer.ok, answer.message
        return run

    return make


SEALED = {"head": DIGEST, "count": 2}

REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a smaller epoch": ({"epoch": 6}, "status.epoch: Forbidden: leadership 6 is over: 7 wrote since"),
    "a smaller sequence": (
        {"sequence": 12, "tail": ledger(10, 3)},
        "status.sequence: Forbidden: the ledger never gets shorter: it had record 13, this write ends at 12",
    ),
    "another head for the same record": ({"head": OTHER}, "head and tail stay as they are"),
    "another last record": ({"tail": [*ledger(10, 3), "forged"]}, "a record of the ledger is never rewritten"),
    "another first record": ({"tail": ["forged", *ledger(11, 3)]}, "a record of the ledger is never rewritten"),
    "a rewritten record below a new one": (
        {"sequence": 14, "head": OTHER, "tail": [*ledger(10, 2), "forged", *ledger(13, 2)]},
        "a record of the ledger is never rewritten",
    ),
    "a shorter tail": ({"tail": ledger(11, 3)}, "the tail only shrinks by what is sealed"),
    "a gap between what is sealed and the tail": (
        {"sealed": {"sequence": 10, **SEALED}, "tail": ledger(12, 2)},
        "the tail must hold every record after the sealed ones",
    ),
    "a new record that is not in the tail": (
        {"sequence": 14, "head": OTHER},
        "the tail must hold every record after the sealed ones",
    ),
    "a rewritten record beside sealing": (
        {"sequence": 14, "head": OTHER, "sealed": {"sequence": 11, **SEALED}, "tail": ["forged", *ledger(13, 2)]},
        "a record of the ledger is never rewritten",
    ),
    "a smaller sealed sequence": (
        {"sequence": 14, "head": OTHER, "sealed": {"sequence": 8, **SEALED}, "tail": ledger(9, 6)},
        "what is sealed stays sealed",
    ),
    "another head of what is sealed": (
        {"sealed": {"sequence": 9, **SEALED, "head": OTHER}},
        "sealed records never change",
    ),
    "no epoch": ({"epoch": None}, "status.epoch: Forbidden: once written it is never taken back"),
    "no sequence": ({"sequence": None}, "status.sequence: Forbidden: once written it is never taken back"),
    "no head": ({"head": None}, "status.head: Forbidden: once written it is never taken back"),
    "nothing sealed": ({"sealed": None}, "status.sealed: Forbidden: once written it is never taken back"),
    "no tail": ({"tail": None}, "the tail only shrinks by what is sealed"),
}

ACCEPTED: dict[str, dict[str, Any]] = {
    "a greater epoch alone: a claim": {"epoch": 8},
    "conditions alone": {"conditions": []},
    "more records": {"sequence": 15, "head": OTHER, "tail": ledger(10, 6)},
    "all sealed, one more": {
        "sequence": 14,
        "head": OTHER,
        "sealed": {"sequence": 13, **SEALED},
        "tail": ledger(14, 1),
    },
    "half sealed, two more": {
        "sequence": 15,
        "head": OTHER,
        "sealed": {"sequence": 11, **SEALED},
        "tail": ledger(12, 4),
    },
    "all of it sealed with the new ones": {
        "sequence": 40,
        "head": OTHER,
        "sealed": {"sequence": 40, **SEALED, "head": OTHER},
        "tail": [],
    },
    "shards merged into one": {"sealed": {"sequence": 9, "head": DIGEST, "count": 1}},
}


@pytest.mark.requirement("K8S-006")
@pytest.mark.parametrize("way", WAYS)
def test_refused(way: str, running: Callable[[str], Object]) -> None:
    run = running(way)
    before = run.read()["status"]
    for what, (members, words) in REFUSED.items():
        answer = run.write(way, "status", members)
        assert answer.status == 422, (what, answer)
        assert words in answer.message, what
    assert run.read()["status"] == before


@pytest.mark.requirement("K8S-006")
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("members", ACCEPTED.values(), ids=ACCEPTED)
def test_accepted(way: str, members: dict[str, Any], running: Callable[[str], Object]) -> None:
    answer = running(way).write(way, "status", members)
    assert answer.ok, answer.message


def test_head_and_sequence_come_together(new_run: Callable[..., Object]) -> None:
    assert "head and sequence go together" in new_run().status(sequence=0, tail=["a"]).message
    assert "head and sequence go together" in new_run().status(head=DIGEST).message
    assert not new_run().status(tail=["a"]).ok
