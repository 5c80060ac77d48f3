"""Which canonical resource does a document stand for?"""

from typing import Any, NamedTuple

from controller.definition.findings import Findings, did_you_mean
from controller.definition.shape import KINDS
from controller.model.document import Document
from controller.model.resource import API_VERSION


class Normalised(NamedTuple):
    """A canonical resource and where its parts were written."""

    kind: str | None
    """Null when the document is nothing that we know."""
    resource: Any
    findings: Findings


def normalise(document: Document) -> Normalised:
    """Return the canonical resource of a document. A canonical one passes through unchanged."""
    data = document.data
    findings = Findings(document)
    if not isinstance(data, dict):
        findings.add((), "expected an object with apiVersion, kind, metadata and spec", "NoResource")
        return Normalised(None, None, findings)
    kind = data.get("kind")
    if kind not in KINDS:
        hint = did_you_mean(kind, KINDS) if isinstance(kind, str) else f"begin with: apiVersion: {API_VERSION}"
        findings.add(("kind",), f"unknown kind {kind!r}", "UnknownKind", hint)
        return Normalised(None, None, findings)
    return Normalised(kind, data, findings)
