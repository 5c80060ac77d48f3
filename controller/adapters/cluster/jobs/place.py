"""Where does a Job belong, and what surrounds it?"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from controller.adapters.cluster.names import Mark
from controller.model.digest import Digest


def _nothing(_: Digest) -> str | None:
    return None


class Place(NamedTuple):
    """Everything about a Job that the engine does not know."""

    namespace: str
    run_name: str
    """Name of the Run object whose step it is."""
    run_object_uid: str
    """Its `metadata.uid`: the Job goes with it."""
    root: str
    """Key uid of the tree's root."""
    mark: Mark
    """Of the leadership that makes it."""
    image: str
    """Image of the courier."""
    default_image: str
    """Image in which agents with `process` run."""
    pull_policy: str = "IfNotPresent"
    """For these two images."""
    results_url: str = ""
    """Where couriers reach the results service; empty: nowhere."""
    owner: str = ""
    """Name and uid of the root's Run object, which owns uploaded blobs, separated by a slash."""
    defaults: Mapping[str, Any] = {}
    """Pod fields of every step, in the form of an agent's `pod`."""
    ttl_seconds: int = 7 * 86_400
    """How long an ended Job stays: a week, so that its logs outlive a weekend."""
    inline: Callable[[Digest], str | None] = _nothing
    """Content that is known and small enough to be written into the Job, as text."""
    staged_blob: Digest | None = None
    """Where the list of what is to be staged is stored when it is too large for the Job."""
    input_blob: Digest | None = None
    """Where the input is stored when it is too large for the Job."""
