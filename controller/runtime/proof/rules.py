"""What must hold at each record, beyond the transition tables: whoever wrote the ledger kept to the rules of a run.

Each rule yields what is violated. `before` is the state that the records so far say.
"""

from collections.abc import Callable, Iterator, Mapping

from controller.engine.bookkeeping import SATISFIES
from controller.engine.decide_attempt import child_digest
from controller.engine.state import State, Unit
from controller.engine.units import index_of, instance_of, unit_named, unit_of
from controller.model.digest import Digest
from controller.model.graph import GraphStep
from controller.model.record import Record
from controller.model.run import RunSpec
from controller.model.states import StepState

_GATE_VERDICTS = frozenset({"GateApproved", "GateRejected", "GateModified", "GateLapsed"})
_BEGINNINGS = frozenset({"StepStarted", "StepExpanded", "StepSucceeded", "GateOpened", "IntentRecorded"})
"""Kinds that, in a step which is still Pending, need its dependencies to be settled."""


def violated(before: State, record: Record, spec: RunSpec) -> Iterator[str]:
    """Yield every rule that a record breaks."""
    if record.step is None:
        yield from _of_run(before, record)
        return
    unit = unit_named(before.graph, record.step)
    if unit is None:
        return  # the fold says so
    known, step = before.unit(unit), before.graph.steps[index_of(unit)]
    if known.state is StepState.PENDING and (record.kind in _BEGINNINGS or _skipped_by_condition(record)):
        yield from _unmet(before, unit, step)
    rule = _RULES.get(record.kind)
    if rule is not None:
        yield from rule(before, unit, known, record, spec)


def _skipped_by_condition(record: Record) -> bool:
    return record.kind == "StepSkipped" and (record.data or {}).get("reason") == "ConditionFalse"


def _unmet(before: State, unit: int, step: GraphStep) -> Iterator[str]:
    if instance_of(unit) >= 0:
        parent = before.unit(unit_of(step.index))
        if parent.state is not StepState.RUNNING or instance_of(unit) >= parent.instances:
            yield f"it began while {step.id} had no such instance"
        return
    if step.finalizer:
        if not before.verdict:
            yield "it began before the verdict was known, though it is a finalizer"
        return
    waiting = [
        before.graph.steps[one].id for one in step.dependencies if before.unit(unit_of(one)).state not in SATISFIES
    ]
    if waiting:
        yield f"it began before what it depends on was settled: {', '.join(waiting)}"
    progress = before.phases.get(step.phase)
    if step.phase >= 0 and (progress is None or progress.state != "open"):
        yield f"it began while its phase {before.graph.phases[step.phase].id} was not open"


def _started(before: State, unit: int, known: Unit, record: Record, spec: RunSpec) -> Iterator[str]:
    if record.attempt != known.attempt + 1:
        yield f"it is attempt {record.attempt}, expected {known.attempt + 1}"
    data = record.data or {}
    child = data.get("child")
    if before.graph.steps[index_of(unit)].child:
        expected = child_digest(spec.uid, record.step or "", record.attempt or 0)
        if child != expected:
            yield f"its child run is {child}, expected {expected}"
    elif child is not None:
        yield "it names a child run, but calls an agent"
    for handoff in data.get("handoffs", ()):
        yield from _handed(before, handoff)


def _handed(before: State, handoff: Mapping[str, object]) -> Iterator[str]:
    source = handoff.get("from")
    index = before.graph.by_id.get(str(source))
    output = before.unit(unit_of(index)).output if index is not None else None
    if handoff.get("digest") != output:
        yield f"it was handed {handoff.get('digest')} from {source}, whose output is {output}"
    if handoff.get("validated") is not True:
        yield f"what it was handed from {source} was not validated"


def _opened(_: State, __: int, ___: Unit, record: Record, ____: RunSpec) -> Iterator[str]:
    digest = (record.data or {}).get("digest")
    if digest != record.output_digest:
        yield f"its checkpoint asks about {digest}, but the output is {record.output_digest}"


def _succeeded(_: State, unit: int, known: Unit, record: Record, spec: RunSpec) -> Iterator[str]:
    data = record.data or {}
    if known.state is StepState.PENDING and data.get("how") == "ran":
        yield "it succeeded without having been started"
    if data.get("how") == "seed" and spec.seeds.get(record.step or "") != record.output_digest:
        yield f"its output was to come from run {spec.rerun_of} as {spec.seeds.get(record.step or '')}"
    if record.attempt is not None and record.attempt != known.attempt and instance_of(unit) < 0 and known.instances < 0:
        yield f"attempt {record.attempt} succeeded, but attempt {known.attempt} is the one that ran"


def _decided(before: State, unit: int, known: Unit, record: Record, _: RunSpec) -> Iterator[str]:
    data, gate = record.data or {}, known.gate
    if gate is None or unit not in before.gates:
        yield "there was no open checkpoint to decide on"
        return
    if data.get("digest") != gate.digest:
        yield f"it decides about {data.get('digest')}, but the checkpoint of record {gate.request} is about {gate.digest}"
    if data.get("request") != gate.request:
        yield f"it answers record {data.get('request')}, but the checkpoint was opened by record {gate.request}"
    if record.output_digest != gate.digest:
        yield f"it lets {record.output_digest} pass, but the checkpoint is about {gate.digest}"
    described = before.graph.steps[index_of(unit)].gate
    if record.kind in {"GateApproved", "GateModified"} and record.actor.type != "person":
        yield f"only a person decides that; the record names {record.actor.type} {record.actor.id}"
    if record.kind == "GateLapsed" and (described is None or described.required):
        yield "the checkpoint is required, so it never lapses"


def _of_run(before: State, record: Record) -> Iterator[str]:
    match record.kind:
        case "RunSucceeded":
            open_ones = [
                step.id
                for step in before.graph.steps[: before.graph.ordinary]
                if before.unit(unit_of(step.index)).state not in SATISFIES
            ]
            if open_ones:
                yield f"the run cannot have succeeded: {', '.join(open_ones[:5])} did not"
            if before.open_gates:
                yield "the run cannot have succeeded while a checkpoint was open"
        case "RunRolledBack" if before.kept:
            yield "not everything was undone"
        case _:
            pass


_RULES: Mapping[str, Callable[[State, int, Unit, Record, RunSpec], Iterator[str]]] = {
    "StepStarted": _started,
    "GateOpened": _opened,
    "StepSucceeded": _succeeded,
    **dict.fromkeys(_GATE_VERDICTS, _decided),
}


def approvals(record: Record) -> tuple[str, Digest] | None:
    """Return the word and the digest of a decision on a checkpoint; None for any other record."""
    if record.kind not in _GATE_VERDICTS:
        return None
    word = {"GateApproved": "approved", "GateRejected": "rejected", "GateModified": "sent back", "GateLapsed": "lapsed"}
    return word[record.kind], str((record.data or {}).get("digest"))
