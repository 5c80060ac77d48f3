"""What the tests of the resources say to the API server: raw requests, as anybody, in every way of writing."""

import http.client
import json
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from tests.cluster.control_plane import ControlPlane

Json = dict[str, Any]

GROUP = "/apis/libretto.dev/v1alpha1"
DIGEST = "blake3:" + "0" * 64
OTHER = "blake3:" + "1" * 64
OPERATOR = "system:serviceaccount:libretto-system:libretto"
"""The account of a default installation."""

MERGE, JSON_PATCH, APPLY = (
    "application/merge-patch+json",
    "application/json-patch+json",
    "application/apply-patch+yaml",
)
WAYS = ("merge patch", "JSON patch", "PUT", "server-side apply")


class Answer(NamedTuple):
    """What the server said."""

    status: int
    body: Json

    @property
    def message(self) -> str:
        return str(self.body.get("message", ""))

    @property
    def ok(self) -> bool:
        return self.status < 300


class Server:
    """Requests as the cluster's administrator, or as whom one names."""

    def __init__(self, control_plane: ControlPlane) -> None:
        self._connection = control_plane.connect()

    def close(self) -> None:
        self._connection.close()

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content: str = "application/json",
        user: str | None = None,
        groups: Sequence[str] = (),
    ) -> Answer:
        data = b"" if body is None else json.dumps(body).encode()
        headers = [("Content-Type", content), ("Content-Length", str(len(data)))]
        if user is not None:
            headers += [("Impersonate-User", user), *(("Impersonate-Group", group) for group in groups)]
        for closed in (False, True):
            try:
                self._connection.putrequest(method, path)
                for name, value in headers:
                    self._connection.putheader(name, value)
                self._connection.endheaders(data)
                response = self._connection.getresponse()
                return Answer(response.status, json.loads(response.read() or b"{}"))
            except (http.client.HTTPException, OSError):
                # The server closes what was idle; half a request left on it would fail every later one.
                self._connection.close()
                if closed:
                    raise
        raise AssertionError("unreachable")

    def create(self, namespace: str, kind: str, spec: Json, user: str | None = None, **more: Any) -> Answer:
        """Create an object of ours; `more`: groups, name, metadata, dry_run."""
        plural = kind.lower() + "s"
        metadata = more.get("metadata") or {"name": more["name"]} if "name" in more else {"generateName": "x-"}
        body = {"apiVersion": "libretto.dev/v1alpha1", "kind": kind, "metadata": metadata, "spec": spec}
        query = "?dryRun=All" if more.get("dry_run") else ""
        path = f"{GROUP}/namespaces/{namespace}/{plural}{query}"
        return self.request("POST", path, body, user=user, groups=more.get("groups", ()))


class Object:
    """One object of ours, written in each of the four ways."""

    def __init__(self, server: Server, body: Json) -> None:
        metadata = body["metadata"]
        self.kind, self.name = body["kind"], metadata["name"]
        self.uid = metadata["uid"]
        self._server = server
        self._path = f"{GROUP}/namespaces/{metadata['namespace']}/{self.kind.lower()}s/{self.name}"

    def read(self) -> Json:
        return self._server.request("GET", self._path).body

    def write(self, way: str, part: str, members: Mapping[str, Any], user: str | None = None) -> Answer:
        """Set members of `spec` or `status`; None takes one away. One way is as good as another."""
        path = self._path + ("/status" if part == "status" else "")
        if way == "merge patch":
            return self._server.request("PATCH", path, {part: dict(members)}, MERGE, user)
        if way == "JSON patch":
            there = part in self.read()
            changes: list[Json] = [] if there else [{"op": "add", "path": f"/{part}", "value": {}}]
            changes += [
                {"op": "remove", "path": f"/{part}/{name}"}
                if value is None
                else {"op": "add", "path": f"/{part}/{name}", "value": value}
                for name, value in members.items()
            ]
            return self._server.request("PATCH", path, changes, JSON_PATCH, user)
        if way == "PUT":
            body = self.read()
            kept = {**body.get(part, {}), **members}
            body[part] = {name: value for name, value in kept.items() if value is not None}
            return self._server.request("PUT", path, body, user=user)
        return self._apply(path, part, members, user)

    def status(self, **members: Any) -> Answer:
        return self.write("merge patch", "status", members)

    def _apply(self, path: str, part: str, members: Mapping[str, Any], user: str | None) -> Answer:
        """Own all of the part as it is, then apply the other one: what is left out goes."""
        now = self.read().get(part, {})
        after = {name: value for name, value in {**now, **members}.items() if value is not None}
        answer = Answer(0, {})
        for content in (now, after):
            body = {
                "apiVersion": "libretto.dev/v1alpha1",
                "kind": self.kind,
                "metadata": {"name": self.name},
                part: content,
            }
            query = "?fieldManager=test&force=true"
            answer = self._server.request("PATCH", path + query, body, APPLY, user)
        return answer


def run_spec(**more: Any) -> Json:
    return {"orchestrationRef": {"name": "quarterly"}, **more}


def ledger(first: int, count: int, word: str = "record") -> list[str]:
    """Return records as they stand in the tail."""
    return [f"{word} {number}" for number in range(first, first + count)]


def approval_spec(**more: Any) -> Json:
    spec = {
        "runRef": {"name": "q3", "uid": "u"},
        "gate": "summary",
        "digest": DIGEST,
        "request": 3,
        "decision": "approve",
    }
    return {**spec, **more}


def intervention_spec(**more: Any) -> Json:
    return {"runRef": {"name": "q3", "uid": "u"}, "verb": "retry", **more}


def grant(server: Server, namespace: str, user: str, role: str | Sequence[Json]) -> None:
    """Bind a user to a ClusterRole by name, or to rules of their own."""
    path = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    name = f"{user}-{role if isinstance(role, str) else 'own'}".replace(":", "-")
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role}
    if not isinstance(role, str):
        answer = server.request("POST", f"{path}/roles", {"metadata": {"name": name}, "rules": list(role)})
        assert answer.ok, answer.message
        reference |= {"kind": "Role", "name": name}
    subject = {"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}
    body = {"metadata": {"name": name}, "roleRef": reference, "subjects": [subject]}
    answer = server.request("POST", f"{path}/rolebindings", body)
    assert answer.ok, answer.message


def may(server: Server, namespace: str, user: str, verb: str, resource: str, group: str = "libretto.dev") -> bool:
    """Return what the authorizer says."""
    resource, _, subresource = resource.partition("/")
    attributes = {"group": group, "namespace": namespace, "verb": verb, "resource": resource}
    if subresource:
        attributes["subresource"] = subresource
    body = {"spec": {"user": user, "resourceAttributes": attributes}}
    answer = server.request("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", body)
    return bool(answer.body["status"]["allowed"])


def rule(resources: str, verbs: Sequence[str], names: Sequence[str] = (), group: str = "libretto.dev") -> Json:
    made: Json = {"apiGroups": [group], "resources": [resources], "verbs": list(verbs)}
    return made | ({"resourceNames": list(names)} if names else {})


def until(holds: Callable[[], bool], what: str, seconds: float = 30.0) -> None:
    """Ask again until it is so: roles and policies reach the server's own caches a moment after they are stored."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"never: {what}"


def stamped(server: Server) -> None:
    """Wait for the first object of ours: the server looks for new schemas every 5 s, and answers 503 to what it would
    have to fill in before it has seen them.
    """
    until(lambda: server.create("default", "Run", run_spec(), dry_run=True).ok, "runs can be made")
