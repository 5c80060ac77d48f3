"""What an answer of the API server means: one row per kind of answer, most of them as a real one gave them."""

from typing import Any

import orjson
import pytest

from controller.adapters.cluster.replies import error_of
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
    Transient,
    Unauthorized,
    Waiting,
)


def status(message: str, reason: str = "", **details: Any) -> bytes:
    return orjson.dumps({"kind": "Status", "message": message, "reason": reason, "details": details})


ANSWERS: dict[str, tuple[int, bytes, type[LibrettoError], type[LibrettoError]]] = {
    "bad request": (400, status("the object provided is unrecognized", "BadRequest"), Stalled, Stalled),
    "unknown caller": (401, status("Unauthorized", "Unauthorized"), Unauthorized, Transient),
    "no right": (403, status('jobs is forbidden: User "x" cannot create', "Forbidden"), Forbidden, Stalled),
    "fenced by the Lease": (403, status("denied: leadership 3 is over: Lease is at 4", "Forbidden"), Fenced, Waiting),
    "not there": (404, status('jobs "a" not found', "NotFound"), NotFound, Stalled),
    "kind not served": (404, b"404 page not found\n", NotFound, Stalled),
    "name taken": (409, status('jobs "a" already exists', "AlreadyExists"), AlreadyExists, Transient),
    "written by another": (409, status("the object has been modified", "Conflict"), Conflict, Transient),
    "other uid": (409, status("the UID in the precondition does not match", "Conflict"), Conflict, Transient),
    "forgotten": (410, status("too old resource version: 1 (9)", "Expired"), Gone, Transient),
    "body too large": (413, status("Request entity too large: limit is 3145728"), TooLarge, Stalled),
    "schema": (
        422,
        status("invalid", "Invalid", causes=[{"field": "spec.a", "message": "no"}]),
        ObjectInvalid,
        Stalled,
    ),
    "epoch that falls": (
        422,
        status("status.epoch: Invalid value", "Invalid", causes=[{"field": "status.epoch", "message": "falls"}]),
        Fenced,
        Waiting,
    ),
    "ConfigMap over 1 MiB": (422, status("[]: Too long: may not be more than 1048576 bytes"), TooLarge, Stalled),
    "name too long": (422, status("Too long: may not be more than 253 bytes", "Invalid"), ObjectInvalid, Stalled),
    "throttled": (429, status("too many requests", "TooManyRequests", retryAfterSeconds=7), Throttled, Waiting),
    "failed": (500, status("etcdserver: leader changed", "InternalError"), ServerUnavailable, Transient),
    "too large for etcd": (500, status("etcdserver: request is too large"), TooLarge, Stalled),
    "too large for its transport": (
        500,
        status(
            "rpc error: code = ResourceExhausted desc = trying to send message larger than max (2130481 vs. 2097152)"
        ),
        TooLarge,
        Stalled,
    ),
    "away": (503, b"<html>upstream</html>", ServerUnavailable, Transient),
    "ahead of its cache": (
        504,
        status("Too large resource version: 9, current: 7", "Timeout"),
        ServerUnavailable,
        Transient,
    ),
    "unheard of": (599, b"", ServerUnavailable, Transient),
}


@pytest.mark.parametrize(("code", "body", "error", "family"), ANSWERS.values(), ids=list(ANSWERS))
def test_what_an_answer_means(code: int, body: bytes, error: type[LibrettoError], family: type[LibrettoError]) -> None:
    found = error_of(code, body, "create jobs a")
    assert type(found) is error
    assert isinstance(found, family)
    assert found.message


def test_causes_are_said_once_each_with_their_field() -> None:
    causes = [{"field": "spec.a", "message": "no"}, {"message": "never"}, {"field": "spec.a", "message": "no"}]
    assert error_of(422, status("x", "Invalid", causes=causes), "create").message == "spec.a: no; never"


def test_a_quota_is_told_from_a_missing_right() -> None:
    used_up = error_of(403, status("jobs is forbidden: exceeded quota: q, requested: count/jobs=1"), "create")
    refused = error_of(403, status("jobs is forbidden"), "create")
    assert isinstance(used_up, Forbidden)
    assert isinstance(refused, Forbidden)
    assert (used_up.quota, refused.quota) == (True, False)


@pytest.mark.parametrize(
    ("header", "body", "seconds"),
    [("5", b"", 5), (None, status("x", retryAfterSeconds=7), 7), (None, b"", 1), ("soon", b"", 1), ("0", b"", 1)],
)
def test_how_much_patience_is_asked_for(header: str | None, body: bytes, seconds: int) -> None:
    found = error_of(429, body, "list jobs", header)
    assert isinstance(found, Throttled)
    assert found.retry_after == seconds
