"""What is installed once per cluster: whole, in order, for the accounts that are named."""

from typing import Any

import yaml

from tools.crds.kinds import KINDS
from tools.crds.manifests import ACCOUNTS, NAMESPACE, cluster_wide


def objects(**options: Any) -> list[dict[str, Any]]:
    return [body for text in cluster_wide(**options) for body in yaml.safe_load_all(text)]


def test_kinds_come_first() -> None:
    kinds = [body["kind"] for body in objects()]
    assert kinds[: len(KINDS)] == ["CustomResourceDefinition"] * len(KINDS)
    assert "CustomResourceDefinition" not in kinds[len(KINDS) :]


def test_accounts_and_namespace_are_filled_in() -> None:
    accounts = ["system:serviceaccount:team-a:op", "system:serviceaccount:team-b:op"]
    text = "\n".join(cluster_wide(accounts, "team-a"))
    assert text.count('["system:serviceaccount:team-a:op", "system:serviceaccount:team-b:op"]') == 4
    assert ACCOUNTS not in text
    assert NAMESPACE not in text
    assert "namespace: team-a" in text


def test_an_older_server_gets_no_stamps() -> None:
    kinds = {body["kind"] for body in objects(stamps=False)}
    assert not {kind for kind in kinds if kind.startswith("Mutating")}
    assert "MutatingAdmissionPolicy" in {body["kind"] for body in objects()}


def test_every_policy_is_bound_and_fails_closed() -> None:
    found = objects()
    policies = {body["metadata"]["name"]: body["spec"] for body in found if body["kind"].endswith("AdmissionPolicy")}
    bound = {body["spec"]["policyName"] for body in found if body["kind"].endswith("PolicyBinding")}
    assert set(policies) == bound
    assert {spec["failurePolicy"] for spec in policies.values()} == {"Fail"}
    denying = [body["spec"] for body in found if body["kind"] == "ValidatingAdmissionPolicyBinding"]
    assert all("Deny" in spec["validationActions"] for spec in denying)


def test_everybody_who_may_see_sees_every_kind() -> None:
    roles = {body["metadata"]["name"]: body["rules"] for body in objects() if body["kind"] == "ClusterRole"}
    plurals = [kind.plural for kind in KINDS.values()]
    for name, rules in roles.items():
        assert any(rule["resources"] == plurals and "watch" in rule["verbs"] for rule in rules), name
    given = {name for name, rules in roles.items() if any("approve" in rule["verbs"] for rule in rules)}
    assert given == {"libretto-approver"}
