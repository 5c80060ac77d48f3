"""Retention: how much of what has ended is kept."""

from typing import NamedTuple


class Retention(NamedTuple):
    """Limits on settled run trees; None: no limit. A tree that breaks one of them may go, the oldest first."""

    age_ms: int | None = None
    """Milliseconds since the tree's last run ended."""
    runs: int | None = None
    """Settled trees that stay."""
    size: int | None = None
    """Bytes that all trees may take together, running ones included."""
