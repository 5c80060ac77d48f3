"""The chart of definitions installs the files as they are, for the operators that it is told of."""

import json
import re
from typing import Any

import pytest
import yaml

from tests.cluster.charts import STAMPS, named, render
from tools.crds.manifests import cluster_wide

Json = dict[str, Any]

TWO = [
    {"namespace": "team-a", "serviceAccounts": ["libretto", "second"]},
    {"namespace": "team-b", "serviceAccounts": ["other"]},
]


def _by_name(objects: list[Json]) -> dict[tuple[str, str], Json]:
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


@pytest.mark.parametrize("stamps", [True, False])
def test_it_renders_what_the_files_hold(stamps: bool) -> None:
    rendered = render("libretto-crds", {"crds": {"keep": False}}, served=[STAMPS] if stamps else ())
    # Fences are named by their namespace, because there may be several.
    text = re.sub(r"(libretto-fence-(?:objects|status))\.libretto-system", r"\1", json.dumps(rendered))
    files = [each for document in cluster_wide(stamps=stamps) for each in yaml.safe_load_all(document) if each]
    expected = json.dumps(files).replace(".libretto-system", "")
    assert _by_name(json.loads(text)) == _by_name(json.loads(expected))


@pytest.mark.parametrize(
    ("stamps", "served", "made"),
    [
        ("auto", [], False),
        ("auto", [STAMPS], True),
        ("always", [], True),
        ("never", [STAMPS], False),
    ],
)
def test_stamps_where_the_cluster_has_them(stamps: str, served: list[str], made: bool) -> None:
    objects = render("libretto-crds", {"admission": {"stamps": stamps}}, served=served)
    assert any(each["kind"] == "MutatingAdmissionPolicy" for each in objects) is made


def test_each_operator_is_fenced_by_the_leases_of_its_own_namespace() -> None:
    objects = render("libretto-crds", {"operators": TWO})
    for what in ("objects", "status"):
        for namespace, accounts in (("team-a", ["libretto", "second"]), ("team-b", ["other"])):
            name = f"libretto-fence-{what}.{namespace}"
            policy = named(objects, "ValidatingAdmissionPolicy", name)
            binding = named(objects, "ValidatingAdmissionPolicyBinding", name)
            assert binding["spec"]["policyName"] == name
            assert binding["spec"]["paramRef"]["namespace"] == namespace
            [condition] = policy["spec"]["matchConditions"]
            assert _accounts(condition["expression"]) == [
                f"system:serviceaccount:{namespace}:{each}" for each in accounts
            ]


def test_all_operators_may_make_child_runs_and_answer_decisions() -> None:
    objects = render("libretto-crds", {"operators": TWO})
    everybody = [
        f"system:serviceaccount:{each['namespace']}:{name}" for each in TWO for name in each["serviceAccounts"]
    ]
    for name in ("libretto-runs", "libretto-answers"):
        assert _accounts(json.dumps(named(objects, "ValidatingAdmissionPolicy", name))) == everybody
    assert "libretto-system" not in json.dumps(objects)


@pytest.mark.parametrize("part", ["crds", "admission", "roles"])
def test_a_part_can_be_left_to_somebody_else(part: str) -> None:
    whole = {each["kind"] for each in render("libretto-crds")}
    rest = {each["kind"] for each in render("libretto-crds", {part: {"create": False}})}
    gone = {
        "crds": {"CustomResourceDefinition"},
        "admission": {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"},
        "roles": {"ClusterRole"},
    }
    assert whole - rest == gone[part]


def _accounts(text: str) -> list[str]:
    return re.findall(r"system:serviceaccount:[\w:-]+", text)
