"""Outcomes of a real run, out of its ledger: played again, they give the same semantic digest."""

from base64 import b64encode
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from controller.definition.snapshot import Snapshot
from controller.model.digest import Digest
from controller.model.outcomes import CommandGiven, Content, GateAnswer, Outcome, Outcomes
from controller.model.record import Record
from controller.model.states import OutcomeClass, RunState, Verb
from controller.runtime.proof.contents import Contents
from controller.runtime.proof.evidence import Evidence
from controller.runtime.proof.verify import Examined, Verification

_DECISIONS = {"GateApproved": "approve", "GateRejected": "reject", "GateModified": "modify", "GateLapsed": "lapse"}
_COMMANDS = {
    "RunSuspended": Verb.SUSPEND,
    "RunResumed": Verb.RESUME,
    "AbortRequested": Verb.ABORT,
    "RunAborted": Verb.ABORT,
    "UndoStarted": Verb.UNDO,
    "StepReopened": Verb.RETRY,
    "StepSkipped": Verb.SKIP,
    "RunReopened": Verb.RETRY,
}
_PERSON = "person"


class _Timed(NamedTuple):
    at: int
    command: CommandGiven


def outcomes_of(evidence: Evidence, verification: Verification) -> Outcomes:
    """Return the outcomes of a run tree that was found to be sound."""
    root = verification.runs[0]
    contents = Contents(evidence)
    snapshot = Snapshot.decode(contents.get(root.spec.snapshot) or b"")
    started = next((link.record.time for link in root.links if link.record.kind == "RunStarted"), root.spec.created_at)
    gathered = _Gathered(contents, started)
    for run in verification.runs:
        gathered.run(run, _looked_into(snapshot, run))
    return Outcomes(
        orchestration=f"{root.spec.orchestration} {root.spec.version}",
        definition=root.spec.definition,
        semantic_digest=root.semantic,
        parameters=root.spec.parameters,
        max_parallel=root.spec.max_parallel,
        outcomes=gathered.outcomes,
        undo=gathered.undo,
        decisions=gathered.decisions,
        commands=[one.command for one in sorted(gathered.commands, key=lambda one: one.at)],
    )


def _looked_into(snapshot: Snapshot, run: Examined) -> Mapping[str, frozenset[str]]:
    """Return step -> artifacts whose content a contract looks at; of all others the digest is enough."""
    spec = snapshot.orchestration(run.spec.definition).spec
    return {
        step.id: frozenset(one.name for one in step.contract.artifacts if one.json_schema or one.transform)
        for step in (*spec.steps, *spec.finally_)
        if step.contract is not None
    }


