"""Which fields of the pod come from the agent, and which from the operator's defaults? A list of what may; no free form."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from controller.model.pod import Pod

Json = dict[str, Any]

USER = 65_532
"""Nobody's user id, the same for our containers and the user's, so that all can write the shared volume."""

DEFAULT_RESOURCES: Json = {
    "requests": {"cpu": "50m", "memory": "64Mi", "ephemeral-storage": "64Mi"},
    "limits": {"ephemeral-storage": "1Gi"},
}

_OF_POD = (
    "nodeSelector",
    "tolerations",
    "affinity",
    "priorityClassName",
    "imagePullSecrets",
    "serviceAccountName",
    "runtimeClassName",
    "volumes",
)
_OF_CONTAINER = ("env", "volumeMounts", "resources", "imagePullPolicy")


class PodFields(NamedTuple):
    """What was asked for, by where it belongs."""

    spec: Json
    """Of the pod, with `runAsUser` and `fsGroup`."""
    container: Json
    """Of the user's container."""
    queue: str | None


def pod_fields(pod: Pod | None, defaults: Mapping[str, Any]) -> PodFields:
    """Return the agent's fields over the defaults; lists and maps of the agent replace those of the defaults."""
    given = {} if pod is None else pod.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    merged = {**defaults, **given}
    spec = {name: merged[name] for name in _OF_POD if name in merged}
    spec["runAsUser"] = merged.get("runAsUser", USER)
    spec["fsGroup"] = merged.get("fsGroup", USER)
    container = {name: merged[name] for name in _OF_CONTAINER if name in merged}
    asked = container.get("resources") or {}
    container["resources"] = {
        kind: {**DEFAULT_RESOURCES[kind], **(asked.get(kind) or {})} for kind in ("requests", "limits")
    }
    return PodFields(spec, container, merged.get("queue"))
