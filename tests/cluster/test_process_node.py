"""The process node plays pods as the real kubelet does, as far as a controller of Jobs can see.

All Jobs of the matrix are created at once; each test then waits for its own.
"""

import secrets
from collections.abc import Callable, Iterator

import pytest

from tests.cluster.job_matrix import CASES
from tests.cluster.job_matrix.case import run
from tests.cluster.matrix_stage import (
    BUSYBOX_IMAGE,
    Cluster,
    Meanwhile,
    Node,
    Stage,
    begun,
    comparable,
    job_conditions,
    log_of,
    shown,
    until,
    waits,
    wanted,
)


@pytest.fixture(scope="module")
def stage_on(request: pytest.FixtureRequest, control_plane: Cluster) -> Iterator[Callable[[str], Stage]]:
    """One stage for each kind of node, made when it is first asked for."""
    made: dict[str, Stage] = {}

    def on(kind: str) -> Stage:
        if kind not in made:
            node: Node = request.getfixturevalue(f"{kind}_node")
            made[kind] = Stage(control_plane, node, f"matrix-{kind}-{secrets.token_hex(3)}")
        return made[kind]

    yield on
    for stage in made.values():
        stage.finish()


@pytest.fixture(params=["process", "real"])
def stage(request: pytest.FixtureRequest, stage_on: Callable[[str], Stage]) -> Stage:
    return stage_on(request.param)


@pytest.mark.parametrize("title", CASES)
def test_a_pod_ends_as_the_matrix_says(stage: Stage, title: str) -> None:
    case = CASES[title]
    if case.alone:
        stage.make(title)
    if case.meanwhile:
        pod = stage.pod(title)
        if case.when:
            until(lambda: case.when in log_of(stage, pod, "main"), f"{case.when} in the log of main")
        else:
            until(lambda: waits(stage.pod(title)), "a waiting container")
        getattr(Meanwhile(stage), case.meanwhile)(pod["metadata"]["name"])

    def stands() -> bool:
        pod = stage.pod(title)
        return shown(pod) == wanted(case) if case.phase == "Pending" else pod["status"]["phase"] == case.phase

    try:
        until(stands, f"{title} to be {case.phase}")
    except AssertionError:
        assert shown(stage.pod(title)) == wanted(case)
        raise
    pod = stage.pod(title)
    assert shown(pod) == wanted(case)
    for container, text in case.logs.items():
        assert text in stage.space.kubectl("logs", pod["metadata"]["name"], "-c", container).splitlines()
    if case.job:
        until(lambda: case.job in job_conditions(stage, title), f"the Job of {title} to be {case.job}")
    stage.let_go(pod)


@pytest.mark.parametrize("title", [title for title, case in CASES.items() if not case.meanwhile and not case.alone])
def test_both_nodes_say_the_same_of_a_pod(stage_on: Callable[[str], Stage], title: str) -> None:
    """Also what the matrix does not write: conditions, readiness, generations, earlier ends."""
    told = []
    for kind in ("process", "real"):
        stage = stage_on(kind)
        until(lambda stage=stage: shown(stage.pod(title)) == wanted(CASES[title]), f"{title} to stand")  # type: ignore[misc]
        told.append(comparable(stage.pod(title)["status"]))
    assert told[0] == told[1]


def test_logs_can_be_followed(stage: Stage) -> None:
    container = {**run("main", "echo first; sleep 0.5; echo second"), "image": BUSYBOX_IMAGE}
    spec = {"restartPolicy": "Never", "nodeName": stage.node.name, "containers": [container]}
    stage.space.create({"kind": "Pod", "metadata": {"name": "talker"}, "spec": spec})
    until(lambda: begun(stage.space.pod("talker")), "the pod to run")
    assert stage.space.kubectl("logs", "-f", "talker").splitlines() == ["first", "second"]
    assert stage.space.kubectl("logs", "talker", "--tail=1").splitlines() == ["second"]
