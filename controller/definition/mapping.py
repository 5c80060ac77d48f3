"""What part of an agent's answer becomes the output of its step?

A mapping is name -> path: `$` is the whole answer, `.name` a member, `[n]` an element counted from 0.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from controller.errors import InvariantViolated

_ROOT = "$"
_ELEMENT = re.compile(r"""\.([^\s.\[\]"'*$]+)|\[(\d+)\]""")


class MappingMistake(NamedTuple):
    """A path that cannot be followed in any answer."""

    name: str
    """The output whose path it is."""
    message: str
    column: int
    """Where the path stops making sense, counted from 1."""
    hint: str


def map_output(mapping: Mapping[str, str], answer: Any) -> Any:
    """Return the output that `mapping` makes of `answer`; without a mapping, the answer itself.

    A path that leads nowhere in this answer gives None. Raises InvariantViolated for a path that `mistakes` reports:
    validation refuses such a definition.
    """
    if not mapping:
        return answer
    return {name: _follow(path, answer) for name, path in mapping.items()}


def mistakes(mapping: Mapping[str, str]) -> list[MappingMistake]:
    """Return every malformed path, in order."""
    found = []
    for name, path in mapping.items():
        stop = _stop(path)
        if stop is not None:
            found.append(MappingMistake(name, f'cannot read "{path}" as a path', stop + 1, _hint(path)))
    return found


def _stop(path: str) -> int | None:
    """Return the offset where a malformed path stops making sense, None when it is well-formed."""
    if not path.startswith(_ROOT):
        return 0
    at = len(_ROOT)
    while at < len(path):
        match = _ELEMENT.match(path, at)
        if match is None:
            return at
        at = match.end()
    return None


def _hint(path: str) -> str:
    if path and not path.startswith(_ROOT):
        separator = "" if path.startswith((".", "[")) else "."
        rooted = f"{_ROOT}{separator}{path}"
        if _stop(rooted) is None:
            return f'did you mean "{rooted}"?'
    return 'a path looks like "$", "$.content.rows" or "$.rows[0].name"'


@lru_cache(maxsize=1024)
def _elements(path: str) -> tuple[str | int, ...]:
    if _stop(path) is not None:
        raise InvariantViolated(f'the path "{path}" of an output mapping was not checked before it was used')
    return tuple(int(index) if index else name for name, index in _ELEMENT.findall(path))


def _follow(path: str, answer: Any) -> Any:
    value = answer
    for element in _elements(path):
        match value:
            case dict() if isinstance(element, str):
                value = value.get(element)
            case list() if isinstance(element, int) and element < len(value):
                value = value[element]
            case _:
                return None
    return value
