"""What is done with a run on a cluster whose meaning is compared: its gates are answered, its ledger is read."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from controller.adapters.cluster import fiber
from controller.model.outcomes import Outcomes, read_outcomes
from controller.runtime.outcomes_of import outcomes_of
from controller.wiring.evidence import stored, verify_run
from controller.wiring.remote import Remote, Target
from tests.cluster.operators import Bench

Json = dict[str, Any]


def decide(bench: Bench, run: Json, gate: Json, given: Any) -> None:
    """Answer an open gate of a run as a table of decisions says it: a word, or what to modify; `lapse` is no answer."""
    word, changes = ("modify", given["modify"]) if isinstance(given, dict) else (given, None)
    if word == "lapse":
        return
    spec = {
        "runRef": {"name": run["metadata"]["name"], "uid": run["metadata"]["uid"]},
        "gate": gate["gate"],
        "digest": gate["digest"],
        "request": gate["request"],
        "decision": word,
        **({"modification": changes} if changes is not None else {}),
    }
    approval = {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Approval",
        "metadata": {"generateName": "answer-"},
        "spec": spec,
    }
    bench.kubectl("create", "-f", "-", input=json.dumps(approval))


def command(bench: Bench, run: Json, given: Mapping[str, Any]) -> str:
    """Command a run as a story says it; return the name of the Intervention."""
    args = {name: value for name, value in given.items() if name not in ("verb", "step")}
    spec = {
        "runRef": {"name": run["metadata"]["name"], "uid": run["metadata"]["uid"]},
        "verb": given["verb"],
        **({"step": given["step"]} if "step" in given else {}),
        **({"args": args} if args else {}),
    }
    intervention = {
        "apiVersion": "libretto.dev/v1alpha1",
        "kind": "Intervention",
        "metadata": {"generateName": "command-"},
        "spec": spec,
    }
    told = bench.kubectl("create", "-f", "-", "-o", "name", input=json.dumps(intervention))
    return told.strip().rpartition("/")[2]


def exported(bench: Bench, name: str) -> Outcomes:
    """Return the outcomes that the ledger of a run on the cluster tells, once it is verified."""

    def read() -> Outcomes:
        remote = Remote.open(Target(str(bench.control_plane.kubeconfig), None, bench.namespace))
        try:
            spec = remote.stores.objects.run(remote.find(name))
            assert spec is not None
            verification = verify_run(remote, spec)  # type: ignore[arg-type]
            assert verification.sound, verification
            return read_outcomes(outcomes_of(stored(remote, spec), verification).to_value())  # type: ignore[arg-type]
        finally:
            remote.close()

    return asyncio.run(fiber.run(read))
