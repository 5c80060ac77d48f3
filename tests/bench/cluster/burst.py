"""1,000 runs at once: how fast is a crowd served, and is anybody forgotten?"""

from tests.bench.cluster import load, rivals, traffic
from tests.bench.cluster.laboratory import Laboratory, measured
from tests.bench.cluster.play import Played, Stage
from tests.bench.figures import Figure, Growth, Measured
from tests.bench.workshop import Workshop

TITLE = "Cluster: 1,000 runs of one step at once"
COUNT = 1_000
COUNTS = (100, 300)
MOST_S = 900.0
_HOW = (
    f"{COUNT:,} runs of one step, submitted {load.AT_ONCE} at a time, in turns with the bare watch loop, which needs three"
    " requests for each. The Job controller, the scheduler and the node are those of the cluster and the same for both."
)


def measure(workshop: Workshop) -> Measured:
    """One round of each: it takes long enough."""
    return measured(TITLE, _HOW, lambda: _measured(workshop))


def _measured(workshop: Workshop) -> Measured:
    with Laboratory.open(workshop) as laboratory, rivals.operator(laboratory, "ours") as operator:
        load.apply(laboratory, operator.namespace, load.agent(), load.chain("one", 1))
        stage = Stage(laboratory, operator)
        stage.play("one", 1)
        costs: dict[int, float] = {}
        for count in COUNTS:
            workshop.say(f"{count:,} runs at once")
            costs[count] = stage.play("one", 1, count, MOST_S).cpu_s / count
        with rivals.bare_loop(laboratory, "bare", [1], load.any_job(laboratory, operator.namespace)) as loop:
            workshop.say(f"{COUNT:,} runs at once, bare loop")
            bare = Stage(laboratory, loop).play("one", 1, COUNT, MOST_S)
        workshop.say(f"{COUNT:,} runs at once")
        ours = stage.play("one", 1, COUNT, MOST_S)
    costs[COUNT] = ours.cpu_s / COUNT
    growth = Growth("operator", "run", {count: 1e6 * cost for count, cost in costs.items()})
    return Measured(TITLE, _HOW, _figures(ours, bare), [growth])


def _figures(ours: Played, bare: Played) -> list[Figure]:
    lost = sum(state != "Succeeded" for state in ours.states.values())
    return [
        Figure("runs a minute", 60 * COUNT / ours.took_s, ""),
        Figure("runs a minute, bare loop", 60 * COUNT / bare.took_s, ""),
        Figure("time, operator / bare loop", ours.took_s / bare.took_s, "x", 1 / 0.6, note="60 % of its runs a minute"),
        Figure("requests per run", ours.requests, "x", 3.3, note=traffic.kinds(ours.asked)),
        Figure("requests per run, bare loop", bare.requests, "x"),
        Figure("runs that did not succeed", lost, "", 0),
        Figure("processor time of a run", ours.cpu_ms, "ms"),
        Figure("processor time of a run, bare loop", bare.cpu_ms, "ms"),
    ]
