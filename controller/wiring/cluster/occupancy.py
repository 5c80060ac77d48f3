"""Who has which of the places that span runs? Derived from the Jobs that live, and told by the trees that ask for more."""

from collections.abc import Callable
from typing import Any

from controller.adapters.cluster.jobs.pod_status import is_active
from controller.adapters.cluster.names import KEY, ROOT_UID, SLOTS, attempt_key, label_value
from controller.adapters.cluster.run_object import root_uid
from controller.adapters.cluster.slots import SharedSlots
from controller.adapters.cluster.tree_jobs import BY_ROOT
from controller.errors import InvariantViolated
from controller.model.attempt import AttemptKey
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration

Json = dict[str, Any]

ATTEMPTS = "attempts"
"""Key of the places that every attempt of a namespace takes, of whatever agent and orchestration."""


class Occupancy:
    """The places of all namespaces, as long as this process leads."""

    def __init__(self, caches: Caches, configuration: Configuration, wake: Callable[[str, str], None]) -> None:
        """`wake` is told namespace and root of a tree whose turn has come for a place."""
        self._caches = caches
        self._wake = wake
        self._slots: dict[str, SharedSlots] = {}
        self._leads = False
        most = configuration.max_jobs
        self.shared: tuple[tuple[str, int], ...] = ((ATTEMPTS, most),) if most else ()
        """Places that every attempt takes: (key, limit)."""

    def begin(self) -> None:
        """Give every attempt that lives its places: before this nothing may start. All Jobs are known as they are now."""
        self._leads = True
        for job in self._caches.jobs.all():
            self.changed(None, job)

    def end(self) -> None:
        """Believe nothing any more."""
        self._leads = False
        self._slots.clear()

    def of(self, namespace: str) -> SharedSlots:
        """Return the places of a namespace."""
        found = self._slots.get(namespace)
        if found is None:
            found = self._slots[namespace] = SharedSlots(lambda root: self._wake(namespace, root))
        return found

    def changed(self, old: Json | None, new: Json | None) -> None:
        """Follow a Job: whatever becomes of its tree, an attempt that lives has its places, and no other keeps any."""
        job = new or old
        holder = _holder(job) if self._leads and job is not None else None
        if job is None or holder is None:
            return
        slots = self.of(job["metadata"]["namespace"])
        if not is_active(new):
            slots.release(holder)
        elif old is None:
            own = job["metadata"]["annotations"].get(SLOTS, "").split()
            slots.seize((*own, *(key for key, _ in self.shared)), holder, self._root(job))

    def abandon(self, namespace: str, root: str) -> None:
        """Give back what a tree holds that nobody drives now, but for its attempts that live."""
        slots = self._slots.get(namespace)
        if slots is None:
            return
        living = [_holder(job) for job in self._caches.jobs.by(BY_ROOT, label_value(root)) if is_active(job)]
        slots.retain(root, {holder for holder in living if holder is not None})

    def _root(self, job: Json) -> str:
        """Return the root that a Job belongs to; where its run is gone, the label stands for it."""
        label = str((job["metadata"].get("labels") or {}).get(ROOT_UID, ""))
        for run in self._caches.tree(label):
            return root_uid(run)
        return label


def _holder(job: Json) -> AttemptKey | None:
    """Return the attempt that a Job is; None: somebody took our label for another Job, and its tree says so."""
    if KEY not in job["metadata"]["annotations"]:
        return None
    try:
        return attempt_key(job)
    except InvariantViolated:
        return None
