"""The server's own type checker finds nothing wrong with the admission policies."""

import pytest
import yaml

from tests.cluster.resources.stage import Json, Server, until
from tools.crds.manifests import cluster_wide

POLICIES = "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies"
NAMES = [
    body["metadata"]["name"]
    for text in cluster_wide()
    for body in yaml.safe_load_all(text)
    if body["kind"] == "ValidatingAdmissionPolicy"
]


@pytest.mark.parametrize("name", NAMES)
def test_every_expression_has_its_types(name: str, server: Server) -> None:
    def checked() -> Json | None:
        policy = server.request("GET", f"{POLICIES}/{name}").body
        status: Json = policy.get("status", {})
        return (
            status.get("typeChecking") if status.get("observedGeneration") == policy["metadata"]["generation"] else None
        )

    until(lambda: checked() is not None, f"{name} is checked")
    assert checked() == {}
