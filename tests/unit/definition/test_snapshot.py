"""A snapshot holds all that a run can reach, in bytes that depend on nothing else."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.definition.catalog import Catalog, CatalogEntry
from controller.definition.snapshot import DEEPEST, SOURCE, Snapshot, take
from controller.errors import DefinitionInvalid, NotFound, StateTooNew, VerificationFailed
from controller.model.digest import canonical
from tests.unit.definition.entries import agent, entry, plays

WORKERS = [agent("worker"), agent("unused"), agent("cleaner"), agent("worker", organization="acme", maxParallel=3)]


def tree() -> tuple[CatalogEntry, Catalog]:
    root = entry(
        "root",
        steps=[
            {"id": "a", "agent": "worker"},
            {"id": "far", "agent": "worker", "organization": "acme"},
            plays("middle", "m", version="1.0.0"),
            plays("leaf", "l"),
        ],
        finally_=[{"id": "end", "agent": "cleaner"}, plays("leaf", "last")],
    )
    middle = entry("middle", steps=[plays("leaf", "x")])
    entries = [root, middle, entry("middle", "2.0.0"), entry("leaf"), entry("leaf", "0.9.0"), entry("unused")]
    return root, Catalog(store=entries, store_agents=WORKERS)


def test_the_closure() -> None:
    root, catalog = tree()
    snapshot = take(root, catalog)
    assert snapshot.orchestration(snapshot.root).spec == root.spec
    middle, leaf = snapshot.child(snapshot.root, "m"), snapshot.child(snapshot.root, "l")
    assert snapshot.orchestration(middle).title == "middle 1.0.0"
    assert snapshot.orchestration(leaf).title == "leaf 1.0.0"
    assert snapshot.child(middle, "x") == snapshot.child(snapshot.root, "last") == leaf
    assert snapshot.agent("global", "cleaner").files == agent("cleaner").files
    assert snapshot.agent("acme", "worker").spec.max_parallel == 3
    for missing in (
        lambda: snapshot.agent("global", "unused"),
        lambda: snapshot.child(leaf, "only"),
        lambda: snapshot.orchestration(entry("unused").digest),
    ):
        with pytest.raises(NotFound):
            missing()


def test_agents_for_compiling_and_their_files() -> None:
    root, catalog = tree()
    snapshot = take(root, catalog)
    agents = snapshot.agents_of(snapshot.root)
    assert {key: spec.max_parallel for key, spec in agents.items()} == {
        "worker": None,
        "acme/worker": 3,
        "cleaner": None,
    }
    used = [agent("worker"), agent("cleaner"), agent("worker", organization="acme")]
    assert snapshot.files() == {digest: name for known in used for name, digest in known.files.items()}


def test_bytes_come_back_and_do_not_depend_on_places_or_order() -> None:
    root, catalog = tree()
    content = take(root, catalog).encode()
    assert Snapshot.decode(content).encode() == content
    elsewhere = Catalog(
        folder=[root._replace(source="other/definition.yaml:7")],
        store=[entry("leaf"), entry("leaf", "0.9.0"), entry("middle", steps=[plays("leaf", "x")])],
        store_agents=WORKERS[::-1],
    )
    assert take(root._replace(source="other/definition.yaml:7"), elsewhere).encode() == content
    assert Snapshot.decode(content).orchestration(root.digest).source == SOURCE


@given(st.recursive(st.none() | st.booleans() | st.floats(-1e9, 1e9) | st.text(), st.lists, max_leaves=8))
def test_a_run_sees_the_same_before_and_after_a_restart(value: Any) -> None:
    root = entry(steps=[{"id": "a", "agent": "worker", "input": {"payload": {"v": value, "n": None}}}], timeout="90s")
    taken = take(root, Catalog(store_agents=WORKERS))
    again = Snapshot.decode(taken.encode())
    specs = [snapshot.orchestration(root.digest).spec for snapshot in (taken, again)]
    assert specs[0] == specs[1]
    assert specs[0].timeout == 90_000
    assert repr(specs[0].steps[0].input) == repr(specs[1].steps[0].input)
    assert canonical(specs[0].steps[0].input.payload) == canonical({"v": value, "n": None})


def problems_of(root: CatalogEntry, *others: CatalogEntry) -> list[tuple[str, str]]:
    with pytest.raises(DefinitionInvalid) as caught:
        take(root, Catalog(store=[root, *others], store_agents=WORKERS))
    return [(problem.rule, problem.message) for problem in caught.value.problems]


def test_an_orchestration_that_plays_itself_is_refused() -> None:
    itself = entry("a", steps=[plays("a")])
    assert problems_of(itself) == [("IncludesItself", "a 1.0.0 plays itself: a 1.0.0 -> a 1.0.0")]
    one, two, three = (
        entry("a", steps=[plays("b")]),
        entry("b", steps=[plays("c")]),
        entry("c", steps=[plays("b")]),
    )
    chain = "c 1.0.0 plays itself: a 1.0.0 -> b 1.0.0 -> c 1.0.0 -> b 1.0.0"
    assert problems_of(one, two, three) == [("IncludesItself", chain)]


def nested(levels: int) -> list[CatalogEntry]:
    """Return a root with `levels` levels of children below it."""
    inner = [entry(f"l{level}", steps=[plays(f"l{level + 1}")]) for level in range(levels)]
    return [*inner, entry(f"l{levels}")]


def test_nesting_is_bounded() -> None:
    root, *others = nested(DEEPEST)
    assert take(root, Catalog(store=others, store_agents=WORKERS)).root == root.digest
    root, *others = nested(DEEPEST + 1)
    [(rule, message)] = problems_of(root, *others)
    assert rule == "TooDeep"
    assert message.endswith("l0 1.0.0 -> l1 1.0.0 -> l2 1.0.0 -> l3 1.0.0 -> l4 1.0.0 -> l5 1.0.0 -> l6 1.0.0")


def test_nesting_is_bounded_on_the_second_way_too() -> None:
    """What was first reached by a short way must not slip through on a long one."""
    root, *others = nested(DEEPEST)
    short_first = entry("top", steps=[plays("l1", "short"), plays("l0", "long")])
    [(rule, message)] = problems_of(short_first, root, *others)
    assert rule == "TooDeep"
    assert message.count("->") == DEEPEST + 1


def test_many_ways_to_the_same_child_are_walked_once() -> None:
    levels = [entry(f"l{n}", steps=[plays(f"l{n + 1}", f"c{i}") for i in range(300)]) for n in range(DEEPEST)]
    snapshot = take(levels[0], Catalog(store=[*levels[1:], entry(f"l{DEEPEST}")], store_agents=WORKERS))
    assert len({snapshot.child(snapshot.root, f"c{i}") for i in range(300)}) == 1


def test_everything_missing_is_named_at_once_with_its_place() -> None:
    root = entry(
        source="flow/definition.yaml:4",
        steps=[{"id": "a", "agent": "wroker"}, plays("nobody"), {"id": "b", "agent": "worker"}],
        finally_=[{"id": "z", "agent": "gone"}],
    )
    with pytest.raises(DefinitionInvalid) as caught:
        take(root, Catalog(store_agents=WORKERS))
    found = [(problem.rule, problem.path, problem.hint) for problem in caught.value.problems]
    assert found[0] == ("UnknownAgent", "spec.steps[0].agent", 'did you mean "worker"?')
    assert [(rule, path) for rule, path, _ in found[1:]] == [
        ("UnknownAgent", "spec.finally[0].agent"),
        ("UnknownOrchestration", "spec.steps[1].orchestration"),
    ]
    assert {problem.location[:2] for problem in caught.value.problems} == {("flow/definition.yaml", 4)}


@pytest.mark.parametrize(
    "content", [b"", b"[]", b"{}", b'{"version":1}', b'{"version":1,"root":"x","agents":[]}', b"\xff"]
)
def test_other_bytes_are_no_snapshot(content: bytes) -> None:
    with pytest.raises(VerificationFailed):
        Snapshot.decode(content)


def test_a_newer_form_is_refused_as_such() -> None:
    with pytest.raises(StateTooNew):
        Snapshot.decode(b'{"version":2}')
