"""Who plays the runs? The operator, or the bare loop: either as one process that is watched from outside."""

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from tests.bench.cluster.laboratory import SYSTEM, Laboratory
from tests.bench.workshop import ROOT
from tests.cluster.operators import ACCOUNT, GROUPS

Json = dict[str, Any]

OURS, BARE = "operator", "bare loop"
_LEASE = "libretto-shard-0"
_MADE_BY_THE_SERVER = ("uid", "resourceVersion", "generation", "creationTimestamp", "managedFields")


class Rival(NamedTuple):
    """A process that plays the runs of a namespace."""

    name: str
    pid: int
    namespace: str


@contextmanager
def operator(laboratory: Laboratory, namespace: str, settings: Mapping[str, str] | None = None) -> Iterator[Rival]:
    """The operator for a new namespace, with the rights that the chart gives it."""
    with laboratory.operator(laboratory.namespace(namespace), settings) as process:
        yield Rival(OURS, process.process.pid, namespace)


@contextmanager
def bare_loop(laboratory: Laboratory, namespace: str, layers: Sequence[int], job: Json) -> Iterator[Rival]:
    """The bare loop for a new namespace, as the same user, behind the same admission policies."""
    plane = laboratory.control_plane
    laboratory.namespace(namespace)
    certificate, key = plane.client_certificate(ACCOUNT, GROUPS)
    lease = json.loads(laboratory.kubectl("get", "lease", _LEASE, "-n", SYSTEM, "-o", "json"))
    settings = {
        "server": plane.server,
        "ca": str(plane.ca),
        "certificate": str(certificate),
        "key": str(key),
        "namespace": namespace,
        "layers": list(layers),
        "job": template_of(job),
        "epoch": lease["spec"]["leaseTransitions"],
        "lease": _LEASE,
    }
    command = [sys.executable, "-m", "tests.bench.cluster.bare"]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        json.dump(settings, process.stdin)
        process.stdin.close()
        try:
            if process.stdout.readline().strip() != "ready":
                raise RuntimeError(f"the bare loop ended with {process.wait()}; its errors are above")
            yield Rival(BARE, process.pid, namespace)
        finally:
            process.kill()


def template_of(job: Json) -> Json:
    """Return a Job of the operator as it was before the API server had it."""
    made: Json = json.loads(json.dumps(job))
    for name in _MADE_BY_THE_SERVER:
        made["metadata"].pop(name, None)
    made["metadata"]["ownerReferences"] = made["metadata"]["ownerReferences"][:1]
    made.pop("status", None)
    spec = made["spec"]
    for name in ("selector", "manualSelector", "suspend", "completionMode"):
        spec.pop(name, None)
    labels = spec["template"]["metadata"]["labels"]
    for name in [
        name for name in labels if name.startswith("batch.kubernetes.io/") or name in ("controller-uid", "job-name")
    ]:
        del labels[name]
    own = made["metadata"]["labels"]
    for name in [
        name for name in own if name.startswith("batch.kubernetes.io/") or name in ("controller-uid", "job-name")
    ]:
        del own[name]
    return made
