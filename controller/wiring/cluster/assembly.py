"""How do an operator and the caches that wake it come to know each other?"""

from collections.abc import Callable
from typing import Any

from controller.adapters.cluster.work_queue import Key, WorkQueue
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.operator import Operator
from controller.wiring.cluster.shared import Shared

Json = dict[str, Any]


def operator_over(make_shared: Callable[[Caches, Callable[[str, str], None]], Shared], queue: WorkQueue) -> Operator:
    """Return an operator with caches that wake it."""
    made: list[Operator] = []

    def wake(key: Key, job: str | None) -> None:
        made[0].wake(key, job)

    def defined(definition: Json) -> None:
        made[0].definition_changed(definition)

    def pod_seen(pod: Json | None, uid: str) -> None:
        if made:
            made[0].reaper.look(pod, uid)

    def job_seen(old: Json | None, new: Json | None) -> None:
        if made:
            made[0].shared.occupancy.changed(old, new)

    caches = Caches(wake, defined, pod_seen, job_seen)
    shared = make_shared(caches, lambda namespace, root: wake(Key(namespace, root), None))
    made.append(Operator(shared, queue))
    return made[0]
