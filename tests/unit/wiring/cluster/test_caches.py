"""Which tree is a change about, and which changes are about none?"""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from controller.adapters.cluster.names import ROOT_UID
from controller.adapters.cluster.tree_jobs import BY_JOB, JOB_NAME
from controller.adapters.cluster.work_queue import Key
from controller.wiring.cluster.caches import Caches

Json = dict[str, Any]
Change = Callable[[Json], None]

ROOT = Key("space", "q3")


class Scene:
    """Caches that know the run q3, and what they told."""

    def __init__(self) -> None:
        self.woken: list[tuple[Key, str | None]] = []
        self.defined: list[str] = []
        self.pods_seen: list[tuple[bool, str]] = []
        self.caches = Caches(
            lambda key, job: self.woken.append((key, job)),
            lambda one: self.defined.append(one["metadata"]["name"]),
            lambda pod, uid: self.pods_seen.append((pod is not None, uid)),
        )
        self.caches.runs.put(run("q3"))
        self.woken.clear()


def meta(name: str, **values: Any) -> Json:
    given = {"name": name, "namespace": "space", "uid": name, "resourceVersion": "1", "generation": 1}
    return given | values


def run(name: str, **spec: Any) -> Json:
    return {"kind": "Run", "metadata": meta(name), "spec": spec, "status": {}}


def child(name: str = "child", uid: str = "key-of-child") -> Json:
    return run(name, parent={"uid": uid, "rootUid": "q3", "parentUid": "q3"})


def changed(one: Json, *changes: Change) -> Json:
    """A later state of an object."""
    later = copy.deepcopy(one)
    later["metadata"]["resourceVersion"] = str(int(one["metadata"]["resourceVersion"]) + 1)
    for change in changes:
        change(later)
    return later


def submission(kind: str, of: str | None = "q3") -> Json:
    return {"kind": kind, "metadata": meta(f"{kind}-1"), "spec": {"runRef": {"uid": of}} if of else {}, "status": {}}


# Runs


def test_runs_are_found_as_the_engine_knows_them() -> None:
    scene = Scene()
    scene.caches.runs.put(child())
    found = scene.caches.run("key-of-child")
    assert found is not None
    assert found["metadata"]["name"] == "child"
    assert scene.caches.run("child") is None
    assert [one["metadata"]["name"] for one in scene.caches.tree("q3")] == ["q3", "child"]
    assert scene.woken == [(ROOT, None)]


@pytest.mark.parametrize(
    ("change", "wakes"),
    [
        (lambda one: one["status"].update(state="Running"), False),
        (lambda one: one["metadata"].update(labels={"team": "a"}), False),
        (lambda one: one["spec"].update(suspend=True), True),
        (lambda one: one["metadata"].update(generation=2), True),
    ],
    ids=["its status", "a label", "its spec", "its generation"],
)
def test_what_changes_in_a_run(change: Change, wakes: bool) -> None:
    scene = Scene()
    scene.caches.runs.put(changed(run("q3"), change))
    assert scene.woken == ([(ROOT, None)] if wakes else [])


def test_a_run_that_goes_wakes_its_tree() -> None:
    scene = Scene()
    scene.caches.runs.put(child())
    scene.woken.clear()
    scene.caches.runs.remove(child())
    scene.caches.runs.remove(run("q3"))
    assert scene.woken == [(ROOT, None)] * 2


# Definitions


@pytest.mark.parametrize("kind", ["Orchestration", "Agent"])
def test_definitions(kind: str) -> None:
    scene = Scene()
    cache = scene.caches.agents if kind == "Agent" else scene.caches.orchestrations
    one = {"kind": kind, "metadata": meta("nightly"), "spec": {}}
    other = {"kind": kind, "metadata": meta("other", namespace="elsewhere"), "spec": {}}
    cache.put(one)
    cache.put(other)
    assert list(scene.caches.definitions("space")) == [one]
    assert scene.caches.knows(one)
    echo = changed(one, lambda it: it.update(status={"observedGeneration": 1}))
    cache.put(echo)
    assert scene.defined == ["nightly", "other"]
    cache.put(changed(echo, lambda it: it["metadata"].update(generation=2)))
    cache.remove(one)
    assert scene.defined == ["nightly", "other", "nightly", "nightly"]
    assert not scene.caches.knows(one)
    assert scene.woken == []


# People


def test_a_decision_wakes_the_tree_that_it_is_about_once() -> None:
    scene = Scene()
    scene.caches.runs.put(child())
    scene.woken.clear()
    about_root, about_child = submission("Approval"), submission("Intervention", "child")
    scene.caches.approvals.put(about_root)
    scene.caches.interventions.put(about_child)
    assert scene.woken == [(ROOT, None)] * 2
    scene.caches.approvals.put(changed(about_root, lambda one: one["status"].update(record=4)))
    scene.caches.interventions.remove(about_child)
    assert len(scene.woken) == 2
    assert [one["kind"] for one in scene.caches.submissions(run("q3"))] == ["Approval"]


@pytest.mark.parametrize("of", ["nobody", None], ids=["a run that is not there", "no run, but a plan"])
def test_a_decision_about_nothing_that_is_driven(of: str | None) -> None:
    scene = Scene()
    scene.caches.approvals.put(submission("Approval", of))
    assert scene.woken == []


