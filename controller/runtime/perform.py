"""The one place that carries out effects: each becomes a call of a port, and its answer an event."""

from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, get_args

from controller.engine.decide_attempt import child_digest
from controller.engine.effects import (
    AcquireSlots,
    AnswerDecision,
    CombineInstances,
    ComputeOutputs,
    DecidePhase,
    Effect,
    KeepResult,
    Notify,
    Persist,
    PrepareStep,
    PrepareUndo,
    ReleaseSlots,
    StartChild,
    StartStep,
    StartUndo,
    StopStep,
    UndoChild,
    WakeAt,
)
from controller.engine.events import AttemptEnded, Event, Launched, Persisted, Postponed, Prepared, Ready, SlotGranted
from controller.engine.units import index_of
from controller.errors import NotFound, ParametersInvalid
from controller.model.alert import Alert
from controller.model.attempt import AttemptKey, Launch
from controller.model.decision import Answer
from controller.model.states import OutcomeClass, Role
from controller.runtime.caching import keep
from controller.runtime.children import child_spec
from controller.runtime.collect import combine
from controller.runtime.launch import launch_of, undo_launch_of
from controller.runtime.member import Member
from controller.runtime.outputs import compute_outputs
from controller.runtime.undoing import UndoInput, prepare_undo

if TYPE_CHECKING:
    from controller.runtime.driver import Driver


EVERYONE_MS = 1000
"""How often every unit that waits for a slot is asked about, not only the first of each queue."""


class _Waiting(NamedTuple):
    """An attempt that waits for slots that span runs."""

    key: AttemptKey
    last: bool = False
    """Whether it waits for no more than the shared ones."""


