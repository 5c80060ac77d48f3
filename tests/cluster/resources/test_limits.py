"""Every list and map is filled to its limit and updated: a rule that the server accepts may still cost too much when it runs.

What is asserted is that nothing is refused; the server refuses what would cost too much. The times are printed (`pytest -s`).
"""

import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import pytest

from tests.cluster.resources.stage import DIGEST, GROUP, MERGE, OTHER, Answer, Json, Object, Server, ledger
from tools.crds.definitions import schema
from tools.crds.kinds import KINDS

NOW = "2026-11-20T12:04:31Z"

RECORD = "x" * 483
"""As long as a record of a real run is on average."""

STEPS = [f"step-with-a-long-name-{number}" for number in range(1000)]
GATE: Json = {
    "gate": "summary",
    "run": "u",
    "digest": DIGEST,
    "request": 3,
    "question": "q" * 4096,
    "actions": [f"action-{number}" for number in range(16)],
    "needs": {"count": 2, "groups": [f"group-{number}" for number in range(16)]},
}

RUN: dict[str, Any] = {
    "frontier": dict.fromkeys(STEPS, "Running"),
    "attempts": dict.fromkeys(STEPS, 3),
    "gates": [GATE] * 16,
    "contents": {f"blake3:{number:064x}": "y" * 1024 for number in range(512)},
    "conditions": [
        {"type": f"Type{number}", "status": "True", "reason": "R", "message": "m" * 1024, "lastTransitionTime": NOW}
        for number in range(16)
    ],
    "tail": [f"{number} {RECORD}" for number in range(128)],
}

CHANGED: dict[str, Any] = {
    "frontier": {**RUN["frontier"], STEPS[500]: "AwaitingApproval"},
    "attempts": {**RUN["attempts"], STEPS[500]: 4},
    "gates": [*RUN["gates"][:-1], {**GATE, "request": 4}],
    "contents": {**RUN["contents"], f"blake3:{7:064x}": "z"},
    "conditions": [*RUN["conditions"][:-1], {**RUN["conditions"][-1], "status": "False"}],
}


def at_limit(kind: str) -> set[str]:
    """Return the paths of all lists and maps of a kind that have a limit."""

    def walk(node: Json, path: str) -> Iterator[str]:
        if "maxItems" in node or "maxProperties" in node:
            yield path
        for name, field in node.get("properties", {}).items():
            yield from walk(field, f"{path}.{name}")
        inner = node.get("items") or node.get("additionalProperties")
        if isinstance(inner, dict):
            yield from walk(inner, path)

    return {path.removeprefix(".") for path in walk(schema(KINDS[kind]), "")}


def begun(run: Object) -> None:
    assert run.status(state="Running", epoch=1, sequence=127, head=DIGEST, tail=RUN["tail"]).ok


@pytest.mark.requirement("K8S-007")
def test_a_full_run_can_be_updated(new_run: Callable[..., Object]) -> None:
    filled = {f"status.{name}" for name in RUN} | {"status.gates.actions", "status.gates.needs.groups"}
    assert {path for path in at_limit("Run") if path.startswith("status.")} == filled
    for name, changed in CHANGED.items():
        run = new_run()
        begun(run)
        answer = run.status(**{name: RUN[name]})
        assert answer.ok, answer.message
        _measured(name, [partial(run.status, **{name: value}) for value in (RUN[name], changed)])
    run = new_run()
    begun(run)
    answer = run.status(**RUN)
    assert answer.ok, answer.message
    last = {"sequence": 128, "head": OTHER, "sealed": {"sequence": 0, "head": DIGEST}}
    answer = run.status(**last, tail=[*RUN["tail"][1:], RECORD], state="AwaitingApproval", **CHANGED)
    assert answer.ok, answer.message
    epochs = iter(range(2, 100))
    _measured("everything", [lambda: run.status(epoch=next(epochs))])


@pytest.mark.requirement("K8S-007")
def test_a_full_tail_is_compared_record_by_record(new_run: Callable[..., Object]) -> None:
    run = new_run()
    begun(run)
    sequences = iter(range(128, 200))

    def append() -> Answer:
        sequence = next(sequences)
        old = run.read()["status"]["tail"]
        sealed = {"sequence": sequence - 128, "head": DIGEST}
        began = time.perf_counter()
        answer = run.status(sequence=sequence, head=DIGEST, tail=[*old[1:], f"{sequence} {RECORD}"], sealed=sealed)
        costs.append(time.perf_counter() - began)
        return answer

    costs: list[float] = []
    _measured("tail", [append])
    print(f"one more record on a full tail: {median(costs) * 1000:.1f} ms")


@pytest.mark.requirement("K8S-007")
def test_the_longest_records_can_be_kept(new_run: Callable[..., Object]) -> None:
    """As many as an object can hold: etcd takes 1.5 MiB."""
    run = new_run()
    tail = [f"{number}" + "x" * 32_000 for number in range(32)]
    assert run.status(state="Running", sequence=31, head=DIGEST, tail=tail).ok
    answer = run.status(sequence=32, head=OTHER, tail=[*tail, "x"])
    assert answer.ok, answer.message
    answer = run.status(sequence=33, head=OTHER, tail=[*tail[16:], "x", "y"], sealed={"sequence": 15, "head": DIGEST})
    assert answer.ok, answer.message
    answer = run.status(sequence=34, head=OTHER, tail=["y", "z"], sealed={"sequence": 32, "head": DIGEST})
    assert answer.ok, answer.message


