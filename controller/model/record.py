"""Record: one link of a ledger, and its canonical bytes."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from controller.model.digest import Digest, canonical_record

SCHEMA_VERSION = 1
"""Version of the ledger's records, written into record 0. Newer ones are refused, older ones folded."""

GENESIS: Digest = "blake3:" + "0" * 64
"""`prev` of the first record."""


class Actor(NamedTuple):
    """Who caused a record."""

    type: str
    """`controller`, `person` or `timer`."""
    id: str
    """User name for a person; `libretto` for the controller and its timers."""


CONTROLLER = Actor("controller", "libretto")
TIMER = Actor("timer", "libretto")


class Record(NamedTuple):
    """One transition or fact. `None` members are left out of the bytes."""

    seq: int
    prev: Digest
    kind: str
    actor: Actor
    time: int
    """Wall clock in milliseconds since the epoch; written as RFC 3339. Outside of the semantic digest."""
    step: str | None = None
    """Step id, with its instance in brackets for `foreach`, e.g. `load[3]`; absent for the run as a whole."""
    attempt: int | None = None
    source: str | None = None
    """State before; written as `from`."""
    target: str | None = None
    """State after; written as `to`."""
    input_digest: Digest | None = None
    output_digest: Digest | None = None
    summary: str | None = None
    violations: Sequence[str] | None = None
    warnings: Sequence[str] | None = None
    duration_ms: int | None = None
    data: Mapping[str, Any] | None = None
    """Members by kind; see `docs/spec/ledger.md`."""


_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z", re.ASCII)
"""`fromisoformat` takes weeks and offsets, too; `strptime` took a quarter of the time in which a ledger is folded."""


@lru_cache(maxsize=8)
def _second_text(second: int) -> str:
    return datetime.fromtimestamp(second, UTC).strftime("%Y-%m-%dT%H:%M:%S")


def time_text(milliseconds: int) -> str:
    """Return RFC 3339 with milliseconds, e.g. `2026-11-20T12:04:31.007Z`."""
    second, rest = divmod(milliseconds, 1000)
    return f"{_second_text(second)}.{rest:03d}Z"


def parse_time(text: str) -> int:
    """Return the milliseconds since the epoch that `time_text` wrote. Raises ValueError."""
    if _MOMENT.fullmatch(text) is None:
        raise ValueError(f"{text} is not a time such as 2026-11-20T12:04:31.007Z")
    moment = datetime.fromisoformat(text)
    return int(moment.timestamp()) * 1000 + moment.microsecond // 1000


def encode(record: Record) -> bytes:
    """Return the canonical bytes: what the ledger stores and what the next record's `prev` covers."""
    body: dict[str, Any] = {
        "seq": record.seq,
        "prev": record.prev,
        "kind": record.kind,
        "actor": {"type": record.actor.type, "id": record.actor.id},
        "time": time_text(record.time),
    }
    for name, value in zip(_OPTIONAL, record[5:], strict=True):
        if value is not None:
            body[name] = value
    return canonical_record(body)


_OPTIONAL = (
    "step",
    "attempt",
    "from",
    "to",
    "inputDigest",
    "outputDigest",
    "summary",
    "violations",
    "warnings",
    "durationMs",
    "data",
)


def decode(content: bytes) -> Record:
    """Return the record of canonical bytes. Raises ValueError when they are not one."""
    try:
        body = orjson.loads(content)
        actor = Actor(body["actor"]["type"], body["actor"]["id"])
        return Record(
            body["seq"],
            body["prev"],
            body["kind"],
            actor,
            parse_time(body["time"]),
            *(body.get(name) for name in _OPTIONAL),
        )
    except (KeyError, TypeError, orjson.JSONDecodeError) as error:
        raise ValueError(f"not a ledger record: {error}") from error
