"""One orchestration, played twice: by real processes, and by the simulation. What each came to."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controller.adapters.process.runner import ProcessRunner
from controller.engine.semantic import semantic_content, semantic_digest
from controller.engine.status import open_gates
from controller.model.decision import Command, Decision
from controller.model.digest import Digest
from controller.model.outcomes import Outcomes, read_outcomes
from controller.model.record import Actor
from controller.model.run import GateStatus
from controller.model.states import Verb, Verdict
from controller.runtime.admit import admit
from controller.runtime.driver import Driver
from controller.runtime.outcomes_of import outcomes_of
from controller.wiring.definitions import Found
from controller.wiring.evidence import stored, verify_run
from controller.wiring.local import Local, new_run_id
from controller.wiring.simulation import simulate

MARA = Actor("person", "mara")
LONGEST_MS = 60_000
"""Monotonic milliseconds after which a run hangs; the longest takes some three seconds."""


@dataclass
class People:
    """What people do: the next answer per gate of a run (approve for none), and commands each time it has settled."""

    decisions: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    """Path of a gate -> approve, reject, lapse or {"modify": {...}}, one per opening."""
    commands: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True)
class Real:
    """What a real run came to."""

    meaning: Mapping[str, Any]
    exported: Outcomes
    digest: Digest
    """The semantic digest."""


def play_real(state: Path, found: Found, people: People, parameters: Mapping[str, Any] | None = None) -> Real:
    """Play with real processes in a state directory and export the outcomes from its ledger."""
    local = Local.open(str(state))
    try:
        spec = admit(
            found.entry,
            found.catalog,
            local.stores.blobs,
            uid=new_run_id(),
            parameters=parameters or {},
            requester=MARA.id,
            now=local.clock.now(),
            files=found.files,
            max_parallel=2,
        )
        tools = local.toolbox(spec.uid)
        driver = Driver(tools, spec)
        try:
            driver.start()
            _drive(driver, local, people)
            meaning, digest = semantic_content(driver.root.state), semantic_digest(driver.root.state)
        finally:
            driver.close()
            assert isinstance(tools.runner, ProcessRunner)
            tools.runner.close()
        verification = verify_run(local, spec)
        assert verification.sound, verification
        value = outcomes_of(stored(local, spec), verification).to_value()
    finally:
        local.close()
    # As a file would be read back.
    return Real(meaning, read_outcomes(value), digest)


def _drive(driver: Driver, local: Local, people: People) -> None:
    openings: Counter[tuple[str, str]] = Counter()
    commands = list(people.commands)
    answered: set[tuple[str, int]] = set()
    submitted = 0
    until = local.clock.monotonic() + LONGEST_MS
    while True:
        assert local.clock.monotonic() < until, f"it hangs in {driver.root.state.run}"
        driver.turn()
        for gate in open_gates(driver.root.state):
            if (gate.run, gate.request) not in answered:
                answered.add((gate.run, gate.request))
                answers = people.decisions.get(gate.gate, ())
                opening = openings[gate.run, gate.gate]
                openings[gate.run, gate.gate] += 1
                _decide(local, gate, answers[opening] if opening < len(answers) else "approve")
        if driver.root.state.run.settled and (not submitted or local.stores.decisions.answered(submitted) is not None):
            if not commands:
                return
            submitted = local.stores.decisions.submit(_command(driver.root_spec.uid, commands.pop(0)))


def _decide(local: Local, gate: GateStatus, given: Any) -> None:
    if given == "lapse":
        return
    word, changes = ("modify", given["modify"]) if isinstance(given, dict) else (given, None)
    name = gate.gate.rpartition("/")[2]
    decision = Decision(0, gate.run, name, gate.digest, gate.request, Verdict(word), MARA, modifications=changes)
    local.stores.decisions.submit(decision)


def _command(run: str, given: Mapping[str, Any]) -> Command:
    return Command(
        0,
        run,
        Verb(given["verb"]),
        MARA,
        given.get("step"),
        None,
        given.get("modifications"),
        given.get("delayMs", 0),
        given.get("output"),
        given.get("undo", False),
    )


def play_simulated(found: Found, outcomes: Outcomes, parameters: Mapping[str, Any] | None = None) -> Mapping[str, Any]:
    """Play in simulation and return what the run means."""
    simulated = simulate(
        found, outcomes, requester=MARA.id, now=1_700_000_000_000, parameters=parameters, max_parallel=2
    )
    # What is refused here is refused in the real run too; else their meanings differ.
    assert [note for note in simulated.notes if "was refused" not in note] == []
    return semantic_content(simulated.root.state)
