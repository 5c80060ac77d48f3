"""Which pods does the node play? Those that the API server has bound to it, each from its first sight to its deletion."""

import asyncio
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.cluster.process_node.api import Api
from tests.cluster.process_node.container import Container, Machine
from tests.cluster.process_node.instant import InstantPlay
from tests.cluster.process_node.objects import Objects
from tests.cluster.process_node.play import Play, Verdict
from tests.cluster.process_node.report import Reporter
from tests.cluster.process_node.settings import Settings

_LOW_ON_MEMORY = "The node was low on resource: memory."


@dataclass(frozen=True)
class _Actor:
    play: Play | InstantPlay
    reporter: Reporter
    task: asyncio.Task[None]


class Kubelet:
    """The pods of this node."""

    def __init__(self, api: Api, machine: Machine, settings: Settings) -> None:
        self._api = api
        self._machine = machine
        self._settings = settings
        self._objects = Objects(api)
        self._actors: dict[str, _Actor] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        """Small errands, held so that they are not collected."""

    async def run(self) -> None:
        """Follow the API server for ever."""
        async for kind, seen in self._api.watch("/api/v1/pods", f"spec.nodeName={self._settings.name}"):
            if kind == "SYNC":
                pods = {pod["metadata"]["uid"]: pod for pod in seen.get("items") or []}
                for uid in [uid for uid in self._actors if uid not in pods]:
                    self._vanished(uid)
                for pod in pods.values():
                    self._saw(pod)
            elif kind == "DELETED":
                self._vanished(seen["metadata"]["uid"])
            else:
                self._saw(seen)

    def evict(self, namespace: str, name: str, grace: float | None) -> str | None:
        """End a pod as the kubelet does when it runs out of memory; returns why not."""
        found = self._find(namespace, name)
        if found is None or found.over:
            return f"no pod {namespace}/{name} runs on this node"
        found.stop(Verdict("Evicted", _LOW_ON_MEMORY, "TerminationByKubelet"), grace)
        return None

    def container(self, namespace: str, pod: str, name: str) -> Container | None:
        found = self._find(namespace, pod)
        return found.container(name) if found else None

    def _find(self, namespace: str, name: str) -> Play | InstantPlay | None:
        wanted = (namespace, name)
        plays = (actor.play for actor in self._actors.values())
        metadata = ((play, play.pod["metadata"]) for play in plays)
        return next((play for play, of in metadata if (of["namespace"], of["name"]) == wanted), None)

    def _saw(self, pod: Mapping[str, Any]) -> None:
        uid = pod["metadata"]["uid"]
        actor = self._actors.get(uid)
        if actor is None:
            self._actors[uid] = self._start(pod)
            return
        actor.play.update(pod)
        if actor.task.done() and "deletionTimestamp" in pod["metadata"]:
            self._keep(asyncio.create_task(actor.reporter.delete()))

    def _start(self, pod: Mapping[str, Any]) -> _Actor:
        play: Play | InstantPlay

        def changed() -> None:
            reporter.touch()

        if self._settings.instant:
            play = InstantPlay(pod, self._machine.address, self._settings.instant, changed)
        else:
            folder = Path(self._settings.folder, "pods", pod["metadata"]["uid"])
            play = Play(pod, self._machine, self._objects, self._settings.server, folder, changed)
        reporter = Reporter(self._api, play)
        task = asyncio.create_task(self._play(play, reporter))
        task.add_done_callback(_complain)
        return _Actor(play, reporter, task)

    async def _play(self, play: Play | InstantPlay, reporter: Reporter) -> None:
        status = play.pod["status"]
        if status["phase"] not in {"Succeeded", "Failed"}:
            states = [each["state"] for each in status.get("containerStatuses", [])]
            if play.pod["spec"]["restartPolicy"] == "Never" and any("waiting" not in state for state in states):
                play.abandon()
            play.update(play.pod)
            async with asyncio.TaskGroup() as group:
                group.create_task(play.run())
                group.create_task(reporter.run())
        if "deletionTimestamp" in play.pod["metadata"]:
            await reporter.delete()

    def _vanished(self, uid: str) -> None:
        actor = self._actors.pop(uid, None)
        if actor is None:
            return
        # Deleted by force: the object is gone, the containers have a moment.
        actor.play.stop(Verdict(), 0)
        self._keep(asyncio.create_task(self._forget(actor)))

    @staticmethod
    async def _forget(actor: _Actor) -> None:
        await asyncio.wait([actor.task])
        actor.play.clean()

    def _keep(self, task: asyncio.Task[None]) -> None:
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        task.add_done_callback(_complain)


def _complain(task: asyncio.Task[None]) -> None:
    """A pod that cannot be played is a mistake of this node; it must not be silent."""
    problem = None if task.cancelled() else task.exception()
    if problem:
        traceback.print_exception(problem)
