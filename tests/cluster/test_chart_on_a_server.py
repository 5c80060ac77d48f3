"""A real API server takes what the charts render, and its Pod Security admission takes the pods at the restricted level."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.cluster.chart_values import VALUES, pods
from tests.cluster.charts import MONITORING, STAMPS, render
from tests.cluster.control_plane import ControlPlane

Json = dict[str, Any]


@pytest.fixture(scope="module")
def restricted(cluster: ControlPlane) -> Iterator[str]:
    """A namespace that enforces the restricted level."""
    name = "test-charts-restricted"
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
    cluster.kubectl("apply", "-f", "-", input=json.dumps(body))
    yield name
    cluster.kubectl("delete", "namespace", name, "--wait=false")


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_the_server_takes_every_object(cluster: ControlPlane, restricted: str, values: Json) -> None:
    values = {**values, **({"watchNamespaces": [restricted]} if values.get("watchNamespaces") else {})}
    objects = _known(render("libretto", values, namespace=restricted, served=[MONITORING]))
    told = _dry_run(cluster, objects)
    assert len(told.splitlines()) == len(objects)
    assert set(told.split()) >= {"created", "(server", "dry", "run)"}


@pytest.mark.parametrize("values", VALUES.values(), ids=VALUES)
def test_its_pods_pass_the_restricted_level(cluster: ControlPlane, restricted: str, values: Json) -> None:
    for number, template in enumerate(pods(render("libretto", values, namespace=restricted))):
        # Its account does not exist yet, and a volume claim is made by a StatefulSet.
        volumes = [*template["spec"]["volumes"], {"name": "data", "emptyDir": {}}]
        spec = {**template["spec"], "serviceAccountName": "default", "volumes": volumes}
        body = {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"p{number}", "namespace": restricted},
            "spec": spec,
        }
        assert "created" in _dry_run(cluster, [body])


def test_the_server_takes_the_definitions(cluster: ControlPlane) -> None:
    objects = render(
        "libretto-crds", {"operators": [{"namespace": "team-a", "serviceAccounts": ["x"]}]}, served=[STAMPS]
    )
    told = _dry_run(cluster, objects, "--server-side", "--force-conflicts")
    assert len(told.splitlines()) == len(objects)


def _known(objects: list[Json]) -> list[Json]:
    """Without what needs kinds of the Prometheus Operator."""
    return [each for each in objects if each["apiVersion"] != MONITORING]


def _dry_run(cluster: ControlPlane, objects: list[Json], *options: str) -> str:
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    return cluster.kubectl("apply", "--dry-run=server", "--validate=strict", *options, "-f", "-", input=text)
