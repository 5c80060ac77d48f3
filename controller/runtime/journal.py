"""Writing records: cut so that each write crosses at most one edge of the run's state, with the status after it."""

from collections.abc import Sequence

from controller.engine.evolve import evolve
from controller.engine.passes import writes
from controller.engine.reduce import create
from controller.engine.state import State
from controller.engine.status import status_of
from controller.machine.chain import Chain, Link
from controller.model.record import CONTROLLER, Actor
from controller.ports.ledger_store import LedgerStore, Write
from controller.runtime.contents import Contents
from controller.runtime.member import Member


class Journal:
    """Appends what members record to the ledger store."""

    def __init__(self, ledger: LedgerStore) -> None:
        self._ledger = ledger
        self._written: dict[str, State] = {}

    def create(self, member: Member, contents: Contents, now: int) -> None:
        """Write record 0 of a new run."""
        spec = member.spec
        actor = Actor("person", spec.requester) if spec.parent is None else CONTROLLER
        data: dict[str, object] = {"snapshot": spec.snapshot, "maxParallel": member.graph.max_parallel}
        if spec.rerun_of is not None:
            data["rerunOf"] = spec.rerun_of
        if spec.request_metadata:
            data["requestMetadata"] = contents.put(spec.request_metadata)
        if spec.task is not None:
            data["task"] = dict(spec.task)
        parameters = contents.put(spec.parameters)
        decision = create(member.graph, spec.uid, parameters, actor, now, parent=spec.parent, data=data)
        member.state = decision.state
        self._append(member, decision.records, decision.state)

    def loaded(self, member: Member) -> None:
        """Note the state of a run that was folded from its ledger: what is appended follows it."""
        self._written[member.spec.uid] = member.state

    def append(self, member: Member, links: Sequence[Link]) -> None:
        """Write the records of a pass to a run that was created or loaded here."""
        cut = writes(links)
        if len(cut) > 1:
            state = self._written[member.spec.uid]
            for part in cut[:-1]:
                for link in part:
                    state = evolve(state, link.record)._replace(chain=Chain(link.record.seq + 1, link.digest))
                self._append(member, part, state)
            cut = cut[-1:]
        self._append(member, [link for part in cut for link in part], member.state)

    def _append(self, member: Member, links: Sequence[Link], state: State) -> None:
        self._ledger.append(
            [
                Write(
                    member.spec.uid,
                    links[0].record.seq,
                    [link.content for link in links],
                    [link.digest for link in links],
                    status_of(state),
                )
            ]
        )
        self._written[member.spec.uid] = state
