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
_OF_CONTAINER = ("env", "volumeMounts", "imagePullPolicy")
_NAMED = {"env": "name", "volumes": "name", "volumeMounts": "mountPath", "imagePullSecrets": "name"}


class PodFields(NamedTuple):
    """What was asked for, by where it belongs."""

    spec: Json
    """Of the pod, with `runAsUser` and `fsGroup`."""
    container: Json
    """Of the user's container."""
    queue: str | None


def pod_fields(pod: Pod | None, defaults: Mapping[str, Any]) -> PodFields:
    """Return the agent's fields over the defaults: entry by entry where entries have names, else as a whole."""
    given = {} if pod is None else pod.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    merged = {**defaults, **given}
    for field, name in _NAMED.items():
        if field in defaults and field in given:
            entries = {one[name]: one for one in [*defaults[field], *given[field]]}
            merged[field] = list(entries.values())
    merged["nodeSelector"] = {**defaults.get("nodeSelector", {}), **given.get("nodeSelector", {})}
    spec = {name: merged[name] for name in _OF_POD if merged.get(name)}
    spec["runAsUser"] = merged.get("runAsUser", USER)
    spec["fsGroup"] = merged.get("fsGroup", USER)
    container = {name: merged[name] for name in _OF_CONTAINER if merged.get(name)}
    container["resources"] = _resources(given.get("resources", {}), defaults.get("resources", {}), DEFAULT_RESOURCES)
    return PodFields(spec, container, merged.get("queue"))


def _resources(*layers: Json) -> Json:
    """Return requests and limits, the first that says something about a resource deciding about both of its figures: a
    limit alone is the request too, and a default limit below what is asked for would make the pod impossible.
    """
    requests: Json = {}
    limits: Json = {}
    for layer in layers:
        said = (layer.get("requests") or {}), (layer.get("limits") or {})
        for resource in {**said[0], **said[1]}:
            if resource not in requests and resource not in limits:
                for figures, chosen in zip(said, (requests, limits), strict=True):
                    if resource in figures:
                        chosen[resource] = figures[resource]
    return {kind: figures for kind, figures in (("requests", requests), ("limits", limits)) if figures}
