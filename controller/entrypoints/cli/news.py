"""What does a record say to a person? One line per record that matters; the same words on a terminal and elsewhere."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from controller.engine.units import index_of
from controller.entrypoints.cli.pasting import command_line
from controller.entrypoints.cli.presenter import Tree
from controller.entrypoints.cli.wording import age, brief, one_line, short, span, wait
from controller.machine.chain import Link
from controller.model.graph import GraphStep
from controller.model.record import Record
from controller.runtime.member import Member
from controller.runtime.phrases import counted

REASON_WIDTH = 120


class News(NamedTuple):
    """One line."""

    time: int
    name: str
    """Step as seen from the top of the tree; empty for the run itself."""
    word: str
    """What happened, e.g. `succeeded`; for the run itself the whole sentence."""
    detail: str = ""


def news_of(tree: Tree, member: Member, link: Link) -> News | None:
    """Return what to tell about a record; None for what is only bookkeeping."""
    record = link.record
    if record.step is None:
        sentence = _RUN.get(record.kind)
        text = sentence(tree, member, record) if sentence is not None else None
        return None if text is None else News(record.time, "", text)
    told = _STEP.get(record.kind)
    if told is None:
        return None
    word, detail = told(tree, member, record)
    return News(record.time, tree.path(member, record.step), word, one_line(detail, 400))


def _data(record: Record) -> Mapping[str, Any]:
    return record.data or {}


def _step(member: Member, record: Record) -> GraphStep:
    unit = member.unit(record.step or "")
    assert unit is not None  # a record that folded names a step of the graph
    return member.graph.steps[index_of(unit)]


def _by(tree: Tree, record: Record) -> str:
    if record.actor.type != "person":
        return ""
    text = f"by {record.actor.id}"
    request = _data(record).get("request")
    if request is not None and any(request == known for _, known in tree.decided_here):
        text += " (this terminal)"
    return text + (f': "{one_line(record.summary, REASON_WIDTH)}"' if record.summary else "")


def _attempt(member: Member, record: Record, number: int) -> str:
    most = _step(member, record).retry.max_attempts
    return f"attempt {number} of {most}" if number <= most and most > 1 else f"attempt {number}"


# Steps


def _started(_: Tree, member: Member, record: Record) -> tuple[str, str]:
    data = _data(record)
    if "child" in data:
        target = member.step(member.unit(record.step or "") or 0).orchestration
        name = target.name if target is not None else ""
        return "running", f"child run {short(data['child'])}: {name}"
    most = _step(member, record).retry.max_attempts
    text = _attempt(member, record, record.attempt or 1) if most > 1 or (record.attempt or 1) > 1 else ""
    return "running", ", ".join(filter(None, [text, "found running, taken over" if data.get("adopted") else ""]))


def _expanded(_: Tree, __: Member, record: Record) -> tuple[str, str]:
    return "expanded", counted(_data(record)["instances"], "instance")


def _result(tree: Tree, member: Member, record: Record) -> tuple[str, str]:
    data = _data(record)
    took = span(record.duration_ms) if record.duration_ms is not None else ""
    source = data.get("source", {})
    match data.get("how"):
        case "cache":
            word = "cached"
            old = age(tree.session.local.clock.now() - source["storedAt"])
            text = f"from run {short(source['run'])}, {old} old, key {brief(source['key'])}"
        case "seed":
            word, text = "reused", f"from run {short(source['run'])}"
        case "child":
            child = tree.members.get(data["child"]["run"])
            steps = f", {counted(child.graph.ordinary, 'step')}" if child is not None else ""
            word, text = "succeeded", f"{took} (child run{steps})"
        case "expanded":
            known = member.state.unit(member.unit(record.step or "") or 0)
            word, text = "succeeded", counted(known.instances, "instance")
        case _:
            word, text = "succeeded", took
    return word, "; ".join([text, *(record.warnings or ())])


def _gate_opened(tree: Tree, member: Member, record: Record) -> tuple[str, str]:
    gate = _step(member, record).gate
    assert gate is not None  # the record says that it opened
    text = f'for approval of {brief(record.output_digest)}, severity {gate.severity}: "{one_line(gate.question, REASON_WIDTH)}"'
    return "waiting", f"{text} ({command_line('approve', short(tree.root))})"


def _why(record: Record) -> str:
    data = _data(record)
    code = data.get("exitCode")
    if code is not None:
        return f"exit {code}"
    kind = data.get("class")
    text = record.summary or data.get("reason", "")
    return f"{kind}: {text}" if kind not in (None, "Failed") and text else text or str(kind or "")


def _attempt_failed(_: Tree, member: Member, record: Record) -> tuple[str, str]:
    data = _data(record)
    if not data["charged"]:
        return "stopped", f"{str(data['class']).lower()}; it uses no attempt"
    known = member.state.unit(member.unit(record.step or "") or 0)
    most = _step(member, record).retry.max_attempts
    delay = wait(max(0, data["retryAt"] - record.time))
    spent = sum(1 for one in known.classes if one != "Succeeded")
    again = f"again in {delay} (attempt {spent + 1} of {most})"
    return "failed", f"{_why(record)} (retryable), {again}"


def _failed(_: Tree, member: Member, record: Record) -> tuple[str, str]:
    most = _step(member, record).retry.max_attempts
    return "failed", _why(record) + (f"; all {most} attempts are used" if _used_up(member, record, most) else "")


def _used_up(member: Member, record: Record, most: int) -> bool:
    known = member.state.unit(member.unit(record.step or "") or 0)
    return most > 1 and known.spent >= most


def _aborted(_: Tree, __: Member, record: Record) -> tuple[str, str]:
    return "aborted", record.summary or str(_data(record).get("reason", ""))


def _skipped(tree: Tree, __: Member, record: Record) -> tuple[str, str]:
    match _data(record).get("reason"):
        case "ConditionFalse":
            return "skipped", "its condition is false"
        case "PhaseSkipped":
            return "skipped", "the condition of its phase is false"
        case _:
            output = f", output {brief(record.output_digest)}" if record.output_digest else ""
            return "skipped", _by(tree, record) + output


def _decided(word: str) -> Callable[[Tree, Member, Record], tuple[str, str]]:
    return lambda tree, _, record: (word, _by(tree, record) or record.summary or "")


def _reopened(tree: Tree, _: Member, record: Record) -> tuple[str, str]:
    later = max(0, int(_data(record).get("retryAt", 0)) - record.time)
    return "reopened", _by(tree, record) + (f", again in {wait(later)}" if later else "")


def _undone(_: Tree, __: Member, record: Record) -> tuple[str, str]:
    took = span(record.duration_ms) if record.duration_ms is not None else ""
    receipt = _data(record).get("receipt")
    return "undone", "   ".join(filter(None, [took, f"receipt {brief(receipt)}" if receipt else ""]))


def _kept(_: Tree, member: Member, record: Record) -> tuple[str, str]:
    receipts = member.state.unit(member.unit(record.step or "") or 0).receipts
    receipt = f"; receipt {brief(receipts[-1])}" if receipts else ""
    return "NOT undone", f"{record.summary or ''}{receipt}"


def _undo_failed(_: Tree, __: Member, record: Record) -> tuple[str, str]:
    return "undo failed", f"{_why(record)}, again"


def _handoff(_: Tree, __: Member, record: Record) -> tuple[str, str]:
    return "refused", record.summary or ""


def _stray(_: Tree, __: Member, record: Record) -> tuple[str, str]:
    return "stray attempt", record.summary or ""


_STEP: Mapping[str, Callable[[Tree, Member, Record], tuple[str, str]]] = {
    "StepStarted": _started,
    "StepExpanded": _expanded,
    "StepSucceeded": _result,
    "GateOpened": _gate_opened,
    "AttemptFailed": _attempt_failed,
    "StepFailed": _failed,
    "StepAborted": _aborted,
    "StepSkipped": _skipped,
    "GateApproved": _decided("approved"),
    "GateRejected": _decided("rejected"),
    "GateModified": _decided("modified"),
    "GateLapsed": _decided("lapsed"),
    "StepReopened": _reopened,
    "StepUndone": _undone,
    "ReceiptUndone": _undone,
    "UndoKept": _kept,
    "UndoAttemptFailed": _undo_failed,
    "HandoffRefused": _handoff,
    "StrayFound": _stray,
}


# The run as a whole


def _run_started(tree: Tree, member: Member, _: Record) -> str | None:
    if member.spec.uid != tree.root:
        return None
    spec = member.spec
    place = spec.places.get(spec.definition)
    commit = f" @ {place.commit}" if place is not None and place.commit else ""
    return f"started: {spec.orchestration} {spec.version}{commit} (digest {brief(spec.definition)})"


def _of_top(word: str) -> Callable[[Tree, Member, Record], str | None]:
    def sentence(tree: Tree, member: Member, record: Record) -> str | None:
        if member.spec.uid != tree.root:
            return None
        return f"{word} {_by(tree, record)}".rstrip()

    return sentence


def _expired(tree: Tree, member: Member, record: Record) -> str | None:
    return f"timed out: {record.summary}" if member.spec.uid == tree.root else None


def _undo_started(tree: Tree, member: Member, record: Record) -> str | None:
    if member.spec.uid != tree.root:
        return None
    by = _by(tree, record)
    return f"undoing what was changed{' ' + by if by else ''}, last in the order of dependencies first"


_RUN: Mapping[str, Callable[[Tree, Member, Record], str | None]] = {
    "RunStarted": _run_started,
    "RunSuspended": _of_top("paused"),
    "RunResumed": _of_top("resumed"),
    "RunReopened": _of_top("reopened"),
    "AbortRequested": _of_top("abort requested"),
    "RunExpired": _expired,
    "UndoStarted": _undo_started,
}
