"""What people see of the runs of a namespace."""

import pytest

from controller.adapters.cluster.published import DefinitionObjects
from controller.adapters.cluster.reading import ClusterObjects
from controller.adapters.cluster.run_objects import RunObjects
from controller.errors import Refused
from controller.ports.object_store import Published
from tests.fakes.blob_store import InMemoryBlobStore
from tests.fakes.disk import Disk
from tests.unit.adapters.cluster.api_server import ApiServer, child, in_a_loop, run


def objects(server: ApiServer) -> ClusterObjects:
    runs = RunObjects(server, "space", lambda *_: None)
    return ClusterObjects(runs, DefinitionObjects(server, "space"), InMemoryBlobStore(Disk()))


def test_a_list_reads_no_definition() -> None:
    status = {"version": "1.2.0", "snapshot": "blake3:not-there"}
    server = ApiServer(run("q3", status=status, requestedBy={"username": "mara"}), child("a", "q3", "q3"))
    found = {spec.uid: spec for spec, _ in in_a_loop(objects(server).runs)}
    top, below = found["uid-q3"], found["uid-a"]
    assert (top.orchestration, top.version, top.requester, top.organization) == ("nightly", "1.2.0", "mara", "space")
    assert (below.root, below.parent, below.parent_step, below.version) == ("uid-q3", "uid-q3", "load", "-")
    assert server.asked == ["list runs"]


def test_a_run_that_nobody_looked_at_has_no_status_and_no_children() -> None:
    seen = objects(ApiServer(run("q3")))
    assert in_a_loop(lambda: [status for _, status in seen.runs()]) == [None]
    spec = in_a_loop(lambda: seen.run("uid-q3"))
    assert spec is not None
    assert spec.snapshot == ""
    assert in_a_loop(lambda: [seen.children("uid-q3"), seen.children("nobody")]) == [[], []]


def test_without_its_definition_a_run_is_what_its_object_says() -> None:
    status = {"version": "1.2.0", "snapshot": "blake3:gone", "definition": "blake3:1"}
    parent = run("q3", status=status, parameters={"day": 1}, task={"id": "t"}, requestMetadata={"why": "x"})
    link = {"parentUid": "uid-q3", "rootUid": "uid-q3", "step": "load", "attempt": 2, "definition": "blake3:2"}
    seen = objects(ApiServer(parent, run("a", parent={"uid": "uid-a", **link}, status={"snapshot": "blake3:gone"})))
    top = in_a_loop(lambda: seen.run("uid-q3"))
    (below,) = in_a_loop(lambda: seen.children("uid-q3"))
    assert top is not None
    assert (top.version, top.snapshot, top.definition) == ("1.2.0", "blake3:gone", "blake3:1")
    # As a ledger has it, and not as a list shows it.
    assert (top.requester, top.parameters, top.task) == ("unknown", {"day": 1}, {"id": "t"})
    assert top.request_metadata == {"why": "x"}
    assert (below.parent, below.parent_step, below.parent_attempt) == ("uid-q3", "load", 2)
    assert below.definition == "blake3:2"


def test_what_is_done_with_kubectl_is_refused_with_the_command() -> None:
    seen = objects(ApiServer(run("q3")))
    spec = in_a_loop(lambda: seen.run("uid-q3"))
    assert spec is not None
    resource = {"metadata": {"name": "nightly-1-0-0"}, "spec": {}}
    definition = Published("Orchestration", "", "space", "nightly", "1.0.0", "active", resource, {}, 0, 0)
    with pytest.raises(Refused) as told:
        seen.set_lifecycle(definition, "archived", 0)
    assert told.value.hint == "kubectl delete orchestration nightly-1-0-0"
    for refused in (lambda: seen.create_run(spec), lambda: seen.delete_run(spec.uid)):
        with pytest.raises(Refused):
            refused()