@pytest.mark.requirement("K8S-007")
def test_what_is_asked_for_at_its_limit(new_run: Callable[..., Object]) -> None:
    assert {path for path in at_limit("Run") if path.startswith("spec.")} == {"spec.seeds", "spec.requestedBy.groups"}
    run = new_run(
        seeds=dict.fromkeys(STEPS, DIGEST),
        parameters={"list": list(range(20_000)), **{f"key-{number}": "v" * 100 for number in range(1000)}},
    )
    suspended = iter([True, False] * 50)
    _measured("a full spec", [lambda: run.write("merge patch", "spec", {"suspend": next(suspended)})])
    assert not run.write("merge patch", "spec", {"seeds": {STEPS[999]: OTHER}}).ok
    assert not run.write("merge patch", "spec", {"parameters": {"list": list(range(1, 20_001))}}).ok


@pytest.mark.requirement("K8S-007")
def test_as_many_groups_as_a_directory_has(server: Server, namespace: str) -> None:
    groups = [f"cn=group-{number},ou=groups,dc=example,dc=org" for number in range(998)]
    everybody = ("system:masters", *groups, "system:authenticated")
    people = {"Run": "requestedBy", "Approval": "approver", "Intervention": "actor"}
    specs: dict[str, Json] = {
        "Run": {"orchestrationRef": {"name": "a"}, "requestedBy": {"username": "jo", "groups": list(everybody)}},
        "Approval": {
            "runRef": {"name": "r", "uid": "u"},
            "gate": "g",
            "digest": DIGEST,
            "request": 1,
            "decision": "approve",
            "approver": {"name": "jo", "groups": list(everybody)},
        },
        "Intervention": {
            "runRef": {"name": "r", "uid": "u"},
            "verb": "abort",
            "actor": {"name": "jo", "groups": list(everybody)},
        },
    }
    for kind, spec in specs.items():
        began = time.perf_counter()
        answer = server.create(namespace, kind, spec, user="jo", groups=everybody, name="full")
        print(f"{kind} by a person of 1000 groups: {(time.perf_counter() - began) * 1000:.1f} ms")
        assert answer.ok, answer.message
        assert len(answer.body["spec"][people[kind]]["groups"]) == 1000
        _measured(
            f"{kind} of a person of 1000 groups",
            [partial(_relabelled, server, f"{GROUP}/namespaces/{namespace}/{kind.lower()}s/full")],
        )


DEFINITIONS: dict[str, Json] = {
    "Orchestration": {
        "steps": [{"id": f"s{number}", "agent": "x", "input": {"payload": {"n": number}}} for number in range(1000)],
        "finally": [{"id": f"f{number}", "agent": "x"} for number in range(1000)],
        "parameters": [{"key": f"k{number}", "default": "v"} for number in range(1000)],
        "phases": [
            *({"id": f"p{number}"} for number in range(199)),
            {"parallel": [{"id": f"q{number}"} for number in range(200)]},
        ],
    },
    "Agent": {
        "image": {"name": "x:1"},
        "pod": {
            "env": [{"name": f"V{number}", "value": "v"} for number in range(200)],
            "volumes": [
                {
                    "name": f"v{number}",
                    "configMap": {"name": "c", "items": [{"key": f"k{n}", "path": f"p{n}"} for n in range(64)]},
                }
                for number in range(32)
            ],
            "volumeMounts": [{"name": f"v{number % 32}", "mountPath": f"/m/{number}"} for number in range(64)],
            "tolerations": [{"key": f"k{number}", "operator": "Exists"} for number in range(64)],
            "imagePullSecrets": [{"name": f"s{number}"} for number in range(16)],
            "nodeSelector": {f"k{number}": "v" for number in range(64)},
            "resources": {name: {f"example.com/{n}": "1" for n in range(16)} for name in ("requests", "limits")},
        },
    },
}


@pytest.mark.requirement("K8S-007")
@pytest.mark.parametrize("kind", DEFINITIONS)
def test_a_full_definition_can_be_updated(kind: str, server: Server, namespace: str) -> None:
    answer = server.create(namespace, kind, DEFINITIONS[kind], name="full")
    assert answer.ok, answer.message
    thing = Object(server, answer.body)
    numbers = iter(range(100))
    _measured(f"a full {kind}", [lambda: thing.write("merge patch", "spec", {"description": f"{next(numbers)}"})])
    problems = ["p" * 1024] * 32
    assert thing.status(problems=problems, conditions=RUN["conditions"]).ok
    _measured("its status", [lambda: thing.status(problems=[*problems[:-1], f"{next(numbers)}"])])


@pytest.mark.parametrize(
    "members",
    [
        {"frontier": dict.fromkeys([*STEPS, "one-more"], "Running")},
        {"gates": [GATE] * 17},
        {"sequence": 128, "head": DIGEST, "tail": ledger(0, 129)},
        {"conditions": [*RUN["conditions"], {**RUN["conditions"][0], "type": "OneMore"}]},
    ],
)
def test_beyond_the_limit_is_refused(members: Json, new_run: Callable[..., Object]) -> None:
    answer = new_run().status(state="Running", **members)
    assert answer.status == 422
    assert "must have at most" in answer.message


def _relabelled(server: Server, path: str) -> Answer:
    return server.request("PATCH", path, {"metadata": {"labels": {"a": str(next(_LABELS))}}}, MERGE)


_LABELS = iter(range(10_000))


def _measured(what: str, writes: list[Callable[[], Answer]]) -> None:
    costs = []
    for turn in range(10):
        began = time.perf_counter()
        answer = writes[turn % len(writes)]()
        costs.append(time.perf_counter() - began)
        assert answer.ok, (what, answer.message)
    size = len(str(answer.body)) // 1024
    print(f"{what} at its limit: {median(costs) * 1000:.1f} ms a write, {size} KiB")
