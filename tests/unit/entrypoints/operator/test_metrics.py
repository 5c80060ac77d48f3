"""The figures that alerts and dashboard are made of, under the names that the chart's README promises."""

import re
import time
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from controller.adapters.simulated_runner import Scripted
from controller.entrypoints.operator.metrics import MOST_PAIRS, Metrics, Sight
from controller.model.states import OutcomeClass
from controller.wiring.cluster.observer import Turned
from tests.behaviour.rehearsal import Rehearsal, good
from tests.unit.wiring.cluster.watched import Watched

ROOT = Path(__file__).resolve().parents[4]
BAD = Scripted(50, failure=OutcomeClass.FAILED, reason="exit 1", exit_code=1)


def figures(metrics: Metrics) -> dict[str, float]:
    """Every sample, as `name{label=value,...}`."""
    found = {}
    for family in text_string_to_metric_families(metrics.page()[0].decode()):
        for sample in family.samples:
            labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
            found[f"{sample.name}{{{labels}}}"] = sample.value
    return found


def sight(*, leads: bool = True) -> Sight:
    runs = [{"status": {"state": "Running"}}, {"status": {"state": "Running"}}, {}]
    return Sight(3, lambda: leads, lambda: runs, lambda: 2, lambda: 1500, lambda: {"Job": 0.5, "Run": 12.0})


def test_a_run_is_counted_and_timed() -> None:
    metrics = Metrics()
    fate = {"a": BAD, "b": good(1, 3000)}
    rehearsal = Rehearsal(lambda launch: good(1, 200) if launch.key.attempt == 2 else fate[launch.key.step])
    steps = [{"id": "a", "retry": {"maxAttempts": 2}}, {"id": "b", "dependsOn": ["a"]}]
    Watched(rehearsal, metrics).play({"name": "load", "steps": steps})
    seen = figures(metrics)
    assert seen["orchestration_runs_total{definition=load,status=started}"] == 1
    assert seen["orchestration_runs_total{definition=load,status=completed}"] == 1
    assert seen["orchestration_run_duration_seconds_sum{definition=load,status=completed}"] == 5.25
    assert seen["orchestration_step_duration_seconds_count{definition=load,status=failed,step=a}"] == 1
    assert seen["orchestration_step_duration_seconds_sum{definition=load,status=completed,step=b}"] == 3
    assert seen["orchestration_step_queue_seconds_count{definition=load,step=a}"] == 2


def test_instances_share_the_figures_of_their_step() -> None:
    metrics = Metrics()
    Watched(Rehearsal(), metrics).play({"name": "each", "steps": [{"id": "a", "foreach": "[1, 2, 3]"}]})
    seen = figures(metrics)
    assert seen["orchestration_step_duration_seconds_count{definition=each,status=completed,step=a}"] == 3
    assert not any("a[" in name for name in seen)


def test_a_failed_run_is_counted_as_failed() -> None:
    metrics = Metrics()
    Watched(Rehearsal(lambda _: BAD), metrics).play(
        {"name": "one", "steps": [{"id": "a", "retry": {"maxAttempts": 1}}]}
    )
    assert figures(metrics)["orchestration_runs_total{definition=one,status=failed}"] == 1


def test_definitions_without_number_fill_no_memory() -> None:
    metrics = Metrics()
    watched = Watched(Rehearsal(), metrics)
    watched.play({"name": "one", "steps": [{"id": "a"}]})
    one = watched.told[-1]
    for number in range(MOST_PAIRS + 100):
        spec = one.member.spec.model_copy(update={"orchestration": f"name-{number}"})
        member = type(one.member)(spec, one.member.snapshot)
        for told in watched.told:
            metrics.recorded(told._replace(member=member))
    names = {name for name in figures(metrics) if name.startswith("orchestration_runs_total")}
    assert "orchestration_runs_total{definition=other,status=completed}" in names
    assert len(names) <= 2 * MOST_PAIRS


def test_how_the_operator_does() -> None:
    metrics = Metrics()
    metrics.shows(sight())
    metrics.turned(Turned.SUCCESS, 0.002)
    metrics.turned(Turned.CONFLICT, 0.2)
    metrics.fenced()
    metrics.called("update", "runs", 200)
    seen = figures(metrics)
    expected = {
        "libretto_leader{shard=3}": 1,
        "libretto_runs{state=Running}": 2,
        "libretto_runs{state=Pending}": 1,
        "libretto_runs{state=Failed}": 0,
        "libretto_queue_depth{shard=3}": 2,
        "libretto_queue_oldest_seconds{shard=3}": 1.5,
        "libretto_cache_age_seconds{kind=Job}": 0.5,
        "libretto_reconcile_total{kind=Run,result=success}": 1,
        "libretto_reconcile_total{kind=Run,result=conflict}": 1,
        "libretto_reconcile_total{kind=Run,result=error}": 0,
        "libretto_reconcile_duration_seconds_count{kind=Run}": 2,
        "libretto_fenced_writes_total{}": 1,
        "libretto_api_requests_total{code=200,resource=runs,verb=update}": 1,
    }
    assert {name: seen.get(name) for name in expected} == expected


def test_who_stands_by_counts_no_runs() -> None:
    metrics = Metrics()
    metrics.shows(sight(leads=False))
    seen = figures(metrics)
    assert seen["libretto_leader{shard=3}"] == 0
    assert not any(name.startswith("libretto_runs") for name in seen)


def test_the_chart_documents_exactly_what_there_is() -> None:
    metrics = Metrics()
    metrics.shows(sight())
    readme = (ROOT / "charts" / "libretto" / "README.md").read_text()
    documented = set(re.findall(r"^\| `((?:libretto|orchestration)_[a-z_]+)` \|", readme, re.MULTILINE))
    there = set(re.findall(r"^# TYPE ((?:libretto|orchestration)_[a-z_]+) ", metrics.page()[0].decode(), re.MULTILINE))
    assert there == documented


def test_counting_costs_little() -> None:
    """Under 10 microseconds a record; ten times that here, for machines that are busy."""
    metrics = Metrics()
    watched = Watched(Rehearsal(), metrics)
    watched.play({"name": "one", "steps": [{"id": f"s{number}"} for number in range(50)]})
    records = sum(len(told.links) for told in watched.told)
    began = time.perf_counter()
    for told in watched.told:
        metrics.recorded(told)
    assert (time.perf_counter() - began) / records < 100e-6
