"""Simulating a layered graph of 1,000, 3,000 and 10,000 steps with `libretto simulate`."""

import re

from tests.bench.children import Usage
from tests.bench.figures import Figure, Growth, Measured
from tests.bench.graphs import write_definition
from tests.bench.workshop import Workshop

SIZES = (1_000, 3_000, 10_000)
ROUNDS = 3
SMALLEST = 20
"""Steps whose simulation costs little more than starting the program."""


def measure(workshop: Workshop) -> Measured:
    """The best of three rounds each: whatever else the machine does only makes it slower."""
    used = {size: _simulated(workshop, size) for size in (SMALLEST, *SIZES)}
    transitions = {
        size: int(re.findall(r"([\d,]+) transitions", used[size].output)[-1].replace(",", "")) for size in used
    }
    base = used[SMALLEST]
    costs = {
        size: 1e6 * (used[size].cpu_s - base.cpu_s) / (transitions[size] - transitions[SMALLEST]) for size in SIZES
    }
    largest = used[SIZES[-1]]
    return Measured(
        "Simulated layered graph of 10,000 steps",
        "`libretto simulate`, from the start of the interpreter to the last line of the trace: reads and validates the"
        " definition, plays it, prints every transition and the chart. Cost per transition is processor time without that"
        f" of a graph of {SMALLEST} steps.",
        [
            Figure("10,000 steps simulated", largest.wall_s, "s", 5, below=True),
            Figure("peak memory", largest.peak_mb, "MB", 300),
            Figure("transitions", transitions[SIZES[-1]], ""),
        ],
        [Growth("simulation", "transition", costs, 1.3)],
    )


def _simulated(workshop: Workshop, size: int) -> Usage:
    folder = workshop.folder(f"simulated-{size}")
    write_definition(folder, size)
    workshop.say(f"simulating {size:,} steps")
    tries = [workshop.libretto(folder, "simulate", "definitions/layers") for _ in range(ROUNDS)]
    return min(tries, key=lambda used: used.wall_s)
