"""What the platform does to attempts, and what nobody can tell of them."""

from typing import Any

from controller.adapters.cluster.jobs.verdict import Queued, Running
from controller.model.states import OutcomeClass
from tests.unit.adapters.cluster.jobs.pods import (
    BEGAN_MS,
    COMPLETE,
    FAILED,
    ended,
    job,
    pod,
    running,
    succeeded,
    waiting,
)
from tests.unit.adapters.cluster.jobs.row import KILLED, STOPPED, TERMINATED, Row

Json = dict[str, Any]


def drained(number: int = 1, main: Json | None = TERMINATED, **further: Any) -> Json:
    return pod("Failed", main, disruption="EvictionByEvictionAPI", number=number, **further)


DISRUPTED = {
    "drained: the Job controller will make another pod": Row(
        job(), [drained()], Queued(False, "EvictionByEvictionAPI: so it was decided")
    ),
    "drained: another pod waits": Row(job(), [drained(), pod("Pending", number=2)], Queued(True)),
    "drained: another pod runs": Row(
        job(), [drained(), pod("Running", running(), courier=running(), number=2)], Running(BEGAN_MS)
    ),
    "drained: another pod ended well": Row(job(COMPLETE), [drained(), succeeded(number=2)], "success", exit=0),
    "drained as it published: it runs again": Row(
        job(), [drained(main=ended(), courier=KILLED)], Queued(False, "EvictionByEvictionAPI: so it was decided")
    ),
    "drained, and asked to stop: it must not run again": Row(
        job(), [drained()], OutcomeClass.INTERRUPTED, STOPPED, stopped_as=OutcomeClass.INTERRUPTED, goes_on=True
    ),
    "drained, its Job failed all the same": Row(
        job(FAILED), [drained()], OutcomeClass.DISRUPTED, "EvictionByEvictionAPI"
    ),
    "it failed by itself, and was drained afterwards": Row(
        job(FAILED), [drained(main=ended(3))], OutcomeClass.FAILED, "exit 3", 3
    ),
    "drained ten times": Row(
        job(), [drained(number) for number in range(1, 11)], OutcomeClass.FAILED, "took it away 10 times", goes_on=True
    ),
    "drained nine times": Row(
        job(), [drained(number) for number in range(1, 10)], Queued(False, "EvictionByEvictionAPI: so it was decided")
    ),
    "drained ten times, and asked to stop": Row(
        job(),
        [drained(number) for number in range(1, 11)],
        OutcomeClass.INTERRUPTED,
        STOPPED,
        stopped_as=OutcomeClass.INTERRUPTED,
        goes_on=True,
    ),
    "drained ten times, an eleventh pod has ended well": Row(
        job(), [*(drained(number) for number in range(1, 11)), succeeded(number=11)], "success", exit=0
    ),
    "drained before its program began": Row(
        job(),
        [pod("Pending", waiting("PodInitializing"), disruption="PreemptionByScheduler", deleted=True)],
        Queued(True, "PreemptionByScheduler: so it was decided"),
    ),
    "its queue took its place away": Row(
        job(suspended=True), [pod("Running", running(), deleted=True)], Queued(False, "its Job is suspended")
    ),
    "its queue took its place away, its program has ended": Row(
        job(suspended=True), [pod("Failed", TERMINATED, deleted=True)], Queued(False, "its Job is suspended")
    ),
    "a node that had no room after all": Row(
        job(FAILED),
        [pod("Failed", reason="OutOfcpu", message="Node didn't have enough resource: cpu")],
        OutcomeClass.DISRUPTED,
        "was not started: OutOfcpu: Node didn't have enough resource: cpu",
    ),
    "a node that restarted before its program began": Row(
        job(FAILED),
        [pod("Failed", waiting("ContainerCreating"), stage=ended(), reason="Terminated", message="node shutdown")],
        OutcomeClass.DISRUPTED,
        "was not started: Terminated: node shutdown",
    ),
    "a program that may run once, and was drained": Row(
        job(FAILED, once=True), [drained()], "lost", "EvictionByEvictionAPI"
    ),
    "a program that may run once, drained before it ran": Row(
        job(FAILED, once=True),
        [drained(main=waiting("PodInitializing"))],
        OutcomeClass.DISRUPTED,
        "EvictionByEvictionAPI",
    ),
    "a program that may run once, on a node that says nothing": Row(
        job(FAILED, once=True),
        [pod("Failed", waiting("ContainerCreating"), disruption="DeletionByPodGC")],
        "lost",
        "DeletionByPodGC",
    ),
}

UNKNOWN = {
    "somebody deleted its Job": Row(None, [], "lost", "its Job was deleted while it ran"),
    "somebody deletes its Job, its program ends": Row(
        None, [pod("Running", running(), deleted=True)], "lost", "its Job was deleted while it ran"
    ),
    "its Job goes, without a pod": Row(job(deleted=True), [], "lost", "being deleted"),
    "its Job goes, its pod was drained": Row(job(deleted=True), [drained()], "lost", "its Job was deleted"),
    "its Job is gone, its pod was drained": Row(None, [drained()], "lost", "its Job was deleted"),
    "its Job failed, its pod is gone": Row(job(FAILED), [], "lost", "its pod is gone (BackoffLimitExceeded"),
    "its Job completed, its pod is gone": Row(job(COMPLETE), [], "lost", "before anybody saw"),
    "its node restarted": Row(
        job(FAILED),
        [pod("Failed", ended(137, "The container could not be located", "ContainerStatusUnknown"), stage=ended())],
        "lost",
        "nobody saw its end: The container could not be located",
    ),
    "its node went away": Row(
        job(FAILED),
        [pod("Failed", running(), stage=ended(), reason="NodeLost", message="Node a is gone")],
        "lost",
        "NodeLost: Node a",
    ),
}
