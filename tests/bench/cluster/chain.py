"""A chain of 30: how soon does the next step follow, and what does a step cost?"""

import statistics
import time
from collections.abc import Mapping, Sequence

from tests.bench.cluster import load, rivals, traffic
from tests.bench.cluster.laboratory import Laboratory, measured
from tests.bench.cluster.play import Played, Stage, quantile
from tests.bench.cluster.rivals import BARE, OURS
from tests.bench.cluster.standing import writes_beside_standing_steps
from tests.bench.figures import Figure, Growth, Measured
from tests.bench.workshop import Workshop
from tests.cluster.operators import ACCOUNT

TITLE = "Cluster: a chain of 30 steps"
LENGTH = 30
LENGTHS = (10, 30, 90)
ROUNDS = 5
STEADY_S = 30
STANDING = 200
_HOW = (
    f"A chain of {LENGTH} steps on a real control plane, {ROUNDS} times, in turns with a bare watch loop, which makes the same"
    " Jobs, patches one status per step and does nothing else. Pods end at once. Reaction: from the answer to the node's"
    " report that the pod has ended to the answer to the creation of the next Job, both as the API server's audit log has"
    " them. Requests are counted there too, by account. A status write is what the API server needs for it."
)


def measure(workshop: Workshop) -> Measured:
    """The best of five rounds, in each of which the two take turns."""
    return measured(TITLE, _HOW, lambda: _measured(workshop))


def _measured(workshop: Workshop) -> Measured:
    with Laboratory.open(workshop) as laboratory, rivals.operator(laboratory, "ours") as operator:
        ours = operator.namespace
        chains = [load.chain(f"chain-{length}", length) for length in LENGTHS]
        load.apply(laboratory, ours, load.agent(), load.chain("one", 1), *chains)
        stage = Stage(laboratory, operator)
        stage.play("one", 1)
        job = load.any_job(laboratory, ours)
        rounds: dict[str, list[Played]] = {OURS: [], BARE: []}
        with rivals.bare_loop(laboratory, "bare", [1] * LENGTH, job) as bare:
            other = Stage(laboratory, bare)
            for number in range(ROUNDS):
                workshop.say(f"chain of {LENGTH}, round {number + 1} of {ROUNDS}")
                rounds[OURS].append(stage.play(f"chain-{LENGTH}", LENGTH))
                rounds[BARE].append(other.play(f"chain-{LENGTH}", LENGTH))
        workshop.say("chains of other lengths")
        costs = {
            length: min(stage.play(f"chain-{length}", length).cpu_s / length for _ in range(3)) for length in LENGTHS
        }
        costs[LENGTH] = min([costs[LENGTH], *(one.cpu_s / LENGTH for one in rounds[OURS])])
        workshop.say(f"nothing for {STEADY_S} s")
        quiet = traffic.Traffic(laboratory.control_plane)
        time.sleep(STEADY_S)
        idle = traffic.work(quiet.requests(user=ACCOUNT, namespace=ours))
        workshop.say(f"a chain beside {STANDING} steps that run")
        beside = writes_beside_standing_steps(laboratory, ours, STANDING)
    return Measured(TITLE, _HOW, _figures(rounds, len(idle), beside), [_growth(costs)])


def _figures(rounds: Mapping[str, Sequence[Played]], idle: int, beside: Sequence[float]) -> list[Figure]:
    ours, bare = rounds[OURS], rounds[BARE]
    medians = {name: min(statistics.median(one.reactions_ms) for one in played) for name, played in rounds.items()}
    slow = {name: min(quantile(one.reactions_ms, 0.99) for one in played) for name, played in rounds.items()}
    asked = max(one.requests for one in ours)
    slowest = f"the slowest of {LENGTH - 1}"
    return [
        Figure("requests per step", asked, "x", 2.2, note=traffic.kinds(max(ours, key=lambda one: one.requests).asked)),
        Figure("requests per step, bare loop", max(one.requests for one in bare), "x"),
        Figure(f"requests in {STEADY_S} s of steady state", idle, "", 0, note="watches and the Lease apart"),
        Figure("reaction, median", medians[OURS], "ms", 5),
        Figure("reaction, median, bare loop", medians[BARE], "ms"),
        Figure("operator / bare loop", medians[OURS] / medians[BARE], "x", 2),
        Figure("reaction, 99th percentile", slow[OURS], "ms", 25, note=slowest),
        Figure("reaction, 99th percentile, bare loop", slow[BARE], "ms", note=slowest),
        Figure("processor time of a step", min(one.cpu_ms for one in ours), "ms", 4),
        Figure("processor time of a step, bare loop", min(one.cpu_ms for one in bare), "ms"),
        Figure("status write, median", min(statistics.median(one.writes_ms) for one in ours), "ms", 5),
        Figure("status write, median, bare loop", min(statistics.median(one.writes_ms) for one in bare), "ms"),
        Figure(f"status write beside {STANDING} running steps, median", statistics.median(beside), "ms", 10),
    ]


def _growth(costs: Mapping[int, float]) -> Growth:
    return Growth("operator", "step", {length: 1e6 * cost for length, cost in costs.items()})
