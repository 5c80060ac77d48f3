"""Namespaces and objects that tests need, made as an administrator without kubectl, which takes a tenth of a second each."""

import json
from collections.abc import Mapping
from contextlib import closing
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from tests.cluster.control_plane import ControlPlane

Json = dict[str, Any]

_NAMESPACES = "/api/v1/namespaces"


class WriteFailed(Exception):
    """The API server said no; the text is what it said."""


def make_namespace(control_plane: ControlPlane, name: str) -> None:
    """Raises WriteFailed."""
    _send(control_plane, "POST", _NAMESPACES, {"metadata": {"name": name}})


def leave_namespace(control_plane: ControlPlane, name: str) -> None:
    """Let a namespace go with all that is in it, if it is there; nobody waits for that. Raises WriteFailed."""
    _send(control_plane, "DELETE", f"{_NAMESPACES}/{name}", absent=True)


def apply(control_plane: ControlPlane, namespace: str, *objects: Mapping[str, Any], force: bool = False) -> None:
    """Apply objects as `kubectl apply --server-side` does; one that names its namespace belongs there. Raises WriteFailed."""
    query = {"fieldManager": "kubectl", "fieldValidation": "Strict", **({"force": "true"} if force else {})}
    for one in objects:
        metadata = one["metadata"]
        place = control_plane.reader.path(one["kind"].lower(), metadata.get("namespace", namespace))
        _send(control_plane, "PATCH", f"{place}/{metadata['name']}?{urlencode(query)}", one)


def _send(
    control_plane: ControlPlane, method: str, path: str, body: Mapping[str, Any] | None = None, *, absent: bool = False
) -> None:
    """Over a connection of its own: one from before a restart of the API server would not say whether it was heard."""
    form = "application/apply-patch+yaml" if method == "PATCH" else "application/json"
    with closing(control_plane.connect()) as connection:
        connection.request(method, path, None if body is None else json.dumps(body), {"Content-Type": form})
        answer = connection.getresponse()
        said = answer.read().decode(errors="replace")
    if answer.status >= HTTPStatus.BAD_REQUEST and not (absent and answer.status == HTTPStatus.NOT_FOUND):
        raise WriteFailed(f"{method} {path}: {answer.status} {said[:1000]}")
