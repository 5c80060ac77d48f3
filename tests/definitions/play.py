"""Plays an example with the real engine and real processes, and answers its checkpoints as a case says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from controller.adapters.process.runner import ProcessRunner
from controller.engine.status import open_gates
from controller.engine.units import unit_of
from controller.model.decision import Decision
from controller.model.record import Actor
from controller.model.run import GateStatus
from controller.model.states import Verdict
from controller.runtime.admit import admit
from controller.runtime.driver import Driver
from controller.wiring.definitions import find
from controller.wiring.local import Local, new_run_id
from tests.definitions.agent import LIBRARY

LONGEST_MS = 60_000
"""Monotonic milliseconds after which a run hangs; the longest case takes some three seconds."""

PERSON = Actor("person", "mara")


@dataclass(frozen=True, slots=True)
class Played:
    """How a run ended."""

    verdict: str
    reason: str | None
    outputs: Mapping[str, Any]
    steps: Mapping[str, str]
    cached: frozenset[str]
    artifacts: frozenset[str]
    unanswered: Mapping[str, list[Any]]
    """Decisions that no checkpoint asked for."""
    records: Sequence[tuple[str, str]]
    """Kind and step of each record of the root run, in order."""

    def order(self, kind: str, *steps: str) -> list[int]:
        """Where in the ledger the steps have a record of this kind."""
        return [place for place, record in enumerate(self.records) if record[0] == kind and record[1] in steps]


def play(folder: str, parameters: Mapping[str, Any], decisions: Mapping[str, Any], project: Path) -> Played:
    """Run `definitions/<folder>` to its end in a state directory below `project`."""
    local = Local.open(str(project / ".libretto"))
    try:
        return _play(local, folder, parameters, decisions)
    finally:
        local.close()


def _play(local: Local, folder: str, parameters: Mapping[str, Any], decisions: Mapping[str, Any]) -> Played:
    found = find(str(LIBRARY / folder / "definition.yaml"), local.stores.objects)
    uid = new_run_id()
    spec = admit(
        found.entry,
        found.catalog,
        local.stores.blobs,
        uid=uid,
        parameters=parameters,
        requester=PERSON.id,
        now=local.clock.now(),
        max_parallel=local.configuration.max_parallel,
        files=found.files,
    )
    tools = local.toolbox(uid)
    records: list[tuple[str, str]] = []
    driver = Driver(
        tools,
        spec,
        on_records=lambda member, links: records.extend(
            (link.record.kind, link.record.step or "") for link in links if member.spec.uid == uid
        ),
    )
    waiting = {gate: list(given) if isinstance(given, list) else [given] for gate, given in decisions.items()}
    answered: set[tuple[str, int]] = set()
    until = local.clock.monotonic() + LONGEST_MS
    driver.start()
    try:
        while not driver.root.state.run.settled:
            assert local.clock.monotonic() < until, f"{folder} hangs in {driver.root.state.run}"
            driver.turn()
            for gate in open_gates(driver.root.state):
                if (gate.run, gate.request) not in answered:
                    answered.add((gate.run, gate.request))
                    assert waiting.get(gate.gate), f"the case has no decision for {gate.gate}"
                    local.stores.decisions.submit(_decision(gate, waiting[gate.gate].pop(0)))
    finally:
        driver.close()
        assert isinstance(tools.runner, ProcessRunner)
        tools.runner.close()
    state, contents = driver.root.state, driver.contents
    steps = {step.id: state.unit(unit_of(step.index)) for step in state.graph.steps}
    return Played(
        verdict=state.run.value,
        reason=state.message or state.reason,
        outputs=contents.get(state.outputs) if state.outputs is not None else {},
        steps={id_: unit.state.value for id_, unit in steps.items()},
        cached=frozenset(id_ for id_, unit in steps.items() if unit.how == "cache"),
        artifacts=frozenset(f"{id_}/{name}" for id_, unit in steps.items() for name in contents.artifacts(unit.output)),
        unanswered={gate: left for gate, left in waiting.items() if left},
        records=records,
    )


def _decision(gate: GateStatus, given: Any) -> Decision:
    word, modifications = ("modify", given["modify"]) if isinstance(given, dict) else (given, None)
    return Decision(
        id=0,
        run=gate.run,
        gate=gate.gate.split("/")[-1],
        digest=gate.digest,
        request=gate.request,
        verdict=Verdict(word),
        actor=PERSON,
        modifications=modifications,
    )
