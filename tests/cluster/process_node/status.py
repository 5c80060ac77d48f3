"""What is the status of a pod, given its containers? The kubelet's rules, without the kubelet."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.cluster.process_node.states import ContainerRecord, Running, Terminated, Waiting

Pod = Mapping[str, Any]


def phase(records: Sequence[ContainerRecord], restart_policy: str, *, over: bool) -> str:
    """Pending, Running, Succeeded or Failed. `over`: nothing of the pod will be started any more."""
    regular_inits = [record for record in records if record.initial and not record.sidecar]
    sidecars = [record for record in records if record.sidecar]
    mains = [record for record in records if not record.initial]
    if restart_policy == "Never" and any(_failed(record) for record in regular_inits):
        return "Failed"
    initialized = any(not isinstance(main.state, Waiting) or main.last for main in mains)
    pending = any(_unfinished(record) for record in regular_inits)
    fresh = any(isinstance(record.state, Waiting) and not record.last for record in [*sidecars, *mains])
    unstarted = any(isinstance(record.state, Running) and not record.started for record in sidecars)
    if pending or fresh or (unstarted and not initialized):
        return "Pending"
    if any(isinstance(record.state, Running) for record in [*sidecars, *mains]):
        return "Running"
    if not over and restart_policy == "Always":
        return "Running"
    if all(isinstance(main.state, Terminated) and main.state.code == 0 for main in mains):
        return "Succeeded"
    return "Failed" if over or restart_policy == "Never" else "Running"


def conditions(
    records: Sequence[ContainerRecord], shown_phase: str, *, sandbox: bool, generation: int
) -> list[dict[str, Any]]:
    """The conditions that a kubelet owns, without the time of their last change.

    `sandbox`: containers can be started; `generation`: of the pod that the status was made for.
    """
    incomplete = [record.name for record in records if record.initial and not _initialized(record)]
    mains = [record for record in records if not record.initial]
    begun = any(not isinstance(main.state, Waiting) or main.last for main in mains)
    unready = [record.name for record in records if (record.sidecar or not record.initial) and not record.ready]
    if shown_phase == "Succeeded":
        initialized = _condition("Initialized", holds=True, reason="PodCompleted")
    elif incomplete and not begun:
        text = f"containers with incomplete status: [{' '.join(incomplete)}]"
        initialized = _condition("Initialized", holds=False, reason="ContainersNotInitialized", message=text)
    else:
        initialized = _condition("Initialized", holds=True)
    if shown_phase in {"Succeeded", "Failed"}:
        reason, text = ("PodCompleted" if shown_phase == "Succeeded" else "PodFailed"), ""
    else:
        reason, text = "ContainersNotReady", f"containers with unready status: [{' '.join(unready)}]"
    over = shown_phase in {"Succeeded", "Failed"}
    ready = [
        _condition(kind, holds=False, reason=reason, message=text) if unready or over else _condition(kind, holds=True)
        for kind in ("Ready", "ContainersReady")
    ]
    startable = _condition("PodReadyToStartContainers", holds=sandbox and not over)
    listed = [startable, initialized, *ready, _condition("PodScheduled", holds=True)]
    return [{**each, "observedGeneration": generation} for each in listed]


def quality(pod: Pod) -> str:
    """The class that the scheduler and the kubelet derive from requests and limits."""
    resources = [each.get("resources", {}) for each in containers_of(pod)]
    if not any(each.get("requests") or each.get("limits") for each in resources):
        return "BestEffort"
    guaranteed = all(
        set(each.get("limits", {})) >= {"cpu", "memory"} and each.get("requests", each["limits"]) == each["limits"]
        for each in resources
    )
    return "Guaranteed" if guaranteed else "Burstable"


def containers_of(pod: Pod) -> list[Mapping[str, Any]]:
    """Init containers first, as they start."""
    return [*pod["spec"].get("initContainers", []), *pod["spec"]["containers"]]


def is_sidecar(container: Mapping[str, Any]) -> bool:
    """For an init container: it goes on beside the main containers."""
    return container.get("restartPolicy") == "Always"


def first_records(pod: Pod) -> list[ContainerRecord]:
    """The containers of a pod that has not begun."""
    inits: Sequence[Mapping[str, Any]] = pod["spec"].get("initContainers", [])
    waiting = Waiting("PodInitializing" if inits else "ContainerCreating")
    return [
        ContainerRecord(each["name"], each["image"], waiting, sidecar=is_sidecar(each), initial=True) for each in inits
    ] + [ContainerRecord(each["name"], each["image"], waiting) for each in pod["spec"]["containers"]]


def give_up(records: Sequence[ContainerRecord]) -> None:
    """Nothing will start any more: containers that should have been running have an unknown end.

    Where no init container is left to run, the main containers count as begun; the last init containers that never
    began stay as they are.
    """
    inits = [record for record in records if record.initial]
    mains = [record for record in records if not record.initial]
    begun = any(not isinstance(main.state, Waiting) or main.last for main in mains)
    lost = list(mains) if begun or not inits or _initialized(inits[-1]) else []
    started = [place for place, record in enumerate(inits) if not isinstance(record.state, Waiting) or record.last]
    lost += inits[: started[-1] + 1 if started else 0]
    for record in lost:
        if not isinstance(record.state, Terminated):
            record.state, record.ready, record.started = Terminated.lost(), False, False


def _failed(record: ContainerRecord) -> bool:
    ended = record.state if isinstance(record.state, Terminated) else record.last
    return ended is not None and ended.code != 0 and not isinstance(record.state, Running)


def _unfinished(record: ContainerRecord) -> bool:
    return not isinstance(record.state, Terminated) and not (isinstance(record.state, Waiting) and record.last)


def _initialized(record: ContainerRecord) -> bool:
    return record.started if record.sidecar else isinstance(record.state, Terminated) and record.state.code == 0


def _condition(kind: str, *, holds: bool, reason: str = "", message: str = "") -> dict[str, Any]:
    shown: dict[str, Any] = {"type": kind, "status": "True" if holds else "False"}
    # null, not absent: the merge would keep the reason of an earlier state.
    return shown | {"reason": reason or None, "message": message or None}
