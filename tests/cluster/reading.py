"""Looking at objects again and again: over one connection, for each kubectl takes a tenth of a second of processor time."""

import http.client
import json
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from typing import Any
from urllib.parse import urlencode

from tests.cluster.waiting import until

Json = dict[str, Any]

_DISCOVERY = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


class ReadFailed(Exception):
    """The API server said no, or nothing; the text is what it said."""


class Reader:
    """Reads as an administrator. Each thread has its own connection."""

    def __init__(self, connect: Callable[[], http.client.HTTPConnection]) -> None:
        self._connect = connect
        self._local = threading.local()
        self._open: list[http.client.HTTPConnection] = []
        self._paths: dict[str, tuple[str, str, str, str]] = {}
        """Word for a kind, as kubectl knows it -> path before the namespace, plural, kind, scope."""

    def get(self, path: str) -> Any:
        """Return what is at a path of the API. Raises ReadFailed."""
        status, content = self._answered(path)
        if status >= HTTPStatus.BAD_REQUEST:
            raise ReadFailed(f"{path}: {status} {content[:500].decode(errors='replace')}")
        return json.loads(content)

    def one(self, kind: str, namespace: str, name: str) -> Json:
        """Return an object. Raises ReadFailed."""
        found: Json = self.get(f"{self.path(kind, namespace)}/{name}")
        return found

    def all(self, kinds: str, namespace: str, labels: str = "") -> list[Json]:
        """Return the objects of one or more kinds, in the order of the words for them. Raises ReadFailed."""
        found: list[Json] = []
        for kind in kinds.split(","):
            path, named = self._path(kind, namespace)
            listed = self.get(path + (f"?{urlencode({'labelSelector': labels})}" if labels else ""))
            # Items of a list do not say what they are.
            own = {"apiVersion": listed["apiVersion"], "kind": named}
            found += [own | item for item in listed["items"]]
        return found

    def close(self) -> None:
        """Hang up."""
        while self._open:
            self._open.pop().close()

    def path(self, kind: str, namespace: str) -> str:
        """Return where the objects of a kind are; the namespace is left out where the kind has none. Raises ReadFailed."""
        return self._path(kind, namespace)[0]

    def _path(self, kind: str, namespace: str) -> tuple[str, str]:
        if kind not in self._paths:
            self._paths = dict(self._discovered())
        if kind not in self._paths:
            raise ReadFailed(f'the API server knows no kind "{kind}"')
        prefix, plural, named, scope = self._paths[kind]
        return f"{prefix}/{f'namespaces/{namespace}/' if scope == 'Namespaced' else ''}{plural}", named

    def _discovered(self) -> Iterator[tuple[str, tuple[str, str, str, str]]]:
        for root in ("/apis", "/api"):
            for group in json.loads(self._ask(root, _DISCOVERY)[1])["items"]:
                name = group["metadata"].get("name", "")
                version = group["versions"][0]
                prefix = f"{root}/{name}/{version['version']}" if name else f"{root}/{version['version']}"
                for kind in version["resources"]:
                    place = prefix, kind["resource"], kind["responseKind"]["kind"], kind["scope"]
                    full = f"{kind['resource']}.{version['version']}.{name}"
                    for word in (kind["resource"], kind["singularResource"], *kind.get("shortNames", ()), full):
                        yield word, place

    def _answered(self, path: str) -> tuple[int, bytes]:
        """Ask as often as the API server says that it has no time."""
        told: list[tuple[int, bytes]] = []

        def has_time() -> bool:
            told.append(self._ask(path, "application/json"))
            return told[-1][0] != HTTPStatus.TOO_MANY_REQUESTS

        until(has_time, f"the API server has time for {path}", pause=0.5)
        return told[-1]

    def _ask(self, path: str, form: str) -> tuple[int, bytes]:
        """Ask once more over a new connection: the one at hand may be from before the API server was restarted."""
        fresh = getattr(self._local, "connection", None) is None
        try:
            return self._ask_once(path, form)
        except (http.client.HTTPException, OSError) as error:
            self._drop()
            if fresh:
                raise ReadFailed(f"{path}: {error}") from error
        try:
            return self._ask_once(path, form)
        except (http.client.HTTPException, OSError) as error:
            self._drop()
            raise ReadFailed(f"{path}: {error}") from error

    def _ask_once(self, path: str, form: str) -> tuple[int, bytes]:
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            self._open.append(connection)
        connection.request("GET", path, headers={"Accept": form})
        answer = connection.getresponse()
        return answer.status, answer.read()

    def _drop(self) -> None:
        connection = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            self._open.remove(connection)
            self._local.connection = None
