"""Which fields may an object have at a place of a definition, by the models?"""

from collections.abc import Mapping
from functools import cache
from types import UnionType
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin

from pydantic import BaseModel

from controller.model.document import Path
from controller.model.resource import AgentResource, OrchestrationResource

KINDS: Mapping[str, type[BaseModel]] = {"Orchestration": OrchestrationResource, "Agent": AgentResource}
"""Kinds of definition files."""


class Member(NamedTuple):
    """What a field holds, as far as objects with fields of their own lie in it."""

    models: tuple[type[BaseModel], ...]
    """Models of the object, or of each item of the list; empty for plain values and free objects."""
    listed: bool
    """Whether it is a list."""


@cache
def members(model: type[BaseModel]) -> Mapping[str, Member]:
    """Return the fields of a model by their canonical names."""
    return {info.alias or name: _member(info.annotation) for name, info in model.model_fields.items()}


def known_fields(kind: str, path: Path) -> tuple[str, ...]:
    """Return the names that an object at this path may use."""
    models: tuple[type[BaseModel], ...] = (KINDS[kind],)
    for part in path:
        if isinstance(part, str):
            models = tuple(found for model in models for found in members(model).get(part, _NOTHING).models)
    return tuple(name for model in models for name in members(model))


_NOTHING = Member((), listed=False)


def _member(annotation: Any) -> Member:
    arms = _arms(annotation)
    items = [arm for outer in arms if get_origin(outer) is list for arm in _arms(get_args(outer)[0])]
    return Member(tuple(arm for arm in (*arms, *items) if _is_model(arm)), listed=bool(items))


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _arms(kind: Any) -> list[Any]:
    if get_origin(kind) is Annotated:
        return _arms(get_args(kind)[0])
    if get_origin(kind) in {Union, UnionType}:
        return [arm for member in get_args(kind) for arm in _arms(member)]
    return [kind]
