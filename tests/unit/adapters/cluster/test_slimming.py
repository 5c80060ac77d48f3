"""What is remembered of Jobs and pods is enough to judge them, and little."""

import json
from typing import Any

import pytest

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.jobs.judge import judge
from controller.adapters.cluster.jobs.reaping import due
from controller.adapters.cluster.names import Mark, attempt_annotations, attempt_key, attempt_labels
from controller.adapters.cluster.slimming import job_is_dull, pod_is_dull, slim_job, slim_pod
from controller.model.attempt import AttemptKey
from controller.model.digest import digest_bytes
from controller.model.states import Role

Json = dict[str, Any]
KEY = AttemptKey("uid", "load", Role.DO, 1)
AT = "2025-12-01T12:00:00Z"
NOTES = attempt_annotations(KEY, digest_bytes(b"input"), Mark(3, "lease"))
LABELS = {**attempt_labels(KEY, "run", "uid"), "batch.kubernetes.io/job-name": "job", "app": "theirs"}


def metadata(name: str, **more: Any) -> Json:
    return {
        "name": name,
        "namespace": "ns",
        "uid": f"uid-of-{name}",
        "resourceVersion": "7",
        "creationTimestamp": AT,
        "labels": LABELS,
        "annotations": {**NOTES, "libretto.dev/grace-seconds": "5", "theirs": "x" * 1000},
        "managedFields": [{"manager": "x" * 5000}],
        "ownerReferences": [{"apiVersion": "v1", "kind": "Run", "name": "run", "uid": "u", "controller": True}],
        **more,
    }


def job(*conditions: Json, **more: Any) -> Json:
    spec = {"template": {"spec": {"containers": ["x" * 5000]}}, "backoffLimit": 0}
    return {"metadata": metadata("job", **more), "spec": spec, "status": {"conditions": list(conditions), "ready": 0}}


def pod(status: Json, **more: Any) -> Json:
    spec = {"containers": ["x" * 5000], "activeDeadlineSeconds": 60, "nodeName": "node"}
    return {"metadata": metadata("pod", **more), "spec": spec, "status": status}


def container(name: str, **state: Any) -> Json:
    return {"name": name, "image": "image", "imageID": "x" * 100, "ready": False, "resources": {}, "state": state}


ENDED = {"exitCode": 0, "reason": "Completed", "startedAt": AT, "finishedAt": AT}
FAILED = {**ENDED, "exitCode": 3, "reason": "Error"}
COURIER = {**ENDED, "message": '{"v":1,"output":"{\\"x\\":1}"}'}
TAKEN = {"type": "DisruptionTarget", "status": "True", "reason": "EvictionByEvictionAPI", "message": "evicted"}
UNSCHEDULABLE = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"}
READY = {"type": "Ready", "status": "True"}
PODS = {
    "succeeded": {
        "phase": "Succeeded",
        "conditions": [READY],
        "startTime": AT,
        "initContainerStatuses": [container("stage", terminated=ENDED), container("courier", terminated=COURIER)],
        "containerStatuses": [container("main", terminated=ENDED)],
    },
    "failed": {
        "phase": "Failed",
        "initContainerStatuses": [container("stage", terminated=ENDED), container("courier", terminated=COURIER)],
        "containerStatuses": [container("main", terminated=FAILED)],
    },
    "over its time": {"phase": "Failed", "reason": "DeadlineExceeded", "message": "too long"},
    "running": {"phase": "Running", "containerStatuses": [container("main", running={"startedAt": AT})]},
    "not scheduled": {"phase": "Pending", "conditions": [READY, UNSCHEDULABLE]},
    "without an image": {
        "phase": "Pending",
        "containerStatuses": [container("main", waiting={"reason": "ErrImagePull", "message": "no such image"})],
    },
    "taken away": {"phase": "Failed", "conditions": [TAKEN]},
    "new": {},
}


@pytest.mark.parametrize("status", PODS.values(), ids=PODS)
@pytest.mark.parametrize("more", [{}, {"deletionTimestamp": AT, "deletionGracePeriodSeconds": 30}], ids=["", "going"])
def test_a_pod_is_judged_as_before(status: Json, more: Json) -> None:
    whole, owner = pod(status, **more), job()
    slim = slim_pod(whole)
    for of in (owner, None):
        assert judge(of, [whole], key=KEY) == judge(of and slim_job(of), [slim], key=KEY)
    assert due(slim) == due(whole)
    assert len(json.dumps(slim)) < 2500


@pytest.mark.parametrize("kind", ["Complete", "Failed", "Suspended"])
@pytest.mark.parametrize("more", [{}, {"deletionTimestamp": AT}], ids=["", "going"])
def test_a_job_is_judged_as_before(kind: str, more: Json) -> None:
    whole = job({"type": kind, "status": "True", "reason": "DeadlineExceeded", "message": "too long"}, **more)
    slim = slim_job(whole)
    assert judge(slim, []) == judge(whole, [])
    assert attempt_key(slim) == KEY
    assert slim["metadata"]["ownerReferences"][0]["uid"] == "u"
    assert len(json.dumps(slim)) < 2000


def test_a_cache_remembers_the_slim_form_and_tells_it() -> None:
    told: list[tuple[Json | None, Json | None]] = []
    cache = Cache(listener=lambda old, new: told.append((old, new)), slim=slim_job)
    cache.put(job())
    kept = cache.get("ns", "job")
    assert kept == slim_job(job())
    assert told == [(None, kept)]


def line(kind: str, one: Json) -> bytes:
    """An event as the API server writes it."""
    return json.dumps({"type": kind, "object": one}, separators=(",", ":")).encode()


def test_of_a_job_that_goes_on_nothing_is_read() -> None:
    going = job({"type": "SuccessCriteriaMet", "status": "True"})
    going["spec"]["podReplacementPolicy"] = "Failed"
    known = slim_job(job())
    assert job_is_dull(line("MODIFIED", going), known)
    assert not job_is_dull(line("ADDED", going), known)
    assert not job_is_dull(line("DELETED", going), known)
    for kind in ("Complete", "Failed", "Suspended"):
        assert not job_is_dull(line("MODIFIED", job({"type": kind, "status": "True"})), known)
    assert not job_is_dull(line("MODIFIED", job(deletionTimestamp=AT)), known)
    assert not job_is_dull(line("MODIFIED", {**going, "spec": {"suspend": True}}), known)


@pytest.mark.parametrize(("name", "status"), PODS.items(), ids=PODS)
@pytest.mark.parametrize("before", PODS.values(), ids=[f"was {name}" for name in PODS])
def test_of_a_pod_all_is_read_that_can_be_judged(name: str, status: Json, before: Json) -> None:
    known = slim_pod(pod(before))
    again = before == PODS["succeeded"]
    assert pod_is_dull(line("MODIFIED", pod(status)), known) is (again or name == "new")
    assert not pod_is_dull(line("ADDED", pod(status)), known)
    assert not pod_is_dull(line("MODIFIED", pod(status, deletionTimestamp=AT)), known)
    stopped = pod(status)
    stopped["metadata"]["annotations"] = {"libretto.dev/stopped-at": "1"}
    assert not pod_is_dull(line("MODIFIED", stopped), known)
