"""What running attempts say of themselves: whose courier is asked, and what its log means."""

from collections.abc import Mapping
from typing import Any

import pytest

from controller.adapters.cluster.names import KEY
from controller.adapters.cluster.pod_progress import MOST, PodProgress, last_of
from controller.adapters.cluster.resources import PODS
from controller.errors import Forbidden, NotFound
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call
from tests.unit.adapters.cluster.api_server import in_a_loop

Json = dict[str, Any]


def key(step: str, run: str = "r") -> AttemptKey:
    return AttemptKey(run, step, Role.DO, 1)


class Pods(AnsweringClient):
    def __init__(self, pods: Mapping[str, Json], logs: Mapping[str, str | Exception]) -> None:
        self.pods, self.logs, self.asked = pods, logs, list[str]()

    async def answer(self, call: Call) -> Any:
        assert call.resource is PODS
        if call.verb == "list":
            assert call.query == {"labelSelector": call.labels, "fieldSelector": "status.phase=Running"}
            run = call.labels.partition("=")[2]
            self.asked.append(f"list {run}")
            return {"items": [pod for pod in self.pods.values() if pod["metadata"]["run"] == run]}
        assert (call.verb, call.subresource, call.query["container"]) == ("get", "log", "courier")
        self.asked.append(call.name)
        found = self.logs[call.name]
        if isinstance(found, Exception):
            raise found
        return found


def pod(name: str, of: AttemptKey | None, created: str = "1", *, courier: str = "running") -> tuple[str, Json]:
    notes = {} if of is None else {KEY: f"{of.run} {of.step} {of.role.value} {of.attempt}"}
    statuses = [
        {"name": "stage", "state": {"terminated": {"exitCode": 0}}},
        {"name": "courier", "state": {courier: {}}},
    ]
    metadata = {"name": name, "run": "r" if of is None else of.run, "creationTimestamp": created, "annotations": notes}
    return name, {"metadata": metadata, "status": {"initContainerStatuses": statuses}}


def asked(server: Pods, *keys: AttemptKey) -> Mapping[AttemptKey, tuple[int, int]]:
    return in_a_loop(lambda: PodProgress(server, "team").of(keys))


def test_each_courier_is_asked_once_whose_attempt_runs() -> None:
    pods = dict(
        [
            pod("old", key("a"), "1"),
            pod("new", key("a"), "2"),
            pod("quiet", key("b")),
            pod("begins", key("c"), courier="waiting"),
            pod("ended", key("d")),
            pod("stranger", None),
            pod("not-asked-for", key("e")),
            pod("child", key("a", "child")),
        ]
    )
    logs: dict[str, str | Exception] = {
        "new": "progress 3/10\n",
        "quiet": "",
        "ended": NotFound("gone"),
        "child": "libretto: x\nprogress 1/2\n",
    }
    server = Pods(pods, logs)
    assert asked(server, key("a"), key("b"), key("c"), key("d"), key("a", "child")) == {
        key("a"): (3, 10),
        key("a", "child"): (1, 2),
    }
    assert sorted(server.asked) == ["child", "ended", "list child", "list r", "new", "quiet"]


def test_no_more_are_asked_than_a_screen_shows() -> None:
    keys = [key(f"s{number}") for number in range(2 * MOST)]
    server = Pods(dict(pod(one.step, one) for one in keys), {one.step: "progress 1/2\n" for one in keys})
    assert set(asked(server, *keys)) == set(keys[:MOST])
    assert asked(server) == {}


def test_who_may_read_no_logs_hears_so() -> None:
    server = Pods(dict([pod("p", key("a"))]), {"p": Forbidden("no")})
    with pytest.raises(Forbidden):
        asked(server, key("a"))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("progress 1/2\nprogress 2/2\n", (2, 2)),
        ("progress 1/2\nlibretto: output.json could not be stored yet\n", (1, 2)),
        ("progress 1/2", (1, 2)),
        ("", None),
        ("say progress 1/2\n", None),
        ("progress 1/2 of it\n", None),
        ("progress -1/2\n", None),
    ],
)
def test_what_a_log_says(text: str, found: tuple[int, int] | None) -> None:
    assert last_of(text) == found
