"""Simulation: memory, a clock that jumps, and a pretended machine behind the ports. Nothing outside is touched."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from controller.adapters.memory import (
    MemoryBlobStore,
    MemoryDecisionSource,
    MemoryLeadership,
    MemoryLedgerStore,
    MemoryNotifier,
    MemoryObjectStore,
    MemoryResultCache,
    MemorySlotPool,
)
from controller.adapters.simulated_runner import PretendedMachine, Scripted, SimulatedClock, SimulatedRunner
from controller.errors import ConfigurationInvalid
from controller.machine.chain import Link
from controller.model.attempt import Launch
from controller.model.digest import canonical
from controller.model.outcomes import Outcome, Outcomes
from controller.model.states import OutcomeClass, Role
from controller.ports.blob_store import BlobStore
from controller.runtime.admit import admit
from controller.runtime.driver import Driver
from controller.runtime.estimate import step_of
from controller.runtime.member import Member
from controller.runtime.simulation.addresses import Addresses, unknown_addresses
from controller.runtime.simulation.artifacts import artifacts_of
from controller.runtime.simulation.people import ScriptedPeople
from controller.runtime.simulation.play import play
from controller.runtime.simulation.preparer import ScriptedPreparer, seeds_of
from controller.runtime.toolbox import Toolbox
from controller.wiring.definitions import Found

SIMULATED = "SIMULATION"
"""Uid of the root run of every simulation: it is no run that anybody could look for."""

USUAL_MS = 1000
"""How long a step takes that neither the file nor an earlier run says anything about: long enough to be seen in a chart."""

MOST_REPEATED = 100
"""How often an ending that uses no attempt may repeat itself. Who reaches it would never come to an end."""

Listener = Callable[[Member, Sequence[Link]], None]


@dataclass(frozen=True)
class Simulated:
    """What a simulation came to."""

    driver: Driver
    notes: Sequence[str]
    """What in the outcomes file had no effect, and why."""

    @property
    def root(self) -> Member:
        """The run at the top."""
        return self.driver.root


def simulate(
    found: Found,
    outcomes: Outcomes,
    *,
    requester: str,
    now: int,
    parameters: Mapping[str, Any] | None = None,
    max_parallel: int = 1,
    usual: Mapping[str, int] | None = None,
    approve_all: bool = False,
    on_records: Listener | None = None,
) -> Simulated:
    """Play a definition with given outcomes.

    `parameters` win over those of the file, whose `max_parallel` wins over the one given. `usual` holds milliseconds by
    step (as `estimate.step_of` names it) for steps that the file does not mention. `now` is the wall clock at the
    beginning, in milliseconds since the epoch.
    Raises ParametersInvalid, DefinitionInvalid, NotFound, ConfigurationInvalid.
    """
    ledger, blobs, clock = MemoryLedgerStore(), MemoryBlobStore(), SimulatedClock(now)
    objects = MemoryObjectStore(ledger)
    spec = admit(
        found.entry,
        found.catalog,
        blobs,
        uid=SIMULATED,
        parameters={**(outcomes.parameters or {}), **(parameters or {})},
        requester=requester,
        now=now,
        max_parallel=outcomes.max_parallel or max_parallel,
        files=found.files,
        seeds=seeds_of(outcomes, blobs),
    )
    addresses = Addresses(objects)
    script = _Script(outcomes, addresses, blobs, usual or {})
    tools = Toolbox(
        clock=clock,
        objects=objects,
        ledger=ledger,
        blobs=blobs,
        cache=MemoryResultCache(),
        decisions=MemoryDecisionSource(),
        slots=MemorySlotPool(),
        runner=SimulatedRunner(PretendedMachine(), clock, script.of),
        leadership=MemoryLeadership(),
        notifier=MemoryNotifier(),
    )
    driver = Driver(tools, spec, on_records=on_records)
    driver.preparer = ScriptedPreparer(driver.contents, tools.cache, outcomes, addresses)
    people = ScriptedPeople(driver, outcomes, addresses, approve_all=approve_all)
    play(driver, people)
    notes = [*unknown_addresses(outcomes, driver.root.snapshot), *people.refusals()]
    return Simulated(driver, notes)


class _Script:
    """How each attempt goes, as the simulated runner wants to know it."""

    def __init__(self, outcomes: Outcomes, addresses: Addresses, blobs: BlobStore, usual: Mapping[str, int]) -> None:
        self._outcomes = outcomes
        self._addresses = addresses
        self._blobs = blobs
        self._usual = usual

    def of(self, launch: Launch) -> Scripted | str:
        """Return how an attempt goes; a text refuses to start it."""
        key = launch.key
        address = self._addresses.of(key.run, key.step)
        if key.role is Role.UNDO:
            outcome = self._outcomes.undone(address, key.attempt)
        elif not self._outcomes.mentions(address):
            return Scripted(self._usual.get(step_of(key.step), USUAL_MS), output=b"null", mapped=True)
        else:
            outcome = self._outcomes.attempt(address, key.attempt)
        if outcome.ends_as is OutcomeClass.INTERRUPTED and key.attempt > MOST_REPEATED:
            raise ConfigurationInvalid(
                f'"{address}" is interrupted for ever: the last entry of its list holds for all further attempts',
                hint="add an entry that says how it ends after that",
            )
        if outcome.refused and outcome.ends_as is OutcomeClass.REJECTED:
            return outcome.reason or "refused"
        return self._scripted(outcome)

    def _scripted(self, outcome: Outcome) -> Scripted:
        failure = outcome.ends_as
        receipt = canonical(outcome.receipt) if outcome.receipt is not None else None
        if failure is not None:
            code = outcome.exit_code or None
            violations = tuple(outcome.violations)
            return Scripted(outcome.duration_ms, failure, outcome.reason, code, None, receipt, violations=violations)
        artifacts = tuple((name, digest, 0) for name, digest in artifacts_of(outcome, self._blobs))
        given = outcome.output if outcome.mapped else outcome.answer
        output = canonical(given)
        return Scripted(outcome.duration_ms, None, "", 0, output, receipt, artifacts, outcome.mapped)
