"""The Jobs and pods of one run tree: what the caches know of them, and what can be asked of the API server."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import Any

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.client import Client
from controller.adapters.cluster.names import STOPPED, STOPPED_AS, label_value
from controller.adapters.cluster.pod_refusals import PodRefusals
from controller.adapters.cluster.resources import JOBS, PODS
from controller.errors import NotFound, ObjectInvalid
from controller.model.states import OutcomeClass

Json = dict[str, Any]

BY_ROOT = "root"
"""Index of the caches of Jobs and pods: the tree that they belong to."""

BY_JOB = "job"
"""Index of the cache of pods: namespace and name of their Job."""

JOB_NAME = "batch.kubernetes.io/job-name"


class TreeJobs:
    """Implements what the runner needs of Jobs."""

    def __init__(
        self, client: Client, jobs: Cache, pods: Cache, refusals: PodRefusals, namespace: str, root: str
    ) -> None:
        self._client = client
        self._refusals = refusals
        self._jobs = jobs
        self._pods = pods
        self._namespace = namespace
        self._root = label_value(root)

    def known(self) -> Iterable[Json]:
        return self._jobs.by(BY_ROOT, self._root)

    def pods(self, job: str) -> Sequence[Json]:
        return self._pods.by(BY_JOB, f"{self._namespace}/{job}")

    async def fetch_pods(self, job: str) -> Sequence[Json]:
        found = await self._client.list(PODS, self._namespace, labels=f"{JOB_NAME}={job}")
        for pod in found.get("items") or ():
            self._pods.put({"apiVersion": PODS.api_version, "kind": PODS.kind, **pod})
        return self.pods(job)

    def job(self, name: str) -> Json | None:
        return self._jobs.get(self._namespace, name)

    async def create(self, job: Json) -> Json:
        answer = await self._client.create(JOBS, self._namespace, job, brief=True)
        made = {**job, "metadata": answer["metadata"]}
        self._jobs.put(made)
        return made

    async def fetch(self, name: str) -> Json:
        found = await self._client.get(JOBS, self._namespace, name)
        self._jobs.put(found)
        return found

    async def end(self, job: Json, pods: Sequence[Json], now: int, why: OutcomeClass) -> None:
        """End the pods that live, keeping what they leave; a Job without a pod is deleted."""
        metadata = job["metadata"]
        living = [pod for pod in pods if (pod.get("status") or {}).get("phase") not in ("Succeeded", "Failed")]
        if not pods:
            with suppress(NotFound):  # somebody else was faster
                await self._client.delete(JOBS, self._namespace, metadata["name"], uid=metadata["uid"])
            return
        for pod in living:
            # The kubelet ends it as if its time were up: gracefully, and the pod stays with its logs.
            notes = {STOPPED: str(now), STOPPED_AS: why.value}
            deadline = {"metadata": {"annotations": notes}, "spec": {"activeDeadlineSeconds": 1}}
            try:
                asked = await self._client.patch(PODS, self._namespace, pod["metadata"]["name"], deadline)
            except (NotFound, ObjectInvalid):
                continue  # it ended meanwhile
            self._pods.put(asked)

    async def refusals(self, job: Json) -> Sequence[Json]:
        return await self._refusals.of(self._namespace, job)


def job_of(pod: Json) -> str | None:
    """Return the name of a pod's Job."""
    name = (pod["metadata"].get("labels") or {}).get(JOB_NAME)
    return None if name is None else str(name)
