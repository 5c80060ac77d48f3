"""Definitions come and go as objects, each as one whole."""

from typing import Any

from controller.adapters.cluster.published import DefinitionObjects, published
from controller.ports.object_store import Published
from tests.unit.adapters.cluster.api_server import ApiServer, in_a_loop

Json = dict[str, Any]


def stored(kind: str, name: str, **spec: Any) -> Json:
    metadata = {"name": name, "namespace": "space", "creationTimestamp": "2026-01-01T00:00:00Z"}
    return {"kind": kind, "metadata": metadata, "spec": spec}


def definition(version: str, kind: str = "Orchestration", **files: str) -> Published:
    resource = {"metadata": {"labels": {"team": "sales"}}, "spec": {"name": "nightly", "version": version}}
    return Published(kind, "", "space", "nightly", version, "active", resource, files, 0, 0)


def test_the_name_of_an_object_is_the_name_of_what_it_defines_unless_that_says_another() -> None:
    found = published(stored("Orchestration", "nightly", version="1.0.0"), "Orchestration")
    assert (found.name, found.version, found.organization, found.created_at) == (
        "nightly",
        "1.0.0",
        "global",
        1767225600000,
    )
    assert found.resource["spec"]["name"] == "nightly"
    assert published(stored("Orchestration", "nightly"), "Orchestration").version == "1.0.0"
    agent = published(stored("Agent", "object", slug="mailer", files={"run.py": {"digest": "blake3:1"}}), "Agent")
    assert (agent.name, agent.files) == ("mailer", {"run.py": "blake3:1"})
    assert "files" not in agent.resource["spec"]


def test_applied_as_one_whole_with_its_files() -> None:
    server = ApiServer()
    objects = DefinitionObjects(server, "space")
    assert in_a_loop(lambda: objects.apply(definition("1", "Agent", **{"run.py": "blake3:1"})))
    assert server.asked[-1] == "patch agents nightly apply-patch+yaml"
    made = server.objects["Agent", "nightly"]
    assert made["spec"]["files"] == {"run.py": {"digest": "blake3:1", "mode": 0o755}}
    assert made["metadata"]["labels"] == {"team": "sales"}


def test_another_version_is_another_object_and_the_same_one_is_the_same() -> None:
    server = ApiServer(stored("Orchestration", "nightly", version="1.0.0"))
    objects = DefinitionObjects(server, "space")
    assert not in_a_loop(lambda: objects.apply(definition("1.0.0")))
    server.objects["Orchestration", "nightly"]["metadata"]["creationTimestamp"] = "2026-01-01T00:00:00Z"
    assert in_a_loop(lambda: objects.apply(definition("2.0.0")))
    assert sorted(server.objects) == [("Orchestration", "nightly"), ("Orchestration", "nightly-2-0-0")]
