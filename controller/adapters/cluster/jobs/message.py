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
    """Return the message of a courier; None when it is not whole."""
    try:
        body = orjson.loads(text)
        if body["v"] > VERSION:
            return None
        problems = tuple(str(line) for line in body.get("problems", ()))
        artifacts = [artifact(one) for one in body.get("artifacts", ())]
        collected = Collected(_text(body, "output"), _text(body, "receipt"), artifacts, problems)
        output, receipt, listed = (_digest(body, name) for name in ("outputBlob", "receiptBlob", "listBlob"))
        return Message(collected, output, receipt, listed, body.get("rejected"))
    except (ValueError, KeyError, TypeError):
        return None


def artifact(one: Any) -> CollectedArtifact:
    """Return an artifact that the courier stored: `[name, digest, size]`. Raises ValueError."""
    name, digest, size = one
    if not isinstance(name, str) or DIGEST_PATTERN.fullmatch(digest) is None or not isinstance(size, int):
        raise ValueError(f"not an artifact: {one}")
    return CollectedArtifact(name, digest, size)


def _text(body: Mapping[str, Any], name: str) -> bytes | None:
    text = body.get(name)
    return None if text is None else str(text).encode()


def _digest(body: Mapping[str, Any], name: str) -> Digest | None:
    digest = body.get(name)
    if digest is not None and DIGEST_PATTERN.fullmatch(digest) is None:
        raise ValueError(f"{name} is no digest: {digest}")
    return digest
