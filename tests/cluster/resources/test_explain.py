"""`kubectl explain` answers for every field: what it means, in which unit, and what holds where it is left out."""

from collections.abc import Iterator

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.resources.stage import GROUP, Json, Server
from tools.crds.kinds import KINDS


def fields(schema: Json, schemas: Json, path: str) -> Iterator[tuple[str, Json, bool]]:
    """Yield each field below, with its path, its schema and whether it may be left out."""
    for name, field in schema.get("properties", {}).items():
        if (path, name) == ("", "metadata"):
            continue
        inner = resolved(field, schemas)
        yield f"{path}.{name}", field, name not in schema.get("required", ())
        while "items" in inner or isinstance(inner.get("additionalProperties"), dict):
            inner = resolved(inner.get("items") or inner["additionalProperties"], schemas)
        yield from fields(inner, schemas, f"{path}.{name}")


def resolved(schema: Json, schemas: Json) -> Json:
    parts = [schema, *schema.get("allOf", ())]
    reference = next((part["$ref"] for part in parts if "$ref" in part), None)
    return schema if reference is None else schemas[reference.rpartition("/")[2]]


@pytest.fixture(scope="module")
def published(server: Server) -> Json:
    """What kubectl reads."""
    answer = server.request("GET", f"/openapi/v3{GROUP}")
    return dict(answer.body["components"]["schemas"])


@pytest.mark.requirement("K8S-001", "K8S-002")
@pytest.mark.parametrize("kind", KINDS)
def test_every_field_says_what_it_means(kind: str, published: Json) -> None:
    schema = published[f"dev.libretto.v1alpha1.{kind}"]
    assert schema["description"] == KINDS[kind].text
    found = list(fields(schema, published, ""))
    assert len(found) > 15
    assert [path for path, field, _ in found if not field.get("description", "").strip()] == []


@pytest.mark.requirement("K8S-002")
@pytest.mark.parametrize("kind", KINDS)
def test_every_field_that_people_may_leave_out_says_what_holds_then(kind: str, published: Json) -> None:
    schema = published[f"dev.libretto.v1alpha1.{kind}"]
    words = ("default", "null", "empty", "absent")
    silent = [
        path
        for path, field, optional in fields(schema, published, "")
        if optional and path.startswith(".spec.") and not any(word in field["description"].lower() for word in words)
    ]
    # A choice of two kinds of phases: what goes together stands in the rules.
    assert [path for path in silent if not path.startswith(".spec.phases.")] == []


@pytest.mark.requirement("K8S-002")
def test_kubectl_prints_it(cluster: ControlPlane) -> None:
    shown = cluster.kubectl("explain", "run.spec")
    assert "It never changes, but for `suspend`" in shown
    assert "Steps at one time where the orchestration does not say, 1 to 1000" in " ".join(shown.split())
    shown = " ".join(cluster.kubectl("explain", "orchestration.spec.steps.retry.initialDelayMs").split())
    assert (
        "Wait before the second attempt, in milliseconds; floor 250. Default: the orchestration's, else 2000." in shown
    )
    shown = cluster.kubectl("explain", "oagent.spec.pod.volumes", "--recursive")
    assert "persistentVolumeClaim" in shown
    shown = " ".join(cluster.kubectl("explain", "oappr.spec.decision").split())
    assert "ENUM: approve reject modify" in shown
    assert "`reject` ends the run's branch" in shown
