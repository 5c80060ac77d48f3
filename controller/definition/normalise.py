"""Which canonical resource does a document stand for?"""

import re
from typing import Any, NamedTuple

from controller.definition.fields import KINDS
from controller.definition.findings import Findings, close_to, did_you_mean
from controller.definition.guide import RULES
from controller.definition.rewrite import Fields, Rewriting, Written
from controller.definition.wording import shown
from controller.model.document import Document, Path
from controller.model.orchestration import OrchestrationSpec
from controller.model.resource import API_VERSION

_TOP = frozenset({"orchestration", "metadata"})
_METADATA = {
    "name": "name",
    "displayName": "displayName",
    "display_name": "displayName",
    "version": "version",
    "description": "description",
}
"""What may stand in the `metadata` beside `orchestration:`."""

_UNNAMED = "unnamed"


class Normalised(NamedTuple):
    """A canonical resource and where its parts were written."""

    kind: str | None
    """Null when the document is nothing that we know."""
    resource: Any


def normalise(document: Document, findings: Findings) -> Normalised:
    """Return the canonical resource of a document.

    A resource passes through unchanged; a bare `orchestration:` document is rewritten. Raw values are kept where they
    are wrong, so that the checks can say what was written. What it changes is noted in the findings as origins.
    """
    data = document.data
    if not isinstance(data, dict):
        findings.add((), f"the document is {shown(data)}; expected an object", "NoResource", _begin())
    elif "kind" in data or "apiVersion" in data:
        return _resource(data, findings)
    elif "orchestration" in data:
        return _bare(data, findings)
    else:
        near = {key: close_to(key, ["orchestration", "apiVersion", "kind"]) for key in data}
        key = next((key for key in data if near[key]), None)
        if key is not None:
            findings.add((key,), f'unknown field "{key}" in the document', "UnknownField", _meant(near[key]), key=True)
        else:
            message = "neither a resource (apiVersion, kind) nor an `orchestration:` document"
            findings.add((), message, "NoOrchestration", _begin())
    return Normalised(None, None)


def _resource(data: dict[str, Any], findings: Findings) -> Normalised:
    kind = data.get("kind")
    if isinstance(kind, str) and kind in KINDS:
        return Normalised(kind, data)
    if "kind" not in data:
        near = next((key for key in data if key != "apiVersion" and close_to(key, ["kind"])), None)
        path: Path = () if near is None else (near,)
        hint = None if near is None else 'did you mean "kind"?'
        findings.add(path, 'the document needs the field "kind"', "MissingField", hint, key=True)
    else:
        names = " or ".join(f'"{name}"' for name in sorted(KINDS))
        hint = did_you_mean(kind, KINDS) if isinstance(kind, str) else None
        findings.add(("kind",), f"kind is {shown(kind)}; expected {names}", "UnknownKind", hint)
    return Normalised(None, None)


def _bare(data: dict[str, Any], findings: Findings) -> Normalised:
    origins = findings.origins
    origins["spec",] = ("orchestration",)
    rewriting = Rewriting(findings, RULES)
    for key in data:
        if key not in _TOP:
            hint = did_you_mean(key, _TOP) or 'everything stands under "orchestration"'
            findings.add_written((key,), f'unknown field "{key}" in the document', "UnknownField", hint, key=True)
    spec = data["orchestration"]
    if not isinstance(spec, dict):
        message = f"orchestration is {shown(spec)}; expected an object with name and steps"
        findings.add_written(("orchestration",), message, "NoOrchestration", key=True)
        return Normalised(None, None)
    made = rewriting.object(Written(spec, ("orchestration",)), OrchestrationSpec, ("spec",))
    _fill(made, _top_metadata(data.get("metadata"), rewriting), origins)
    name = made.get("name")
    if name is None:
        if not any(close_to(key, ["name"]) for key in spec if key not in {"name", "displayName", "display_name"}):
            findings.add(("spec",), 'orchestration needs the field "name"', "MissingField", key=True)
        name = _UNNAMED
    object_name = _object_name(name)
    if object_name == name:
        made.pop("name", None)
        origins["metadata", "name"] = origins.get(("spec", "name"), ("orchestration", "name"))
    resource = {"apiVersion": API_VERSION, "kind": "Orchestration", "metadata": {"name": object_name}, "spec": made}
    return Normalised("Orchestration", resource)


def _top_metadata(metadata: Any, rewriting: Rewriting) -> Fields:
    path: Path = ("metadata",)
    if metadata is None:
        return {}
    if not isinstance(metadata, dict):
        rewriting.report(path, f"metadata is {shown(metadata)}; expected an object", "WrongValue", key=False)
        return {}
    fields: Fields = {}
    for key, value in metadata.items():
        if key not in _METADATA:
            hint = did_you_mean(key, _METADATA)
            rewriting.report((*path, key), f'"{key}" in metadata has no effect', "Ignored", hint, warning=True)
        elif value is not None:
            fields.setdefault(_METADATA[key], Written(value, (*path, key)))
    return fields


def _fill(spec: dict[str, Any], metadata: Fields, origins: dict[Path, Path]) -> None:
    """The metadata beside `orchestration:` is read only where that lacks the field."""
    for name, found in metadata.items():
        if name not in spec:
            spec[name] = found.value
            origins["spec", name] = found.path


def _object_name(name: Any) -> str:
    """Return a name that Kubernetes takes for the object; the orchestration's own name stays in its spec."""
    if not isinstance(name, str):
        return _UNNAMED
    return re.sub(r"[^a-z0-9.-]", "-", name.lower()).strip("-.") or _UNNAMED


def _begin() -> str:
    return f"begin with: apiVersion: {API_VERSION}"


def _meant(name: str | None) -> str | None:
    return f'did you mean "{name}"?' if name else None
