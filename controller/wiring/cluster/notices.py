"""Which records does a person care about, and in which words? What the log and the Kubernetes Events say, and nothing else."""

from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from controller.engine.units import index_of
from controller.model.attempt import AttemptKey
from controller.model.record import Record, time_text
from controller.model.states import Role
from controller.runtime.member import Member
from controller.wiring.cluster.observer import Told


class Notice(NamedTuple):
    """Something about a run that a person cares about."""

    reason: str
    """One CamelCase word that programs may rely on."""
    text: str
    record: Record
    warning: bool = False
    """Something went wrong."""
    event: bool = False
    """Somebody may have to act: it is worth a Kubernetes Event, too. Requests are few, so hardly anything is."""
    job: AttemptKey | None = None
    """The attempt that it is about, where that was a Job."""


class _Rule(NamedTuple):
    reason: str
    text: Callable[[Member, Record], str]
    warning: bool = False
    event: bool = False


def notices(told: Told) -> Iterator[Notice]:
    """Yield what of these records a person cares about."""
    for link in told.links:
        record = link.record
        rule = _RULES.get(record.kind)
        if rule is not None:
            text = rule.text(told.member, record)
            yield Notice(rule.reason, text, record, rule.warning, rule.event, _job(told.member, record))


def _job(member: Member, record: Record) -> AttemptKey | None:
    unit = member.unit(record.step) if record.step is not None else None
    if unit is None or record.attempt is None or member.graph.steps[index_of(unit)].child:
        return None
    role = Role.UNDO if record.kind.startswith("Undo") else Role.DO
    return AttemptKey(member.spec.uid, str(record.step), role, record.attempt)


def _plain(words: str) -> Callable[[Member, Record], str]:
    """Words about a step or the run, with the reason or comment that the record has."""

    def text(_: Member, record: Record) -> str:
        about = f'"{record.step}" {words}' if record.step is not None else words
        return f"{about}: {record.summary}" if record.summary else about

    return text


def _by(words: str) -> Callable[[Member, Record], str]:
    """The same, with who did it."""

    def text(_: Member, record: Record) -> str:
        about = f'"{record.step}" {words}' if record.step is not None else words
        said = f"{about} by {record.actor.id}" if record.actor.type == "person" else about
        return f"{said}: {record.summary}" if record.summary else said

    return text


def _opened(member: Member, record: Record) -> str:
    unit = member.unit(str(record.step))
    gate = member.graph.steps[index_of(unit)].gate if unit is not None else None
    return f'"{record.step}" waits for a decision' + (f": {gate.question}" if gate is not None else "")


def _again(_: Member, record: Record) -> str:
    at = int((record.data or {}).get("retryAt", 0))
    when = f" at {time_text(at)}" if at > record.time else ""
    return f'attempt {record.attempt} of "{record.step}" failed, another one follows{when}: {record.summary}'


_RULES: Mapping[str, _Rule] = {
    "RunStarted": _Rule("RunStarted", _plain("the run started")),
    "RunSuspended": _Rule("RunSuspended", _by("the run was suspended")),
    "RunResumed": _Rule("RunResumed", _by("the run was resumed")),
    "RunReopened": _Rule("RunReopened", _by("the run was reopened")),
    "RunExpired": _Rule("RunExpired", _plain("the run is being ended"), warning=True),
    "AbortRequested": _Rule("AbortRequested", _by("the run is being aborted")),
    "UndoStarted": _Rule("UndoStarted", _by("the changes of the run are being taken back")),
    "RunSucceeded": _Rule("RunSucceeded", _plain("the run succeeded")),
    "RunFailed": _Rule("RunFailed", _plain("the run failed"), warning=True, event=True),
    "RunAborted": _Rule("RunAborted", _plain("the run was aborted"), warning=True),
    "RunRolledBack": _Rule("RunRolledBack", _plain("the changes of the run were taken back")),
    "AttemptFailed": _Rule("AttemptFailed", _again, warning=True),
    "StepExpired": _Rule("StepExpired", _plain("is being stopped"), warning=True),
    "StepFailed": _Rule("StepFailed", _plain("failed"), warning=True, event=True),
    "UndoAttemptFailed": _Rule("UndoAttemptFailed", _again, warning=True),
    "UndoKept": _Rule("ChangeRemains", _plain("is not taken back"), warning=True, event=True),
    "GateOpened": _Rule("ApprovalNeeded", _opened, event=True),
    "GateApproved": _Rule("Approved", _by("was approved"), event=True),
    "GateRejected": _Rule("Rejected", _by("was rejected"), warning=True, event=True),
    "GateModified": _Rule("ModificationAsked", _by("is done again with another input, as asked"), event=True),
    "GateLapsed": _Rule("ApprovalLapsed", _plain("goes on without a decision"), warning=True, event=True),
}
