"""What do ConfigMaps and Secrets hold? Their data as bytes, read when a pod needs it."""

import asyncio
import base64
from collections.abc import Mapping

from tests.cluster.process_node.api import Api, Json, Refused

_AUTHORIZER_LAGS_SECONDS = 0.1
_AUTHORIZER_TRIES = 20


class Missing(Exception):
    """An object or a key that a pod needs is not there; the kubelet waits for it."""


class Objects:
    """The objects that pods of this node refer to."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._immutable: dict[str, Mapping[str, bytes]] = {}

    async def data(self, kind: str, namespace: str, name: str, *, optional: bool = False) -> Mapping[str, bytes]:
        """Data of a `configmap` or `secret`; empty if it is absent and may be. Raises `Missing`."""
        path = f"/api/v1/namespaces/{namespace}/{kind}s/{name}"
        if path in self._immutable:
            return self._immutable[path]
        found = await self._get(path)
        if found is None:
            if optional:
                return {}
            raise Missing(f'{kind} "{name}" not found')
        binary = found.get("data" if kind == "secret" else "binaryData") or {}
        data = {key: base64.b64decode(text) for key, text in binary.items()}
        if kind == "configmap":
            data |= {key: text.encode() for key, text in (found.get("data") or {}).items()}
        if found.get("immutable"):
            self._immutable[path] = data
        return data

    async def claimed_path(self, namespace: str, claim: str) -> str:
        """The folder of the machine behind a PersistentVolumeClaim."""
        found = await self._get(f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/{claim}")
        volume = found and found["spec"].get("volumeName")
        bound = await self._get(f"/api/v1/persistentvolumes/{volume}") if volume else None
        source = bound and (bound["spec"].get("hostPath") or bound["spec"].get("local"))
        if not source:
            raise Missing(f'persistentvolumeclaim "{claim}" is not bound to a hostPath or local volume')
        return str(source["path"])

    async def token(self, pod: Json, audience: str | None, seconds: int) -> str:
        """A token of the pod's account, bound to the pod."""
        metadata = pod["metadata"]
        bound = {"kind": "Pod", "apiVersion": "v1", "name": metadata["name"], "uid": metadata["uid"]}
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {
                "audiences": [audience] if audience else [],
                "expirationSeconds": seconds,
                "boundObjectRef": bound,
            },
        }
        account = pod["spec"].get("serviceAccountName", "default")
        path = f"/api/v1/namespaces/{metadata['namespace']}/serviceaccounts/{account}/token"
        try:
            answer = await self._api.create(path, request)
        except Refused as refused:
            raise Missing(f'failed to fetch token of serviceaccount "{account}": {refused}') from refused
        return str(answer["status"]["token"])

    async def _get(self, path: str) -> Json | None:
        for _ in range(_AUTHORIZER_TRIES):
            try:
                return await self._api.get(path)
            except Refused as refused:
                if refused.code == 404:
                    return None
                if refused.code != 403:
                    raise
            # The node authorizer learns from a watch that the pod is ours, a little after we do.
            await asyncio.sleep(_AUTHORIZER_LAGS_SECONDS)
        raise Missing(f"{path} may not be read by this node")
