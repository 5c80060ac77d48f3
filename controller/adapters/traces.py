"""Sending spans to a collector by OTLP over HTTP. OpenTelemetry is imported when somebody wants traces, and only then."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from controller.errors import ConfigurationInvalid
from controller.model.trace import TraceSpan

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import ReadableSpan, Span

PATH = "/v1/traces"

TIMEOUT_S = 5.0
"""For one batch, with all its tries."""


class Collector:
    """Sends batches. `send` waits for the collector: call it where nobody waits."""

    def __init__(self, endpoint: str, service: Mapping[str, str]) -> None:
        """`endpoint` is the collector's address; `service` says who sends. Headers, certificates and resource attributes come
        by the usual OTEL_* variables. Raises ConfigurationInvalid where OpenTelemetry is not installed.
        """
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
            from opentelemetry.sdk.trace.id_generator import IdGenerator
            from opentelemetry.sdk.trace.sampling import ALWAYS_ON
        except ImportError as error:
            raise ConfigurationInvalid(
                f"traces need OpenTelemetry: {error}", hint="install libretto-controller[otel], or set no endpoint"
            ) from error

        class Given(IdGenerator):
            """Gives out the ids that were computed."""

            trace = span = 0

            def generate_trace_id(self) -> int:
                return self.trace

            def generate_span_id(self) -> int:
                return self.span

        class Kept(SpanProcessor):
            """Keeps what ended, to be sent as one."""

            def __init__(self) -> None:
                self.ended: list[ReadableSpan] = []

            def on_start(self, span: "Span", parent_context: "Context | None" = None) -> None:
                """It is ended at once."""

            def on_end(self, span: "ReadableSpan") -> None:
                self.ended.append(span)

        self._ids, self._kept = Given(), Kept()
        provider = TracerProvider(
            ALWAYS_ON,
            Resource.create(dict(service)),
            shutdown_on_exit=False,
            id_generator=self._ids,
        )
        provider.add_span_processor(self._kept)
        self._tracer = provider.get_tracer("libretto")
        address = endpoint.rstrip("/")
        self._exporter = OTLPSpanExporter(address if address.endswith(PATH) else address + PATH, timeout=TIMEOUT_S)

    def send(self, spans: Sequence[TraceSpan]) -> bool:
        """Send a batch; return whether the collector took it."""
        from opentelemetry.sdk.trace.export import SpanExportResult

        for span in spans:
            self._make(span)
        batch, self._kept.ended = self._kept.ended, []
        return self._exporter.export(batch) is SpanExportResult.SUCCESS

    def close(self) -> None:
        """Give up what is being sent."""
        self._exporter.shutdown()  # type: ignore[no-untyped-call]

    def _make(self, span: TraceSpan) -> None:
        from opentelemetry.context import Context
        from opentelemetry.trace import (
            NonRecordingSpan,
            SpanContext,
            Status,
            StatusCode,
            TraceFlags,
            set_span_in_context,
        )

        self._ids.trace, self._ids.span = int(span.trace, 16), int(span.id, 16)
        above = Context()
        if span.parent is not None:
            flags = TraceFlags(TraceFlags.SAMPLED)
            given = SpanContext(self._ids.trace, int(span.parent, 16), is_remote=False, trace_flags=flags)
            above = set_span_in_context(NonRecordingSpan(given), above)
        made = self._tracer.start_span(
            span.name,
            above,
            attributes=dict(span.attributes),
            start_time=span.started_at * 1_000_000,
            set_status_on_exception=False,
        )
        if span.failed:
            made.set_status(Status(StatusCode.ERROR, span.message))
        made.end(span.ended_at * 1_000_000)
