"""What does a pod know of itself? `fieldRef` and `resourceFieldRef`, for variables and for files."""

import json
import re
from collections.abc import Mapping
from fractions import Fraction
from math import ceil
from typing import Any

_KEYED = re.compile(r"^metadata\.(labels|annotations)\['(.+)'\]$")
_QUANTITY = re.compile(r"^([0-9.]+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?$")
_SCALES = {"": Fraction(1), "m": Fraction(1, 1000)}
_SCALES |= {letter: Fraction(1000) ** power for power, letter in enumerate("kMGTPE", 1)}
_SCALES |= {f"{letter}i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", 1)}
CAPACITY = {"cpu": "1000", "memory": "1024Gi", "ephemeral-storage": "1024Gi"}
"""What a container without a limit is told, and what the node says it has: requests are not kept, so there is plenty."""


class UnknownField(Exception):
    """The pod asks for a field that the node cannot tell."""


def field(pod: Mapping[str, Any], path: str) -> str:
    """A field of a pod, as text."""
    metadata, spec, status = pod["metadata"], pod["spec"], pod["status"]
    if keyed := _KEYED.match(path):
        return str(metadata.get(keyed[1], {}).get(keyed[2], ""))
    if path in {"metadata.labels", "metadata.annotations"}:
        entries: Mapping[str, str] = metadata.get(path.removeprefix("metadata."), {})
        return "\n".join(f"{key}={json.dumps(entries[key], ensure_ascii=False)}" for key in sorted(entries))
    match path:
        case "metadata.name" | "metadata.namespace" | "metadata.uid":
            return str(metadata[path.removeprefix("metadata.")])
        case "spec.nodeName":
            return str(spec["nodeName"])
        case "spec.serviceAccountName":
            return str(spec.get("serviceAccountName", "default"))
        case "status.hostIP" | "status.podIP":
            return str(status[path.removeprefix("status.")])
        case "status.hostIPs" | "status.podIPs":
            return ",".join(each["ip"] for each in status[path.removeprefix("status.")])
        case _:
            raise UnknownField(f"field path {path} is not supported")


def resource(container: Mapping[str, Any], reference: Mapping[str, Any]) -> str:
    """A request or limit in units of the divisor, rounded up."""
    side, _, name = reference["resource"].partition(".")
    declared = container.get("resources", {})
    value = declared.get(side, {}).get(name)
    if value is None:
        # A request defaults to the limit; a limit to what the node has.
        value = declared.get("limits", {}).get(name, CAPACITY.get(name) if side == "limits" else "0")
    divisor = _quantity(str(reference.get("divisor", "1")))
    return str(ceil(_quantity(str(value)) / (divisor or 1)))


def _quantity(text: str) -> Fraction:
    parts = _QUANTITY.match(text)
    if parts is None:
        raise UnknownField(f"{text} is not a quantity that this node understands")
    return Fraction(parts[1]) * _SCALES[parts[2] or ""]
