"""Which trace and span does a part of a run have? Computed rather than drawn, so that everybody who knows a ledger agrees."""

from collections.abc import Mapping
from typing import NamedTuple

from controller.model.attempt import AttemptKey
from controller.model.digest import digest_record


class TraceSpan(NamedTuple):
    """A span as every tracing system knows it."""

    trace: str
    """32 hexadecimal digits."""
    id: str
    """16 hexadecimal digits."""
    parent: str | None
    name: str
    """Of low cardinality: spans of one name are alike."""
    started_at: int
    """Milliseconds since the epoch, like `ended_at`."""
    ended_at: int
    failed: bool
    message: str
    """Why it failed."""
    attributes: Mapping[str, str | int]


def trace_id(root: str) -> str:
    """Return the trace of a run tree, 32 hexadecimal digits."""
    return digest_record(root)[7:39]


def run_span_id(run: str, generation: int = 0) -> str:
    """Return the span of a run, 16 hexadecimal digits; each generation has one."""
    return _span_id(["run", run, generation])


def undo_span_id(run: str, record: int) -> str:
    """Return the span of an undo of a run, which that record settled."""
    return _span_id(["undo", run, record])


def step_span_id(run: str, step: str, generation: int) -> str:
    """Return the span of a step in a generation of its run: from its first start until it is settled."""
    return _span_id(["step", run, step, generation])


def attempt_span_id(key: AttemptKey) -> str:
    """Return the span of an attempt."""
    return _span_id(list(key))


def trace_parent(root: str, key: AttemptKey) -> str:
    """Return the W3C trace context of an attempt: what its program makes hangs below the attempt's span."""
    return f"00-{trace_id(root)}-{attempt_span_id(key)}-01"


def _span_id(parts: list[object]) -> str:
    return digest_record(parts)[7:23]
