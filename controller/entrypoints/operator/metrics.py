"""What does Prometheus see? How runs do, and how the operator does: the names of the chart's README, its alerts and dashboard."""

from collections import Counter as Count
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from controller.model.states import RunState
from controller.runtime.spans import Part, Span
from controller.wiring.cluster.observer import Json, Told, Turned, Unconcerned

MOST_PAIRS = 1_000
"""Definitions with a step that have figures of their own. What comes later is counted as `other`: nobody who may write
definitions can fill the memory of the operator or of Prometheus.
"""

OTHER = ("other", "other")

KIND = "Run"
"""What passes are over."""

_STEP_S = (0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300)
_QUEUE_S = (0.01, 0.05, 0.1, 0.5, 1, 5, 10, 60, 300)
"""As the reference has it, and two more: the alert is about five minutes."""
_RUN_S = (1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800)
_TURN_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Sight(NamedTuple):
    """What is looked up when somebody asks for the figures."""

    shard: int
    leads: Callable[[], bool]
    runs: Callable[[], Iterable[Json]]
    """The root runs that this process drives."""
    queued: Callable[[], int]
    oldest_ms: Callable[[], int]
    ages: Callable[[], Mapping[str, float]]
    """Kind -> seconds since its cache was last compared with the API server."""


class Metrics(Unconcerned):
    """Implements Observer; counts, and shows what was counted. Has a registry of its own."""

    def __init__(self) -> None:
        # A second series for each, which only says since when it is there.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry(auto_describe=False)
        registry = self.registry
        ProcessCollector(registry=registry)
        GCCollector(registry=registry)
        self._runs = Counter(
            "orchestration_runs_total",
            "Runs that started, completed, failed or were aborted.",
            ("definition", "status"),
            registry=registry,
        )
        self._run_seconds = Histogram(
            "orchestration_run_duration_seconds",
            "From the start of a run to its end.",
            ("definition", "status"),
            buckets=_RUN_S,
            registry=registry,
        )
        self._step_seconds = Histogram(
            "orchestration_step_duration_seconds",
            "How long attempts of a step took.",
            ("definition", "step", "status"),
            buckets=_STEP_S,
            registry=registry,
        )
        self._queue_seconds = Histogram(
            "orchestration_step_queue_seconds",
            "From when an attempt could start until its program ran.",
            ("definition", "step"),
            buckets=_QUEUE_S,
            registry=registry,
        )
        passes = Counter(
            "libretto_reconcile_total", "Passes over runs, by how they ended.", ("kind", "result"), registry=registry
        )
        self._passes = {result: passes.labels(KIND, result.value) for result in Turned}
        self._pass_seconds = Histogram(
            "libretto_reconcile_duration_seconds",
            "How long a pass took.",
            ("kind",),
            buckets=_TURN_S,
            registry=registry,
        ).labels(KIND)
        self._fenced = Counter(
            "libretto_fenced_writes_total",
            "Writes that were refused because somebody else leads.",
            registry=registry,
        )
        self._calls = Counter(
            "libretto_api_requests_total",
            "Calls of the API server; code 0: no answer came.",
            ("verb", "resource", "code"),
            registry=registry,
        )
        self._dropped = Counter(
            "libretto_events_dropped_total", "Kubernetes Events that were given up.", registry=registry
        )
        self._spans_dropped = Counter(
            "libretto_spans_dropped_total", "Spans of traces that were given up.", registry=registry
        )
        self._known_calls: dict[tuple[str, str, int], Any] = {}
        self._known_attempts: dict[tuple[str, str, str], tuple[Any, Any]] = {}
        self._pairs: dict[tuple[str, str], tuple[str, str]] = {}

    def shows(self, sight: Sight) -> None:
        """Also show what is looked up."""
        self.registry.register(_Looked(sight))

    def page(self) -> tuple[bytes, str]:
        """Return all figures and their content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST

    def called(self, verb: str, resource: str, code: int) -> None:
        """Count a call of the API server."""
        key = (verb, resource, code)
        child = self._known_calls.get(key)
        if child is None:
            child = self._known_calls[key] = self._calls.labels(verb, resource, str(code))
        child.inc()

    def event_dropped(self) -> None:
        """Count a Kubernetes Event that was given up."""
        self._dropped.inc()

    def spans_dropped(self, number: int) -> None:
        """Count spans that were given up."""
        self._spans_dropped.inc(number)

    # Observer

    def recorded(self, told: Told) -> None:
        definition = told.member.spec.orchestration
        for link in told.links:
            if link.record.kind == "RunStarted":
                self._runs.labels(self._pair(definition, "")[0], "started").inc()
        for span in told.spans:
            if span.part is Part.ATTEMPT:
                self._attempt(definition, span)
            elif span.part is Part.RUN:
                name = self._pair(definition, "")[0]
                self._runs.labels(name, span.end.value).inc()
                self._run_seconds.labels(name, span.end.value).observe((span.ended_at - span.started_at) / 1000)

    def turned(self, result: Turned, seconds: float) -> None:
        self._passes[result].inc()
        self._pass_seconds.observe(seconds)

    def fenced(self) -> None:
        self._fenced.inc()

    def _attempt(self, definition: str, span: Span) -> None:
        step = span.step.partition("[")[0]
        key = (definition, step, span.end.value)
        known = self._known_attempts.get(key)
        if known is None:
            name, step = self._pair(definition, step)
            known = self._step_seconds.labels(name, step, span.end.value), self._queue_seconds.labels(name, step)
            if (name, step) != OTHER:
                self._known_attempts[key] = known
        took, queued = known
        took.observe((span.ended_at - span.started_at) / 1000)
        if span.queued_ms is not None:
            queued.observe(span.queued_ms / 1000)

    def _pair(self, definition: str, step: str) -> tuple[str, str]:
        """Return definition and step as they are counted."""
        pair = (definition, step)
        found = self._pairs.get(pair)
        if found is None:
            if len(self._pairs) >= MOST_PAIRS:
                return OTHER
            found = self._pairs[pair] = pair
        return found


class _Looked(Collector):
    """What is not counted but looked up."""

    def __init__(self, sight: Sight) -> None:
        self._sight = sight

    def collect(self) -> Iterator[Metric]:
        sight, shard = self._sight, str(self._sight.shard)
        leads = sight.leads()
        yield _gauge("libretto_leader", "1 where the process leads its shard.", "shard", {shard: float(leads)})
        states = Count({state.value: 0 for state in RunState})
        if leads:
            states.update(((run.get("status") or {}).get("state") or RunState.PENDING.value) for run in sight.runs())
        # Who stands by says nothing of runs: a sum over all operators counts each once.
        told = {state: float(number) for state, number in states.items()} if leads else {}
        yield _gauge("libretto_runs", "Root runs that are there, by their state.", "state", told)
        yield _gauge("libretto_queue_depth", "Runs that wait for a turn.", "shard", {shard: float(sight.queued())})
        yield _gauge(
            "libretto_queue_oldest_seconds",
            "How long the run that waits longest has waited for its turn.",
            "shard",
            {shard: sight.oldest_ms() / 1000},
        )
        yield _gauge(
            "libretto_cache_age_seconds",
            "Since a cache was last compared with the API server.",
            "kind",
            sight.ages(),
        )


def _gauge(name: str, meaning: str, label: str, values: Mapping[str, float]) -> Metric:
    family = GaugeMetricFamily(name, meaning, labels=(label,))
    for value, number in values.items():
        family.add_metric((value,), number)
    return family
