"""Which answer does an error become? JSON with its reason word and what it says."""

from collections.abc import Mapping

from aiohttp import web

from controller.errors import (
    DiskFull,
    Forbidden,
    LibrettoError,
    NotFound,
    Refused,
    Throttled,
    TooLarge,
    Transient,
    Unauthorized,
    VerificationFailed,
    Waiting,
)

STATUSES: tuple[tuple[type[LibrettoError], int], ...] = (
    (Unauthorized, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Refused, 409),
    (TooLarge, 413),
    (VerificationFailed, 422),
    (Throttled, 429),
    (DiskFull, 507),
    (Transient, 503),
    (Waiting, 503),
)
"""The first that fits. What is not among them is our own mistake: 500."""


def answer_of(error: LibrettoError | web.HTTPException) -> web.Response:
    if isinstance(error, web.HTTPException):
        kept = {name: error.headers[name] for name in ("Allow",) if name in error.headers}
        return _said(error.status, type(error).__name__.removeprefix("HTTP"), error.text or error.reason, kept)
    status = next((status for kind, status in STATUSES if isinstance(error, kind)), 500)
    headers = {"Retry-After": str(error.retry_after)} if isinstance(error, Waiting) else {}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    hint = f" ({error.hint})" if error.hint else ""
    return _said(status, error.reason, error.message + hint, headers)


def _said(status: int, reason: str, message: str, headers: Mapping[str, str]) -> web.Response:
    return web.json_response({"reason": reason, "message": message}, status=status, headers=headers)
