"""Spans arrive at a collector with the ids and times that they were given."""

import subprocess
import sys

from controller.adapters.traces import Collector
from controller.model.trace import TraceSpan
from tests.fakes.otlp_collector import OtlpCollector

TRACE, RUN, STEP = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "00f067aa0ba902b7"
SPANS = [
    TraceSpan(TRACE, STEP, RUN, "step a", 1_764_590_400_000, 1_764_590_401_500, True, "exit 1", {"libretto.step": "a"}),
    TraceSpan(TRACE, RUN, None, "run load", 1_764_590_400_000, 1_764_590_402_000, False, "", {"libretto.record": 7}),
]


def test_ids_and_times_are_the_given_ones() -> None:
    with OtlpCollector() as server:
        collector = Collector(server.endpoint, {"service.name": "libretto"})
        assert collector.send(SPANS)
        collector.close()
    step, run = server.spans
    assert (step["trace"], step["id"], step["parent"], step["name"]) == (TRACE, STEP, RUN, "step a")
    assert (step["start"], step["end"]) == (1_764_590_400_000_000_000, 1_764_590_401_500_000_000)
    assert (step["failed"], step["message"], step["libretto.step"]) == (True, "exit 1", "a")
    assert (run["id"], run["parent"], run["failed"], run["libretto.record"]) == (RUN, None, False, 7)
    assert (run["service"], server.requests) == ("libretto", 1)


def test_a_refusal_is_told() -> None:
    with OtlpCollector(status=400) as server:
        collector = Collector(f"{server.endpoint}/v1/traces", {"service.name": "libretto"})
        assert not collector.send(SPANS)
        collector.close()


def test_who_wants_no_traces_loads_nothing() -> None:
    code = "import controller.entrypoints.operator.observation, sys; print('opentelemetry' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert told.strip() == "False"
