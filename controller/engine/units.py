"""Unit: a step, or one instance of a `foreach` step, as one integer.

The integer orders as the queue does: by index of the step (FIFO), then by instance. `index << 14 | instance + 1`, 0 in
the low bits being the step itself.
"""

from controller.model.graph import Graph

INSTANCE_BITS = 14
LARGEST_FAN_OUT = 10_000
"""Instances of one `foreach` step at most (semantics, section 3); fits into the bits above."""

RUN_ITSELF = -1
"""Stands for the run where a unit is expected."""


def unit_of(index: int, instance: int = -1) -> int:
    """Return the unit of a step (instance -1) or of one of its instances."""
    return index << INSTANCE_BITS | (instance + 1)


def index_of(unit: int) -> int:
    """Return the index of the unit's step."""
    return unit >> INSTANCE_BITS


def instance_of(unit: int) -> int:
    """Return the instance, -1 for a step itself."""
    return (unit & ((1 << INSTANCE_BITS) - 1)) - 1


def unit_name(graph: Graph, unit: int) -> str:
    """Return the id as people and records write it: `load` or `load[3]`."""
    instance = instance_of(unit)
    step = graph.steps[unit >> INSTANCE_BITS].id
    return step if instance < 0 else f"{step}[{instance}]"


def unit_named(graph: Graph, name: str) -> int | None:
    """Return the unit of a written id; None when the graph has no such step."""
    step, bracket, rest = name.partition("[")
    index = graph.by_id.get(step)
    if index is None:
        return None
    if not bracket:
        return unit_of(index)
    number = rest.removesuffix("]")
    if not number.isdecimal() or int(number) >= LARGEST_FAN_OUT:
        return None
    return unit_of(index, int(number))
