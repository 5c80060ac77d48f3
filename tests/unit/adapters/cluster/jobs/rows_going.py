"""Attempts that wait, run, and end well."""

from typing import Any

from controller.adapters.cluster.jobs.verdict import Queued, Running
from controller.model.states import OutcomeClass
from tests.unit.adapters.cluster.jobs.pods import (
    BEGAN_MS,
    COMPLETE,
    WHOLE,
    ended,
    job,
    pod,
    running,
    succeeded,
    waiting,
)
from tests.unit.adapters.cluster.jobs.row import Row

Json = dict[str, Any]

PENDING = pod("Pending")
UNSCHEDULABLE: Json = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/3 nodes"}

BEFORE = {
    "a Job without a pod": Row(job(), [], Queued(False)),
    "a Job that a queue holds back": Row(job(suspended=True), [], Queued(False, "its Job is suspended")),
    "a pod that no node took yet": Row(job(), [PENDING], Queued(True)),
    "a pod that fits nowhere": Row(
        job(), [pod("Pending", conditions=(UNSCHEDULABLE,))], Queued(True, "Unschedulable: 0/3 nodes")
    ),
    "its inputs are staged": Row(
        job(),
        [pod("Pending", waiting("PodInitializing"), stage=running(), courier=waiting("PodInitializing"))],
        Queued(True),
    ),
    "an image that cannot be pulled": Row(
        job(),
        [pod("Pending", waiting("ImagePullBackOff", "Back-off pulling image"), stage=ended(), courier=running())],
        Queued(True, "ImagePullBackOff: Back-off pulling image"),
    ),
    "a Secret that is not there": Row(
        job(),
        [
            pod(
                "Pending",
                waiting("CreateContainerConfigError", 'secret "key" not found'),
                stage=ended(),
                courier=running(),
            )
        ],
        Queued(True, 'CreateContainerConfigError: secret "key" not found'),
    ),
    "an image of ours that cannot be pulled": Row(
        job(),
        [pod("Pending", waiting("PodInitializing"), stage=waiting("ErrImagePull"))],
        Queued(True, "ErrImagePull: stage"),
    ),
}

DURING = {
    "its program runs": Row(job(), [pod("Running", running(), courier=running(), stage=ended())], Running(BEGAN_MS)),
    "its courier publishes": Row(job(), [pod("Running", ended(), courier=running(), stage=ended())], Running(BEGAN_MS)),
    "its program failed, its courier publishes": Row(
        job(), [pod("Running", ended(3), courier=running(), stage=ended())], Running(BEGAN_MS)
    ),
    "it was asked to end, and has not": Row(
        job(),
        [pod("Running", running(), courier=running(), stage=ended())],
        Running(BEGAN_MS),
        stopped_as=OutcomeClass.INTERRUPTED,
    ),
    "its pod is being evicted, its program runs": Row(
        job(),
        [pod("Running", running(), courier=running(), disruption="EvictionByEvictionAPI", deleted=True)],
        Running(BEGAN_MS),
    ),
    "its Job is being deleted, and its program ends": Row(
        job(deleted=True), [pod("Running", running(), courier=running(), deleted=True)], Running(BEGAN_MS)
    ),
}

WELL = {
    "all went well": Row(job(COMPLETE), [succeeded()], "success", exit=0),
    "all went well, the Job controller has not seen it": Row(job(), [succeeded()], "success", exit=0),
    "all went well, its Job is gone": Row(None, [succeeded()], "success", exit=0),
    "it had ended well before it was asked to stop": Row(
        job(COMPLETE), [succeeded()], "success", exit=0, stopped_as=OutcomeClass.INTERRUPTED
    ),
    "it was evicted after all was handed over: it must not run again": Row(
        job(),
        [
            pod(
                "Failed",
                ended(),
                courier=ended(message=WHOLE),
                stage=ended(),
                reason="Evicted",
                disruption="TerminationByKubelet",
            )
        ],
        "success",
        exit=0,
        goes_on=True,
    ),
    "the first result stands, whatever its second pod does": Row(
        job(),
        [
            pod("Failed", ended(), courier=ended(message=WHOLE), stage=ended(), disruption="TerminationByKubelet"),
            pod("Running", running(), courier=running(), stage=ended(), number=2),
        ],
        "success",
        exit=0,
        goes_on=True,
    ),
}
