"""The example library can be applied as it is: Git files are resources, and the server knows every field of them."""

from pathlib import Path

import pytest
import yaml

from tests.cluster.control_plane import ControlPlane

LIBRARY = Path(__file__).resolve().parents[3] / "definitions"
FILES = [
    path
    for path in sorted(LIBRARY.glob("**/*.yaml"))
    if "cases" not in path.parts and "apiVersion: libretto.dev/" in path.read_text(encoding="utf-8")
]


@pytest.mark.requirement("K8S-001")
def test_every_resource_is_taken_as_it_is(cluster: ControlPlane, namespace: str) -> None:
    assert len(FILES) > 20
    options = [argument for path in FILES for argument in ("-f", str(path))]
    shown = cluster.kubectl("apply", "-n", namespace, "--validate=strict", *options)
    assert len(shown.splitlines()) == len(FILES)
    assert all(line.endswith(" created") for line in shown.splitlines())
    # Nothing was pruned, nothing filled in: applying it again is no change.
    again = cluster.kubectl("apply", "-n", namespace, "--validate=strict", *options)
    assert all(line.endswith(" unchanged") for line in again.splitlines())


def test_what_is_stored_is_what_was_written(cluster: ControlPlane, namespace: str) -> None:
    for path in FILES:
        stored = yaml.safe_load(
            cluster.kubectl("create", "-n", namespace, "--dry-run=server", "-o", "yaml", "-f", str(path))
        )
        assert stored["spec"] == yaml.safe_load(path.read_text(encoding="utf-8"))["spec"], path


@pytest.mark.parametrize("kind", ["orchestrations", "agents"])
def test_a_forced_apply_removes_what_others_added(kind: str, cluster: ControlPlane, namespace: str) -> None:
    """Specs are atomic: what is in Git is the whole of it."""
    path = next(path for path in FILES if (path.name == "definition.yaml") is (kind == "orchestrations"))
    cluster.kubectl("apply", "-n", namespace, "--server-side", "-f", str(path))
    name = yaml.safe_load(path.read_text(encoding="utf-8"))["metadata"]["name"]
    patch = '{"spec": {"description": "by hand", "displayName": "by hand"}}'
    cluster.kubectl("patch", kind, name, "-n", namespace, "--type=merge", "-p", patch)
    cluster.kubectl("apply", "-n", namespace, "--server-side", "--force-conflicts", "-f", str(path))
    stored = yaml.safe_load(cluster.kubectl("get", kind, name, "-n", namespace, "-o", "yaml"))
    assert stored["spec"] == yaml.safe_load(path.read_text(encoding="utf-8"))["spec"]
