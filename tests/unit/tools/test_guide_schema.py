"""An editor with the schema of bare documents takes what Libretto takes."""

from typing import Any

import jsonschema_rs
import pytest

from controller.adapters.documents.read import read
from tests.unit.definition.sample import SAMPLE
from tools.guide_schema import guide_schema

SCHEMA = jsonschema_rs.Draft202012Validator(guide_schema())


def document(**fields: Any) -> dict[str, Any]:
    return {"orchestration": {"name": "x", "steps": [{"agent": "a"}], **fields}}


def test_the_sample_of_the_guide_is_valid() -> None:
    (sample,) = read("sample.yaml", SAMPLE.encode())
    assert SCHEMA.is_valid(sample.data)


@pytest.mark.parametrize(
    "fields",
    [
        {"parameters": [{"name": "k"}, {"key": "l", "default": [1]}]},
        {"steps": [{"agent": "a", "mode": "build", "type": "AGENT", "input": {"free": 1}, "depends_on": []}]},
        {"steps": [{"agent": "a", "metadata": {"retry": {"retry_count": 1}, "reversible": False}}]},
        {"execution": {"parallelism": {"max_concurrent": 2}, "caching": {"isEnabled": "true", "ttl": 5}}},
        {"error_handling": {"on_step_failure": [{"retry_count": 2}, {"initial_delay_seconds": 0.5}]}},
        {"errorHandling": {"onStepFailure": {"maxAttempts": 2}, "rollback": {"enabled": True}}},
    ],
)
def test_spellings_are_known(fields: dict[str, Any]) -> None:
    assert [error.message for error in SCHEMA.iter_errors(document(**fields))] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"orchestration": {"name": "x"}},
        {**document(), "execution": {}},
        document(execution={"cacheing": {}}),
        document(steps=[{"agent": "a", "mode": "CHAT"}]),
        document(steps=[{"agent": "a", "depends_on": "b"}]),
        document(error_handling={"on_step_failure": {"retry_count": "many"}}),
    ],
)
def test_mistakes_are_seen(wrong: Any) -> None:
    assert not SCHEMA.is_valid(wrong)
