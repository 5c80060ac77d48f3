"""Which run a decision is about: the named one, or a child however deep, listed or not."""

from typing import Any

import pytest

from controller.wiring.cluster.about import about

Json = dict[str, Any]


def run(uid: str, parent: tuple[str, str, int] | None = None, **gates: str) -> Json:
    spec: Json = {}
    if parent is not None:
        above, step, attempt = parent
        spec["parent"] = {"uid": uid, "parentUid": above, "rootUid": "root", "step": step, "attempt": attempt}
    listed = [{"gate": gate.replace("_", "/"), "run": holder} for gate, holder in gates.items()]
    return {"metadata": {"uid": f"object-{uid}" if parent else uid}, "spec": spec, "status": {"gates": listed}}


ROOT = run("root", child_listed="elsewhere")
TREE = [
    run("later", ("root", "child", 2)),
    ROOT,
    run("first", ("root", "child", 1)),
    run("third", ("root", "many[3]", 1)),
    run("deep", ("later", "inner", 1)),
    run("forgotten", ("first", "old", 1)),
]


def submission(gate: str | None, kind: str = "Approval") -> Json:
    return {"kind": kind, "spec": {} if gate is None else {"gate": gate}}


@pytest.mark.parametrize(
    ("gate", "run"),
    [
        ("x", "root"),
        ("child/listed", "elsewhere"),
        ("child/x", "later"),
        ("many[3]/x", "third"),
        ("many[4]/x", "root"),
        ("child/inner/x", "deep"),
        ("child/inner/none/x", "root"),
        ("child/old/x", "root"),
        ("inner/x", "root"),
    ],
    ids=[
        "its own",
        "as the status lists it",
        "of the child of the last attempt",
        "of an instance",
        "of an instance that has no run",
        "of a child's child",
        "of a run that is not there",
        "of a child of an attempt that is over",
        "of somebody else's child",
    ],
)
def test_gate(gate: str, run: str) -> None:
    assert about(ROOT, submission(gate), TREE) == run


def test_a_child_that_is_named_itself() -> None:
    assert about(TREE[0], submission("x"), TREE) == "later"
    assert about(TREE[0], submission("inner/x"), TREE) == "deep"


def test_a_command_is_about_the_run_that_it_names() -> None:
    assert about(ROOT, submission(None, "Intervention"), TREE) == "root"


def test_a_run_that_has_no_status_yet() -> None:
    new = {"metadata": {"uid": "root"}, "spec": {}}
    assert about(new, submission("child/x"), TREE) == "later"
