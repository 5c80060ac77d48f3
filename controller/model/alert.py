"""Alert: something that a person should hear of."""

from typing import NamedTuple


class Alert(NamedTuple):
    """One thing to tell; identical ones within a minute are dropped by the Notifier's border."""

    type: str
    """Closed list in `docs/spec/alerts.md`: step_failed, retry_exhausted, run_failed, gate_waiting, step_slow, late_output,
    undo_incomplete, low_disk_space."""
    level: str
    """`info`, `warning`, `error` or `critical`."""
    message: str
    run: str
    step: str | None
    time: int
