"""Which files install the kinds? One CustomResourceDefinition each, for `kubectl apply` and for the chart."""

from typing import Any

import yaml

from tools.crds.kinds import GROUP, KINDS, VERSION, Kind, column
from tools.crds.rules import attach
from tools.crds.schema import structural

Json = dict[str, Any]

FOLDERS = ("crds", "charts/libretto-crds/files/crds")
"""Where they lie; a chart cannot read files outside of itself."""

_HEAD = "# Generated from controller/model by `make generate`; do not edit.\n"


class _Plain(yaml.SafeDumper):
    """Writes equal lists twice: a reader of Git expects no anchors."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 - as yaml calls it
        return True


def crds() -> dict[str, str]:
    """Return the files."""
    made: dict[str, str] = {}
    for kind in KINDS.values():
        text = _HEAD + yaml.dump(definition(kind), Dumper=_Plain, sort_keys=False, width=120, allow_unicode=True)
        made |= {f"{folder}/{kind.crd}.yaml": text for folder in FOLDERS}
    return made


def definition(kind: Kind) -> Json:
    """Return the CustomResourceDefinition of a kind."""
    version: Json = {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "additionalPrinterColumns": [column(one) for one in kind.columns],
    }
    if kind.selectable:
        version["selectableFields"] = [{"jsonPath": path} for path in kind.selectable]
    version["schema"] = {"openAPIV3Schema": schema(kind)}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": kind.crd, "labels": {"app.kubernetes.io/part-of": "libretto"}},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {
                "kind": kind.name,
                "listKind": f"{kind.name}List",
                "plural": kind.plural,
                "singular": kind.name.lower(),
                "shortNames": [kind.short],
                "categories": ["libretto"],
            },
            "versions": [version],
        },
    }


def schema(kind: Kind) -> Json:
    """Return the schema of the whole object, rules included."""
    spec = structural(kind.spec)
    if kind.atomic_spec:
        spec["x-kubernetes-map-type"] = "atomic"
    whole: Json = {
        "description": kind.text,
        "type": "object",
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": f"Group and version of the kind: `{GROUP}/{VERSION}`."},
            "kind": {"type": "string", "description": f"`{kind.name}`."},
            # Nothing may be said of it; the server has its own text.
            "metadata": {"type": "object"},
            "spec": spec,
            "status": structural(kind.status),
        },
    }
    return attach(kind.name, whole)
