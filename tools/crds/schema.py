"""Which structural schema does a model give? Each rule answers a verdict of a real API server on what pydantic writes.

No defaults are left to the server: they would stand in every stored object, in every difference that a GitOps tool shows,
and in no file. The description names them instead.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

Json = dict[str, Any]

_KEPT = ("type", "format", "enum", "pattern", "minimum", "maximum", "minLength", "maxLength")
_KEPT_OF_LISTS = ("minItems", "maxItems", "minProperties", "maxProperties")
_FREE: Json = {"x-kubernetes-preserve-unknown-fields": True}


def structural(model: type[BaseModel]) -> Json:
    """Return the schema of a model, with its docstrings as descriptions. Raises ValueError for a field that has none."""
    # "serialization": durations are then texts, as people write them.
    schema = model.model_json_schema(by_alias=True, mode="serialization")
    return _Structural(schema.pop("$defs", {}), model.__name__).of(schema)


class _Structural:
    def __init__(self, definitions: Mapping[str, Json], model: str) -> None:
        self._definitions = definitions
        self._model = model

    def of(self, node: Json) -> Json:
        """Return one node, with all that it refers to in its place: `$ref` is unknown to the server."""
        if "$ref" in node:
            name = node["$ref"].removeprefix("#/$defs/")
            node = {**self._definitions[name], **{key: value for key, value in node.items() if key != "$ref"}}
        branches = [branch for branch in node.get("anyOf", ()) if branch != {"type": "null"}]
        if len(branches) == 1:
            rest = {key: value for key, value in node.items() if key != "anyOf"}
            return self.of({**branches[0], **rest})
        if branches:
            return {**self._described(node), **self._either([self.of(branch) for branch in branches])}
        return self._plain(node)

    def _plain(self, node: Json) -> Json:
        made = self._described(node) | {key: node[key] for key in (*_KEPT, *_KEPT_OF_LISTS) if key in node}
        if "const" in node:
            made["enum"] = [node["const"]]
        for bound in ("Minimum", "Maximum"):
            limit = node.get(f"exclusive{bound}")
            if limit is not None:
                made |= {bound.lower(): limit, f"exclusive{bound}": True}
        if "type" not in node:
            # Anything, null included.
            made |= {**_FREE, "nullable": True}
        elif node["type"] == "object":
            made |= self._object(node)
        elif node["type"] == "array":
            made["items"] = self._undescribed(node["items"])
        return made | {key: value for key, value in node.items() if key.startswith("x-kubernetes-")}

    def _object(self, node: Json) -> Json:
        if "properties" in node:
            needed = node.get("required", [])
            # What people write refuses unknown fields; only there a default matters.
            optional = set(node["properties"]) - set(needed) if node.get("additionalProperties") is False else set()
            made: Json = {
                "properties": {
                    name: self._field(name, one, name in optional) for name, one in node["properties"].items()
                }
            }
            return made | ({"required": needed} if needed else {})
        # The server cannot look at keys.
        values = next(iter(node.get("patternProperties", {}).values()), node.get("additionalProperties", True))
        return dict(_FREE) if values is True else {"additionalProperties": self._undescribed(values)}

    def _field(self, name: str, node: Json, optional: bool) -> Json:
        made = self.of(node)
        text = made.get("description")
        if not text:
            raise ValueError(f"{self._model}: field {name} has no docstring, and `kubectl explain` would say nothing")
        if optional and not _says_the_default(text):
            made["description"] = f"{text} Default: none."
        return made

    def _undescribed(self, node: Json) -> Json:
        """Return what stands in a list or map; `kubectl explain` shows the field's own text there."""
        made = self.of(node)
        if "properties" not in made:
            made.pop("description", None)
        return made

    def _either(self, branches: list[Json]) -> Json:
        kinds = [branch.get("type") for branch in branches]
        if kinds == ["object"] * len(branches):
            # One object with the fields of all; which go together is a rule's business.
            properties: Json = {}
            for branch in branches:
                properties |= branch["properties"]
            return {"type": "object", "properties": properties}
        if set(kinds) == {"string", "integer"}:
            return {"x-kubernetes-int-or-string": True}
        raise ValueError(f"{self._model}: a choice between {kinds} has no structural schema")

    def _described(self, node: Json) -> Json:
        text = " ".join(str(node.get("description", "")).split())
        default = _written(node.get("default"))
        if default is not None and not _says_the_default(text):
            text = f"{text} Default: {default}."
        return {"description": text} if text else {}


def _says_the_default(text: str) -> bool:
    return any(word in text.lower() for word in ("default", "null", "empty", "absent"))


def _written(default: object) -> str | None:
    """Return a default as people write it; None where "nothing" goes without saying."""
    match default:
        case bool():
            return str(default).lower()
        case int() | float():
            return str(default)
        case str() if default:
            return f"`{default}`"
        case {**members} if members:
            return "as its fields say"
        case _:
            return None
