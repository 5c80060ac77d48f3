"""From evidence to facts: one walk over the records of each run."""

from collections.abc import Mapping
from typing import Any

from controller.definition.snapshot import Snapshot
from controller.engine.state import State
from controller.engine.units import unit_of
from controller.errors import VerificationFailed
from controller.model.digest import Digest
from controller.model.record import Record
from controller.model.states import StepState
from controller.runtime.member import Member
from controller.runtime.proof.contents import Contents
from controller.runtime.proof.evidence import Evidence
from controller.runtime.proof.rules import approvals
from controller.runtime.proof.verify import Examined, Verification
from controller.runtime.proof.words import told
from controller.runtime.report.facts import (
    Artifact,
    Attempt,
    Decision,
    Event,
    Facts,
    Phase,
    RunFacts,
    StepFacts,
)

MOST_EVENTS = 2_000
"""Events that are kept per run, the latest ones: more than anybody reads, little enough for a run of 10,000 steps."""

LARGEST_SHOWN = 2 * 1024 * 1024
"""Bytes of an artifact that a report shows; larger ones are only named."""

_ENDS = frozenset(
    {"StepSucceeded", "StepFailed", "StepSkipped", "StepAborted", "GateApproved", "GateLapsed", "GateRejected"}
)
_FAILURES = frozenset({"AttemptFailed", "StepFailed", "StepAborted"})


def facts_of(evidence: Evidence, verification: Verification, now: int, usual: Mapping[str, int] | None = None) -> Facts:
    """Return the facts of a run tree. Raises VerificationFailed where its definition or its first record is not there."""
    contents = Contents(evidence)
    if not verification.runs or verification.runs[0].state is None:
        why = verification.findings[0].problem if verification.findings else "it has no records yet"
        raise VerificationFailed(f"the run cannot be told: {why}", hint="libretto verify says more")
    snapshot = Snapshot.decode(contents.get(verification.runs[0].spec.snapshot) or b"")
    gathered = {run.spec.uid: _Run(run, snapshot, contents).facts() for run in verification.runs if run.state}
    for run in verification.runs[1:]:
        parent, child = gathered.get(run.spec.parent or ""), gathered.get(run.spec.uid)
        if parent is not None and child is not None:
            for step in parent.steps:
                for one in (step, *step.instances):
                    if one.id == run.spec.parent_step:
                        one.children.append(child)
    return Facts(gathered[verification.runs[0].spec.uid], verification, snapshot, usual or {}, now)


