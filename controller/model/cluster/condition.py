"""What do tools wait for? Conditions as the Kubernetes API conventions define them."""

from typing import Annotated, Literal

from pydantic import Field

from controller.model.base import Stored
from controller.model.cluster.scalars import MOST_CONDITIONS, Count, Message, Moment


class Condition(Stored):
    """One observation of an object; a missing one counts as Unknown."""

    type: Annotated[str, Field(min_length=1, max_length=63)]
    """Name of the condition, e.g. `Ready`; `kubectl wait --for=condition=TYPE` waits for it."""
    status: Literal["True", "False", "Unknown"]
    """Whether it holds."""
    reason: Annotated[str, Field(min_length=1, max_length=128)]
    """Why, in one CamelCase word that programs may rely on."""
    message: Message = ""
    """Why, in one line for people."""
    last_transition_time: Moment
    """When `status` last changed."""
    observed_generation: Count | None = None
    """`metadata.generation` that was looked at; a smaller one than the object's is out of date."""


Conditions = Annotated[
    list[Condition],
    Field(
        max_length=MOST_CONDITIONS,
        json_schema_extra={"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["type"]},
    ),
]
