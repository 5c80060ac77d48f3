"""Attempts that end badly: by themselves, by their courier, by the clock and by us."""

from typing import Any

from controller.adapters.cluster.names import STOPPED_AS
from controller.model.states import OutcomeClass
from tests.unit.adapters.cluster.jobs.pods import COMPLETE, FAILED, LATE, WHOLE, ended, job, pod, succeeded, waiting
from tests.unit.adapters.cluster.jobs.row import KILLED, STOPPED, TERMINATED, TOLD, Row

BADLY = {
    "an exit status": Row(job(FAILED), [pod("Failed", ended(3), **TOLD)], OutcomeClass.FAILED, "exit 3", 3),
    "an exit status with a last word": Row(
        job(FAILED), [pod("Failed", ended(3, "HTTP 503\nand more"), **TOLD)], OutcomeClass.FAILED, "exit 3: HTTP 503", 3
    ),
    "too much memory": Row(
        job(FAILED), [pod("Failed", ended(137, reason="OOMKilled"), **TOLD)], OutcomeClass.FAILED, "OOMKilled", 137
    ),
    "too much memory, as it was asked to stop": Row(
        job(FAILED),
        [pod("Failed", ended(137, reason="OOMKilled"), **TOLD)],
        OutcomeClass.FAILED,
        "OOMKilled",
        137,
        stopped_as=OutcomeClass.INTERRUPTED,
    ),
    "too much disk": Row(
        job(FAILED),
        [
            pod(
                "Failed",
                KILLED,
                reason="Evicted",
                message='Usage of EmptyDir volume "libretto" exceeds the limit',
                **TOLD,
            )
        ],
        OutcomeClass.FAILED,
        'exit 137: Evicted: Usage of EmptyDir volume "libretto" exceeds',
        137,
    ),
    "somebody deleted its pod": Row(
        job(FAILED),
        [pod("Failed", TERMINATED, deleted=True, **TOLD)],
        OutcomeClass.FAILED,
        "exit 143: its pod was deleted",
        143,
    ),
    "a program that the image does not have": Row(
        job(FAILED),
        [pod("Failed", ended(128, 'exec: "./x": stat ./x: no such file or directory', "StartError"), **TOLD)],
        OutcomeClass.REJECTED,
        "could not be started",
    ),
    "a runtime that stumbled": Row(
        job(FAILED),
        [pod("Failed", ended(128, "context deadline exceeded", "StartError"), **TOLD)],
        OutcomeClass.FAILED,
        "could not be started: context deadline exceeded",
        75,
    ),
    "inputs that can never be staged": Row(
        job(FAILED),
        [pod("Failed", waiting("PodInitializing"), stage=ended(64, '{"v":1,"rejected":"no blob blake3:ab"}'))],
        OutcomeClass.REJECTED,
        "no blob blake3:ab",
    ),
    "inputs that could not be staged now": Row(
        job(FAILED),
        [pod("Failed", waiting("PodInitializing"), stage=ended(75))],
        OutcomeClass.FAILED,
        "could not be staged (exit 75, Error)",
        75,
    ),
    "a stage that was killed": Row(
        job(FAILED),
        [pod("Failed", waiting("PodInitializing"), stage=ended(137, reason="OOMKilled"))],
        OutcomeClass.FAILED,
        "exit 137, OOMKilled",
        75,
    ),
    "of two pods the newer counts": Row(
        job(FAILED),
        [pod("Failed", ended(3), number=2, **TOLD), pod("Failed", ended(4), number=1, **TOLD)],
        OutcomeClass.FAILED,
        "exit 3",
        3,
    ),
}

