"""Recording what people decided or commanded where nobody drives the run. Nothing is started: that is up to who drives next."""

from controller.engine.effects import AnswerDecision
from controller.engine.events import ChildGatesSeen, Event
from controller.engine.reduce import reduce
from controller.engine.status import open_gates
from controller.errors import InvariantViolated
from controller.model.decision import Answer
from controller.model.run import RunSpec
from controller.runtime.contents import Contents
from controller.runtime.gather import told
from controller.runtime.journal import Journal
from controller.runtime.look import Look
from controller.runtime.member import Member
from controller.runtime.toolbox import Toolbox


def record_pending(tools: Toolbox, look: Look, spec: RunSpec) -> None:
    """Answer everything that was submitted to a run and not answered yet, in order of arrival.

    Only records are written, and answers. Effects are left out: who drives next asks for them anew from the state. A
    parent is told which checkpoints of a child are open now, up to the root.
    Raises Busy when somebody drives the tree after all; StoreUnavailable, DiskFull.
    """
    tools.leadership.acquire(spec.root)
    try:
        recording = _Recording(tools, look)
        recording.answer(spec)
        recording.bubble(spec)
        tools.ledger.flush()
    finally:
        tools.leadership.release(spec.root)


class _Recording:
    def __init__(self, tools: Toolbox, look: Look) -> None:
        self._tools = tools
        self._look = look
        self._contents = Contents(tools.blobs)
        self._journal = Journal(tools.ledger)
        self._members: dict[str, Member] = {}

    def answer(self, spec: RunSpec) -> None:
        for submitted in self._tools.decisions.pending(spec.uid):
            try:
                event = told(submitted, self._contents)
            except ValueError as error:
                self._tools.decisions.answer([Answer(submitted.id, None, f"not a JSON value: {error}")])
            else:
                self._reduce(self._member(spec), event)

    def bubble(self, spec: RunSpec) -> None:
        while spec.parent is not None:
            parent = self._tools.objects.run(spec.parent)
            if parent is None:
                raise InvariantViolated(f"the parent {spec.parent} of run {spec.uid} is gone")
            above, unit = self._member(parent), self._member(parent).unit(spec.parent_step or "")
            if unit is None:
                raise InvariantViolated(f"run {spec.uid} belongs to no step of its parent")
            self._reduce(above, ChildGatesSeen(unit, tuple(open_gates(self._member(spec).state))))
            spec = parent

    def _member(self, spec: RunSpec) -> Member:
        if spec.uid not in self._members:
            self._members[spec.uid] = self._look.member(spec)
            self._journal.loaded(self._members[spec.uid])
        return self._members[spec.uid]

    def _reduce(self, member: Member, event: Event) -> None:
        decision = reduce(member.state, event, self._tools.clock.now())
        member.state = decision.state
        if decision.records:
            self._journal.append(member, decision.records)
        answers = [effect for effect in decision.effects if isinstance(effect, AnswerDecision)]
        self._tools.decisions.answer([Answer(one.id, one.record, one.refusal) for one in answers])
