"""All that is known of the cluster, and which tree a change is about."""

from collections.abc import Callable, Iterable
from typing import Any

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.jobs.judge import Running, judge
from controller.adapters.cluster.jobs.pod_status import asked_to_end
from controller.adapters.cluster.names import ROOT_UID, label_value
from controller.adapters.cluster.run_object import key_uid, root_uid
from controller.adapters.cluster.slimming import slim_job, slim_pod
from controller.adapters.cluster.tree_jobs import BY_JOB, BY_ROOT, job_of
from controller.adapters.cluster.work_queue import Key

Json = dict[str, Any]

BY_UID, BY_OBJECT, BY_RUN = "uid", "object", "run"


class Caches:
    """The caches of one operator. `wake` is told of every tree that a change is about, and of the Job that changed;
    `defined` of every definition that changed, `pod_seen` of every pod that did, `job_seen` of every Job, before and after.
    """

    def __init__(
        self,
        wake: Callable[[Key, str | None], None],
        defined: Callable[[Json], None],
        pod_seen: Callable[[Json | None, str], None] = lambda *_: None,
        job_seen: Callable[[Json | None, Json | None], None] = lambda *_: None,
    ) -> None:
        self._wake = wake
        self._defined = defined
        self._pod_seen = pod_seen
        self._job_seen = job_seen
        self.runs = Cache({BY_UID: key_uid, BY_ROOT: root_uid, BY_OBJECT: _uid}, self._run_changed)
        self.orchestrations = Cache(listener=self._definition_changed)
        self.agents = Cache(listener=self._definition_changed)
        self.approvals = Cache({BY_RUN: _run_of}, self._submission_changed)
        self.interventions = Cache({BY_RUN: _run_of}, self._submission_changed)
        self.jobs = Cache({BY_ROOT: _root_label}, self._job_changed, slim_job)
        self.pods = Cache({BY_ROOT: _root_label, BY_JOB: _job_place}, self._pod_changed, slim_pod)

    def run(self, uid: str) -> Json | None:
        """Return the object of a run by the uid that the engine knows."""
        found = self.runs.by(BY_UID, uid)
        return found[0] if found else None

    def version_of_run(self, uid: str) -> str | None:
        """Return the version at which the Run object of a uid is known."""
        found = self.runs.by(BY_OBJECT, uid)
        return str(found[0]["metadata"]["resourceVersion"]) if found else None

    def tree(self, root: str) -> list[Json]:
        """Return the objects of a tree's runs."""
        return self.runs.by(BY_ROOT, root)

    def submissions(self, run: Json) -> Iterable[Json]:
        """Yield the approvals and interventions that name a Run object."""
        uid = run["metadata"]["uid"]
        yield from self.approvals.by(BY_RUN, uid)
        yield from self.interventions.by(BY_RUN, uid)

    def job_names(self, root: str) -> Iterable[str]:
        """Yield the names of a tree's Jobs."""
        for job in self.jobs.by(BY_ROOT, label_value(root)):
            yield job["metadata"]["name"]

    def runs_on(self, namespace: str, job: str) -> bool:
        """Return whether the program of a Job runs and nobody asked it to end."""
        pods = self.pods.by(BY_JOB, f"{namespace}/{job}")
        known = self.jobs.get(namespace, job)
        return known is not None and not any(map(asked_to_end, pods)) and isinstance(judge(known, pods), Running)

    def definitions(self, namespace: str) -> Iterable[Json]:
        """Yield the orchestrations and agents of a namespace."""
        yield from self.orchestrations.all(namespace)
        yield from self.agents.all(namespace)

    def knows(self, definition: Json) -> bool:
        """Return whether a definition is there, and was not deleted."""
        metadata = definition["metadata"]
        cache = self.agents if definition["kind"] == "Agent" else self.orchestrations
        found = cache.get(metadata["namespace"], metadata["name"])
        return found is not None and found["metadata"]["uid"] == metadata["uid"]

    def _run_changed(self, old: Json | None, new: Json | None) -> None:
        one = new or old
        assert one is not None
        if (
            new is not None
            and old is not None
            and _same(old, new, "spec")
            and _same(old, new, "metadata", "generation")
        ):
            return  # an echo of our own write of its status
        self._wake(Key(one["metadata"]["namespace"], root_uid(one)), None)

    def _definition_changed(self, old: Json | None, new: Json | None) -> None:
        one = new or old
        assert one is not None
        if old is None or new is None or not _same(old, new, "metadata", "generation"):
            self._defined(one)

    def _submission_changed(self, old: Json | None, new: Json | None) -> None:
        if new is None or old is not None:
            return
        found = self.runs.by(BY_OBJECT, _run_of(new) or "")
        if found:
            self._wake(Key(new["metadata"]["namespace"], root_uid(found[0])), None)

    def _job_changed(self, old: Json | None, new: Json | None) -> None:
        one = new or old
        assert one is not None
        self._job_seen(old, new)
        if old is not None and new is not None and _job_state(old) == _job_state(new):
            return
        if old is None and new is not None and not (new.get("status") or {}).get("conditions"):
            return  # made just now, by us
        self._tell(one, one["metadata"]["name"])

    def _pod_changed(self, old: Json | None, new: Json | None) -> None:
        one = new or old
        assert one is not None
        self._pod_seen(new, one["metadata"]["uid"])
        if old is not None and new is not None and _pod_state(old) == _pod_state(new):
            return
        if old is None and new is not None and not _pod_state(new)[1:]:
            return
        name = job_of(one)
        if name is not None:
            self._tell(one, name)

    def _tell(self, one: Json, job: str) -> None:
        label = _root_label(one)
        if label is None:
            return
        for run in self.runs.by(BY_ROOT, label):
            self._wake(Key(run["metadata"]["namespace"], root_uid(run)), job)
            return


