"""What would a resource be without the deviations of its shape, so that all other checks can go on?

One mistake must be one problem: a mistyped field is taken as what was meant, a wrong value as absent, and what is
missing is filled in. Nothing of this ever leaves validation.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from controller.definition.findings import Findings
from controller.model.document import Path
from controller.model.resource import API_VERSION

_FILLERS: Mapping[str, Any] = {
    "apiVersion": API_VERSION,
    "metadata": {"name": "unnamed"},
    "steps": [{"id": "unnamed"}],
    "argv": ["unnamed"],
    "parallel": [{"id": "unnamed"}],
    "action": "continue",
    "url": "https://unnamed",
}
"""Values of required fields; every other one gets a name of its own."""


class Repair(NamedTuple):
    """One change."""

    path: Path
    required: bool = False
    """Fill in a value, since the field may not be absent."""
    meant: str | None = None
    """The name that the author meant: move the value there."""


def repaired(resource: Any, repairs: Sequence[Repair], findings: Findings) -> Any:
    """Return a changed copy. Paths that were filled in or dropped are silenced; moves are noted as origins."""
    made = _copied(resource)
    for repair in repairs:
        if repair.meant is not None:
            _move(made, repair.path, repair.meant, findings)
    # From the end, so that dropping an item of a list moves none that is still to be dropped.
    for repair in sorted(repairs, key=lambda repair: _sortable(repair.path), reverse=True):
        if repair.meant is None:
            _drop(made, repair, findings)
    return made


def _move(made: Any, path: Path, meant: str, findings: Findings) -> None:
    parent = _at(made, path[:-1])
    if isinstance(parent, dict) and path[-1] in parent:
        value = parent.pop(path[-1])
        if meant not in parent:
            findings.origins[*path[:-1], meant] = findings.origin(path)
            parent[meant] = value


def _drop(made: Any, repair: Repair, findings: Findings) -> None:
    *above, last = repair.path
    parent = _at(made, tuple(above))
    if isinstance(parent, dict):
        if repair.required:
            name = f"unnamed-{_number(repair.path)}"
            findings.fillers.add(name)
            parent[last] = _copied(_FILLERS.get(str(last), name))
        else:
            parent.pop(last, None)
        findings.silent.add(repair.path)
    elif isinstance(parent, list) and isinstance(last, int) and last < len(parent):
        origins = {index: findings.origin((*above, index)) for index in range(last + 1, len(parent))}
        del parent[last]
        for index, origin in origins.items():
            findings.origins[*above, index - 1] = origin


def _at(made: Any, path: Path) -> Any:
    for part in path:
        match made, part:
            case dict(), str() if part in made:
                made = made[part]
            case list(), int() if part < len(made):
                made = made[part]
            case _:
                return None
    return made


def _number(path: Path) -> str:
    return "-".join(str(part) for part in path if isinstance(part, int)) or "0"


def _copied(value: Any) -> Any:
    match value:
        case dict():
            return {key: _copied(member) for key, member in value.items()}
        case list():
            return [_copied(member) for member in value]
        case _:
            return value


def _sortable(path: Path) -> list[tuple[bool, str | int]]:
    return [(isinstance(part, str), part) for part in path]
