"""How much does the operator ask of the API server? Counted in its audit log, by account."""

import time
from collections import Counter

import pytest

from tests.cluster.operators import ACCOUNT, Bench, OperatorProcess, orchestration, run, shell_agent, until

ANSWERS = "echo '{\"answer\": 42}' > $LIBRETTO_DIR/output.json"
STEPS = 30
QUIET_S = 8


def asked(bench: Bench, start: int) -> Counter[str]:
    """Return what the operator asked about the namespace since a byte of the audit log; watches and Leases apart."""
    found: Counter[str] = Counter()
    for event in bench.control_plane.audit(start):
        reference = event.get("objectRef") or {}
        if event["user"]["username"] != ACCOUNT or reference.get("namespace") != bench.namespace:
            continue
        if event["verb"] == "watch" or reference.get("resource") == "leases":
            continue
        name = "/".join(part for part in (reference["resource"], reference.get("subresource")) if part)
        found[f"{event['verb']} {name}"] += 1
    return found


def now(bench: Bench) -> int:
    return bench.control_plane.audit_log.stat().st_size


@pytest.mark.requirement("K8S-025")
def test_a_chain_and_then_nothing(bench: Bench, operator: OperatorProcess) -> None:
    steps = [
        {"id": f"s{number}", "agent": "worker", **({"dependsOn": [f"s{number - 1}"]} if number else {})}
        for number in range(STEPS)
    ]
    bench.apply(shell_agent("worker", ANSWERS), orchestration("chain", *steps))
    until(lambda: (bench.get("orchestration", "chain").get("status") or {}).get("digest") is not None, "it is known")
    start = now(bench)
    bench.apply(run("r", "chain"))
    status = bench.until_state("r", seconds=120)
    assert status["state"] == "Succeeded", operator.log()
    counted = asked(bench, start)
    assert counted["create jobs"] == STEPS
    assert sum(counted.values()) <= 2.2 * STEPS, counted
    quiet, until_then = now(bench), time.monotonic() + QUIET_S
    until(lambda: time.monotonic() > until_then, "some time has passed")
    assert asked(bench, quiet) == Counter()


@pytest.mark.requirement("K8S-026")
def test_stuck_runs_wait_without_asking(bench: Bench, operator: OperatorProcess) -> None:
    """What makes a crowd of stuck runs a delay is that they ask again and again: each is looked at when something changed that could help it."""
    stuck = 100
    start = now(bench)
    bench.apply(*(run(f"stuck-{number}", "nobody-wrote-it") for number in range(stuck)))
    until(lambda: len(asked(bench, start)) > 0, "they are looked at", operator.log)
    bench.apply(shell_agent("worker", ANSWERS), orchestration("one", {"id": "a", "agent": "worker"}), run("r", "one"))
    assert bench.until_state("r", seconds=30)["state"] == "Succeeded", operator.log()
    until(lambda: asked(bench, start)["patch runs/status"] >= stuck, "all are told so", operator.log)
    counted = asked(bench, start)
    # Once at first, and once more when the definitions that they might have meant have come.
    assert counted["patch runs/status"] <= stuck * 3, counted
    assert not any(words.startswith("get") for words in counted), counted