def _uid(one: Json) -> str:
    return str(one["metadata"]["uid"])


def _run_of(one: Json) -> str | None:
    reference = one["spec"].get("runRef")
    return None if reference is None else str(reference["uid"])


def _root_label(one: Json) -> str | None:
    label = (one["metadata"].get("labels") or {}).get(ROOT_UID)
    return None if label is None else str(label)


def _job_place(pod: Json) -> str | None:
    name = job_of(pod)
    return None if name is None else f"{pod['metadata']['namespace']}/{name}"


def _same(old: Json, new: Json, *path: str) -> bool:
    one: Any = old
    other: Any = new
    for part in path:
        one, other = one.get(part), other.get(part)
    return bool(one == other)


def _job_state(job: Json) -> tuple[Any, ...]:
    """What of a Job can say anything about its attempt where no pod does."""
    conditions = (job.get("status") or {}).get("conditions") or ()
    ended = tuple(
        one["type"] for one in conditions if one["type"] in ("Complete", "Failed") and one["status"] == "True"
    )
    return ended, bool(job["metadata"].get("deletionTimestamp"))


def _pod_state(pod: Json) -> tuple[Any, ...]:
    """What of a pod can say anything about its attempt."""
    status = pod.get("status") or {}
    # The time: a pod that is deleted once more, with less grace, should be gone sooner.
    found: list[Any] = [pod["metadata"].get("deletionTimestamp")]
    if status.get("phase") in ("Succeeded", "Failed"):
        found.append(status["phase"])
    for container in status.get("containerStatuses") or ():
        state = container.get("state") or {}
        if container["name"] == "main" and "running" in state:
            found.append("running")
    waiting = [
        (container.get("state") or {}).get("waiting", {}).get("reason")
        for container in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ()))
    ]
    found += [word for word in waiting if word not in (None, "PodInitializing", "ContainerCreating")]
    found += [one["type"] for one in status.get("conditions") or () if one["type"] == "DisruptionTarget"]
    return tuple(found)
