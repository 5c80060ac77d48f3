"""How does one container live? Starts, probes, ends, restarts; every change is written into its record."""

import asyncio
import shutil
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from tests.cluster.process_node.access import RunAsRoot
from tests.cluster.process_node.fields import UnknownField
from tests.cluster.process_node.launcher import Launcher, NotStarted, Process
from tests.cluster.process_node.layers import Layer
from tests.cluster.process_node.messages import termination_message
from tests.cluster.process_node.objects import Missing
from tests.cluster.process_node.plans import Place, Planner
from tests.cluster.process_node.probes import Prober
from tests.cluster.process_node.sandbox import Plan
from tests.cluster.process_node.states import ContainerRecord, Running, Terminated, Waiting, now

_START_ERROR = 128
_LONGEST_BACKOFF = 300.0
_TRY_AGAIN_SECONDS = 0.5


@dataclass(frozen=True)
class Machine:
    """What the node lends to its containers."""

    launcher: Launcher
    layers: Mapping[str, Layer]
    """By image reference."""
    address: str
    restart_backoff: float


class Patience(Protocol):
    """How long a container that was asked to end may take; it may become shorter meanwhile."""

    def __call__(self) -> Awaitable[None]: ...


class Container:
    """One container of a pod."""

    def __init__(
        self,
        spec: Mapping[str, Any],
        record: ContainerRecord,
        machine: Machine,
        folder: Path,
        changed: Callable[[], None],
        restartable: Callable[[int], bool],
        grace: float,
    ) -> None:
        self.record = record
        self.started = asyncio.Event()
        """It runs, and its startup probe has succeeded."""
        self._spec = spec
        self._machine = machine
        self._folder = folder
        self._changed = changed
        self._restartable = restartable
        """Whether the pod's policy starts it again after this exit code."""
        self._grace = grace
        """Seconds for a container that is killed because a probe failed."""
        self._process: Process | None = None
        self._stopping = False
        self._task: asyncio.Task[None] | None = None

    def begin(self, planner: Planner) -> asyncio.Task[None]:
        """Start it; the task ends when it will not be started again."""
        self._task = asyncio.create_task(self._live(planner))
        return self._task

    def place(self, *, previous: bool = False) -> Place:
        """The files of its latest start, or of the one before."""
        return Place(self._folder / str(self.record.restarts - previous))

    async def stop(self, patience: Patience) -> None:
        """SIGTERM, then SIGKILL; returns when it has ended."""
        self._stopping = True
        if self._task is None or self._task.done():
            return
        if not isinstance(self.record.state, Running):
            # It waits for an image, an object or its turn: there is nobody to ask.
            self._task.cancel()
            if isinstance(self.record.state, Waiting) and self.record.last:
                self.record.state = self.record.last
        elif self._process:
            self._process.signal(signal.SIGTERM)
            patient = asyncio.ensure_future(patience())
            await asyncio.wait([self._task, patient], return_when=asyncio.FIRST_COMPLETED)
            patient.cancel()
            if not self._task.done():
                self._process.signal(signal.SIGKILL)
        await asyncio.wait([self._task])

    async def _live(self, planner: Planner) -> None:
        backoff = 0.0
        while True:
            code = await self._once(planner)
            if self._stopping or not self._restartable(code):
                return
            await self._back_off(backoff)
            backoff = min(max(2 * backoff, self._machine.restart_backoff), _LONGEST_BACKOFF)
            self.record.restarts += 1

    async def _back_off(self, seconds: float) -> None:
        record = self.record
        assert isinstance(record.state, Terminated)
        record.last = record.state
        if seconds:
            text = f"back-off {round(seconds)}s restarting failed container={record.name}"
            record.state = Waiting("CrashLoopBackOff", text)
            self._changed()
            await asyncio.sleep(seconds)

    async def _once(self, planner: Planner) -> int:
        layer = await self._image()
        plan = await self._plan(planner, layer)
        try:
            process = self._process = await self._machine.launcher.start(plan)
        except NotStarted as problem:
            return self._ended(_START_ERROR, "StartError", str(problem))
        record = self.record
        record.container_id = f"process://{record.name}-{process.number}"
        await self._post_start(process, plan)
        record.state = Running()
        record.started = "startupProbe" not in self._spec
        record.ready = record.started and "readinessProbe" not in self._spec
        if record.started:
            self.started.set()
        self._changed()
        probes = asyncio.create_task(self._probe(process, plan)) if self._probed() else None
        code = await process.ended
        if probes:
            probes.cancel()
        return self._ended(code, "Completed" if code == 0 else "Error")

    async def _post_start(self, process: Process, plan: Plan) -> None:
        """The kubelet calls no container running before its hook has ended; a hook that fails ends the container."""
        hook = (self._spec.get("lifecycle") or {}).get("postStart")
        if hook is None:
            return
        prober = Prober(self._machine.launcher, process, plan, self._machine.address, {})
        running = asyncio.create_task(prober.execute(hook["exec"]["command"]))
        ended = asyncio.ensure_future(process.ended)
        await asyncio.wait([running, ended], return_when=asyncio.FIRST_COMPLETED)
        if running.done() and running.result() != 0:
            process.signal(signal.SIGKILL)
        running.cancel()

    def _ended(self, code: int, reason: str, message: str = "") -> int:
        record, place = self.record, self.place()
        policy = self._spec.get("terminationMessagePolicy", "File")
        message = message or termination_message(place.message, place.log, failed=code != 0, policy=policy)
        begun = record.state.started_at if isinstance(record.state, Running) else ""
        record.state = Terminated(code, reason, message, begun, now(), record.container_id)
        record.started = False
        # A completed init container counts as ready.
        record.ready = record.initial and not record.sidecar and code == 0
        shutil.rmtree(place.scratch, ignore_errors=True)
        self._changed()
        return code

    async def _image(self) -> Layer:
        image = self._spec["image"]
        while image not in self._machine.layers:
            if self._spec.get("imagePullPolicy") == "Never":
                self._wait("ErrImageNeverPull", f'Container image "{image}" is not present with pull policy of Never')
            else:
                self._wait("ErrImagePull", f'failed to pull image "{image}": this node knows no such image')
            # An image that is unknown now stays so; only a stop ends this.
            await asyncio.Event().wait()
        return self._machine.layers[image]

    async def _plan(self, planner: Planner, layer: Layer) -> Plan:
        while True:
            try:
                return await planner.plan(self._spec, layer, self.place())
            except (Missing, RunAsRoot, UnknownField) as problem:
                self._wait("CreateContainerConfigError", str(problem))
            await asyncio.sleep(_TRY_AGAIN_SECONDS)

    def _wait(self, reason: str, message: str) -> None:
        state = Waiting(reason, message)
        if self.record.state != state:
            self.record.state = state
            self._changed()

    def _probed(self) -> bool:
        return any(f"{kind}Probe" in self._spec for kind in ("startup", "readiness", "liveness"))

    async def _probe(self, process: Process, plan: Plan) -> None:
        ports = {port["name"]: port["containerPort"] for port in self._spec.get("ports", []) if "name" in port}
        prober = Prober(self._machine.launcher, process, plan, self._machine.address, ports)
        if "startupProbe" in self._spec:
            await prober.watch(self._spec["startupProbe"], lambda healthy: self._startup(process, healthy=healthy))
        others = []
        if "readinessProbe" in self._spec:
            others.append(prober.watch(self._spec["readinessProbe"], self._readiness))
        if "livenessProbe" in self._spec:
            others.append(
                prober.watch(self._spec["livenessProbe"], lambda healthy: self._liveness(process, healthy=healthy))
            )
        await asyncio.gather(*others)

    def _startup(self, process: Process, *, healthy: bool) -> bool:
        if healthy:
            self.record.started = True
            self.record.ready = "readinessProbe" not in self._spec
            self.started.set()
            self._changed()
        else:
            self._kill(process, self._spec["startupProbe"])
        return True

    def _readiness(self, healthy: bool) -> bool:
        if self.record.ready is not healthy:
            self.record.ready = healthy
            self._changed()
        return False

    def _liveness(self, process: Process, *, healthy: bool) -> bool:
        if not healthy:
            self._kill(process, self._spec["livenessProbe"])
        return not healthy

    def _kill(self, process: Process, probe: Mapping[str, Any]) -> None:
        process.signal(signal.SIGTERM)
        grace = probe.get("terminationGracePeriodSeconds", self._grace)
        asyncio.get_running_loop().call_later(grace, process.signal, signal.SIGKILL)
