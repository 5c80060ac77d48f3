"""Notifier: tells people."""

from typing import Protocol

from controller.model.alert import Alert


class Notifier(Protocol):
    """Delivers alerts. Never raises and never blocks the run: a failed delivery is written to the log of the run."""

    def notify(self, alert: Alert) -> None:
        """Deliver, at most once a minute for an identical alert."""

    def close(self) -> None:
        """Wait (bounded) for deliveries under way."""