def test_a_decision_that_came_before_its_run_is_found_with_it() -> None:
    scene = Scene()
    scene.caches.approvals.put(submission("Approval", "late"))
    scene.caches.runs.put(run("late"))
    assert scene.woken == [(Key("space", "late"), None)]
    assert len(list(scene.caches.submissions(run("late")))) == 1


# Jobs and pods


def job(**values: Any) -> Json:
    return {"metadata": meta("job-1", labels={ROOT_UID: "q3"}), "spec": {}, "status": {}} | values


def condition(kind: str, status: str = "True") -> Change:
    return lambda one: one["status"].setdefault("conditions", []).append({"type": kind, "status": status})


def going(one: Json) -> None:
    one["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"


@pytest.mark.parametrize(
    ("changes", "wakes"),
    [
        ([lambda one: one["status"].update(active=1)], False),
        ([condition("Complete", "False")], False),
        ([condition("SuccessCriteriaMet")], False),
        ([condition("Complete")], True),
        ([condition("Failed")], True),
        ([going], True),
    ],
    ids=["active", "not complete", "a condition of others", "complete", "failed", "going"],
)
def test_what_changes_in_a_job(changes: list[Change], wakes: bool) -> None:
    scene = Scene()
    scene.caches.jobs.put(job())
    assert scene.woken == []  # we made it
    scene.caches.jobs.put(changed(job(), *changes))
    assert scene.woken == ([(ROOT, "job-1")] if wakes else [])


def test_a_job_that_goes_or_is_found_ended_wakes_its_tree() -> None:
    scene = Scene()
    scene.caches.jobs.put(changed(job(), condition("Complete")))
    scene.caches.jobs.remove(job())
    assert scene.woken == [(ROOT, "job-1")] * 2


def test_a_job_of_nobody_wakes_nobody() -> None:
    scene = Scene()
    for labels in ({}, {ROOT_UID: "gone"}):
        one = {"metadata": meta("job-2", labels=labels, uid=str(labels)), "spec": {}, "status": {}}
        scene.caches.jobs.put(changed(one, condition("Failed")))
        scene.caches.jobs.remove(one)
    assert scene.woken == []


def pod(*changes: Change) -> Json:
    one: Json = {
        "metadata": meta("pod-1", labels={ROOT_UID: "q3", JOB_NAME: "job-1"}),
        "spec": {},
        "status": {"phase": "Pending"},
    }
    for change in changes:
        change(one)
    return one


def phase(word: str) -> Change:
    return lambda one: one["status"].update(phase=word)


def container(state: str, reason: str | None = None, *, name: str = "main", init: bool = False) -> Change:
    given = {"name": name, "state": {state: {} if reason is None else {"reason": reason}}}
    return lambda one: one["status"].update({"initContainerStatuses" if init else "containerStatuses": [given]})


@pytest.mark.parametrize(
    ("change", "wakes"),
    [
        (phase("Running"), False),
        (phase("Succeeded"), True),
        (phase("Failed"), True),
        (going, True),
        (container("running"), True),
        (container("running", name="courier", init=True), False),
        (container("waiting", "ContainerCreating"), False),
        (container("waiting", "PodInitializing"), False),
        (container("waiting", "ImagePullBackOff"), True),
        (container("waiting", "ErrImagePull", name="stage", init=True), True),
        (condition("Ready"), False),
        (condition("DisruptionTarget"), True),
    ],
    ids=[
        "started",
        "succeeded",
        "failed",
        "going",
        "its program runs",
        "its courier runs",
        "being made",
        "being prepared",
        "no image",
        "no image to stage",
        "ready",
        "its node goes",
    ],
)
def test_what_changes_in_a_pod(change: Change, wakes: bool) -> None:
    scene = Scene()
    scene.caches.pods.put(pod())
    assert scene.woken == []
    later = changed(pod(), change)
    scene.caches.pods.put(later)
    assert scene.woken == ([(ROOT, "job-1")] if wakes else [])
    scene.caches.pods.put(changed(later))  # nothing new
    assert len(scene.woken) == int(wakes)
    # Whoever kills what does not end hears of all.
    assert scene.pods_seen == [(True, "pod-1")] * 3


def test_a_pod_that_goes_wakes_its_tree() -> None:
    scene = Scene()
    scene.caches.pods.put(pod())
    scene.caches.pods.remove(pod())
    assert scene.woken == [(ROOT, "job-1")]
    assert scene.pods_seen[-1] == (False, "pod-1")


def test_a_pod_that_shall_go_sooner_wakes_its_tree() -> None:
    scene = Scene()
    scene.caches.pods.put(pod(container("running"), going))
    sooner = changed(pod(container("running"), going), lambda one: one["metadata"].update(deletionTimestamp="2025"))
    scene.caches.pods.put(sooner)
    assert scene.woken == [(ROOT, "job-1")] * 2


def test_a_pod_that_is_found_ended_wakes_its_tree() -> None:
    scene = Scene()
    scene.caches.pods.put(pod(phase("Failed")))
    assert scene.woken == [(ROOT, "job-1")]


def test_pods_are_found_by_their_job() -> None:
    scene = Scene()
    scene.caches.pods.put(pod())
    (found,) = scene.caches.pods.by(BY_JOB, "space/job-1")
    assert found["metadata"]["uid"] == "pod-1"
    stray = {"metadata": meta("stray", labels={ROOT_UID: "q3"}), "spec": {}, "status": {"phase": "Failed"}}
    scene.caches.pods.put(stray)
    assert scene.woken == []
