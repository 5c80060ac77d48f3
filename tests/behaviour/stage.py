"""A project folder, and runs in it with the real stores, the real driver and real processes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from controller.adapters.process.runner import ProcessRunner
from controller.engine.status import open_gates
from controller.errors import DefinitionInvalid
from controller.model.alert import Alert
from controller.model.decision import Command, Decision
from controller.model.record import Actor, Record, decode
from controller.model.run import GateStatus, RunSpec
from controller.model.states import Verb, Verdict
from controller.runtime.admit import admit
from controller.runtime.contents import Contents
from controller.runtime.driver import Driver
from controller.runtime.look import Look
from controller.runtime.member import Member
from controller.wiring.definitions import find
from controller.wiring.local import Local, new_run_id
from tests.fakes.notifier import RecordingNotifier

LONGEST_MS = 60_000
"""Monotonic milliseconds after which a run hangs; the longest here takes some three seconds."""

MARA = Actor("person", "mara")
PROBE = Path(__file__).with_name("probe.py")


def facts(record: Record) -> Mapping[str, Any]:
    """What a record holds by its kind."""
    assert record.data is not None
    return record.data


@dataclass
class Played:
    """A run tree that has come to its end, or to where nobody decides."""

    root: Member
    members: Sequence[Member]
    """All runs of the tree, parents first."""
    contents: Contents
    records: Sequence[Record]
    """Those of the root run."""
    alerts: Sequence[Alert]
    calls: Sequence[str]
    """`step role attempt` of each program that was started, in order."""

    @property
    def state(self) -> str:
        return str(self.root.state.run)

    def output(self, step: str) -> Any:
        unit = self.root.unit(step)
        assert unit is not None
        return self.contents.output(self.root.state.unit(unit).output)

    def steps(self) -> dict[str, str]:
        return {
            step.id: str(self.root.state.unit(self.root.unit(step.id) or 0).state) for step in self.root.graph.steps
        }

    def of(self, step: str, *kinds: str) -> list[Record]:
        return [one for one in self.records if one.step == step and (not kinds or one.kind in kinds)]

    def kinds(self, step: str) -> list[str]:
        return [record.kind for record in self.of(step)]


@dataclass
class Stage:
    """Definitions below `folder`, and everything that was played there."""

    folder: Path
    agents: set[str] = field(default_factory=set)

    def agent(self, name: str, **spec: Any) -> None:
        """Write an agent whose program is the probe. `process` holds further fields of its process."""
        process = {
            "argv": ["python3", "./probe.py"],
            "workingDirectory": "repository",
            **spec.pop("process", {}),
        }
        place = self.folder / "definitions" / "agents" / name
        self.write(place / "agent.yaml", "Agent", name, {"process": process, **spec})
        (place / "probe.py").write_bytes(PROBE.read_bytes())
        self.agents.add(name)

    def orchestration(self, name: str, steps: Sequence[Mapping[str, Any]], **spec: Any) -> None:
        """Write an orchestration; every agent that it names and that does not exist yet is a plain probe."""
        for step in (*steps, *spec.get("finally", ())):
            if step.get("type") != "orchestration" and step.get("agent", "worker") not in self.agents:
                self.agent(step.get("agent", "worker"))
        filled = [step if step.get("type") == "orchestration" else {"agent": "worker", **step} for step in steps]
        self.write(
            self.folder / "definitions" / name / "definition.yaml", "Orchestration", name, {"steps": filled, **spec}
        )

    def write(self, file: Path, kind: str, name: str, spec: Mapping[str, Any]) -> None:
        file.parent.mkdir(parents=True, exist_ok=True)
        resource = {"apiVersion": "libretto.dev/v1alpha1", "kind": kind, "metadata": {"name": name}, "spec": spec}
        file.write_text(yaml.safe_dump(resource, sort_keys=False), encoding="utf-8")

    def play(
        self,
        name: str,
        parameters: Mapping[str, Any] | None = None,
        *,
        decide: Callable[[GateStatus], Verdict | Mapping[str, Any] | None] = lambda _: None,
        commands: Sequence[Verb] = (),
        task: Mapping[str, str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] | None = None,
    ) -> Played:
        """Play an orchestration until it settles and all `commands` are given, each when the run has settled.

        `decide` is asked about each gate: a verdict, modifications, or None to let it time out.
        """
        local = replace(self.local, environment={**self.local.environment, **(environment or {})})
        return _Play(self, local, decide, list(commands)).of(name, parameters or {}, task, metadata)

    @cached_property
    def local(self) -> Local:
        """The stores, open until `close`."""
        return Local.open(str(self.folder / ".libretto"))

    @property
    def look(self) -> Look:
        stores = self.local.stores
        return Look(stores.objects, stores.ledger, stores.blobs)

    def close(self) -> None:
        if "local" in vars(self):
            self.local.close()


class _Play:
    def __init__(self, stage: Stage, local: Local, decide: Callable[[GateStatus], Any], commands: list[Verb]) -> None:
        self._stage = stage
        self._local = local
        self._decide = decide
        self._commands = commands
        self._asked: set[tuple[str, int]] = set()
        self._notifier = RecordingNotifier()

    def of(
        self,
        name: str,
        parameters: Mapping[str, Any],
        task: Mapping[str, str] | None,
        metadata: Mapping[str, Any] | None,
    ) -> Played:
        local = self._local
        try:
            found = find(str(self._stage.folder / "definitions" / name), local.stores.objects)
        except DefinitionInvalid as error:
            raise AssertionError([problem.message for problem in error.problems]) from error
        spec = admit(
            found.entry,
            found.catalog,
            local.stores.blobs,
            uid=new_run_id(),
            parameters=parameters,
            requester=MARA.id,
            now=local.clock.now(),
            files=found.files,
            task=task,
            request_metadata=metadata,
        )
        calls = self._stage.folder / "calls"
        calls.write_text("", encoding="utf-8")
        self._drive(spec)
        stores, look = local.stores, self._stage.look
        members = [look.member(one) for one in look.tree(spec)]
        records = [decode(content) for content in stores.ledger.read(spec.uid)]
        said = calls.read_text(encoding="utf-8").splitlines()
        return Played(members[0], members, Contents(stores.blobs), records, self._notifier.told, said)

    def _drive(self, spec: RunSpec) -> None:
        tools = self._local.toolbox(spec.uid)._replace(notifier=self._notifier)
        driver = Driver(tools, spec)
        until = self._local.clock.monotonic() + LONGEST_MS
        driver.start()
        try:
            while not driver.root.state.run.settled or self._commands or tools.decisions.pending(spec.uid):
                assert self._local.clock.monotonic() < until, f"it hangs in {driver.root.state.run}"
                if driver.root.state.run.settled and self._commands:
                    tools.decisions.submit(Command(0, spec.uid, self._commands.pop(0), MARA))
                driver.turn()
                for gate in open_gates(driver.root.state):
                    if (gate.run, gate.request) not in self._asked:
                        self._asked.add((gate.run, gate.request))
                        self._answer(driver, gate)
        finally:
            driver.close()
            assert isinstance(tools.runner, ProcessRunner)
            tools.runner.close()

    def _answer(self, driver: Driver, gate: GateStatus) -> None:
        said = self._decide(gate)
        if said is not None:
            verdict, changes = (said, None) if isinstance(said, Verdict) else (Verdict.MODIFY, said)
            step = gate.gate.rpartition("/")[2]
            decision = Decision(0, gate.run, step, gate.digest, gate.request, verdict, MARA, modifications=changes)
            driver.tools.decisions.submit(decision)
