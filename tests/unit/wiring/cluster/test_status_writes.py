"""A status is written where nobody wrote it since, whatever else of the object changed meanwhile."""

from typing import Any

import pytest

from controller.adapters.clock import SystemClock
from controller.adapters.cluster import fiber
from controller.errors import Conflict, NotFound
from controller.wiring.cluster.caches import Caches
from controller.wiring.cluster.configuration import Configuration
from controller.wiring.cluster.shared import Shared
from tests.fakes.notifier import RecordingNotifier
from tests.unit.adapters.cluster.answering_client import AnsweringClient, Call
from tests.unit.adapters.cluster.api_server import in_a_loop
from tests.unit.wiring.cluster.crew import root

Json = dict[str, Any]

WRITTEN: Json = {"state": "Running", "sequence": 4}


class Server(AnsweringClient):
    """Holds one run; a write with another version than the newest is refused, as an API server does."""

    def __init__(self, there: Json | None) -> None:
        self.there = there
        self.puts: list[Json] = []

    async def answer(self, call: Call) -> Any:
        if call.verb == "get":
            if self.there is None:
                raise NotFound(call.name)
            return self.there
        assert call.verb == "update"
        body = call.body
        self.puts.append(body)
        if self.there is None or body["metadata"]["resourceVersion"] != self.there["metadata"]["resourceVersion"]:
            raise Conflict("the object has been modified")
        version = str(int(body["metadata"]["resourceVersion"]) + 1)
        self.there = {**body, "metadata": {**self.there["metadata"], "resourceVersion": version}}
        return {"metadata": self.there["metadata"]}


def later(*, uid: str = "a", suspend: bool = True, **status: Any) -> Json:
    """The run as somebody wrote it after it was known."""
    known = root("a", **status)
    metadata = {**known["metadata"], "uid": uid, "resourceVersion": "11", "generation": 2}
    return {**known, "metadata": metadata, "spec": {**known["spec"], "suspend": suspend}}


def write(server: Server) -> Shared:
    """Write the status of the run as it was known before."""
    caches = Caches(lambda *_: None, lambda _: None)
    known = root("a", sequence=3)
    caches.runs.put(known)
    shared = Shared(server, Configuration("i", "i"), SystemClock(), caches, RecordingNotifier(), lambda *_: None)
    in_a_loop(lambda: fiber.wait(shared.write_status(known, WRITTEN)))
    return shared


def test_a_wish_that_came_in_between_keeps_nothing_from_being_recorded() -> None:
    server = Server(later(sequence=3))
    shared = write(server)
    assert len(server.puts) == 2
    assert server.there is not None
    assert server.there["status"] == WRITTEN
    known = shared.caches.runs.get("space", "run-a")
    assert known is not None
    assert (known["spec"]["suspend"], known["status"]) == (True, WRITTEN)


@pytest.mark.requirement("K8S-020")
@pytest.mark.parametrize(
    "there",
    [later(sequence=4), later(sequence=3, epoch=8), later(uid="another", sequence=3), None],
    ids=["another wrote its ledger", "another leads", "another run of the name", "it is gone"],
)
def test_what_somebody_else_wrote_is_never_overwritten(there: Json | None) -> None:
    server = Server(there)
    with pytest.raises(Conflict):
        write(server)
    assert len(server.puts) == 1
    assert server.there == there