class Performer:
    """Carries out the effects of all members of one tree."""

    def __init__(self, driver: "Driver") -> None:
        self._driver = driver
        self._undo_inputs: dict[tuple[str, int], UndoInput] = {}
        self.waiting: dict[tuple[str, int, Role], _Waiting] = {}
        """Run, unit and role of what waits for slots that span runs."""
        self._asked_everyone = 0

        self._performers: Mapping[type[Effect], Callable[[Member, Any], list[Event]]] = {
            PrepareStep: self._prepare,
            DecidePhase: self._decide_phase,
            AcquireSlots: self._acquire,
            ReleaseSlots: self._release,
            Persist: self._persisted,
            StartChild: self._start_child,
            StopStep: self._stop,
            CombineInstances: self._combine,
            KeepResult: self._keep,
            PrepareUndo: self._prepare_undo,
            UndoChild: self._undo_child,
            ComputeOutputs: self._compute_outputs,
            Notify: self._notify,
            AnswerDecision: self._answer,
        }
        # Starts are gathered by `perform`; the pass keeps WakeAt for itself.
        assert set(self._performers) == set(get_args(Effect)) - {StartStep, StartUndo, WakeAt}

    def perform(self, member: Member, effects: Iterable[Effect]) -> list[Event]:
        """Carry out effects side by side and return the events that answer them at once."""
        answers: list[Event] = []
        launches: list[tuple[int, Launch, bool]] = []
        for effect in effects:
            match effect:
                case StartStep():
                    launches.append(self._launch(member, effect))
                case StartUndo(unit=unit, attempt=attempt):
                    given = self._undo_inputs[(member.spec.uid, unit)]
                    launches.append((unit, undo_launch_of(member, unit, attempt, given), False))
                case _:
                    answers += self._performers[type(effect)](member, effect)
        return answers + self._start(launches)

    def _decide_phase(self, member: Member, effect: DecidePhase) -> list[Event]:
        return [self._driver.preparer.decide_phase(member, effect)]

    def _acquire(self, member: Member, effect: AcquireSlots) -> list[Event]:
        unit, role = effect.unit, effect.role
        key = member.key(unit, role, effect.attempt)
        if key in self._driver.found:
            # It runs, or has run, already: to let it wait for a place would only keep the places of others.
            for name, limit in (*member.own_slots(unit, role), *member.graph.shared):
                self._driver.tools.slots.acquire(name, limit, key)
            return [SlotGranted(unit, role)]
        self.waiting[(member.spec.uid, unit, role)] = _Waiting(key)
        return [] if self._refusing(member, unit, role) else [SlotGranted(unit, role)]

    def _release(self, member: Member, effect: ReleaseSlots) -> list[Event]:
        self.waiting.pop((member.spec.uid, effect.unit, effect.role), None)
        self._driver.tools.slots.release(member.key(effect.unit, effect.role, effect.attempt))
        return []

    def _persisted(self, _: Member, effect: Persist) -> list[Event]:
        return [Persisted(effect.unit)]  # the driver flushes before it performs a batch with Persist

    def _stop(self, member: Member, effect: StopStep) -> list[Event]:
        if member.graph.steps[index_of(effect.unit)].child:
            self._driver.family.stop(member, effect.unit, effect.why)
        else:
            self._driver.tools.runner.stop(member.key(effect.unit, effect.role, effect.attempt), effect.why)
        return []

    def _combine(self, member: Member, effect: CombineInstances) -> list[Event]:
        now = self._driver.tools.clock.now()
        return [combine(member, effect.unit, effect.instances, self._driver.contents, now)]

    def _prepare_undo(self, member: Member, effect: PrepareUndo) -> list[Event]:
        now = self._driver.tools.clock.now()
        event, given = prepare_undo(member, effect.unit, self._driver.contents, now)
        if given is not None:
            self._undo_inputs[(member.spec.uid, effect.unit)] = given
        return [event]

    def _undo_child(self, member: Member, effect: UndoChild) -> list[Event]:
        self._driver.family.undo(member, effect.unit)
        return []

    def _compute_outputs(self, member: Member, _: ComputeOutputs) -> list[Event]:
        return [compute_outputs(member, self._driver.contents)]

    def _notify(self, member: Member, effect: Notify) -> list[Event]:
        tools = self._driver.tools
        step = member.name(effect.unit) if effect.unit >= 0 else None
        tools.notifier.notify(
            Alert(effect.type, effect.level, effect.message, member.spec.uid, step, tools.clock.now())
        )
        return []

    def _answer(self, _: Member, effect: AnswerDecision) -> list[Event]:
        if effect.id:
            self._driver.tools.decisions.answer([Answer(effect.id, effect.record, effect.refusal)])
        return []

    def _prepare(self, member: Member, effect: PrepareStep) -> list[Event]:
        found = self._driver.found
        known = found.get(member.key(effect.unit, Role.DO, effect.attempt))
        began = known is not None or self._instances_began(member, effect.unit)
        prepared = self._driver.preparer.prepare(member, effect, self._driver.tools.clock.now(), began=began)
        early = bool(found) or self._driver.adopting
        if early and known is None and isinstance(prepared.outcome, Ready) and not self._was_child(member, effect):
            return [Prepared(effect.unit, Postponed())]
        return [prepared]

    def _instances_began(self, member: Member, unit: int) -> bool:
        """Whether instances of a `foreach` step ran before the restart: then it was expanded, not found in the cache."""
        name = member.name(unit) + "["
        return any(key.run == member.spec.uid and key.step.startswith(name) for key in self._driver.found)

    def _was_child(self, member: Member, effect: PrepareStep) -> bool:
        """Whether the step plays a child run that was there before the restart."""
        if not member.graph.steps[index_of(effect.unit)].child:
            return False
        uid = child_digest(member.spec.uid, member.name(effect.unit), effect.attempt)
        return any(key.run == uid for key in self._driver.found)

    def _launch(self, member: Member, effect: StartStep) -> tuple[int, Launch, bool]:
        key = member.key(effect.unit, Role.DO, effect.attempt)
        given = self._driver.preparer.take(member, effect.unit)
        assert given is not None  # a start follows its preparation in the same process
        return effect.unit, launch_of(member, effect, given), key in self._driver.found or key in self._driver.strays

    def _start(self, launches: list[tuple[int, Launch, bool]]) -> list[Event]:
        if not launches:
            return []
        refused: dict[AttemptKey, str] = {
            refusal.key: refusal.reason
            for refusal in self._driver.tools.runner.start_many([one for _, one, _ in launches])
        }
        events: list[Event] = []
        for unit, launch, adopted in launches:
            key = launch.key
            self._driver.found.pop(key, None)
            self._driver.strays.claim(key)
            if key in refused:
                failure = OutcomeClass.REJECTED
                events.append(AttemptEnded(unit, key.role, key.attempt, failure, refused[key]))
            else:
                events.append(Launched(unit, key.role, key.attempt, launch.input_digest, adopted=adopted))
        return events

    def granted(self) -> list[tuple[Member, Event]]:
        """Return the slots that were granted to waiting units.

        Queues are first come, first served: whoever came after one that was refused is not asked about. Only the order
        after a restart may be another than that of the queues, so everyone is asked about from time to time.
        """
        now, full = self._driver.tools.clock.monotonic(), set[str]()
        everyone = now - self._asked_everyone >= EVERYONE_MS
        if everyone:
            self._asked_everyone = now
        granted: list[tuple[Member, Event]] = []
        for (run, unit, role), waits in list(self.waiting.items()):
            member = self._driver.members[run]
            queues = member.graph.shared if waits.last else member.own_slots(unit, role)
            if not everyone and any(name in full for name, _ in queues):
                continue
            refusing = self._refusing(member, unit, role)
            full.update(refusing)
            if not refusing:
                granted.append((member, SlotGranted(unit, role)))
        return granted

    def _refusing(self, member: Member, unit: int, role: Role) -> list[str]:
        """Ask for slots of what waits; return the full ones.

        For all of its own at once, so that nobody waits twice. For the shared ones after that: who waits for a place of
        its agent would keep one of those from everybody else. Whoever has one of them runs, so it comes back.
        """
        place = member.spec.uid, unit, role
        waits, slots = self.waiting[place], self._driver.tools.slots
        refusing = [name for name, limit in member.own_slots(unit, role) if not slots.acquire(name, limit, waits.key)]
        if refusing:
            return refusing
        refusing = [name for name, limit in member.graph.shared if not slots.acquire(name, limit, waits.key)]
        if refusing:
            self.waiting[place] = waits._replace(last=True)
        else:
            del self.waiting[place]
        return refusing

    def _start_child(self, member: Member, effect: StartChild) -> list[Event]:
        given = self._driver.preparer.take(member, effect.unit)
        try:
            if given is not None:
                parameters = given.document["parameters"]
                now = self._driver.tools.clock.now()
                spec = child_spec(member, effect.unit, effect.attempt, parameters, now)
            else:
                spec = self._driver.family.spec_of(member, effect.unit)
        except (ParametersInvalid, NotFound) as error:
            return [AttemptEnded(effect.unit, Role.DO, effect.attempt, OutcomeClass.REJECTED, error.message)]
        self._driver.enter(spec)
        return [Launched(effect.unit, Role.DO, effect.attempt, effect.input_digest, child=spec.uid)]

    def _keep(self, member: Member, effect: KeepResult) -> list[Event]:
        tools = self._driver.tools
        keep(member, effect.unit, effect.output_digest, tools.cache, tools.clock.now())
        return []
