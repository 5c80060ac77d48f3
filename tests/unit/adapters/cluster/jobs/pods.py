"""Jobs and pods of steps, as the API server shows them: the shapes were taken from pods that a real kubelet ran."""

import json
from collections.abc import Mapping
from typing import Any

from controller.adapters.cluster.jobs.place import Place
from controller.adapters.cluster.jobs.render import render
from controller.adapters.cluster.names import Mark
from controller.model.agent import AgentSpec, Image
from controller.model.attempt import AttemptKey, Launch
from controller.model.digest import canonical, digest_bytes
from controller.model.states import Role

Json = dict[str, Any]

KEY = AttemptKey("4f9c-uid", "load[3]", Role.DO, 2)
PLACE = Place(
    "finance",
    "q3-review",
    "run-object-uid",
    "4f9c-uid",
    Mark(7, "libretto-0"),
    "registry.example/libretto:1",
    "registry.example/python:3.13",
    results_url="http://libretto.libretto:8090",
    owner="q3-review/run-object-uid",
)
AGENT = AgentSpec(image=Image(name="registry.example/tool:4"))
DIGEST = "blake3:" + "a" * 64
BEGAN, ENDED = "2026-11-20T12:00:05Z", "2026-11-20T12:00:35Z"
BEGAN_MS, ENDED_MS = 1_795_176_005_000, 1_795_176_035_000
WHOLE = json.dumps({"v": 1, "output": '{"rows": 3}', "artifacts": [["rows.csv", DIGEST, 12]]})


def launch(agent: AgentSpec = AGENT, given: Any = None, **further: Any) -> Launch:
    content = canonical({"mode": "BUILD", "payload": given, "conversationId": "c"})
    return Launch(KEY, agent, {}, content, digest_bytes(content), **further)


def rendered(agent: AgentSpec = AGENT, place: Place = PLACE, **further: Any) -> Json:
    """The Job of an attempt that can run."""
    job = render(launch(agent, **further), place)
    assert not isinstance(job, str), job
    return job


def job(*conditions: Json, deleted: bool = False, suspended: bool = False, once: bool = False) -> Json:
    """The Job of the attempt, as the API server has it."""
    made = rendered()
    made["metadata"] |= {"uid": "job-uid", "creationTimestamp": "2026-11-20T12:00:00Z"}
    if deleted:
        made["metadata"]["deletionTimestamp"] = ENDED
    if suspended:
        made["spec"]["suspend"] = True
    if once:
        del made["spec"]["podFailurePolicy"]
    made["status"] = {"conditions": [{"status": "True", "lastTransitionTime": ENDED, **one} for one in conditions]}
    return made


FAILED: Json = {
    "type": "Failed",
    "reason": "BackoffLimitExceeded",
    "message": "Job has reached the specified backoff limit",
}
LATE: Json = {
    "type": "Failed",
    "reason": "DeadlineExceeded",
    "message": "Job was active longer than specified deadline",
}
COMPLETE: Json = {
    "type": "Complete",
    "reason": "CompletionsReached",
    "message": "Reached expected number of succeeded pods",
}


def waiting(reason: str, message: str = "") -> Json:
    return {"waiting": {"reason": reason} | ({"message": message} if message else {})}


def running() -> Json:
    return {"running": {"startedAt": BEGAN}}


def ended(code: int = 0, message: str = "", reason: str = "") -> Json:
    told: Json = {"exitCode": code, "reason": reason or ("Error" if code else "Completed")}
    if message:
        told["message"] = message
    if reason != "ContainerStatusUnknown":
        told |= {"startedAt": BEGAN, "finishedAt": ENDED, "containerID": "containerd://0a1b"}
    return {"terminated": told}


def pod(
    phase: str,
    main: Json | None = None,
    *,
    courier: Json | None = None,
    stage: Json | None = None,
    reason: str = "",
    message: str = "",
    disruption: str = "",
    deleted: bool = False,
    number: int = 1,
    annotations: Mapping[str, str] | None = None,
    conditions: tuple[Json, ...] = (),
) -> Json:
    """A pod of the attempt; containers that are not told of have no status yet."""
    status: Json = {"phase": phase, "conditions": [{"type": "Ready", "status": "False"}, *conditions]}
    status |= {name: text for name, text in (("reason", reason), ("message", message)) if text}
    if disruption:
        told = {"type": "DisruptionTarget", "status": "True", "reason": disruption, "message": "so it was decided"}
        status["conditions"].append(told)
    ours = (("stage", stage), ("courier", courier))
    if any(state is not None for _, state in ours) or main is not None:
        status["startTime"] = "2026-11-20T12:00:01Z"
    status["initContainerStatuses"] = [_container(name, state) for name, state in ours if state is not None]
    status["containerStatuses"] = [_container("main", main)] if main is not None else []
    metadata: Json = {
        "name": f"q3-review-load-3-2-abcdefghijkl-{number}",
        "uid": f"pod-uid-{number}",
        "creationTimestamp": f"2026-11-20T12:00:{number:02d}Z",
        "annotations": dict(annotations or {}),
    }
    if deleted:
        metadata |= {"deletionTimestamp": ENDED, "deletionGracePeriodSeconds": 630}
    return {"metadata": metadata, "spec": {"nodeName": "node-1"}, "status": status}


def _container(name: str, state: Json) -> Json:
    return {"name": name, "state": state, "restartCount": 0, "ready": False, "image": "registry.example/tool:4"}


def succeeded(message: str = WHOLE, **further: Any) -> Json:
    """A pod that did all that it should."""
    return pod("Succeeded", ended(), courier=ended(message=message), stage=ended(), **further)
