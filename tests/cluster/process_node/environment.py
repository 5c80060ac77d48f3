"""Which variables and which command line does a container get?"""

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from tests.cluster.process_node import fields
from tests.cluster.process_node.layers import Layer
from tests.cluster.process_node.objects import Missing, Objects

_REFERENCE = re.compile(r"\$(\$|\(([^()]*)\))")


async def variables(
    pod: Mapping[str, Any], container: Mapping[str, Any], objects: Objects, server: str
) -> dict[str, str]:
    """The variables that the pod declares, later ones made of earlier ones. Raises `Missing`."""
    address = urlsplit(server)
    host, port = str(address.hostname), str(address.port or 443)
    ours = {
        "KUBERNETES_SERVICE_HOST": host,
        "KUBERNETES_SERVICE_PORT": port,
        "KUBERNETES_SERVICE_PORT_HTTPS": port,
        "KUBERNETES_PORT": f"tcp://{host}:{port}",
    }
    namespace = pod["metadata"]["namespace"]
    found: dict[str, str] = {}
    for each in container.get("envFrom", []):
        kind, reference = (
            ("configmap", each["configMapRef"]) if "configMapRef" in each else ("secret", each["secretRef"])
        )
        data = await objects.data(kind, namespace, reference["name"], optional=reference.get("optional", False))
        found |= {each.get("prefix", "") + key: value.decode() for key, value in data.items()}
    for each in container.get("env", []):
        value = await _value(pod, container, each, objects, ours | found)
        if value is not None:
            found[each["name"]] = value
    return ours | found


async def _value(
    pod: Mapping[str, Any],
    container: Mapping[str, Any],
    variable: Mapping[str, Any],
    objects: Objects,
    earlier: Mapping[str, str],
) -> str | None:
    source = variable.get("valueFrom")
    if source is None:
        return expand(variable.get("value", ""), earlier)
    if "fieldRef" in source:
        return fields.field(pod, source["fieldRef"]["fieldPath"])
    if "resourceFieldRef" in source:
        return fields.resource(container, source["resourceFieldRef"])
    namespace = pod["metadata"]["namespace"]
    kind, name = ("configmap", "configMapKeyRef") if "configMapKeyRef" in source else ("secret", "secretKeyRef")
    reference = source[name]
    optional = reference.get("optional", False)
    data = await objects.data(kind, namespace, reference["name"], optional=optional)
    if reference["key"] in data:
        return data[reference["key"]].decode()
    if optional:
        return None
    shown = "ConfigMap" if kind == "configmap" else "Secret"
    raise Missing(f"couldn't find key {reference['key']} in {shown} {namespace}/{reference['name']}")


def expand(text: str, known: Mapping[str, str]) -> str:
    """`$(NAME)` by its value where it is known, `$$` by one `$`."""

    def replace(match: re.Match[str]) -> str:
        return "$" if match[1] == "$" else known.get(match[2], match[0])

    return _REFERENCE.sub(replace, text)


def command_line(container: Mapping[str, Any], layer: Layer, known: Mapping[str, str]) -> Sequence[str]:
    """`command` replaces the image's entrypoint and its arguments, `args` only the latter."""
    entrypoint = container.get("command")
    arguments = container.get("args")
    if entrypoint is None:
        entrypoint = layer.image.entrypoint
        arguments = layer.image.cmd if arguments is None else arguments
    return [expand(part, known) for part in [*entrypoint, *(arguments or [])]]


def complete(declared: Mapping[str, str], pod: Mapping[str, Any], layer: Layer, uid: int) -> dict[str, str]:
    """What the image and the runtime add."""
    runtime = {"HOSTNAME": hostname(pod), "HOME": "/root" if uid == 0 else "/"}
    return {**runtime, **layer.env, **declared}


def hostname(pod: Mapping[str, Any]) -> str:
    return str(pod["spec"].get("hostname") or pod["metadata"]["name"][:63].rstrip("-."))
