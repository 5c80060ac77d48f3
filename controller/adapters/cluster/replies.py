"""What does a refusal of the API server mean? Each becomes one of our errors, by what must follow."""

from collections.abc import Mapping
from typing import Any

import orjson

from controller.errors import (
    AlreadyExists,
    Conflict,
    Fenced,
    Forbidden,
    Gone,
    LibrettoError,
    NotFound,
    ObjectInvalid,
    ServerUnavailable,
    Stalled,
    Throttled,
    TooLarge,
    Unauthorized,
)

_OVER = "is over: Lease"
"""What the fence at the Lease answers (charts/libretto-crds)."""

_EPOCH = "status.epoch: "
"""What the rule of the kind answers to an epoch that falls."""

_TOO_LARGE = ("request is too large", "larger than max", "ResourceExhausted")
"""What etcd says through the API server, as 500."""

_OBJECT_TOO_LONG = ("may not be more than 1048576 bytes", "may not be more than 262144 bytes")
"""What the API server says, as 422, to more than 1 MiB in a ConfigMap or Secret, and to more than 256 KiB of annotations."""


def error_of(code: int, body: bytes, what: str, retry_after: str | None = None) -> LibrettoError:
    """Return the error that a reply with `code` means; `what` says what was asked."""
    status = _status(body)
    message = f"{what}: {status.get('message') or body[:300].decode(errors='replace') or code}"
    if any(word in message for word in (_TOO_LARGE if code >= 500 else _OBJECT_TOO_LONG if code == 422 else ())):
        return TooLarge(message)
    if (code == 403 and _OVER in message) or (code == 422 and _EPOCH in message):
        return Fenced(message)
    match code:
        case 403:
            return Forbidden(message, quota="exceeded quota" in message)
        case 409 if status.get("reason") == "AlreadyExists":
            return AlreadyExists(message)
        case 422:
            return ObjectInvalid(_causes(status) or message)
        case 429:
            return Throttled(message, retry_after=_seconds(retry_after, status))
        case _:
            return _BY_CODE.get(code, ServerUnavailable if code >= 500 else Stalled)(message)


_BY_CODE: Mapping[int, type[LibrettoError]] = {
    401: Unauthorized,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: TooLarge,
}


def _status(body: bytes) -> dict[str, Any]:
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}


def _causes(status: dict[str, Any]) -> str:
    """Return what the server found wrong, one cause after the other, each with its field."""
    causes = (status.get("details") or {}).get("causes") or ()
    lines = [f"{cause['field']}: {cause['message']}" if cause.get("field") else cause["message"] for cause in causes]
    return "; ".join(dict.fromkeys(lines))


def _seconds(header: str | None, status: dict[str, Any]) -> int:
    given = header or (status.get("details") or {}).get("retryAfterSeconds") or 1
    try:
        return max(1, int(given))
    except ValueError:
        return 1
