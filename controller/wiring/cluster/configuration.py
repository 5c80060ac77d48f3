"""What must be known to drive runs on a cluster, wherever it was read."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Configuration(NamedTuple):
    """Settings of the part that drives."""

    image: str
    default_image: str
    image_pull_policy: str = "IfNotPresent"
    results_url: str = ""
    pod_defaults: Mapping[str, Any] = {}
    default_max_parallel: int = 1
    max_active_runs: int = 0
    """Root runs of one namespace at one time; 0: not limited."""
    max_jobs: int = 0
    """Attempts of one namespace at one time; 0: not limited."""
    workers: int = 32
    """Trees that may wait for the API server at one time."""
    require_protection: bool = True
    """Whether decisions count only while the API server is seen to refuse forged ones."""
