"""JSON Schema of the guide's bare `orchestration:` documents, for editors: every accepted spelling of every field.

Made from the canonical schema, so that both always describe the same fields. It offers and explains; what a document
means, and everything that fields have to do with each other, is for `libretto validate` to say.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from controller.definition.fields import members
from controller.definition.spellings import CONVERTED, spellings
from controller.model.orchestration import OrchestrationSpec, Parameter
from controller.model.step import Step, StepInput

_ANY_CASE = ("type", "mode")
"""Fields of a step whose words may be written in any case."""

_FILLED_IN: Mapping[type[BaseModel], tuple[str, ...]] = {
    Step: ("id",),
    # Under one of two names: JSON Schema could say so, but editors then explain nothing.
    Parameter: ("key",),
}
"""Fields that the canonical form demands and that a bare document may leave out or call otherwise."""


def guide_schema() -> dict[str, Any]:
    """Return the schema of a whole bare document."""
    schema = OrchestrationSpec.model_json_schema(by_alias=True, mode="serialization")
    definitions: dict[str, Any] = schema.pop("$defs")
    definitions["OrchestrationSpec"] = schema
    for model in _models(OrchestrationSpec, set()):
        _respell(definitions[model.__name__], model)
    definitions["OrchestrationSpec"]["required"] = ["steps"]
    _relax(definitions)
    top = {name: {"type": "string"} for name in ("name", "displayName", "display_name", "version", "description")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Bare orchestration document",
        "description": "The guide's form of an orchestration; `libretto convert` writes the canonical one.",
        "type": "object",
        "properties": {
            "orchestration": {"$ref": "#/$defs/OrchestrationSpec"},
            "metadata": {
                "type": "object",
                "properties": top,
                "description": "Read only where `orchestration` lacks the field.",
            },
        },
        "required": ["orchestration"],
        "additionalProperties": False,
        "$defs": dict(sorted(definitions.items())),
    }


def _models(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[type[BaseModel]]:
    if model in seen:
        return
    seen.add(model)
    yield model
    for member in members(model).values():
        for below in member.models:
            yield from _models(below, seen)


def _respell(schema: dict[str, Any], model: type[BaseModel]) -> None:
    canonical = schema["properties"]
    schema["properties"] = {spelled: canonical[name] for spelled, name in sorted(spellings(model).items())}
    required = [name for name in schema.get("required", ()) if name not in _FILLED_IN.get(model, ())]
    if required:
        schema["required"] = required
    else:
        schema.pop("required", None)


def _relax(definitions: dict[str, Any]) -> None:
    """Allow what the guide writes in another form than the canonical one."""
    step = definitions["Step"]["properties"]
    for name in _ANY_CASE:
        words = [word for value in step[name]["enum"] for word in (value.lower(), value.upper())]
        step[name] = {**step[name], "enum": list(dict.fromkeys(words))}
    step["metadata"] = {
        "type": "object",
        "description": "Overrides for this step.",
        "properties": {
            "retry": {"$ref": "#/$defs/Retry"},
            "rollback": {"$ref": "#/$defs/Rollback"},
            "reversible": {"type": "boolean"},
        },
    }
    definitions[StepInput.__name__]["additionalProperties"] = True
    for policy in ("Retry", "OnStepFailure"):
        for name, (canonical, counted) in CONVERTED.items():
            what = "Further tries after the first" if counted == "tries" else "In seconds"
            definitions[policy]["properties"][name] = {
                "type": "integer" if counted == "tries" else "number",
                "minimum": 0,
                "description": f"{what}; stands for `{canonical}`.",
            }
    for caching in ("Caching", "StepCaching"):
        for name in ("enabled", "enable", "isEnabled", "is_enabled"):
            field = definitions[caching]["properties"][name]
            explained = {key: field[key] for key in ("description", "default") if key in field}
            definitions[caching]["properties"][name] = {**explained, "enum": [True, False, "true", "false"]}
    handling = definitions["ErrorHandling"]["properties"]
    for name in ("onStepFailure", "on_step_failure"):
        single = {"$ref": "#/$defs/OnStepFailure"}
        handling[name] = {
            "description": handling[name].get("description", ""),
            "anyOf": [single, {"type": "array", "items": single}],
        }
