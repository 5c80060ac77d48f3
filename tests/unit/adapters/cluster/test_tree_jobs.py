"""What the API server is asked about the Jobs of a tree, and what is known of them."""

from typing import Any

import pytest

from controller.adapters.cluster.cache import Cache
from controller.adapters.cluster.names import ROOT_UID, STOPPED, STOPPED_AS
from controller.adapters.cluster.pod_refusals import PodRefusals
from controller.adapters.cluster.resources import JOBS, PODS
from controller.adapters.cluster.tree_jobs import BY_JOB, BY_ROOT, JOB_NAME, TreeJobs, job_of
from controller.errors import LibrettoError, NotFound, ObjectInvalid, ServerUnavailable
from controller.model.states import OutcomeClass
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call
from tests.unit.adapters.cluster.api_server import in_a_loop
from tests.unit.adapters.cluster.jobs import pods as sample

Json = dict[str, Any]
NOW = 1_795_176_100_000


class Server(AnsweringClient):
    """Answers what it is told to, and keeps what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Any, ...]] = []
        self.refuses: dict[str, LibrettoError] = {}
        self.listed: list[Json] = []

    async def answer(self, call: Call) -> Any:
        match call.verb:
            case "create":
                self.asked.append(("create", call.resource, call.namespace, call.brief))
                return {"metadata": {**call.body["metadata"], "uid": "job-uid", "resourceVersion": "5"}}
            case "get":
                self.asked.append(("get", call.resource, call.namespace, call.name))
                return known_job(version="9")
            case "list":
                assert not call.brief
                self.asked.append(("list", call.resource, call.namespace, call.labels or dict(call.query)))
                return {"items": self.listed or None}
            case "patch":
                self.asked.append(("patch", call.resource, call.name, call.body))
                self._refuse(call.name)
                pod = next(pod for number in range(1, 5) if (pod := known_pod(number))["metadata"]["name"] == call.name)
                return {**pod, "metadata": {**pod["metadata"], **call.body["metadata"], "resourceVersion": "99"}}
            case "delete":
                self.asked.append(("delete", call.resource, call.name, call.uid))
                self._refuse(call.name)
                return {}
            case _:
                return await super().answer(call)

    def _refuse(self, name: str) -> None:
        if name in self.refuses:
            raise self.refuses[name]


def known_job(version: str = "1") -> Json:
    made = sample.job()
    made["metadata"]["resourceVersion"] = version
    return made


def known_pod(number: int, phase: str = "Running") -> Json:
    made = sample.pod(phase, sample.running(), number=number)
    name = known_job()["metadata"]["name"]
    made["metadata"] |= {"namespace": "finance", "resourceVersion": "1", "labels": {JOB_NAME: name}}
    return made


class World:
    def __init__(self) -> None:
        self.server = Server()
        self.caches = (
            Cache({BY_ROOT: lambda one: one["metadata"]["labels"][ROOT_UID]}),
            Cache({BY_JOB: lambda one: f"finance/{job_of(one)}"}),
        )
        self.jobs = TreeJobs(self.server, *self.caches, PodRefusals(self.server), "finance", "4f9c-uid")

    def end(self, *pods: Json) -> None:
        async def ending() -> None:
            await self.jobs.end(known_job(), pods, NOW, OutcomeClass.TIMEOUT)

        self._wait(ending())

    @staticmethod
    def _wait(coroutine: Any) -> Any:
        from controller.adapters.cluster import fiber

        return in_a_loop(lambda: fiber.wait(coroutine))


def test_what_was_made_is_known_at_once() -> None:
    world = World()
    made = World._wait(world.jobs.create(sample.rendered()))
    name = made["metadata"]["name"]
    assert world.server.asked == [("create", JOBS, "finance", True)]
    assert world.jobs.job(name) == made
    assert list(world.jobs.known()) == [made]


def test_what_was_read_replaces_what_was_known() -> None:
    world = World()
    world.caches[0].put(known_job())
    World._wait(world.jobs.fetch("x"))
    (found,) = world.jobs.known()
    assert found["metadata"]["resourceVersion"] == "9"


def test_jobs_of_other_trees_are_not_seen() -> None:
    world = World()
    other = known_job()
    other["metadata"]["labels"] = {ROOT_UID: "another"}
    world.caches[0].put(other)
    assert list(world.jobs.known()) == []


def test_pods_are_found_by_their_job() -> None:
    world = World()
    world.caches[1].put(known_pod(1))
    assert [one["metadata"]["uid"] for one in world.jobs.pods(known_job()["metadata"]["name"])] == ["pod-uid-1"]
    assert world.jobs.pods("another") == []
    assert job_of({"metadata": {"name": "somebody's"}}) is None


def test_pods_that_no_watch_told_of_are_read_and_known_from_then_on() -> None:
    world = World()
    name = known_job()["metadata"]["name"]
    world.caches[1].put(known_pod(1))
    # Items of a list have no kind of their own.
    world.server.listed = [{key: value for key, value in known_pod(2).items() if key not in ("kind", "apiVersion")}]
    found = World._wait(world.jobs.fetch_pods(name))
    assert [one["metadata"]["uid"] for one in found] == ["pod-uid-1", "pod-uid-2"]
    assert world.server.asked == [("list", PODS, "finance", f"batch.kubernetes.io/job-name={name}")]
    assert world.jobs.pods(name) == found


@pytest.mark.requirement("K8S-012")
def test_pods_that_live_are_asked_to_end_and_say_so() -> None:
    world = World()
    world.end(known_pod(1), known_pod(2, "Failed"), known_pod(3, "Succeeded"), known_pod(4, "Pending"))
    asked = {"metadata": {"annotations": {STOPPED: str(NOW), STOPPED_AS: "Timeout"}}}
    asked["spec"] = {"activeDeadlineSeconds": 1}  # type: ignore[dict-item]
    assert world.server.asked == [("patch", PODS, known_pod(number)["metadata"]["name"], asked) for number in (1, 4)]
    # It is known at once: nobody asks a second time.
    known = world.jobs.pods(known_job()["metadata"]["name"])
    assert [one["metadata"]["annotations"][STOPPED_AS] for one in known] == ["Timeout", "Timeout"]


@pytest.mark.parametrize("error", [NotFound("gone"), ObjectInvalid("must be less than or equal to previous value")])
def test_a_pod_that_ended_meanwhile_keeps_nobody_from_the_others(error: LibrettoError) -> None:
    world = World()
    world.server.refuses[known_pod(1)["metadata"]["name"]] = error
    world.end(known_pod(1), known_pod(2))
    assert len(world.server.asked) == 2


def test_that_a_server_is_away_is_said() -> None:
    world = World()
    world.server.refuses[known_pod(1)["metadata"]["name"]] = ServerUnavailable("away")
    with pytest.raises(ServerUnavailable):
        world.end(known_pod(1))


def test_without_a_pod_that_very_job_is_deleted() -> None:
    world, name = World(), known_job()["metadata"]["name"]
    world.end()
    world.server.refuses[name] = NotFound("somebody was faster")
    world.end()
    assert world.server.asked == 2 * [("delete", JOBS, name, "job-uid")]
