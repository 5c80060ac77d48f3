"""How do the project's own definitions get into a cluster? All files below crds/ and the chart of definitions.

Applied in the order in which they need each other; done when the server really uses them, not when it has stored them.
"""

import json
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.control_plane import ControlPlane, KubectlFailed
from tests.cluster.reading import ReadFailed
from tests.cluster.waiting import until

_ROOT = Path(__file__).resolve().parents[2]
_PLACES = ("crds", "charts/libretto-crds/files")
_CRD = "CustomResourceDefinition"
_ORDER = (_CRD, "Namespace", "ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding")
"""Kinds that go first; then policies, then their bindings."""

_SECONDS = 60.0
_SENTINEL = "libretto-test-policies-are-served"

Object = Mapping[str, Any]


def definitions() -> list[Object]:
    """Every object in the files, each once."""
    found: dict[tuple[str, str], Object] = {}
    for place in _PLACES:
        for path in sorted((_ROOT / place).rglob("*.yaml")):
            for each in yaml.safe_load_all(path.read_text()):
                if each:
                    found[each["kind"], each["metadata"]["name"]] = each
    return sorted(found.values(), key=_rank)


def install(control_plane: ControlPlane, objects: Iterable[Object] | None = None) -> None:
    """Apply the definitions; returns when custom resources are served and policies are enforced."""
    listed = definitions() if objects is None else list(objects)
    kinds = [each for each in listed if each["kind"] == _CRD]
    others = [each for each in listed if each["kind"] != _CRD]
    if kinds:
        _apply(control_plane, kinds)
        names = [f"crd/{each['metadata']['name']}" for each in kinds]
        control_plane.kubectl("wait", "--for=condition=Established", f"--timeout={_SECONDS:.0f}s", *names)
        for each in kinds:
            until(partial(_served, control_plane, each), f"{each['metadata']['name']} to be served", _SECONDS)
    if others:
        _apply(control_plane, [*others, *_sentinel()])
        until(lambda: _enforced(control_plane), "the admission policies to be enforced", _SECONDS)


def _rank(each: Object) -> tuple[int, str]:
    kind = each["kind"]
    if kind in _ORDER:
        return _ORDER.index(kind), each["metadata"]["name"]
    return len(_ORDER) + str(kind).endswith("Binding"), each["metadata"]["name"]


def _apply(control_plane: ControlPlane, objects: Iterable[Object]) -> None:
    text = "\n".join(json.dumps(each) + "\n---" for each in objects)
    control_plane.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=text)


def _served(control_plane: ControlPlane, crd: Object) -> bool:
    spec = crd["spec"]
    version = next(each["name"] for each in spec["versions"] if each["served"])
    try:
        control_plane.get(f"/apis/{spec['group']}/{version}/{spec['names']['plural']}?limit=1")
    except ReadFailed:
        return False
    return True


def _sentinel() -> list[Object]:
    """Policies that show themselves: the server reads all policies at once, every second or so."""
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["CREATE"]}
    spec = {
        "matchConstraints": {"resourceRules": [{**rule, "resourceNames": [_SENTINEL]}]},
        "failurePolicy": "Fail",
    }
    version = "admissionregistration.k8s.io/v1"
    patch = 'Object{metadata: Object.metadata{labels: {"served": "yes"}}}'
    mutation = {"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": patch}}
    refusal = {"expression": "!has(object.metadata.labels) || !('served' in object.metadata.labels)"}
    metadata = {"name": _SENTINEL}
    bound = {"policyName": _SENTINEL}
    return [
        {
            "apiVersion": version,
            "kind": "MutatingAdmissionPolicy",
            "metadata": metadata,
            "spec": {**spec, "reinvocationPolicy": "Never", "mutations": [mutation]},
        },
        {"apiVersion": version, "kind": "MutatingAdmissionPolicyBinding", "metadata": metadata, "spec": bound},
        {
            "apiVersion": version,
            "kind": "ValidatingAdmissionPolicy",
            "metadata": metadata,
            "spec": {**spec, "validations": [{**refusal, "message": _SENTINEL}]},
        },
        {
            "apiVersion": version,
            "kind": "ValidatingAdmissionPolicyBinding",
            "metadata": metadata,
            "spec": {**bound, "validationActions": ["Deny"]},
        },
    ]


def _enforced(control_plane: ControlPlane) -> bool:
    """The one refuses what the other one adds, so a refusal proves both."""
    try:
        control_plane.kubectl("create", "configmap", _SENTINEL, "-n", "default", "--dry-run=server")
    except KubectlFailed as refusal:
        if _SENTINEL not in str(refusal):
            raise
        return True
    return False