class _Gathered:
    def __init__(self, contents: Contents, started: int) -> None:
        self._contents = contents
        self._started = started
        self.outcomes: dict[str, list[Outcome]] = {}
        self.undo: dict[str, list[Outcome]] = {}
        self.decisions: dict[str, list[GateAnswer]] = {}
        self.commands: list[_Timed] = []

    def run(self, run: Examined, looked_into: Mapping[str, frozenset[str]]) -> None:
        """Take in the records of one run."""
        opened: dict[str, int] = {}
        begun: set[tuple[str, int | None]] = set()
        state = RunState.PENDING
        previous: Record | None = None
        instances: list[str] = []
        """Instances that the command at hand opens again, before their step."""
        following = [link.record for link in run.links[1:]]
        for record, after in zip((link.record for link in run.links), [*following, None], strict=True):
            step = record.step or ""
            address = f"{run.path}/{step}" if run.path else step
            if record.kind == "StepStarted":
                begun.add((step, record.attempt))
            if record.kind == "GateOpened":
                opened[step] = record.time
            self._attempt(record, address, begun, looked_into.get(step.partition("[")[0], frozenset()))
            if record.kind in _DECISIONS:
                self._decision(record, address, opened.get(step, record.time))
            elif record.kind == "StepReopened" and "[" in step:
                instances.append(step)
            elif record.kind in _COMMANDS and record.actor.type == _PERSON:
                self._command(record, run.path, state, previous, dict(_own(record, after, instances)))
                instances = []
            if record.step is None and record.target is not None:
                state = RunState(record.target)
            previous = record

    def _attempt(
        self, record: Record, address: str, begun: set[tuple[str, int | None]], looked_into: frozenset[str]
    ) -> None:
        data = record.data or {}
        if record.kind in {"StepSucceeded", "GateOpened"}:
            how = data.get("how")
            if how in {"cache", "seed"}:
                result = self._result(record.output_digest, looked_into)
                self.outcomes.setdefault(address, []).insert(0, Outcome(source=how, **result))
            elif how == "ran":
                done = Outcome(
                    **self._result(record.output_digest, looked_into),
                    receipt=self._receipt(data),
                    duration_ms=record.duration_ms or 0,
                    warnings=list(record.warnings or ()),
                )
                self.outcomes.setdefault(address, []).append(done)
        elif record.kind in {"AttemptFailed", "StepFailed", "StepAborted"} and "class" in data and "child" not in data:
            started = (record.step or "", record.attempt) in begun
            # Without a reason of its own it is what preparing came to; that follows again.
            if started or "reason" in data:
                refused = not started and data["class"] == OutcomeClass.REJECTED
                self.outcomes.setdefault(address, []).append(self._failure(record, refused=refused))
        elif record.kind in {"ReceiptUndone", "StepUndone"} and record.attempt is not None:
            self.undo.setdefault(address, []).append(Outcome(duration_ms=record.duration_ms or 0))
        elif record.kind in {"UndoAttemptFailed", "UndoKept"} and "class" in data:
            self.undo.setdefault(address, []).append(self._failure(record, refused=False))

    def _failure(self, record: Record, *, refused: bool) -> Outcome:
        data = record.data or {}
        code, failure = data.get("exitCode", 0), OutcomeClass(data["class"])
        plain = failure is OutcomeClass.FAILED and 0 < code <= 255
        return Outcome(
            failure=None if plain else failure,
            exit_code=code if 0 <= code <= 255 else 0,
            refused=refused,
            reason=data.get("reason") or record.summary or "",
            violations=list(record.violations or ()),
            receipt=self._receipt(data),
            duration_ms=record.duration_ms or 0,
        )

    def _result(self, digest: Digest | None, looked_into: frozenset[str]) -> dict[str, Any]:
        document = self._contents.value(digest or "")
        artifacts: dict[str, Digest | Content] = dict(document["artifacts"])
        for name in looked_into & artifacts.keys():
            content = self._contents.get(document["artifacts"][name]) or b""
            try:
                artifacts[name] = Content(text=content.decode())
            except UnicodeDecodeError:
                artifacts[name] = Content(base64=b64encode(content).decode())
        return {"output": document["output"], "artifacts": artifacts}

    def _receipt(self, data: Mapping[str, Any]) -> dict[str, Any] | None:
        if "receipt" not in data:
            return None
        receipt: dict[str, Any] = self._contents.value(data["receipt"])
        return receipt

    def _patch(self, record: Record) -> dict[str, Any] | None:
        patch = (record.data or {}).get("patch")
        if patch is None:
            return None
        value: dict[str, Any] = self._contents.value(patch)
        return value

    def _decision(self, record: Record, address: str, opened_at: int) -> None:
        by_person = record.actor.type == _PERSON
        decision: Any = _DECISIONS[record.kind] if by_person else "lapse"
        self.decisions.setdefault(address, []).append(
            GateAnswer(
                decision=decision,
                modifications=self._patch(record),
                after_ms=max(0, record.time - opened_at) if by_person else 0,
                by=record.actor.id if by_person else None,
                comment=record.summary if by_person else None,
            )
        )

    def _command(self, record: Record, run: str, state: RunState, previous: Record | None, own: dict[str, Any]) -> None:
        data = record.data or {}
        if not own:
            return
        if record.kind == "StepReopened":
            own["modifications"] = self._patch(record)
            own["delay_ms"] = max(0, int(data.get("retryAt", 0)) - record.time) if data.get("retryAt") else 0
        if record.kind == "StepSkipped" and record.output_digest is not None:
            own["output"] = self._contents.value(record.output_digest)["output"]
        reopened = previous is not None and previous.kind == "RunReopened" and previous.time == record.time
        settled = state.settled or reopened
        command = CommandGiven(
            verb=_COMMANDS[record.kind],
            run=run,
            by=record.actor.id,
            comment=record.summary,
            when="settled" if settled else "running",
            at_ms=max(0, record.time - self._started),
            **own,
        )
        self.commands.append(_Timed(record.time, command))


def _own(record: Record, after: Record | None, instances: list[str]) -> Iterator[tuple[str, Any]]:
    """Yield what a record says of its command; nothing where another record of the same command says it."""
    data = record.data or {}
    match record.kind:
        case "StepReopened":
            # Of several instances the whole step was meant; one alone comes to the same.
            yield "step", instances[0] if len(instances) == 1 else record.step
        case "RunReopened":
            # A finalizer is not opened again by a record of its own.
            if after is None or after.kind not in {"StepReopened", "StepSkipped"}:
                yield "step", data.get("for")
        case "AbortRequested":
            yield "undo", bool(data.get("undo"))
        case _:
            yield "step", record.step
