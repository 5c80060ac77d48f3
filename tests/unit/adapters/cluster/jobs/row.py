"""A row of the table: a state of the world, and what it means for the attempt."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from controller.model.states import OutcomeClass
from tests.unit.adapters.cluster.jobs.pods import ended

Json = dict[str, Any]

TOLD: Json = {"courier": ended(message='{"v":1}'), "stage": ended()}
"""Containers of ours that did what they should, of a program that left nothing."""

KILLED, TERMINATED = ended(137), ended(143)
STOPPED = "stopped on request"


class Row(NamedTuple):
    """One state of the world."""

    job: Json | None
    pods: Sequence[Json]
    means: Any
    """A verdict; or the class of its end, `success` or `lost`."""
    says: str = ""
    """What the reason contains."""
    exit: int | None = None
    stopped_as: OutcomeClass | None = None
    goes_on: bool = False
