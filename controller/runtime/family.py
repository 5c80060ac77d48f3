"""Parents and children: what a run of the tree commands of those below it, and what it tells the one above it."""

from typing import TYPE_CHECKING

from controller.engine.events import ChildGatesSeen, ChildUndone, Commanded
from controller.engine.status import open_gates
from controller.engine.units import index_of
from controller.errors import InvariantViolated, NotFound
from controller.model.record import CONTROLLER
from controller.model.run import RunSpec
from controller.model.states import OutcomeClass, RunState, StepState, Verb
from controller.runtime.children import child_ended
from controller.runtime.member import Member

if TYPE_CHECKING:
    from controller.runtime.driver import Driver


class Family:
    """Carries commands down and news up, between the members of one tree."""

    def __init__(self, driver: "Driver") -> None:
        self._driver = driver
        self._undoing: dict[str, int] = {}
        """Uid of a child that is being undone -> unit of its parent."""

    def spec_of(self, member: Member, unit: int) -> RunSpec:
        """Return the stored child of a step that plays, or has played, one. Raises NotFound."""
        child = member.state.unit(unit).child
        spec = self._driver.tools.objects.run(child.run) if child is not None else None
        if spec is None:
            raise NotFound(f'the child run of step "{member.name(unit)}" is gone')
        return spec

    def _child(self, member: Member, unit: int) -> Member:
        spec = self.spec_of(member, unit)
        self._driver.enter(spec)
        return self._driver.members[spec.uid]

    def stop(self, member: Member, unit: int, why: OutcomeClass) -> None:
        """Ask the child run of a step to end; to pause, when it is only interrupted by a suspension."""
        child = self._child(member, unit)
        if why is OutcomeClass.INTERRUPTED and member.state.halt is None:
            self._driver.tell(child, Commanded(0, Verb.SUSPEND, CONTROLLER, stop=True))
        else:
            self._driver.tell(child, Commanded(0, Verb.ABORT, CONTROLLER, comment="its parent ends"))

    def undo(self, member: Member, unit: int) -> None:
        """Undo the child run of a step as one unit; what became of it is told when it has settled."""
        child = self._child(member, unit)
        if child.state.run is RunState.ROLLED_BACK:
            self._driver.tell(member, ChildUndone(unit, complete=True))
            return
        self._undoing[child.spec.uid] = unit
        if child.state.run is not RunState.ROLLING_BACK:
            verb = Verb.RESUME if child.state.reason == "UndoIncomplete" else Verb.UNDO
            self._driver.tell(child, Commanded(0, verb, CONTROLLER, comment="its parent is undone"))

    def pass_on(self, member: Member, verb: Verb, *, stop: bool) -> None:
        """Suspend or resume the children of a member with it."""
        for unit in sorted(member.state.frontier):
            if member.graph.steps[index_of(unit)].child and member.state.unit(unit).child is not None:
                child = self._child(member, unit)
                if not child.state.run.settled:
                    self._driver.tell(child, Commanded(0, verb, CONTROLLER, stop=stop))

    def tell_parent(self, member: Member, *, moved: bool) -> None:
        """Tell the parent that a run has settled or was undone, and which checkpoints of it are open.

        `moved` says whether the run has just recorded anything: what had settled before is no news of its undo.
        """
        if member.spec.parent is None or member.spec.parent not in self._driver.members:
            return
        parent = self._driver.members[member.spec.parent]
        unit = parent.unit(member.spec.parent_step or "")
        if unit is None:
            raise InvariantViolated(f"run {member.spec.uid} belongs to no step of its parent")
        plays = parent.state.unit(unit).state is StepState.RUNNING
        if member.state.run.settled:
            undone = self._undoing.pop(member.spec.uid, None) if moved else None
            if undone is not None:
                complete = member.state.run is RunState.ROLLED_BACK
                self._driver.tell(parent, ChildUndone(undone, complete, member.state.message or member.state.reason))
            elif plays:
                now = self._driver.tools.clock.now()
                self._driver.tell(parent, child_ended(parent, unit, member, self._driver.contents, now))
        gates = tuple(open_gates(member.state))
        if plays and parent.state.child_gates.get(unit, ()) != gates:
            self._driver.tell(parent, ChildGatesSeen(unit, gates))
