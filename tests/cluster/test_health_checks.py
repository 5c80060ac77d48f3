"""Argo CD and Flux see objects of ours as people do: their own checks, run here as they run them, on statuses of ours."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from cel_expr_python import cel  # type: ignore[import-untyped]
from lupa.lua51 import LuaRuntime  # type: ignore[import-untyped]

from controller.adapters.cluster.status import conditions, stalled, view
from controller.model.record import GENESIS
from controller.model.run import GateStatus, RunProgress, RunStatus
from controller.model.states import RunState

Json = dict[str, Any]

HEALTH = Path(__file__).resolve().parents[2] / "charts" / "health"

NOW = 1_800_000_000_000


def _status(state: RunState, **more: Any) -> RunStatus:
    return RunStatus(state=state, progress=RunProgress(total=7, succeeded=4), sequence=1, head=GENESIS, **more)


def _run(state: RunState, **more: Any) -> Json:
    status = _status(state, **more)
    told = view(status) | {"conditions": conditions(status, 1, [], NOW), "observedGeneration": 1}
    return _object("Run", told, suspend=bool(more.get("suspended")))


def _object(kind: str, status: Json | None, **spec: Any) -> Json:
    body = {"apiVersion": "libretto.dev/v1alpha1", "kind": kind, "metadata": {"generation": 1}, "spec": spec}
    return body if status is None else body | {"status": status}


def _definition(kind: str, *true: str, generation: int = 1) -> Json:
    found = [
        {"type": name, "status": "True" if name in true else "False", "reason": "Read", "message": f"says {name}"}
        for name in ("Ready", "Stalled")
    ]
    return _object(kind, {"conditions": found, "observedGeneration": generation})


def _gate() -> GateStatus:
    return GateStatus(gate="review", run="u", digest=GENESIS, request=3, question="Publish?", opened_at=NOW)


def _refused() -> Json:
    return _object("Run", {"conditions": stalled("DefinitionInvalid", "no such agent", 1, [], NOW)})


CASES: Mapping[str, tuple[Json, str, str]] = {
    "a run that the operator has not seen": (_object("Run", None), "Progressing", "unreadable"),
    "a suspended run that the operator has not seen": (_object("Run", None, suspend=True), "Suspended", "unreadable"),
    "a run with an empty status": (_object("Run", {}), "Progressing", "InProgress"),
    "a pending run": (_run(RunState.PENDING), "Progressing", "InProgress"),
    "a running run": (_run(RunState.RUNNING), "Progressing", "InProgress"),
    "a suspended run": (_run(RunState.RUNNING, suspended=True), "Suspended", "InProgress"),
    "a run at a checkpoint": (
        _run(RunState.AWAITING_APPROVAL, gates=[_gate()], gate_count=1),
        "Progressing",
        "InProgress",
    ),
    "a run that is being undone": (_run(RunState.ROLLING_BACK), "Progressing", "InProgress"),
    "a run that succeeded": (_run(RunState.SUCCEEDED), "Healthy", "Current"),
    "a run that failed": (_run(RunState.FAILED, reason="StepFailed", message="exit 1"), "Degraded", "Failed"),
    "a run that was aborted": (_run(RunState.ABORTED), "Degraded", "Failed"),
    "a run that was undone": (_run(RunState.ROLLED_BACK), "Degraded", "Failed"),
    "a run that cannot be admitted": (_refused(), "Degraded", "Failed"),
    **{
        f"an {kind} that {what}": (_definition(kind, *true, generation=generation), argo, flux)
        for kind in ("Orchestration", "Agent")
        for what, true, generation, argo, flux in (
            ("is ready", ("Ready",), 1, "Healthy", "Current"),
            ("a person must change", ("Stalled",), 1, "Degraded", "Failed"),
            ("is neither", (), 1, "Progressing", "InProgress"),
            ("was changed since it was looked at", ("Ready",), 0, "Progressing", "InProgress"),
        )
    },
}


@pytest.mark.parametrize(("body", "expected"), [(case[0], case[1]) for case in CASES.values()], ids=CASES)
def test_argo_cd_sees(body: Json, expected: str) -> None:
    assert _argo(body)["status"] == expected


@pytest.mark.parametrize(("body", "expected"), [(case[0], case[2]) for case in CASES.values()], ids=CASES)
def test_flux_sees(body: Json, expected: str) -> None:
    assert _flux(body) == expected


def test_argo_cd_is_told_what_is_waited_for() -> None:
    waiting = _run(RunState.AWAITING_APPROVAL, gates=[_gate()], gate_count=1)
    assert _argo(waiting)["message"] == 'waits for a decision on "review": Publish?'


def test_argo_cd_is_told_why_it_failed() -> None:
    assert "exit 1" in _argo(_run(RunState.FAILED, reason="StepFailed", message="exit 1"))["message"]


def test_every_state_of_a_run_has_a_case() -> None:
    seen = {case[0].get("status", {}).get("state") for case in CASES.values()}
    assert {str(state) for state in RunState} <= seen


def test_the_files_are_plain_patches() -> None:
    for path in HEALTH.glob("*.yaml"):
        assert not [event for event in yaml.parse(path.read_text()) if isinstance(event, yaml.AliasEvent)], path


def _argo(body: Json) -> Json:
    """Lua 5.1 without libraries that reach outside; the object is the global `obj`, the answer what is returned."""
    told = yaml.safe_load((HEALTH / "argo-cd.yaml").read_text())
    script = told["data"][f"resource.customizations.health.libretto.dev_{body['kind']}"]
    runtime = LuaRuntime(unpack_returned_tuples=True, register_eval=False)
    runtime.execute("os, io, debug, package, require, dofile, loadfile, python = nil")
    runtime.globals().obj = runtime.table_from(body, recursive=True)
    return dict(runtime.execute(script))


def _flux(body: Json) -> str:
    """As Flux documents: generations first, then the three expressions in order; what cannot be read is waited for."""
    told = yaml.safe_load((HEALTH / "flux.yaml").read_text())
    [checks] = [each for each in told["spec"]["healthCheckExprs"] if each["kind"] == body["kind"]]
    observed = body.get("status", {}).get("observedGeneration")
    if observed is not None and observed != body["metadata"]["generation"]:
        return "InProgress"
    environment = cel.NewEnv(variables=dict.fromkeys(body, cel.Type.DYN))
    for field, word in (("inProgress", "InProgress"), ("failed", "Failed"), ("current", "Current")):
        try:
            value = environment.compile(checks[field]).eval(data=body).plain_value()
        except RuntimeError:
            return "unreadable"
        if value is True:
            return word
    return "InProgress"
