"""What must be known to drive runs on a cluster, wherever it was read."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from blake3 import blake3

from controller.adapters.cluster.jobs.place import KEPT_S, Courier


class Configuration(NamedTuple):
    """Settings of the part that drives."""

    image: str
    default_image: str
    image_pull_policy: str = "IfNotPresent"
    results_url: str = ""
    pod_defaults: Mapping[str, Any] = {}
    courier: Courier = Courier()
    default_max_parallel: int = 1
    """Steps of a run at one time where neither its orchestration nor the run itself says."""
    default_ttl_seconds: int = 0
    """Seconds after which a settled run goes that does not say; 0: never."""
    job_ttl_seconds: int = KEPT_S
    """Seconds for which an ended Job stays, with its pod and its logs."""
    max_active_runs: int = 0
    """Root runs of one namespace at one time; 0: not limited."""
    max_jobs: int = 0
    """Attempts of one namespace at one time; 0: not limited."""
    shard: int = 0
    shards: int = 1
    """Only namespaces of this shard are driven: those whose hash, modulo `shards`, is `shard`."""
    workers: int = 40
    """Trees that may wait for the API server at one time; more than the queue gives to one namespace."""

    def drives(self, namespace: str) -> bool:
        """Return whether runs of a namespace belong to this shard."""
        if self.shards == 1:
            return True
        return int.from_bytes(blake3(namespace.encode()).digest(length=8), "big") % self.shards == self.shard
