"""A notifier that remembers."""

from controller.model.alert import Alert

WINDOW_MS = 60_000


class RecordingNotifier:
    def __init__(self) -> None:
        self.told: list[Alert] = []
        """Alerts delivered, in order."""
        self.closed = False
        self._last: dict[tuple[str, str, str, str, str | None], int] = {}

    def notify(self, alert: Alert) -> None:
        identity = alert[:5]
        last = self._last.get(identity)
        if last is None or abs(alert.time - last) >= WINDOW_MS:
            self._last[identity] = alert.time
            self.told.append(alert)

    def close(self) -> None:
        self.closed = True
