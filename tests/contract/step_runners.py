"""The runners under test, each with the machine below it."""

import shlex
from pathlib import Path
from typing import Protocol

from controller.model.agent import AgentSpec, Process
from controller.model.attempt import AttemptKey, Launch
from controller.model.digest import digest_bytes
from controller.ports.blob_store import BlobStore
from controller.ports.step_runner import StepRunner
from tests.adapters.process.workshop import Workshop
from tests.fakes.blob_store import InMemoryBlobStore
from tests.fakes.clock import SettableClock
from tests.fakes.disk import Disk
from tests.fakes.step_runner import Machine, Script, ScriptedStepRunner


class Subject(Protocol):
    """A runner under test, and the machine below it."""

    blobs: BlobStore

    def runner(self) -> StepRunner:
        """A driver; the one before it is dead."""

    def launch(self, key: AttemptKey, script: Script, content: bytes) -> Launch:
        """A launch that goes as scripted."""

    def lose_all(self) -> None:
        """What happens to a machine whose supervisor is killed."""


class Scripted:
    def __init__(self) -> None:
        disk = Disk()
        self._scripts: dict[AttemptKey, Script] = {}
        self._machine = Machine(SettableClock(), lambda launch: self._scripts[launch.key], disk)
        self.blobs: BlobStore = InMemoryBlobStore(disk)

    def runner(self) -> StepRunner:
        return ScriptedStepRunner(self._machine)

    def launch(self, key: AttemptKey, script: Script, content: bytes) -> Launch:
        self._scripts[key] = script
        agent = AgentSpec(process=Process(argv=["pretend"], grace_period="300ms"))  # type: ignore[arg-type]
        return Launch(key, agent, {}, content, digest_bytes(content))

    def lose_all(self) -> None:
        self._machine.lose()


class Processes:
    def __init__(self, folder: Path) -> None:
        self._workshop = Workshop(folder)
        self.blobs: BlobStore = self._workshop.blobs
        self.end = self._workshop.end

    def runner(self) -> StepRunner:
        return self._workshop.runner()

    def launch(self, key: AttemptKey, script: Script, content: bytes) -> Launch:
        if script.refusal is not None:
            return self._workshop.launch("", key=key, agent=AgentSpec(), input=content)
        lines = [f"echo {done}/{total} > progress" for _, done, total in script.progress]
        files = {"output.json": script.output, "receipt.json": script.receipt}
        files |= {f"artifacts/{name}": content for name, content in script.artifacts.items()}
        for name, written in files.items():
            if written is not None:
                lines.append(f"mkdir -p $(dirname {name}); printf %s {shlex.quote(written.decode())} > {name}")
        if script.stubborn_ms:
            lines.insert(0, "trap '' TERM")
        if script.lasts_ms:
            lines.append(f"sleep {script.lasts_ms / 1000}")
        lines.append(f"exit {script.exit_code}")
        process = {"grace_period": "300ms"}
        return self._workshop.launch("", "\n".join(lines), key=key, process=process, input=content)

    def lose_all(self) -> None:
        self._workshop.kill_supervisor()
