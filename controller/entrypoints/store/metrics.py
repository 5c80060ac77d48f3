"""What does libretto-store tell Prometheus?"""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

SECONDS = (0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 60, 300)
"""From a small blob on a fast disk to gigabytes."""


class StoreMetrics:
    """Counts what was asked. No label names a blob or a namespace: their number has no bound."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "libretto_store_requests",
            "Requests that were answered, by route and status.",
            ("route", "status"),
            registry=self._registry,
        )
        self._bytes = Counter(
            "libretto_store_bytes", "Content that came in or went out.", ("route",), registry=self._registry
        )
        self._seconds = Histogram(
            "libretto_store_request_duration_seconds",
            "How long requests took.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )

    def observe(self, route: str, status: int, moved: int, seconds: float) -> None:
        """Hear of an answer."""
        # A status of 0 is an error of ours that became no answer of ours.
        self._requests.labels(route, str(status or 500)).inc()
        self._bytes.labels(route).inc(moved)
        self._seconds.labels(route).observe(seconds)

    def page(self) -> tuple[bytes, str]:
        """Return the page, and its content type."""
        return generate_latest(self._registry), CONTENT_TYPE_LATEST
