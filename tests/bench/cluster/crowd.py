"""1,000 finished and 100 stuck runs: does a healthy one notice them?"""

import statistics

from tests.bench.cluster import load, rivals
from tests.bench.cluster.laboratory import Laboratory, measured
from tests.bench.cluster.play import Stage
from tests.bench.figures import Figure, Measured
from tests.bench.workshop import Workshop
from tests.cluster.operators import run
from tests.cluster.waiting import until

TITLE = "Cluster: beside 1,000 finished and 100 stuck runs"
FINISHED, STUCK = 1_000, 100
LENGTH = 30
ROUNDS = 8
MOST_S = 900.0
_HOW = (
    f"A chain of {LENGTH} steps in a namespace with {FINISHED:,} runs that have ended, with their Jobs and pods, and {STUCK} that"
    f" wait: half for an approval, half for a definition that nobody wrote. {ROUNDS} times in turns with another operator whose"
    " namespace is empty; the medians of all reactions."
)


def measure(workshop: Workshop) -> Measured:
    """Two operators of one cluster take turns."""
    return measured(TITLE, _HOW, lambda: _measured(workshop))


def _measured(workshop: Workshop) -> Measured:
    reactions: dict[str, list[float]] = {"empty": [], "crowded": []}
    with (
        Laboratory.open(workshop) as laboratory,
        # Two shards, so that each has a Lease of its own.
        rivals.operator(laboratory, "crowded") as crowded,
        rivals.operator(laboratory, "empty", {"LIBRETTO_LEASE_NAMESPACE": "empty"}) as empty,
    ):
        stages = {one.namespace: Stage(laboratory, one) for one in (crowded, empty)}
        for namespace in stages:
            load.apply(
                laboratory, namespace, load.agent(), load.chain("one", 1), load.chain("chain", LENGTH), load.gated()
            )
        workshop.say(f"{FINISHED:,} runs that end, and {STUCK} that do not")
        stages["crowded"].play("one", 1, FINISHED, MOST_S)
        half = STUCK // 2
        load.apply(laboratory, "crowded", *(run(f"undefined-{number}", "nobody-wrote-it") for number in range(half)))
        load.apply(laboratory, "crowded", *(run(f"waits-{number}", "gated") for number in range(half)))
        until(lambda: _waiting(laboratory) == half, "they wait", MOST_S, 1)
        for number in range(ROUNDS):
            workshop.say(f"chain of {LENGTH}, round {number + 1} of {ROUNDS}")
            for name, stage in stages.items():
                reactions[name] += stage.play("chain", LENGTH).reactions_ms
    medians = {name: statistics.median(found) for name, found in reactions.items()}
    figures = [
        Figure("reaction, median", medians["crowded"], "ms"),
        Figure("reaction, median, empty", medians["empty"], "ms"),
        Figure("crowded / empty", medians["crowded"] / medians["empty"], "x", 1.1),
    ]
    return Measured(TITLE, _HOW, figures)


def _waiting(laboratory: Laboratory) -> int:
    query = "--field-selector=status.state=AwaitingApproval"
    return len(laboratory.kubectl("get", "runs", "-n", "crowded", query, "-o", "name").splitlines())
