"""Results that are kept for later runs of a namespace: a ConfigMap each, which says itself when it expires."""

import base64
from contextlib import suppress
from typing import Any

from controller.adapters.cluster import fiber
from controller.adapters.cluster.config_maps import NamespaceConfigMaps
from controller.adapters.cluster.names import EXPIRES, cache_name, managed_labels
from controller.errors import AlreadyExists, NotFound
from controller.model.digest import Digest
from controller.ports.blob_store import BlobStore
from controller.ports.result_cache import CacheEntry

Json = dict[str, Any]

CACHE = "cache"
"""Value of the kind label."""

LARGEST = 256 * 1024
"""Bytes of a result document that is kept; a larger one is made again."""


class ConfigMapResultCache:
    """Implements ResultCache. An entry holds the result document itself, so that it outlives the run that made it.

    A hit costs one request and a miss one; a result that is kept costs one. Steps without caching cost none.
    """

    def __init__(self, maps: NamespaceConfigMaps, namespace: str, blobs: BlobStore) -> None:
        """`blobs` are those of the tree that asks: a hit's document is put there."""
        self._maps = maps
        self._namespace = namespace
        self._blobs = blobs

    def get(self, key: Digest, now: int) -> CacheEntry | None:
        try:
            found = fiber.wait(self._maps.get(cache_name(key)))
        except NotFound:
            return None
        data = found.get("data") or {}
        try:
            stored_at, expires_at = int(data["storedAt"]), int(data["expiresAt"])
            entry = CacheEntry(key, data["output"], data["run"], data["step"], stored_at, expires_at)
            content = base64.b64decode((found.get("binaryData") or {}).get("document", ""))
        except (KeyError, ValueError):
            return None  # somebody else wrote it: no reason to stop a run
        if entry.expires_at <= now:
            return None
        # A document that is not what the entry says would be found out by its digest: then it is no hit.
        return entry if self._blobs.put(content) == entry.output_digest else None

    def put(self, entry: CacheEntry) -> None:
        content = self._blobs.get(entry.output_digest)
        if len(content) > LARGEST:
            return
        body: Json = {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {
                "name": cache_name(entry.key),
                "namespace": self._namespace,
                "labels": managed_labels(CACHE),
                "annotations": {EXPIRES: str(entry.expires_at)},
            },
            "data": {
                "output": entry.output_digest,
                "run": entry.run,
                "step": entry.step,
                "storedAt": str(entry.stored_at),
                "expiresAt": str(entry.expires_at),
            },
            "binaryData": {"document": base64.b64encode(content).decode()},
        }
        try:
            fiber.wait(self._maps.create(body))
        except AlreadyExists:
            with suppress(NotFound):  # it expired and was swept meanwhile
                fiber.wait(self._maps.replace(body))
