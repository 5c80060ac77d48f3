"""Which run a decision is about: the named one, or a child however deep, listed or not."""

from typing import Any

import pytest

from controller.wiring.cluster.about import about

Json = dict[str, Any]


def run(uid: str, parent: tuple[str, str, int] | None = None, created: int = 0) -> Json:
    spec: Json = {}
    if parent is not None:
        above, step, attempt = parent
        spec["parent"] = {"uid": uid, "parentUid": above, "rootUid": "root", "step": step, "attempt": attempt}
    return {"metadata": {"uid": f"object-{uid}" if parent else uid, "creationTimestamp": second(created)}, "spec": spec}


def second(number: int) -> str:
    return f"2026-01-01T00:00:{number:02d}Z"


ROOT = run("root")
TREE = [
    run("later", ("root", "child", 2), 20),
    ROOT,
    run("first", ("root", "child", 1), 10),
    run("last", ("root", "child", 3), 30),
    run("third", ("root", "many[3]", 1), 10),
    run("deep", ("later", "inner", 1), 25),
    run("early", ("first", "inner", 1), 12),
    run("forgotten", ("first", "old", 1), 11),
]


def submission(gate: str | None, kind: str = "Approval", made: int = 29) -> Json:
    spec: Json = {} if gate is None else {"gate": gate}
    return {"kind": kind, "metadata": {"creationTimestamp": second(made)}, "spec": spec}


@pytest.mark.parametrize(
    ("gate", "run"),
    [
        ("x", "root"),
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


@pytest.mark.requirement("K8S-018")
@pytest.mark.parametrize(
    ("made", "gate", "run"),
    [
        (15, "child/x", "first"),
        (20, "child/x", "first"),
        (21, "child/x", "later"),
        (30, "child/x", "later"),
        (31, "child/x", "last"),
        (15, "child/inner/x", "early"),
        (24, "child/inner/x", "root"),
        (26, "child/inner/x", "deep"),
        (5, "child/x", "first"),
        (5, "many[3]/x", "third"),
    ],
    ids=[
        "before the second attempt",
        "within its first second",
        "after its first second",
        "within the first second of the third",
        "after that",
        "of a child's child, before the second attempt",
        "between a second attempt and its child: there was none to decide about",
        "of a child's child, of the second attempt",
        "before there was any attempt: of the first at most",
        "before there was any attempt, and there is only one",
    ],
)
def test_a_decision_is_about_the_attempt_that_was_there_when_it_was_made(made: int, gate: str, run: str) -> None:
    assert about(ROOT, submission(gate, made=made), TREE) == run


def test_a_child_that_is_named_itself() -> None:
    assert about(TREE[0], submission("x"), TREE) == "later"
    assert about(TREE[0], submission("inner/x"), TREE) == "deep"


def test_a_command_is_about_the_run_that_it_names() -> None:
    assert about(ROOT, submission(None, "Intervention"), TREE) == "root"


def test_a_run_that_has_no_status_yet() -> None:
    new: Json = {"metadata": {"uid": "root"}, "spec": {}}
    assert about(new, submission("child/x"), TREE) == "later"
