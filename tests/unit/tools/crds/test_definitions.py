"""The files that install the kinds are current, and look as people see them."""

from pathlib import Path

import pytest
import yaml

from tools.crds.definitions import FOLDERS, crds, definition
from tools.crds.kinds import KINDS

ROOT = Path(__file__).resolve().parents[4]


@pytest.mark.requirement("K8S-001")
def test_the_files_are_current() -> None:
    made = crds()
    assert {name: (ROOT / name).read_text(encoding="utf-8") for name in made} == made
    there = {path.relative_to(ROOT).as_posix() for folder in FOLDERS for path in (ROOT / folder).iterdir()}
    assert there == set(made)


def test_making_them_twice_makes_the_same() -> None:
    assert crds() == crds()


@pytest.mark.parametrize("kind", KINDS)
def test_names(kind: str) -> None:
    made = definition(KINDS[kind])
    names = made["spec"]["names"]
    assert made["metadata"]["name"] == f"{names['plural']}.libretto.dev"
    assert names["categories"] == ["libretto"]
    assert made["spec"]["scope"] == "Namespaced"
    assert made["spec"]["versions"][0]["name"] == "v1alpha1"


def test_short_names_are_nobody_else_s() -> None:
    assert {kind.name: kind.short for kind in KINDS.values()} == {
        "Orchestration": "orch",
        "Agent": "oagent",
        "Run": "orun",
        "Approval": "oappr",
        "Intervention": "ointv",
    }


def test_definitions_are_replaced_as_a_whole() -> None:
    for kind in ("Orchestration", "Agent"):
        made = definition(KINDS[kind])["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
        assert made["properties"]["spec"]["x-kubernetes-map-type"] == "atomic"


def test_they_are_plain_yaml() -> None:
    for text in crds().values():
        assert yaml.safe_load(text)["kind"] == "CustomResourceDefinition"
        assert "&id" not in text
