"""What does a chart install? Its objects as helm renders them, without any cluster."""

import subprocess
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.binaries import find

Json = dict[str, Any]

CHARTS = Path(__file__).resolve().parents[2] / "charts"

NAMESPACE = "libretto-system"

STAMPS = "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy"
"""What a cluster serves whose API server can fill names in."""

MONITORING = "monitoring.coreos.com/v1"
"""The Prometheus Operator's group, which no test cluster has."""


class ChartRefused(Exception):
    """helm does not render this; the text is what it said."""


def render(
    chart: str, values: Mapping[str, Any] | None = None, namespace: str = NAMESPACE, served: Iterable[str] = ()
) -> list[Json]:
    """The objects of a chart, in helm's order; `served` are APIs that the cluster is said to have."""
    told = run(
        "template",
        chart,
        str(CHARTS / chart),
        f"--namespace={namespace}",
        "--values=-",
        *(f"--api-versions={name}" for name in served),
        input_text=yaml.safe_dump(dict(values or {})),
    )
    return [each for each in yaml.safe_load_all(told) if each]


def run(*arguments: str, input_text: str = "") -> str:
    """Run helm; answers with what it printed."""
    told = subprocess.run([_helm(), *arguments], input=input_text, capture_output=True, text=True, check=False)
    if told.returncode:
        raise ChartRefused(told.stderr.strip())
    return told.stdout


def named(objects: Iterable[Json], kind: str, name: str | None = None) -> Json:
    """The one object of this kind (and name)."""
    found = [each for each in objects if each["kind"] == kind and name in (None, each["metadata"]["name"])]
    assert len(found) == 1, f"{len(found)} {kind} {name or ''}"
    return found[0]


@cache
def _helm() -> str:
    return str(find("helm")["helm"])
