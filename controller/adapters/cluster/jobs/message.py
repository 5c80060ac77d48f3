"""What did the courier say when it ended? A few hundred bytes that name, or hold, everything an attempt left behind."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from controller.adapters.cluster.jobs import pod_status
from controller.model.attempt import Collected, CollectedArtifact
from controller.model.digest import DIGEST_PATTERN, Digest

VERSION = 1


class Message(NamedTuple):
    """The message, checked."""

    collected: Collected
    """With what the message holds itself."""
    output_blob: Digest | None = None
    receipt_blob: Digest | None = None
    list_blob: Digest | None = None
    """Where the list of artifacts is, when it is long."""
    rejected: str | None = None
    """Why nothing could be staged."""


NO_MESSAGE = Message(Collected(None, None, ()))
"""Nothing was handed over."""


def message_of(pod: Mapping[str, Any]) -> Message | None:
    """Return what the courier of a pod said at its end; None when that is not known, or not whole."""
    courier = pod_status.terminated(pod_status.ours(pod, "courier"))
    return None if courier is None else parse(courier.get("message", ""))


def parse(text: str) -> Message | None:
    """Return the message of a courier; None when it is not whole, or not as it was agreed."""
    try:
        body = orjson.loads(text)
        if type(body) is not dict or body.get("v") is True or body.get("v") != VERSION:
            return None
        problems = tuple(_string(line, "a problem") for line in _list(body, "problems"))
        artifacts = [_artifact(one) for one in _list(body, "artifacts")]
        collected = Collected(_text(body, "output"), _text(body, "receipt"), artifacts, problems)
        output, receipt, listed = (_digest(body, name) for name in ("outputBlob", "receiptBlob", "listBlob"))
        rejected = None if body.get("rejected") is None else _string(body["rejected"], "rejected")
        return Message(collected, output, receipt, listed, rejected)
    except ValueError:
        return None


def stored_list(content: bytes) -> list[CollectedArtifact]:
    """Return the artifacts that a blob lists because they were too many for a message. Raises ValueError."""
    return [_artifact(one) for one in _list({"artifacts": orjson.loads(content)}, "artifacts")]


def _artifact(one: Any) -> CollectedArtifact:
    """Return an artifact that the courier stored: `[name, digest, size]`. Raises ValueError."""
    if type(one) is not list or len(one) != 3:
        raise ValueError(f"not an artifact: {one}")
    name, digest, size = one
    if type(size) is not int or size < 0:
        raise ValueError(f"not the size of an artifact: {size}")
    return CollectedArtifact(_string(name, "a name"), _checked(digest, "digest of an artifact"), size)


def _list(body: Mapping[str, Any], name: str) -> list[Any]:
    found = body.get(name, [])
    if type(found) is not list:
        raise ValueError(f"{name} is no list")
    return found


def _text(body: Mapping[str, Any], name: str) -> bytes | None:
    text = body.get(name)
    return None if text is None else _string(text, name).encode()


def _digest(body: Mapping[str, Any], name: str) -> Digest | None:
    digest = body.get(name)
    return None if digest is None else _checked(digest, name)


def _checked(digest: Any, name: str) -> Digest:
    if DIGEST_PATTERN.fullmatch(_string(digest, name)) is None:
        raise ValueError(f"{name} is no digest: {digest}")
    return str(digest)


def _string(value: Any, name: str) -> str:
    if type(value) is not str:
        raise ValueError(f"{name} is no text: {value}")
    return value
