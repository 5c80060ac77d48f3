"""100 steps side by side: are their Jobs made together, and how few requests does it take?"""

from collections.abc import Sequence

from tests.bench.cluster import load, rivals, traffic
from tests.bench.cluster.laboratory import Laboratory, measured
from tests.bench.cluster.play import Played, Stage
from tests.bench.figures import Figure, Growth, Measured
from tests.bench.workshop import Workshop

TITLE = "Cluster: 100 steps side by side"
WIDTH = 100
WIDTHS = (10, 30, 100)
ROUNDS = 3
_HOW = (
    f"{WIDTH} steps that wait for nothing, {ROUNDS} times in turns with the bare watch loop. From the submission of the run to"
    " the answer to the creation of its last Job."
)


def measure(workshop: Workshop) -> Measured:
    """The best of three rounds, in each of which the two take turns."""
    return measured(TITLE, _HOW, lambda: _measured(workshop))


def _measured(workshop: Workshop) -> Measured:
    with Laboratory.open(workshop) as laboratory, rivals.operator(laboratory, "ours") as operator:
        namespace = operator.namespace
        load.apply(laboratory, namespace, load.agent(), *(load.wide(f"wide-{width}", width) for width in WIDTHS))
        stage = Stage(laboratory, operator)
        stage.play(f"wide-{WIDTHS[0]}", WIDTHS[0])
        ours: list[Played] = []
        bare: list[Played] = []
        with rivals.bare_loop(laboratory, "bare", [WIDTH], load.any_job(laboratory, namespace)) as loop:
            other = Stage(laboratory, loop)
            for number in range(ROUNDS):
                workshop.say(f"{WIDTH} wide, round {number + 1} of {ROUNDS}")
                ours.append(stage.play(f"wide-{WIDTH}", WIDTH))
                bare.append(other.play(f"wide-{WIDTH}", WIDTH))
        workshop.say("other widths")
        costs = {
            width: min(stage.play(f"wide-{width}", width).cpu_s / width for _ in range(3)) for width in WIDTHS[:-1]
        }
    costs[WIDTH] = min(one.cpu_s / WIDTH for one in ours)
    growth = Growth("operator", "step", {width: 1e6 * cost for width, cost in costs.items()})
    return Measured(TITLE, _HOW, _figures(ours, bare), [growth])


def _figures(ours: Sequence[Played], bare: Sequence[Played]) -> list[Figure]:
    fewest = min(ours, key=lambda one: one.requests)
    return [
        Figure("requests per step", fewest.requests, "x", 1.3, note=traffic.kinds(fewest.asked)),
        Figure("requests per step, bare loop", min(one.requests for one in bare), "x"),
        Figure("until all Jobs are made", min(one.created_s for one in ours), "s", 0.6),
        Figure("until all Jobs are made, bare loop", min(one.created_s for one in bare), "s"),
        Figure("processor time of a step", min(one.cpu_ms for one in ours), "ms"),
        Figure("processor time of a step, bare loop", min(one.cpu_ms for one in bare), "ms"),
    ]
