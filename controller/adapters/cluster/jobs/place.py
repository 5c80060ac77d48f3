"""Where does a Job belong, and what surrounds it?"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from controller.adapters.cluster.names import Mark
from controller.model.digest import Digest

KEPT_S = 7 * 86_400
"""Seconds for which an ended Job stays where nobody says: a week, so that its logs outlive a weekend. Where nobody led for so
long, that a Job is not there says nothing."""


def _nothing(_: Digest) -> str | None:
    return None


COURIER_RESOURCES: Mapping[str, Any] = {
    "requests": {"cpu": "10m", "memory": "32Mi", "ephemeral-storage": "16Mi"},
    "limits": {"memory": "128Mi", "ephemeral-storage": "64Mi"},
}
"""Little is asked for, so that two containers of ours take no room from the user's."""


def _nobody() -> str:
    return ""


class Courier(NamedTuple):
    """What couriers are told beside their work. The defaults are theirs."""

    stage_budget_s: int = 300
    """How long one tries to fetch what a step needs, in seconds."""
    publish_budget_s: int = 600
    """How long one tries to hand over what the program left, in seconds; so much longer than its program a pod may take to end.
    Ten minutes, so that an outage of the controller of that length does not turn success into PublishFailed."""
    first_wait_ms: int = 500
    """Between the first two tries."""
    message_bytes: int = 3072
    """Longest message of the end of a container: the kubelet keeps 12 KiB of all containers of a pod together."""
    resources: Mapping[str, Any] = COURIER_RESOURCES
    """Requests and limits of each of its two containers."""
    authority: Callable[[], str] = _nobody
    """Gives the certificates of who signed that of the results service, as PEM; empty: the system's authorities count."""

    def environment(self) -> dict[str, str]:
        """Return the variables that say what is not as couriers have it by themselves: each stands in every Job, twice."""
        usual = Courier()
        told = {
            "LIBRETTO_STAGE_BUDGET_S": (self.stage_budget_s, usual.stage_budget_s),
            "LIBRETTO_PUBLISH_BUDGET_S": (self.publish_budget_s, usual.publish_budget_s),
            "LIBRETTO_FIRST_WAIT_S": (self.first_wait_ms / 1000, usual.first_wait_ms / 1000),
            "LIBRETTO_MESSAGE_BYTES": (self.message_bytes, usual.message_bytes),
            "LIBRETTO_RESULTS_CA": (self.authority(), ""),
        }
        return {name: str(value) for name, (value, known) in told.items() if value != known}


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
    courier: Courier = Courier()
    defaults: Mapping[str, Any] = {}
    """Pod fields of every step, in the form of an agent's `pod`."""
    ttl_seconds: int = KEPT_S
    """Seconds for which an ended Job stays."""
    inline: Callable[[Digest], str | None] = _nothing
    """Content that is known and small enough to be written into the Job, as text."""
    staged_blob: Digest | None = None
    """Where the list of what is to be staged is stored when it is too large for the Job."""
    input_blob: Digest | None = None
    """Where the input is stored when it is too large for the Job."""
