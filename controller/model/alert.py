"""Alert: something that a person, or whoever keeps watch for one, should hear of."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Alert(NamedTuple):
    """One thing to tell; identical ones within a minute are dropped by the Notifier's border."""

    type: str
    """One word of the closed list in `docs/spec/alerts.md`."""
    level: str
    """`info`, `warning`, `error` or `critical`."""
    message: str
    run: str
    step: str | None
    time: int
    details: Mapping[str, Any] | None = None
    """What programs want to know of it, for the types that say so."""
