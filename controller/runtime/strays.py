"""Attempts that no start was asked for: those of before a restart to which nothing leads any more, and those that turn up."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from controller.engine.events import Strayed
from controller.model.attempt import AttemptKey, KnownAttempt
from controller.model.states import OutcomeClass
from controller.runtime.member import Member

if TYPE_CHECKING:
    from controller.runtime.driver import Driver


class Strays:
    """What is known of them until a start finds them or their run decides what becomes of them."""

    def __init__(self, driver: "Driver") -> None:
        self._driver = driver
        self._unclaimed: dict[AttemptKey, KnownAttempt] = {}
        self._ended: dict[AttemptKey, KnownAttempt] = {}
        """Have ended, and wait only for a place among the running ones to be recorded."""

    def add(self, found: Mapping[AttemptKey, KnownAttempt]) -> None:
        """Take over what no start found before others had their turn again."""
        self._unclaimed.update(found)

    def __contains__(self, key: AttemptKey) -> bool:
        return key in self._unclaimed or key in self._ended

    def claim(self, key: AttemptKey) -> None:
        """A start found it after all."""
        self._unclaimed.pop(key, None)
        self._ended.pop(key, None)

    def of_run(self, run: str) -> dict[AttemptKey, KnownAttempt]:
        """Give back those of a run that comes into the tree only now."""
        return {key: self._unclaimed.pop(key) for key in [key for key in self._unclaimed if key.run == run]}

    def tell_all(self) -> None:
        """Nothing moves, and nothing that is still to come can have led to them."""
        members, root = self._driver.members, self._driver.root_spec.uid
        over = root in members and members[root].state.run.settled
        for key, known in list(self._unclaimed.items()):
            if key.run in members:
                del self._unclaimed[key]
                if not known.running:
                    self._ended[key] = known
                self.tell(known)
            elif over:
                # Nobody asks for their run any more, so there is no ledger that could tell of them.
                del self._unclaimed[key]
                if known.running:
                    self._driver.tools.runner.stop(key, OutcomeClass.INTERRUPTED)

    def tell(self, known: KnownAttempt) -> None:
        """Tell the run of an attempt that it does not know."""
        key = known.key
        member = self._driver.members.get(key.run)
        unit = member.unit(key.step) if member is not None else None
        if member is None:
            self._unclaimed[key] = known
        elif unit is not None:
            event = Strayed(unit, key.role, key.attempt, known.input_digest, known.running)
            self._driver.tell(member, event)

    def settled(self, member: Member) -> None:
        """Nothing of a run starts any more: what waited for that is recorded as what it is."""
        for key in [key for key in self._ended if key.run == member.spec.uid]:
            self.tell(self._ended.pop(key))
