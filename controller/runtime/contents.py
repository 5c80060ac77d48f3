"""Contents: values behind digests, kept in memory while they are warm."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from controller.engine.state import State
from controller.engine.units import unit_of
from controller.model.digest import LARGEST_INTEGER, Digest, canonical, digest_bytes
from controller.ports.blob_store import BlobStore

WARM = 4096
"""Values kept in memory: more than any frontier needs, little enough to forget."""


class Contents:
    """Reads and writes values by digest. What it returns is shared: never change it."""

    def __init__(self, blobs: BlobStore) -> None:
        self.blobs = blobs
        self._warm: dict[Digest, Any] = {}

    def put(self, value: Any) -> Digest:
        """Store a value as its canonical bytes. Raises ValueError when it has none (NaN, integers beyond 2^53)."""
        content = canonical(value)
        digest = digest_bytes(content)
        if digest not in self._warm:
            self.blobs.put(content)
            # Read back, so that a fresh value looks just like one that comes from the store (1.0 is 1 there).
            self._keep(digest, read_canonical(content))
        return digest

    def get(self, digest: Digest) -> Any:
        """Return the value behind a digest."""
        if digest not in self._warm:
            self._keep(digest, read_canonical(self.blobs.get(digest)))
        return self._warm[digest]

    def _keep(self, digest: Digest, value: Any) -> None:
        if len(self._warm) >= WARM:
            del self._warm[next(iter(self._warm))]
        self._warm[digest] = value

    def put_result(self, output: Any, artifacts: Mapping[str, Digest]) -> Digest:
        """Store the result document of a step and return its digest: the step's output digest."""
        return self.put({"output": output, "artifacts": dict(artifacts)})

    def output(self, digest: Digest | None) -> Any:
        """Return the output value inside a result document; None for none."""
        return None if digest is None else self.get(digest)["output"]

    def artifacts(self, digest: Digest | None) -> Mapping[str, Digest]:
        """Return name -> digest of the artifacts inside a result document."""
        return {} if digest is None else self.get(digest)["artifacts"]


def read_canonical(content: bytes) -> Any:
    """Return the value of canonical bytes; what it has no exact integer for was a double, and is one again."""
    if _MAYBE_BEYOND.search(content) is None:
        return orjson.loads(content)
    return json.loads(content, parse_int=_integer_or_double)


_MAYBE_BEYOND = re.compile(rb"\d{16}")


def _integer_or_double(digits: str) -> int | float:
    value = int(digits)
    return value if abs(value) <= LARGEST_INTEGER else float(value)


class StepOutputs(Mapping[str, Any]):
    """Outputs of the steps of a run by id, read only when they are named; `given` ones overrule the run's."""

    def __init__(self, state: State, contents: Contents, given: Mapping[str, Any] | None = None) -> None:
        self._state = state
        self._contents = contents
        self._given = given or {}

    def __getitem__(self, step: str) -> Any:
        if step in self._given:
            return self._given[step]
        index = self._state.graph.by_id[step]
        return self._contents.output(self._state.unit(unit_of(index)).output)

    def __iter__(self) -> Iterator[str]:
        return iter(self._state.graph.by_id)

    def __len__(self) -> int:
        return len(self._state.graph.by_id)


def merge(value: Any, patch: Any) -> Any:
    """Return `value` with a modification merged in: objects merge key by key, everything else is replaced."""
    if isinstance(value, dict) and isinstance(patch, dict):
        return {**value, **{key: merge(value.get(key), part) for key, part in patch.items()}}
    return patch
