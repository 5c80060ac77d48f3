"""Member: one run of a tree, with everything that never changes about it and its present state."""

from collections.abc import Iterator, Mapping
from typing import Any

from controller.definition.catalog import AgentEntry, CatalogEntry
from controller.definition.compile import compile_graph
from controller.definition.snapshot import Snapshot
from controller.engine.evolve import fold
from controller.engine.state import State
from controller.engine.units import index_of, instance_of, unit_name, unit_named, unit_of
from controller.model.attempt import AttemptKey
from controller.model.digest import digest_record
from controller.model.orchestration import Phase
from controller.model.run import RunSpec
from controller.model.states import Role
from controller.model.step import Step
from controller.ports.ledger_store import LedgerStore
from controller.runtime.contents import Contents, StepOutputs


class Member:
    """A run that is being driven, or looked at."""

    def __init__(self, spec: RunSpec, snapshot: Snapshot, shared: tuple[tuple[str, int], ...] = ()) -> None:
        """`shared` are slots that every attempt takes where it is driven: (key, limit)."""
        self.spec = spec
        self.snapshot = snapshot
        self.entry: CatalogEntry = snapshot.orchestration(spec.definition)
        self.graph = compile_graph(
            self.entry.spec,
            spec.definition,
            snapshot.agents_of(spec.definition),
            default_max_parallel=spec.max_parallel,
            shared=shared,
        )
        self.steps: Mapping[str, Step] = {step.id: step for step in (*self.entry.spec.steps, *self.entry.spec.finally_)}
        self.state = State(self.graph, spec.uid)
        self.wake_at: int | None = None

    @classmethod
    def load(
        cls, spec: RunSpec, snapshot: Snapshot, ledger: LedgerStore, shared: tuple[tuple[str, int], ...] = ()
    ) -> "Member":
        """Return the run as its ledger says. Raises LedgerInconsistent, StateTooNew."""
        member = cls(spec, snapshot, shared)
        member.state = fold(member.graph, spec.uid, ledger.read(spec.uid))
        return member

    def step(self, unit: int) -> Step:
        """Return the definition of the unit's step."""
        return self.steps[self.graph.steps[index_of(unit)].id]

    def phases(self) -> Iterator[Phase]:
        """Yield the phases of the definition, parallel ones included."""
        for one in self.entry.spec.phases:
            yield from [one] if isinstance(one, Phase) else one.parallel

    def agent(self, unit: int) -> AgentEntry:
        """Return the agent of the unit's step. Raises NotFound."""
        return self.snapshot.agent_of(self.entry, self.step(unit))

    def name(self, unit: int) -> str:
        """Return the unit's id as people write it."""
        return unit_name(self.graph, unit)

    def unit(self, name: str) -> int | None:
        """Return the unit of a written id."""
        return unit_named(self.graph, name)

    def own_slots(self, unit: int, role: Role) -> tuple[tuple[str, int], ...]:
        """Return the slots that an attempt takes for what its definition says: (key, limit)."""
        return self.graph.steps[index_of(unit)].slots if role is Role.DO else ()

    def key(self, unit: int, role: Role, attempt: int) -> AttemptKey:
        """Return the key of an attempt."""
        return AttemptKey(self.spec.uid, self.name(unit), role, attempt)

    def scope(self, unit: int, contents: Contents) -> dict[str, Any]:
        """Return what templates of a unit may name."""
        scope: dict[str, Any] = {
            "parameters": self.spec.parameters,
            "steps": StepOutputs(self.state, contents),
            "run": self.facts(),
        }
        instance = instance_of(unit) if unit >= 0 else -1
        if instance >= 0:
            items = self.state.unit(unit_of(index_of(unit))).input
            assert items is not None  # an instance exists only after its list was recorded
            scope |= {"item": contents.get(items)[instance], "index": instance}
        return scope

    def facts(self) -> dict[str, Any]:
        """Return what `{{ run.* }}` may name. Using it defeats the cache and the promise of equal digests."""
        return {
            "id": self.spec.uid,
            "root": self.spec.root,
            "parent": self.spec.parent,
            "name": self.spec.orchestration,
            "version": self.spec.version,
            "owner": self.spec.owner,
            "organization": self.spec.organization,
            "requester": self.spec.requester,
            "verdict": self.state.verdict or None,
            "reason": self.state.reason or None,
            "failedSteps": [self.graph.steps[index].id for index in sorted(self.state.failures)],
        }

    def conversation(self, unit: int) -> str:
        """Return the conversation of an agent step: one per step, or the one that the run inherited."""
        return self.spec.conversation or digest_record([self.spec.uid, self.step(unit).id])[7:39]


def idempotency_key(run: str, step: str, input_digest: str) -> str:
    """Return the key that is equal for attempts with equal input, and for nothing else."""
    return digest_record([run, step, input_digest])[7:47]
