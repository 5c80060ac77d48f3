"""A pod that is evicted again and again costs time, and neither an attempt nor the run."""

import json

import pytest

from tests.cluster.operator.conftest import Start
from tests.cluster.operators import Bench, Json, orchestration, run, until

WAITS = '[ "$MODE" = go ] || { sleep 600 & wait; }; echo \'{"answer": 42}\' > output.json'
TIMES = 2
"""The Job controller waits ten seconds before the next pod, then twenty, and so on up to ten minutes."""


def _mode(bench: Bench, word: str) -> None:
    bench.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "mode"}, "data": {"mode": word}})


def _running(bench: Bench, seen: set[str]) -> Json | None:
    """Return the pod that runs now and is none of those seen before."""
    pods = (pod for pod in bench.all("pods") if pod["metadata"]["uid"] not in seen)
    return next((pod for pod in pods if pod["status"].get("phase") == "Running"), None)


def _evict(bench: Bench, pod: Json) -> None:
    """As `kubectl drain` does, with the Eviction API."""
    name, namespace = pod["metadata"]["name"], bench.namespace
    body = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": name, "namespace": namespace}}
    path = f"/api/v1/namespaces/{namespace}/pods/{name}/eviction"
    bench.kubectl("create", "--raw", path, "-f", "-", input=json.dumps(body))


@pytest.mark.requirement("K8S-014")
def test_a_pod_that_is_drained_again_and_again_uses_no_attempt(bench: Bench, start: Start) -> None:
    operator = start()
    _mode(bench, "wait")
    env = [{"name": "MODE", "valueFrom": {"configMapKeyRef": {"name": "mode", "key": "mode"}}}]
    spec = {"process": {"argv": ["sh", "-c", WAITS], "gracePeriod": "1s"}, "pod": {"env": env}}
    agent = {"apiVersion": "libretto.dev/v1alpha1", "kind": "Agent", "metadata": {"name": "worker"}, "spec": spec}
    once = {"maxAttempts": 1}
    bench.apply(
        agent,
        orchestration("one", {"id": "a", "agent": "worker"}, errorHandling={"onStepFailure": once}),
        run("r", "one"),
    )
    seen: set[str] = set()
    for time in range(1, TIMES + 1):
        until(lambda: _running(bench, seen) is not None, f"pod {time} runs", bench.tell("r"), seconds=120)
        pod = _running(bench, seen)
        assert pod is not None
        seen.add(pod["metadata"]["uid"])
        if time == TIMES:
            _mode(bench, "go")
        _evict(bench, pod)
        if time == 1:
            # Whoever takes over meanwhile sees an attempt that goes on, not one that failed.
            operator.kill()
            operator = start()
    status = bench.until_state("r", seconds=180)
    assert status["state"] == "Succeeded", operator.log()
    assert len(bench.all("jobs")) == 1, "the same attempt"
    (job,) = bench.all("jobs")
    assert job["status"].get("failed", 0) == 0, "the Job controller counts them nowhere"
