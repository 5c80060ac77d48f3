"""How does a pod live? Volumes, init containers, sidecars, main containers, and one end, whatever brought it about."""

import asyncio
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.process_node.container import Container, Machine
from tests.cluster.process_node.objects import Missing, Objects
from tests.cluster.process_node.plans import Planner
from tests.cluster.process_node.states import ContainerRecord, Terminated, Waiting, now
from tests.cluster.process_node.status import conditions, first_records, give_up, phase, quality
from tests.cluster.process_node.volumes import Volumes

_LEAST_GRACE = 2.0
"""Seconds that a sidecar gets at the end even if the main containers have used up the pod's."""
_TRY_AGAIN_SECONDS = 0.5
_DEADLINE = ("DeadlineExceeded", "Pod was active on the node longer than the specified deadline")


@dataclass(frozen=True)
class Verdict:
    """Why a pod is ended from outside, and what its status says then."""

    reason: str = ""
    message: str = ""
    disruption: str = ""
    """Reason of the condition DisruptionTarget; none if empty."""


class Play:
    """One pod from its binding to the end of its last container."""

    def __init__(
        self,
        pod: Mapping[str, Any],
        machine: Machine,
        objects: Objects,
        server: str,
        folder: Path,
        changed: Callable[[], None],
    ) -> None:
        ips = [{"ip": machine.address}]
        self._known = {"hostIP": machine.address, "hostIPs": ips, "podIP": machine.address, "podIPs": ips}
        self._known |= {"startTime": now(), "qosClass": quality(pod)}
        self.pod: Mapping[str, Any] = {**pod, "status": pod["status"] | self._known}
        self.folder = folder
        self.over = False
        """All containers have ended for good; the status is final."""
        self._machine = machine
        self._objects = objects
        self._server = server
        self._changed = changed
        self._began = asyncio.get_running_loop().time()
        self._sandbox = False
        """Its volumes are there, so containers can be started."""
        self._verdict: Verdict | None = None
        self._stopped = asyncio.Event()
        self._kill_at = 0.0
        self._sooner = asyncio.Event()
        self._deadline: asyncio.TimerHandle | None = None
        self._records = first_records(pod)
        self._containers = [self._container(place) for place in range(len(self._records))]
        self._update_deadline()

    def update(self, pod: Mapping[str, Any]) -> None:
        """The pod has been changed in the API."""
        self.pod = {**pod, "status": pod["status"] | self._known}
        self._update_deadline()
        if "deletionTimestamp" in pod["metadata"]:
            self.stop(Verdict(), pod["metadata"].get("deletionGracePeriodSeconds", 0))

    def stop(self, verdict: Verdict, grace: float | None = None) -> None:
        """End the pod; asked again, only the grace can become shorter."""
        if self.over:
            return
        seconds = self._grace if grace is None else max(grace, 1)
        kill_at = asyncio.get_running_loop().time() + seconds
        if self._verdict is None:
            self._verdict, self._kill_at = verdict, kill_at
            self._stopped.set()
        elif kill_at < self._kill_at:
            self._kill_at = kill_at
            self._sooner.set()

    async def run(self) -> None:
        """Play the pod; returns when its status is final."""
        self._changed()
        life, stopped = asyncio.create_task(self._life()), asyncio.create_task(self._stopped.wait())
        await asyncio.wait([life, stopped], return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        life.cancel()
        if not self._stopped.is_set():
            self._kill_at = asyncio.get_running_loop().time() + self._grace
        await self._end_containers()
        self._forget_deadline()
        give_up(self._records)
        shutil.rmtree(self.folder / "volumes", ignore_errors=True)
        self.over = True
        self._changed()
        problem = life.exception() if life.done() and not life.cancelled() else None
        if problem:
            raise problem

    def abandon(self) -> None:
        """Its containers were started by an earlier life of this node, and ended with it."""
        for record in self._records:
            record.state = Terminated.lost()
        self.stop(Verdict())

    def status(self) -> dict[str, Any]:
        """The pod's status as it is now, for a strategic merge patch."""
        policy = self.pod["spec"].get("restartPolicy", "Always")
        shown = phase(self._records, policy, over=self.over)
        verdict = self._verdict or Verdict()
        if self.over and (verdict.reason or shown in {"Pending", "Running"}):
            shown = "Failed"
        elif not self.over and shown in {"Succeeded", "Failed"}:
            # Never final before everything has ended: somebody may start the next pod on the strength of it.
            begun = any(not each.initial and not isinstance(each.state, Waiting) for each in self._records)
            shown = "Running" if begun else "Pending"
        generation = self.pod["metadata"].get("generation", 0)
        listed = conditions(self._records, shown, sandbox=self._sandbox, generation=generation)
        if self.over and verdict.disruption:
            text = {"reason": verdict.disruption, "message": verdict.message}
            listed.append({"type": "DisruptionTarget", "status": "True", "observedGeneration": generation, **text})
        number = len(self._records)
        status: dict[str, Any] = self._known | {
            "phase": shown,
            "conditions": listed,
            "containerStatuses": [each.shape(number) for each in self._records if not each.initial],
            "observedGeneration": generation,
        }
        inits = [each.shape(number) for each in self._records if each.initial]
        if inits:
            status["initContainerStatuses"] = inits
        if self.over and verdict.reason:
            status |= {"reason": verdict.reason, "message": verdict.message}
        return status

    def container(self, name: str) -> Container | None:
        return next((each for each in self._containers if each.record.name == name), None)

    def clean(self) -> None:
        """Forget the pod's files."""
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def _grace(self) -> float:
        return float(self.pod["spec"].get("terminationGracePeriodSeconds", 30))

    def _container(self, place: int) -> Container:
        record = self._records[place]
        spec = [*self.pod["spec"].get("initContainers", []), *self.pod["spec"]["containers"]][place]
        folder = self.folder / "containers" / record.name
        return Container(
            spec, record, self._machine, folder, self._changed, lambda code: self._restarts(record, code), self._grace
        )

    def _restarts(self, record: ContainerRecord, code: int) -> bool:
        if record.sidecar:
            return True
        policy = self.pod["spec"].get("restartPolicy", "Always")
        return policy != "Never" and (code != 0 or (policy == "Always" and not record.initial))

    async def _life(self) -> None:
        volumes = Volumes(self.pod, self.folder / "volumes", self._objects)
        while True:
            try:
                ready = await volumes.prepare()
                break
            except Missing:
                # The kubelet shows nothing of it in the status; it waits.
                await asyncio.sleep(_TRY_AGAIN_SECONDS)
        self._sandbox = True
        renewal = asyncio.create_task(volumes.renew_tokens())
        try:
            await self._start_all(Planner(self.pod, ready, self._objects, self._server))
        finally:
            renewal.cancel()

    async def _start_all(self, planner: Planner) -> None:
        mains = []
        for container in self._containers:
            if not container.record.initial:
                mains.append(container.begin(planner))
                continue
            living = container.begin(planner)
            if container.record.sidecar:
                await container.started.wait()
                continue
            await asyncio.shield(living)
            if not container.record.ready:
                return
        await asyncio.gather(*(asyncio.shield(each) for each in mains))

    async def _end_containers(self) -> None:
        """Main and init containers first, together; then the sidecars from the last to the first."""
        sidecars = [each for each in self._containers if each.record.sidecar]
        others = [each for each in self._containers if not each.record.sidecar]
        await self._end(others)
        for sidecar in reversed(sidecars):
            now_ = asyncio.get_running_loop().time()
            self._kill_at = max(self._kill_at, now_ + _LEAST_GRACE)
            await self._end([sidecar])

    async def _end(self, containers: Sequence[Container]) -> None:
        await asyncio.gather(*(each.stop(self._patience) for each in containers))

    async def _patience(self) -> None:
        while (left := self._kill_at - asyncio.get_running_loop().time()) > 0:
            self._sooner.clear()
            try:
                await asyncio.wait_for(self._sooner.wait(), left)
            except TimeoutError:
                return

    def _update_deadline(self) -> None:
        self._forget_deadline()
        seconds = self.pod["spec"].get("activeDeadlineSeconds")
        if seconds is not None and not self.over:
            when = self._began + seconds
            loop = asyncio.get_running_loop()
            self._deadline = loop.call_at(when, self.stop, Verdict(*_DEADLINE))

    def _forget_deadline(self) -> None:
        if self._deadline:
            self._deadline.cancel()
            self._deadline = None
