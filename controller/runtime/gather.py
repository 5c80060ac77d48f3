"""Gathering: what the runner and people say, turned into events of the run that it is about."""

from collections.abc import Container, Iterable, Iterator
from typing import TYPE_CHECKING

from controller.engine.bookkeeping import has_slot, is_running
from controller.engine.events import AttemptEnded, ChildEnded, Commanded, Event, GateDecided, Launched, Strayed, Woken
from controller.engine.state import Unit
from controller.engine.units import unit_named
from controller.engine.wanted import intents, running
from controller.model.attempt import AttemptKey, Finished, KnownAttempt, Lost, Progress, Started
from controller.model.decision import Answer, Command, Decision
from controller.model.states import OutcomeClass, Role, StepState, Verb
from controller.runtime.collect import ended
from controller.runtime.contents import Contents
from controller.runtime.member import Member

if TYPE_CHECKING:
    from controller.runtime.driver import Driver


class Gatherer:
    """Reads the ports that tell something."""

    def __init__(self, driver: "Driver") -> None:
        self._driver = driver
        self._stash: dict[AttemptKey, Finished | Lost] = {}
        """Ends of attempts whose start is not recorded yet."""
        self._told: set[int] = set()
        """Decisions that were told and not answered yet."""
        self.look_for_decisions = True
        """Whether a member came that nobody has looked at decisions for."""

    def observe(self, wait_ms: int) -> bool:
        """Wait for the runner and tell the members what happened. Return whether anything did."""
        observations = self._driver.tools.runner.observe(wait_ms)
        for seen in observations:
            match seen:
                case Finished() | Lost():
                    self._stash[seen.key] = seen
                    self._driver.unheard.discard(seen.key)
                case KnownAttempt():
                    self._driver.strays.tell(seen)
                case _:
                    self._show(seen)
        if observations:
            for member in list(self._driver.members.values()):
                self.adopted(member)
        return bool(observations)

    def _show(self, seen: Started | Progress) -> None:
        member = self._driver.members.get(seen.key.run)
        if member is not None:
            self._driver.seen(member, seen)

    def adopted(self, member: Member) -> None:
        """Tell a member of ends that came before their start was recorded."""
        for key in [key for key in self._stash if key.run == member.spec.uid]:
            unit = member.unit(key.step)
            if unit is None:
                continue
            known = member.state.unit(unit)
            if is_running(known, key.role, key.attempt):
                now = self._driver.tools.clock.now()
                seen = self._stash.pop(key)
                event = ended(member, unit, seen, self._driver.tools.runner, self._driver.contents, now)
                self._driver.tell(member, event)
            elif _over(known, key):
                del self._stash[key]
                self._driver.tools.slots.release(key)
        retries = list(self._retries(member))
        if retries:
            self._driver.tell(member, *retries)

    def lost(self, member: Member) -> Iterator[Event]:
        """Yield what a restart brings to light: lost attempts, of which the runner has no trace, and retries that run."""
        found = self._driver.found
        unknown = self._driver.absent_is_unknown
        yield from untraced(member, found, unknown=unknown)
        for unit, role, attempt in running(member.state):
            found.pop(member.key(unit, role, attempt), None)
        for key in [key for key in found if key.run == member.spec.uid]:
            unit_of_key = unit_named(member.graph, key.step)
            if unit_of_key is None:
                continue
            if _over(member.state.unit(unit_of_key), key):
                stray = found.pop(key)
                if stray.running:
                    yield Strayed(unit_of_key, key.role, key.attempt, stray.input_digest, running=True)
        yield from self._retries(member)

    def _retries(self, member: Member) -> Iterator[Event]:
        """Yield the adoption of attempts that run though their retry is not due yet.

        It was due before the restart: the clock may have been set back since, or the end before it is heard only now.
        One at a time, and once there is a slot for it: the slots of others are free only when their ends were heard.
        """
        found = self._driver.found
        for key in [key for key in found if key.run == member.spec.uid]:
            unit = member.unit(key.step)
            if unit is None or not has_slot(member.state, unit):
                continue
            known = member.state.unit(unit)
            if known.state is StepState.PENDING and known.retry_at and key.attempt == known.attempt + 1:
                yield Launched(unit, key.role, key.attempt, found.pop(key).input_digest, adopted=True)
                return

    def decisions(self) -> None:
        """Tell the members what people decided and commanded."""
        if not self._driver.tools.decisions.changed() and not self.look_for_decisions:
            return
        self.look_for_decisions = False
        for member in list(self._driver.members.values()):
            for submitted in self._driver.tools.decisions.pending(member.spec.uid):
                if submitted.id not in self._told:
                    self._told.add(submitted.id)
                    self._submit(member, submitted)

    def _submit(self, member: Member, submitted: Decision | Command) -> None:
        try:
            event = told(submitted, self._driver.contents)
        except ValueError as error:
            self._driver.tools.decisions.answer([Answer(submitted.id, None, f"not a JSON value: {error}")])
            return
        if isinstance(submitted, Command) and submitted.verb in (Verb.SUSPEND, Verb.RESUME):
            self._driver.family.pass_on(member, submitted.verb, stop=submitted.stop)
        self._driver.tell(member, event)


def untraced(member: Member, known: Container[AttemptKey], *, unknown: bool = False) -> Iterator[AttemptEnded]:
    """Yield the end of each attempt that the ledger says runs, or is about to, and that the runner does not know.

    `unknown`: that it does not know them does not even say that they are over.
    """
    for unit, role, attempt in running(member.state):
        if member.key(unit, role, attempt) not in known:
            reason = "the runner has no trace of it"
            yield AttemptEnded(unit, role, attempt, OutcomeClass.LOST, reason, unknown=unknown)
    for unit, attempt in intents(member.state):
        if member.key(unit, Role.DO, attempt) not in known:
            reason = "its start was intended; nobody can tell whether it happened"
            yield AttemptEnded(unit, Role.DO, attempt, OutcomeClass.LOST, reason, unknown=unknown)


def told(submitted: Decision | Command, contents: Contents) -> GateDecided | Commanded:
    """Return the event that a submission means, its values stored. Raises ValueError for what is not JSON."""
    patch = contents.put(dict(submitted.modifications)) if submitted.modifications else None
    if isinstance(submitted, Decision):
        return GateDecided(
            submitted.id,
            submitted.gate,
            submitted.digest,
            submitted.request,
            submitted.verdict,
            submitted.actor,
            submitted.comment,
            patch,
            submitted.others,
        )
    return Commanded(
        submitted.id,
        submitted.verb,
        submitted.actor,
        submitted.step,
        submitted.comment,
        patch,
        submitted.delay_ms,
        contents.put_result(submitted.output, {}) if submitted.output is not None else None,
        submitted.undo,
        submitted.stop,
        submitted.attempt,
    )


def ordered(events: Iterable[Event]) -> list[Event]:
    """Return events in canonical order: outcomes by topological index, decisions by id, timers; others first."""
    return sorted(events, key=_place)


def _place(event: Event) -> tuple[int, int]:
    match event:
        case AttemptEnded(unit=unit) | ChildEnded(unit=unit):
            return 1, unit
        case GateDecided(id=number) | Commanded(id=number):
            return 2, number
        case Woken():
            return 3, 0
        case _:
            return 0, 0


def _over(known: Unit, key: AttemptKey) -> bool:
    """The ledger has the end of this attempt already."""
    if is_running(known, key.role, key.attempt):
        return False
    return known.undo_attempt >= key.attempt if key.role is Role.UNDO else known.attempt >= key.attempt
