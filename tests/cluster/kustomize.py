"""How are the bases for kustomize made? From what helm renders, so that they cannot say anything else.

`python -m tests.cluster.kustomize` writes them; a test compares.
"""

from collections.abc import Iterable
from typing import Any

import yaml

from tests.cluster.charts import CHARTS, NAMESPACE, STAMPS, render

Json = dict[str, Any]

FOLDER = CHARTS / "kustomize"

_HEAD = "# Rendered from the charts by `python -m tests.cluster.kustomize`; do not edit.\n"
_HELMS = ("app.kubernetes.io/managed-by", "helm.sh/chart")
_HELMS_ANNOTATIONS = ("helm.sh/resource-policy",)
_WATCHED = "LIBRETTO_NAMESPACES"


def files() -> dict[str, str]:
    """Path below charts/kustomize -> text."""
    definitions = [plain(each) for each in render("libretto-crds", {"admission": {"stamps": "never"}})]
    stamped = [plain(each) for each in render("libretto-crds", served=[STAMPS])]
    everywhere = [plain(each) for each in render("libretto")]
    here = [plain(each) for each in render("libretto", {"watchNamespaces": [NAMESPACE]})]
    base = [each for each in everywhere if each in here or each["kind"] in {"Deployment", "NetworkPolicy"}]
    [deployment] = [each for each in here if each["kind"] == "Deployment"]
    [policy] = [each for each in here if each["kind"] == "NetworkPolicy"]
    base_kustomization = {"resources": ["objects.yaml"], "namespace": NAMESPACE}
    return {
        "definitions/objects.yaml": _text(definitions),
        "definitions/kustomization.yaml": _kustomization({"resources": ["objects.yaml"]}),
        "stamps/objects.yaml": _text(each for each in stamped if each not in definitions),
        "stamps/kustomization.yaml": _kustomization({"resources": ["../definitions", "objects.yaml"]}),
        "base/objects.yaml": _text(base),
        "base/kustomization.yaml": _kustomization(base_kustomization),
        "cluster-wide/objects.yaml": _text(each for each in everywhere if each not in base),
        "cluster-wide/kustomization.yaml": _kustomization({"resources": ["../base", "objects.yaml"]}),
        "namespaced/objects.yaml": _text(each for each in here if not _in(each, base)),
        "namespaced/deployment.yaml": _text([_watching_here(deployment)]),
        "namespaced/kustomization.yaml": _kustomization(
            {
                "resources": ["../base", "objects.yaml"],
                "patches": [
                    {"path": "deployment.yaml"},
                    {"patch": yaml.safe_dump([_from_here(policy)]), "target": _of(policy)},
                ],
            }
        ),
    }


def write() -> list[str]:
    """Make the files be these; answers with what changed."""
    changed = []
    for name, text in files().items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            changed.append(name)
    return changed


def _watching_here(deployment: Json) -> Json:
    """A patch: the namespace that it is in, whichever that will be."""
    [container] = deployment["spec"]["template"]["spec"]["containers"]
    [variable] = [each for each in container["env"] if each["name"] == _WATCHED]
    spec = {"template": {"spec": {"containers": [{"name": container["name"], "env": [{**variable, "value": None}]}]}}}
    return {
        "apiVersion": deployment["apiVersion"],
        "kind": "Deployment",
        "metadata": {"name": deployment["metadata"]["name"], "namespace": NAMESPACE},
        "spec": spec,
    }


def _from_here(policy: Json) -> Json:
    """A patch: results come from the pods of the own namespace."""
    return {"op": "replace", "path": "/spec/ingress/0/from", "value": policy["spec"]["ingress"][0]["from"]}


def _of(each: Json) -> Json:
    return {"kind": each["kind"], "name": each["metadata"]["name"]}


def _in(each: Json, others: Iterable[Json]) -> bool:
    return any(_of(each) == _of(other) for other in others)


def plain(each: Json) -> Json:
    """Without what only helm's objects bear."""
    metadata = dict(each["metadata"])
    metadata["labels"] = {name: value for name, value in metadata.get("labels", {}).items() if name not in _HELMS}
    kept = {name: value for name, value in metadata.pop("annotations", {}).items() if name not in _HELMS_ANNOTATIONS}
    return {**each, "metadata": metadata | ({"annotations": kept} if kept else {})}


def _text(objects: Iterable[Json]) -> str:
    return _HEAD + "---\n".join(yaml.safe_dump(each, sort_keys=False, width=120) for each in objects)


def _kustomization(body: Json) -> str:
    return _HEAD + yaml.safe_dump(
        {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", **body}, sort_keys=False, width=120
    )


if __name__ == "__main__":
    print("\n".join(write()) or "nothing changed")
