"""The values of a chart: every one described, with a default that its own schema takes, and listed for people."""

import json
from typing import Any

import jsonschema_rs
import pytest
import yaml

from tools.charts.values import BEGIN, CHARTS, ROOT, charts, schema, values

Json = dict[str, Any]


def _source(chart: str) -> Json:
    source: Json = yaml.safe_load((ROOT / "tools" / "charts" / f"{chart}.yaml").read_text())
    return source


@pytest.mark.parametrize("chart", CHARTS)
def test_the_defaults_fit_the_schema(chart: str) -> None:
    made = charts()
    validator = jsonschema_rs.Draft7Validator(json.loads(made[f"charts/{chart}/values.schema.json"]))
    defaults = yaml.safe_load(made[f"charts/{chart}/values.yaml"])
    assert [str(error.message) for error in validator.iter_errors(defaults)] == []


@pytest.mark.parametrize("chart", CHARTS)
def test_the_table_lists_every_value_once(chart: str) -> None:
    _, _, table = charts()[f"charts/{chart}/README.md"].partition(BEGIN)
    rows = [line.split("`")[1] for line in table.splitlines() if line.startswith("| `")]
    for each in values(_source(chart)):
        assert rows.count(each.path) == 1, each.path


@pytest.mark.parametrize("chart", CHARTS)
def test_every_description_is_a_sentence(chart: str) -> None:
    for each in values(_source(chart)):
        assert each.description[0].isupper(), each
        assert each.description.endswith("."), each


@pytest.mark.parametrize("chart", CHARTS)
def test_every_group_refuses_what_it_does_not_know(chart: str) -> None:
    def groups(node: Json, path: str = "") -> list[str]:
        found = [] if "description" in node or node.get("additionalProperties") is False else [path]
        for name, child in node.get("properties", {}).items():
            found += groups(child, f"{path}/{name}")
        return found

    assert groups(schema(chart, _source(chart))) == []


def test_defaults_of_pods_are_checked_like_those_of_an_agent() -> None:
    validator = jsonschema_rs.Draft7Validator(schema("libretto", _source("libretto")))
    good = {"steps": {"pod": {"nodeSelector": {"pool": "batch"}, "resources": {"limits": {"memory": "1Gi"}}}}}
    bad = {"steps": {"pod": {"hostNetwork": True}}}
    assert validator.is_valid(good)
    assert not validator.is_valid(bad)
