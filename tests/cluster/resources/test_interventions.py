"""An Intervention says who commands because the API server authenticated them, and exists because they may do that."""

from typing import Any

import pytest

from tests.cluster.resources.stage import (
    GROUP,
    MERGE,
    OPERATOR,
    WAYS,
    Answer,
    Object,
    Server,
    grant,
    intervention_spec,
    rule,
    until,
)

VERBS = ("retry", "skip", "abort", "undo", "rerun")


def command(server: Server, namespace: str, user: str, verb: str, run: str = "q3", **more: Any) -> Answer:
    spec = intervention_spec(verb=verb, runRef={"name": run, "uid": "u"}, **more)
    return server.create(namespace, "Intervention", spec, user=user)


@pytest.mark.requirement("K8S-016")
def test_the_role_may_do_all_and_the_server_writes_who_it_is(server: Server, namespace: str) -> None:
    grant(server, namespace, "joe", "libretto-intervener")
    until(lambda: command(server, namespace, "joe", "retry").ok, "joe may intervene")
    for verb in VERBS:
        answer = command(server, namespace, "joe", verb)
        assert answer.ok, answer.message
        assert answer.body["spec"]["actor"] == {"name": "joe", "groups": ["system:authenticated"]}


@pytest.mark.requirement("K8S-016")
def test_a_forged_one_is_refused(server: Server, namespace: str) -> None:
    grant(server, namespace, "joe", "libretto-intervener")
    until(lambda: command(server, namespace, "joe", "retry").ok, "joe may intervene")
    answer = command(server, namespace, "joe", "abort", actor={"name": "mara"})
    assert answer.status == 403
    assert answer.message.endswith('spec.actor.name must be you: "joe", not "mara"')


def test_each_verb_is_given_by_itself_and_per_run(server: Server, namespace: str) -> None:
    for verb in VERBS:
        user = f"only-{verb}"
        grant(server, namespace, user, [rule("interventions", ["create"]), rule("runs", [verb], ["q3"])])
    for verb in VERBS:
        user = f"only-{verb}"
        until(lambda u=user, v=verb: command(server, namespace, u, v).ok, f"{user} may {verb}")  # type: ignore[misc]
        for other in VERBS:
            assert command(server, namespace, user, other).ok is (other == verb)
        answer = command(server, namespace, user, verb, "q4")
        assert answer.status == 403
        assert f'you may not {verb} run "q4": ask for the RBAC verb "{verb}" on runs.libretto.dev' in answer.message


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({"verb": "suspend"}, 'Unsupported value: "suspend"'),
        ({"verb": "abort", "step": "a"}, "only retry and skip take a step"),
        ({"verb": "undo", "attempt": 2}, "only retry and skip take an attempt"),
        ({"verb": "retry", "args": {"fromStep": "a"}}, "only rerun takes fromStep"),
        ({"verb": "retry", "args": {"delayMs": 600_001}}, "should be less than or equal to 600000"),
    ],
)
def test_what_makes_no_sense_is_refused(members: dict[str, Any], words: str, server: Server, namespace: str) -> None:
    answer = server.create(namespace, "Intervention", intervention_spec(**members))
    assert answer.status == 422
    assert words in answer.message


@pytest.mark.requirement("K8S-016")
@pytest.mark.parametrize("way", WAYS)
def test_a_command_is_never_changed_and_only_the_operator_answers(way: str, server: Server, namespace: str) -> None:
    answer = server.create(namespace, "Intervention", intervention_spec(args={"patch": {"deep": [1, {"a": 2}]}}))
    one = Object(server, answer.body)
    changes: dict[str, Any] = {
        "verb": "abort",
        "step": "b",
        "args": {"patch": {"deep": [1, {"a": 3}]}},
        "actor": {"name": "mara", "groups": []},
        "comment": "else",
    }
    for name, value in changes.items():
        answer = one.write(way, "spec", {name: value})
        assert answer.status == 422, name
        assert "a command cannot be changed: make another one" in answer.message
    assert one.write(way, "status", {"record": 7}).status == 403
    path = f"{GROUP}/namespaces/{namespace}/interventions/{one.name}/status"
    answer = server.request("PATCH", path, {"status": {"run": "q3-2"}}, MERGE, OPERATOR, ("system:masters",))
    assert answer.ok, answer.message


def test_null_may_take_the_place_of_an_output(server: Server, namespace: str) -> None:
    answer = server.create(namespace, "Intervention", intervention_spec(verb="skip", args={"output": None}))
    assert answer.body["spec"]["args"] == {"output": None}
