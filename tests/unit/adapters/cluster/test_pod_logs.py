"""What an attempt printed: of its newest pod, once and for as long as it goes on."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import aiohttp
import pytest

from controller.adapters.cluster.pod_logs import PodLog
from controller.adapters.cluster.resources import PODS
from controller.errors import Forbidden, NotFound, ServerUnavailable
from controller.model.attempt import AttemptKey
from controller.model.states import Role
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call
from tests.unit.adapters.cluster.api_server import in_a_loop

Json = dict[str, Any]
KEY = AttemptKey("uid-q3", "load[3]", Role.DO, 2)
LABELS = "libretto.dev/run-uid=uid-q3,libretto.dev/step=load-3-"


class Pods(AnsweringClient):
    """Pods with logs. `streams` are what the next calls with `follow` bring."""

    def __init__(self, *pods: Json, text: str = "") -> None:
        self.asked: list[str] = []
        self.pods, self.said, self.streams = list(pods), text, list[Sequence[bytes] | int | Exception]()
        self.queries: list[Mapping[str, str]] = []

    @property
    def server(self) -> str:
        return "https://there"

    async def answer(self, call: Call) -> Any:
        assert call.resource is PODS
        if call.verb == "list":
            assert call.labels.startswith(LABELS)
            assert call.labels.endswith(",libretto.dev/role=do,libretto.dev/attempt=2")
            return {"items": self.pods}
        assert (call.verb, call.subresource) == ("get", "log")
        self.queries.append(call.query)
        if self.said == "gone":
            raise NotFound("gone")
        return self.said

    def session(self) -> aiohttp.ClientSession:
        return cast("aiohttp.ClientSession", _Session(self))


class _Session:
    def __init__(self, server: Pods) -> None:
        self._server = server

    async def get(self, where: str, *, params: Mapping[str, str], **_: object) -> "_Reply":
        self._server.asked.append(f"follow {where}")
        self._server.queries.append(params)
        return _Reply(self._server.streams.pop(0))


class _Reply:
    def __init__(self, given: Sequence[bytes] | int | Exception) -> None:
        self.status = given if isinstance(given, int) else 200
        self.content = self
        self._chunks: list[bytes | Exception] = []
        if isinstance(given, Exception):
            self._chunks = [b"begun\n", given]
        elif not isinstance(given, int):
            self._chunks = list(given)

    async def readany(self) -> bytes:
        chunk = self._chunks.pop(0) if self._chunks else b""
        if isinstance(chunk, Exception):
            raise chunk
        return chunk

    async def read(self) -> bytes:
        return b'{"message": "no"}'

    def close(self) -> None:
        """Nothing to close."""


def pod(name: str, created: str = "2026-01-01T00:00:00Z", *, state: str = "running") -> Json:
    statuses = [{"name": "main", "state": {state: {}}}, {"name": "other", "state": {"running": {}}}]
    metadata = {"name": name, "uid": f"uid-{name}", "creationTimestamp": created}
    return {"metadata": metadata, "status": {"containerStatuses": statuses}}


def read(server: Pods, lines: int | None = None) -> list[str]:
    log = PodLog(server, "space", KEY, lines)
    return in_a_loop(lambda: [log.read(), log.read()])


def followed(server: Pods, runs: Sequence[bool]) -> tuple[list[str], int]:
    left, pauses = list(runs), list[int]()
    log = PodLog(server, "space", KEY)
    text = in_a_loop(lambda: list(log.follow(lambda: left.pop(0), lambda: pauses.append(1))))
    return text, len(pauses)


def test_what_was_printed_is_read_once_from_the_newest_pod() -> None:
    server = Pods(pod("one"), pod("two", "2026-01-02T00:00:00Z"), text="hello\n")
    assert read(server, lines=3) == ["hello\n", ""]
    assert server.queries == [{"container": "main", "limitBytes": str(1 << 20), "tailLines": "3"}]


@pytest.mark.parametrize(
    "server", [Pods(), Pods(pod("one", state="waiting"), text="no"), Pods(pod("one"), text="gone")]
)
def test_no_pod_or_none_that_has_begun_is_an_empty_log(server: Pods) -> None:
    assert read(server) == ["", ""]


def test_followed_until_the_attempt_ends_and_letters_stay_whole() -> None:
    server = Pods(pod("one"))
    server.streams = [["a\u00e4".encode()[:2], "\u00e4".encode()[1:], b"b\n"]]
    text, pauses = followed(server, [True, True, False])
    assert "".join(text) == "aäb\n"
    assert pauses == 1
    assert server.asked == ["follow https://there/api/v1/namespaces/space/pods/one/log"]
    assert server.queries == [{"container": "main", "follow": "true"}]


def test_a_pod_that_has_not_begun_is_waited_for_and_another_one_of_the_attempt_is_followed_too() -> None:
    server = Pods()
    server.streams = [[b"first\n"], [b"second\n"]]
    one, two = pod("one"), pod("two", "2027")
    looks = [[pod("one", state="waiting")], [one], [one], [one, two], [one, two]]

    def running() -> bool:
        server.pods = looks.pop(0)
        return bool(looks)

    log = PodLog(server, "space", KEY)
    assert in_a_loop(lambda: list(log.follow(running, lambda: None))) == ["first\n", "second\n"]
    assert looks == []


def test_what_goes_wrong_is_one_of_our_errors() -> None:
    server = Pods(pod("one"))
    server.streams = [403]
    with pytest.raises(Forbidden):
        followed(server, [True])
    server.streams = [aiohttp.ClientPayloadError("cut")]
    with pytest.raises(ServerUnavailable, match="the log of pod one broke off"):
        followed(server, [True])
