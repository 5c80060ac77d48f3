"""What do the `{{ path }}` templates of a definition refer to, and what is a value once they are filled in?

A path is all that a template can hold: no operators, no calls. Values go into parsed leaves, never text into a document,
so a value cannot change the structure around it. What was filled in is never scanned again.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from controller.model.digest import canonical

ROOTS = frozenset({"parameters", "steps", "run", "item", "index"})
"""First words that mean something. Any other first word is a parameter when it stands alone, else a mistake."""

_INSTANCE_ROOTS = frozenset({"item", "index"})
_TEMPLATE = re.compile(r"\{\{\s*([A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)\s*\}\}")
_OPENING = "{{"


class Reference(NamedTuple):
    """One well-formed template. A name that stands alone is a parameter, except `item` and `index`."""

    root: str
    """First word of the path: one of `ROOTS`, or a word that nothing is known under."""
    path: tuple[str, ...]
    """The words after it."""
    column: int
    """Where its braces begin in the text of the leaf, counted from 1."""


class TemplateMistake(NamedTuple):
    """Opening braces that no path follows."""

    message: str
    column: int
    """Where the braces begin in the text of the leaf, counted from 1."""
    hint: str


Leaf = tuple[str | int, ...]
"""Keys and indexes that lead to a text inside a value."""


def references(value: Any) -> Iterator[tuple[Leaf, Reference | TemplateMistake]]:
    """Yield every template in the texts of `value`, and every mistake, in document order. Keys are not templates."""
    yield from _references(value, ())


def resolve(value: Any, scope: Mapping[str, Any]) -> Any:
    """Return `value` with every template replaced by what `scope` holds under its path.

    A text that is exactly one template becomes the value itself, with its type; what is missing becomes None. Within
    other text, objects and lists are written as canonical JSON, and what is missing or null as nothing.

    `scope` has the keys of `ROOTS`, any of which may be absent. Values are shared with it, not copied. `scope["steps"]`
    is only asked for the steps that a template names. Malformed braces stay as they are: validation reports them.

    Raises ValueError when a value to be written within text has no canonical form (NaN, an integer beyond 2^53).
    """
    match value:
        case str():
            return _resolve_text(value, scope) if _OPENING in value else value
        case Mapping():
            return {key: resolve(member, scope) for key, member in value.items()}
        case list() | tuple():
            return [resolve(member, scope) for member in value]
        case _:
            return value


def uses_run(value: Any) -> bool:
    """Whether `value` depends on the run that resolves it, so that two runs never share its result."""
    return any(isinstance(found, Reference) and found.root == "run" for _, found in references(value))


def _references(value: Any, leaf: Leaf) -> Iterator[tuple[Leaf, Reference | TemplateMistake]]:
    match value:
        case str():
            if _OPENING in value:
                yield from ((leaf, part) for part in _parse(value) if not isinstance(part, str))
        case Mapping():
            for key, member in value.items():
                yield from _references(member, (*leaf, key))
        case list() | tuple():
            for index, member in enumerate(value):
                yield from _references(member, (*leaf, index))
        case _:
            pass


# The instances of a `foreach` step resolve the same few texts up to 10,000 times.
@lru_cache(maxsize=1024)
def _parse(text: str) -> tuple[str | Reference | TemplateMistake, ...]:
    """Return the parts of a text: plain ones, templates, and behind the plain part that holds it, each mistake."""
    parts: list[str | Reference | TemplateMistake] = []
    end = 0
    for match in _TEMPLATE.finditer(text):
        parts.extend(_plain(text, end, match.start()))
        parts.append(_reference(match[1], match.start() + 1))
        end = match.end()
    parts.extend(_plain(text, end, len(text)))
    return tuple(parts)


def _plain(text: str, start: int, end: int) -> Iterator[str | TemplateMistake]:
    if start == end:
        return
    yield text[start:end]
    at = text.find(_OPENING, start, end)
    while at != -1:
        yield _mistake(text, at)
        at = text.find(_OPENING, at + len(_OPENING), end)


def _mistake(text: str, at: int) -> TemplateMistake:
    closing = text.find("}}", at)
    if closing == -1:
        return TemplateMistake('"{{" is never closed', at + 1, 'a template looks like "{{ parameters.name }}"')
    return TemplateMistake(
        f'expected a path between the braces of "{text[at : closing + 2]}"',
        at + 1,
        "only letters, digits, _, - and dots; for braces as plain text, put the text into the default of a parameter",
    )


def _reference(path: str, column: int) -> Reference:
    root, *rest = path.split(".")
    if not rest and root not in _INSTANCE_ROOTS:
        return Reference("parameters", (root,), column)
    return Reference(root, tuple(rest), column)


def _resolve_text(text: str, scope: Mapping[str, Any]) -> Any:
    parts = _parse(text)
    if len(parts) == 1 and isinstance(parts[0], Reference):
        return _look_up(parts[0], scope)
    return "".join(_written(part, scope) for part in parts)


def _written(part: str | Reference | TemplateMistake, scope: Mapping[str, Any]) -> str:
    match part:
        case str():
            return part
        case TemplateMistake():
            return ""
        case Reference():
            value = _look_up(part, scope)
            if value is None:
                return ""
            return value if isinstance(value, str) else canonical(value).decode()


def _look_up(reference: Reference, scope: Mapping[str, Any]) -> Any:
    value: Any = scope.get(reference.root)
    for name in reference.path:
        match value:
            case Mapping():
                value = value[name] if name in value else None  # noqa: SIM401 - `steps` may be lazy
            case list() | tuple():
                value = value[int(name)] if name.isdecimal() and int(name) < len(value) else None
            case _:
                return None
    return value
