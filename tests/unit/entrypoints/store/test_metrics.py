"""What Prometheus reads."""

from controller.entrypoints.store.metrics import StoreMetrics


def test_what_was_asked_is_counted() -> None:
    metrics = StoreMetrics()
    for status in (201, 201, 0):
        metrics.observe("PUT /v1/blobs/{digest}", status, 100, 0.02)
    page, kind = metrics.page()
    lines = page.decode().splitlines()
    route = 'route="PUT /v1/blobs/{digest}"'
    assert f'libretto_store_requests_total{{{route},status="201"}} 2.0' in lines
    assert f'libretto_store_requests_total{{{route},status="500"}} 1.0' in lines
    assert f"libretto_store_bytes_total{{{route}}} 300.0" in lines
    assert f'libretto_store_request_duration_seconds_bucket{{le="0.025",{route}}} 3.0' in lines
    assert kind.startswith("text/plain")