UNPUBLISHED = {
    "a courier that failed": Row(
        job(COMPLETE),
        [pod("Succeeded", ended(), courier=ended(1, '{"v":1,"problems":["artifacts/a is 3 GiB"]}'), stage=ended())],
        OutcomeClass.PUBLISH_FAILED,
        "artifacts/a is 3 GiB",
    ),
    "a courier that failed without a word of why": Row(
        job(COMPLETE),
        [pod("Succeeded", ended(), courier=ended(1, '{"v":1}'), stage=ended())],
        OutcomeClass.PUBLISH_FAILED,
        "exit 1",
    ),
    "a courier that was killed": Row(
        job(COMPLETE),
        [pod("Succeeded", ended(), courier=KILLED, stage=ended())],
        OutcomeClass.PUBLISH_FAILED,
        "ended with exit 137 (Error) and told nothing that is whole",
    ),
    "a courier of which nothing is known": Row(
        job(COMPLETE), [pod("Succeeded", ended(), stage=ended())], OutcomeClass.PUBLISH_FAILED, "did not end"
    ),
    "a message that was cut": Row(
        job(COMPLETE), [succeeded(WHOLE[:-9])], OutcomeClass.PUBLISH_FAILED, "told nothing that is whole"
    ),
    "no message": Row(job(COMPLETE), [succeeded("")], OutcomeClass.PUBLISH_FAILED, "told nothing that is whole"),
    "a message of a later version": Row(
        job(COMPLETE), [succeeded('{"v":2,"output":"1"}')], OutcomeClass.PUBLISH_FAILED, "told nothing that is whole"
    ),
    "a digest that is none": Row(
        job(COMPLETE),
        [succeeded('{"v":1,"outputBlob":"blake3:short"}')],
        OutcomeClass.PUBLISH_FAILED,
        "nothing that is whole",
    ),
}

OVER_TIME: dict[str, Any] = {
    "reason": "DeadlineExceeded",
    "message": "Pod was active on the node longer than the deadline",
}

TIME = {
    "over its time": Row(
        job(FAILED), [pod("Failed", TERMINATED, **OVER_TIME, **TOLD)], OutcomeClass.TIMEOUT, "took longer"
    ),
    "over its time, though its program then said success": Row(
        job(FAILED),
        [pod("Failed", ended(), courier=ended(message=WHOLE), stage=ended(), **OVER_TIME)],
        OutcomeClass.TIMEOUT,
        "took longer",
    ),
    "over its time while inputs were staged": Row(
        job(FAILED),
        [pod("Failed", waiting("PodInitializing"), stage=TERMINATED, **OVER_TIME)],
        OutcomeClass.TIMEOUT,
        "took longer",
    ),
    "over its time while its image was pulled": Row(
        job(FAILED),
        [
            pod(
                "Failed",
                waiting("ErrImagePull", "no such host"),
                stage=ended(),
                courier=ended(message='{"v":1}'),
                **OVER_TIME,
            )
        ],
        OutcomeClass.TIMEOUT,
        "did not begin: ErrImagePull: no such host",
    ),
    "its Job over a time that somebody set": Row(job(LATE), [], OutcomeClass.TIMEOUT, "DeadlineExceeded"),
    "stopped by us": Row(
        job(FAILED),
        [pod("Failed", ended(1), **OVER_TIME, **TOLD)],
        OutcomeClass.INTERRUPTED,
        STOPPED,
        stopped_as=OutcomeClass.INTERRUPTED,
    ),
    "stopped by an operator that is no more": Row(
        job(FAILED),
        [pod("Failed", ended(1), annotations={STOPPED_AS: "Interrupted"}, **OVER_TIME, **TOLD)],
        OutcomeClass.INTERRUPTED,
        STOPPED,
    ),
    "a note that nobody knows": Row(
        job(FAILED), [pod("Failed", ended(1), annotations={STOPPED_AS: "?"}, **OVER_TIME, **TOLD)], OutcomeClass.TIMEOUT
    ),
    "stopped by deleting its Job": Row(
        None,
        [pod("Failed", ended(1), deleted=True, **TOLD)],
        OutcomeClass.TIMEOUT,
        STOPPED,
        stopped_as=OutcomeClass.TIMEOUT,
    ),
    "stopped before it had a pod": Row(
        None, [], OutcomeClass.INTERRUPTED, STOPPED, stopped_as=OutcomeClass.INTERRUPTED
    ),
    "stopped before it had a pod, its Job goes": Row(
        job(deleted=True), [], OutcomeClass.INTERRUPTED, STOPPED, stopped_as=OutcomeClass.INTERRUPTED
    ),
    "stopped before its program began": Row(
        job(FAILED),
        [pod("Failed", waiting("ImagePullBackOff"), stage=ended(), **OVER_TIME)],
        OutcomeClass.INTERRUPTED,
        STOPPED,
        stopped_as=OutcomeClass.INTERRUPTED,
    ),
    "it had failed by itself before it was asked to stop": Row(
        job(FAILED),
        [pod("Failed", ended(3), **TOLD)],
        OutcomeClass.FAILED,
        "exit 3",
        3,
        stopped_as=OutcomeClass.INTERRUPTED,
    ),
}
