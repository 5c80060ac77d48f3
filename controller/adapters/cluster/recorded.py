"""Which record is it that an approval or intervention became, when its answer was lost?

A leader that dies between the write of a record and the answer leaves an object that looks new. Taken again, a decision
would be refused as late, and a `retry` would be done twice.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from controller.model.record import Record, decode
from controller.model.states import Verb, Verdict

Json = dict[str, Any]

KINDS: Mapping[str, frozenset[str]] = {
    Verdict.APPROVE: frozenset({"GateApproved"}),
    Verdict.REJECT: frozenset({"GateRejected"}),
    Verdict.MODIFY: frozenset({"GateModified"}),
    Verb.RETRY: frozenset({"StepReopened", "RunReopened"}),
    Verb.SKIP: frozenset({"StepSkipped"}),
    Verb.ABORT: frozenset({"AbortRequested", "RunAborted", "UndoStarted"}),
    Verb.UNDO: frozenset({"UndoStarted"}),
    Verb.SUSPEND: frozenset({"RunSuspended"}),
    Verb.RESUME: frozenset({"RunResumed", "UndoStarted"}),
}
"""What a person asks for -> the kinds of records that it becomes."""


SKEW_MS = 60_000
"""By how much the clocks of the API server, which dates objects, and of a leader, which dates records, may differ."""


def record_of(asked: Json, run: Json, others: Iterable[Json]) -> int | None:
    """Return the number of the record that an object without an answer became; None: it is new.

    `run` is the run that it is about, whose tail is searched: an answer follows its record in the same turn. `others`
    are the objects of the run: answers are written in the order of their records, so what is older than the last answer
    has got its own.
    """
    tail: list[str] = (run.get("status") or {}).get("tail") or []
    answered = max(((one.get("status") or {}).get("record", -1) for one in others), default=-1)
    since = int(datetime.fromisoformat(asked["metadata"]["creationTimestamp"]).timestamp()) * 1000 - SKEW_MS
    for text in reversed(tail):
        record = decode(text.encode())
        if record.seq <= answered or record.time < since:
            return None
        if _is(record, asked):
            return record.seq
    return None


def _is(record: Record, asked: Json) -> bool:
    spec: Json = asked["spec"]
    if record.actor.type != "person":
        return False
    if asked["kind"] == "Approval":
        data = record.data or {}
        return (
            record.kind in KINDS[spec["decision"]]
            and (data.get("digest"), data.get("request")) == (spec["digest"], spec["request"])
            and record.step == spec["gate"].rpartition("/")[2]
            and record.actor.id == spec["approver"]["name"]
        )
    step = spec.get("step")
    return (
        record.kind in KINDS.get(spec["verb"], ())
        and record.actor.id == spec["actor"]["name"]
        and (step is None or record.step is None or record.step == step)
    )
