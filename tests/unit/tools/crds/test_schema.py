"""Structural schemas: what a real API server refuses of what pydantic writes never comes out."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from controller.model.base import Authored, Stored
from controller.model.duration import Duration
from controller.model.names import StepId
from tools.crds.definitions import schema
from tools.crds.kinds import KINDS
from tools.crds.schema import structural

Json = dict[str, Any]


class Inner(Authored):
    """An inner one."""

    name: str
    """Its name."""


class Other(Authored):
    """Another one."""

    size: int
    """Its size."""


class Sample(Authored):
    """One field of each sort."""

    needed: str
    """Needed."""
    optional: str | None = None
    """Can be left out."""
    literal: Literal["only"] = "only"
    """One word."""
    choice: Literal["a", "b"] | None = None
    """Null: neither."""
    above: Annotated[float, Field(gt=0)] = 1.5
    """A number."""
    span: Duration = 90_000
    """A time."""
    anything: Any = None
    """Whatever."""
    free: dict[str, Any] = Field(default_factory=dict)
    """Free members."""
    keyed: dict[StepId, int] = Field(default_factory=dict)
    """Step -> number."""
    inner: Inner = Inner(name="x")
    """Own text."""
    many: Annotated[list[Inner], Field(max_length=3)] = Field(default_factory=list)
    """Several."""
    either: Inner | Other | None = None
    """One of two."""
    amount: int | str = 0
    """A number or a text."""
    marked: Annotated[dict[str, str], Field(json_schema_extra={"x-kubernetes-map-type": "atomic"})] = Field(
        default_factory=dict
    )
    """Replaced as a whole."""


EXPECTED: dict[str, Json] = {
    "needed": {"description": "Needed.", "type": "string"},
    "optional": {"description": "Can be left out. Default: none.", "type": "string"},
    "literal": {"description": "One word. Default: `only`.", "type": "string", "enum": ["only"]},
    "choice": {"description": "Null: neither.", "type": "string", "enum": ["a", "b"]},
    "above": {"description": "A number. Default: 1.5.", "type": "number", "minimum": 0, "exclusiveMinimum": True},
    "anything": {
        "description": "Whatever. Default: none.",
        "x-kubernetes-preserve-unknown-fields": True,
        "nullable": True,
    },
    "free": {
        "description": "Free members. Default: none.",
        "type": "object",
        "x-kubernetes-preserve-unknown-fields": True,
    },
    "keyed": {
        "description": "Step -> number. Default: none.",
        "type": "object",
        "additionalProperties": {"type": "integer"},
    },
    "inner": {
        "description": "Own text. Default: as its fields say.",
        "type": "object",
        "properties": {"name": {"description": "Its name.", "type": "string"}},
        "required": ["name"],
    },
    "many": {
        "description": "Several. Default: none.",
        "type": "array",
        "maxItems": 3,
        "items": {
            "description": "An inner one.",
            "type": "object",
            "properties": {"name": {"description": "Its name.", "type": "string"}},
            "required": ["name"],
        },
    },
    "either": {
        "description": "One of two. Default: none.",
        "type": "object",
        "properties": {
            "name": {"description": "Its name.", "type": "string"},
            "size": {"description": "Its size.", "type": "integer"},
        },
    },
    "amount": {"description": "A number or a text. Default: 0.", "x-kubernetes-int-or-string": True},
    "marked": {
        "description": "Replaced as a whole. Default: none.",
        "type": "object",
        "additionalProperties": {"type": "string"},
        "x-kubernetes-map-type": "atomic",
    },
}


@pytest.mark.parametrize("field", EXPECTED)
def test_field(field: str) -> None:
    assert structural(Sample)["properties"][field] == EXPECTED[field]


def test_a_time_is_a_text_with_units() -> None:
    span = structural(Sample)["properties"]["span"]
    assert span["type"] == "string"
    assert span["description"] == "A time. Default: `1m30s`."


def test_what_we_write_has_no_defaults_to_speak_of() -> None:
    class Answer(Stored):
        """An answer."""

        text: str | None = None
        """Its text."""

    assert structural(Answer)["properties"]["text"]["description"] == "Its text."


def test_a_field_without_a_docstring_is_an_error() -> None:
    class Silent(Authored):
        """Says nothing of its field."""

        field: int

    with pytest.raises(ValueError, match="Silent: field field has no docstring"):
        structural(Silent)


def test_a_choice_that_has_no_structure_is_an_error() -> None:
    class Unclear(Authored):
        """A list or a number."""

        field: list[str] | int = 1
        """Either."""

    with pytest.raises(ValueError, match="has no structural schema"):
        structural(Unclear)


ALLOWED = {
    *("description", "type", "format", "enum", "pattern", "nullable", "required", "properties", "items"),
    *("additionalProperties", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"),
    *("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"),
    *("x-kubernetes-preserve-unknown-fields", "x-kubernetes-map-type", "x-kubernetes-list-type"),
    *("x-kubernetes-list-map-keys", "x-kubernetes-validations", "x-kubernetes-int-or-string"),
}


def nodes(node: Json) -> Iterator[Json]:
    yield node
    inner = [*node.get("properties", {}).values(), node.get("items"), node.get("additionalProperties")]
    for one in inner:
        if isinstance(one, dict):
            yield from nodes(one)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_that_the_server_does_not_know(kind: str) -> None:
    assert {word for node in nodes(schema(KINDS[kind])) for word in node} <= ALLOWED


@pytest.mark.parametrize("kind", KINDS)
def test_no_default_is_left_to_the_server(kind: str) -> None:
    """It would stand in every stored object and in no file."""
    assert not any("default" in node for node in nodes(schema(KINDS[kind])))
