"""Telling the task that spawned a run about every state that the run comes to."""

from collections.abc import Sequence

from controller.machine.chain import Link
from controller.model.alert import Alert
from controller.model.states import RunState
from controller.ports.notifier import Notifier
from controller.runtime.member import Member

_STATES = frozenset(RunState)


class Herald:
    """Notifies of states of a root run that a task asked for, once they are durable. Other runs are not told of."""

    def __init__(self, notifier: Notifier) -> None:
        self._notifier = notifier
        self._untold: list[Alert] = []

    def recorded(self, member: Member, links: Sequence[Link]) -> None:
        """Remember the states that these records moved the run to."""
        for link in links:
            record = link.record
            if record.step is None and record.target in _STATES:
                self._remember(member, record.target, record.seq, record.time)

    def resumed(self, member: Member, now: int) -> None:
        """Remember where a run stands that is driven again: who died before may not have said so."""
        self._remember(member, str(member.state.run), member.state.chain.next - 1, now)

    def tell(self) -> None:
        """Notify of what is durable now."""
        untold, self._untold = self._untold, []
        for alert in untold:
            self._notifier.notify(alert)

    def _remember(self, member: Member, state: str, record: int, time: int) -> None:
        spec = member.spec
        if spec.task is not None and spec.parent is None:
            details = {"task": dict(spec.task), "state": state, "record": record}
            # The record makes two visits to one state two messages, which are not dropped as identical.
            message = f'the run for task "{spec.task.get("id", "")}" is {state} (record {record})'
            self._untold.append(Alert("run_state", "info", message, spec.uid, None, time, details))