class _Run:
    def __init__(self, run: Examined, snapshot: Snapshot, contents: Contents) -> None:
        assert run.state is not None  # the caller leaves out what does not fold
        self._run, self._contents, self._state = run, contents, run.state
        member = Member(run.spec, snapshot)
        self._member = member
        self._found = RunFacts(run.spec, run.path, member.entry, member.graph, run.state, len(run.links))
        self._by_id: dict[str, StepFacts] = {}
        self._phases: dict[str, tuple[int | None, int | None]] = {}

    def facts(self) -> RunFacts:
        for index, step in enumerate(self._member.graph.steps):
            known = self._state.unit(unit_of(index))
            phase = self._member.graph.phases[step.phase].id if step.phase >= 0 else None
            one = self._step(step.id, index, -1, phase)
            one.instances = [self._step(f"{step.id}[{i}]", index, i, phase) for i in range(max(known.instances, 0))]
            self._found.steps.append(one)
        for link in self._run.links:
            self._record(link.record)
        for one in self._by_id.values():
            self._results(one)
        self._found.phases = [
            Phase(phase.id, _phase_state(self._state, number), *self._phases.get(phase.id, (None, None)))
            for number, phase in enumerate(self._member.graph.phases)
        ]
        self._found.events = self._found.events[-MOST_EVENTS:]
        self._found.outputs = self._value(self._state.outputs)
        return self._found

    def _step(self, name: str, index: int, instance: int, phase: str | None) -> StepFacts:
        path = f"{self._run.path}/{name}" if self._run.path else name
        unit, defined = unit_of(index, instance), self._member.steps[self._member.graph.steps[index].id]
        made = StepFacts(name, path, defined, self._state.unit(unit), phase, self._member.graph.steps[index].finalizer)
        self._by_id[name] = made
        return made

    def _record(self, record: Record) -> None:
        data = record.data or {}
        self._found.events.append(Event(record.time, record.seq, told(record), record.actor.id))
        if record.kind in {"PhaseStarted", "PhaseEnded"}:
            started, ended = self._phases.get(data["phase"], (None, None))
            now = record.time
            self._phases[data["phase"]] = (now, ended) if record.kind == "PhaseStarted" else (started, now)
        step = self._by_id.get(record.step or "")
        if step is None:
            return
        step.warnings += record.warnings or ()
        step.violations += record.violations or ()
        step.handoffs += data.get("handoffs", ())
        if record.kind in _ENDS:
            step.ended = record.time
        if record.kind in {"StepSucceeded", "GateOpened"}:
            step.source = str(data.get("source", {}).get("run", ""))
        if isinstance(data.get("receipt"), str) and record.kind not in {"StepUndone", "ReceiptUndone"}:
            receipt = self._value(data["receipt"])
            if isinstance(receipt, dict):
                step.receipts.append((data["receipt"], receipt))
        self._attempt(step, record)
        self._decision(step, record)

    def _attempt(self, step: StepFacts, record: Record) -> None:
        data, kind = record.data or {}, record.kind
        if kind in {"StepStarted", "UndoAttempted"}:
            undo = kind == "UndoAttempted"
            step.attempts.append(Attempt(record.attempt or 0, record.time, undo=undo))
            return
        running = step.attempts[-1] if step.attempts and step.attempts[-1].ended is None else None
        if running is None:
            if kind in _FAILURES and "class" in data:  # it could never start
                step.attempts.append(
                    Attempt(record.attempt or 0, record.time, record.time, data["class"], record.summary or "")
                )
            return
        if kind in {"StepSucceeded", "GateOpened"}:
            running.outcome, running.ended = "Succeeded", record.time
        elif kind in {"StepUndone", "ReceiptUndone"}:
            running.outcome, running.ended = "Undone", record.time
        elif kind in _FAILURES | {"UndoAttemptFailed", "UndoKept"}:
            running.outcome, running.ended = str(data.get("class", "Failed")), record.time
            running.reason = record.summary or str(data.get("reason", ""))

    def _decision(self, step: StepFacts, record: Record) -> None:
        if record.kind == "GateOpened":
            gate = self._member.graph.steps[self._member.graph.by_id[step.id]].gate
            question, severity = (gate.question, gate.severity) if gate else ("", "normal")
            digest = record.output_digest or ""
            step.decisions.append(Decision(step.path, record.time, record.seq, digest, question, severity))
            return
        decided = approvals(record)
        if decided is None and record.kind == "StepAborted" and record.source == StepState.AWAITING_APPROVAL:
            decided = ("closed", "")
        if decided is not None and step.decisions:
            last = step.decisions[-1]
            last.verdict, last.actor, last.at, last.record = decided[0], record.actor.id, record.time, record.seq
            last.comment = record.summary or ""

    def _results(self, step: StepFacts) -> None:
        document = self._value(step.unit.output)
        if not isinstance(document, dict):
            return
        step.output = document.get("output")
        for name, digest in sorted(document.get("artifacts", {}).items()):
            content = self._contents.get(digest)
            if content is not None:
                shown = content if len(content) <= LARGEST_SHOWN else None
                step.artifacts.append(Artifact(name, digest, len(content), shown))

    def _value(self, digest: Digest | None) -> Any:
        try:
            return None if digest is None else self._contents.value(digest)
        except ValueError:
            return None  # verification has told that it is missing


def _phase_state(state: State, number: int) -> str:
    progress = state.phases.get(number)
    return "pending" if progress is None else progress.state
