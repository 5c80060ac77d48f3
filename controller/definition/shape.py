"""Does a canonical resource have the shape that the models ask for, and how is it said when it does not?"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from controller.definition.fields import KINDS, known_fields
from controller.definition.findings import Findings, close_to
from controller.definition.repair import Repair, repaired
from controller.definition.wording import expected, shown
from controller.model.document import Path
from controller.model.resource import AgentResource, OrchestrationResource

Resource = OrchestrationResource | AgentResource

_ADAPTERS: Mapping[str, TypeAdapter[Any]] = {kind: TypeAdapter(model) for kind, model in KINDS.items()}
_PHASES: Path = ("spec", "phases")


class _Deviation(NamedTuple):
    type: str
    path: Path
    value: Any
    context: Mapping[str, Any]


MOST_ROUNDS = 8
"""Repairs may uncover further deviations, one level deeper each time."""


def shape(kind: str, resource: Any, findings: Findings) -> Resource | None:
    """Return the typed resource after reporting every deviation from the model.

    A resource with deviations is repaired, so that the other checks can go on; it must not be used for anything else.
    None where that is not possible. Only canonical names are taken here: aliases are a convenience of bare documents
    and are gone by now.
    """
    report = True
    for _ in range(MOST_ROUNDS):
        try:
            made: Resource = _ADAPTERS[kind].validate_python(resource, by_alias=True, by_name=False)
        except ValidationError as error:
            repairs = _examine(kind, list(_deviations(error, resource)), findings, report=report)
            resource = repaired(resource, repairs, findings)
            report = False
        else:
            return made
    return None


def _deviations(error: ValidationError, resource: Any) -> Iterator[_Deviation]:
    for detail in error.errors(include_url=False):
        path = detail["loc"]
        if path[:2] == _PHASES and len(path) > 3:
            # pydantic tries both forms of an entry and names the form in the path; only the form that was meant counts.
            form = "ParallelPhases" if _is_parallel(resource["spec"]["phases"][path[2]]) else "Phase"
            if path[3] != form:
                continue
            path = (*path[:3], *path[4:])
        yield _Deviation(detail["type"], path, detail["input"], detail.get("ctx", {}))


def _is_parallel(entry: Any) -> bool:
    return isinstance(entry, dict) and "id" not in entry and any(close_to(key, ["parallel"]) for key in entry)


def _examine(kind: str, deviations: list[_Deviation], findings: Findings, *, report: bool) -> list[Repair]:
    """Report the deviations and return what repairs them."""
    missing: dict[Path, list[str]] = {}
    for found in deviations:
        if found.type == "missing":
            missing.setdefault(found.path[:-1], []).append(str(found.path[-1]))
    repairs = []
    for found in deviations:
        if found.type == "extra_forbidden":
            repairs.append(_unknown_field(kind, found.path, missing.get(found.path[:-1], []), findings, report=report))
    for parent, names in missing.items():
        for name in names:
            if report:
                owner = _owner(findings.origin(parent))
                findings.add((*parent, name), f'{owner} needs the field "{name}"', "MissingField", key=True)
            repairs.append(Repair((*parent, name), required=True))
    for found in deviations:
        if found.type not in {"extra_forbidden", "missing"}:
            if report:
                want, hint = expected(found.type, found.path, found.value, found.context)
                subject = _owner(findings.origin(found.path))
                findings.add(found.path, f"{subject} is {shown(found.value)}; expected {want}", "WrongValue", hint)
            repairs.append(Repair(found.path))
    return repairs


def _unknown_field(kind: str, path: Path, missing: list[str], findings: Findings, *, report: bool) -> Repair:
    parent, word = path[:-1], str(path[-1])
    # A mistyped required field is one mistake, not an unknown field and a missing one.
    meant = close_to(word, missing)
    if meant is not None:
        missing.remove(meant)
    else:
        meant = close_to(word, known_fields(kind, parent))
    if report:
        where = _owner(findings.origin(parent))
        hint = f'did you mean "{meant}"?' if meant else None
        findings.add(path, f'unknown field "{word}" in {where}', "UnknownField", hint, key=True)
    return Repair(path, meant=meant)


def _owner(path: Path) -> str:
    """Return what to call the value at a path in a sentence: its field name, or `steps[3]` for an item of a list."""
    if not path:
        return "the document"
    if isinstance(path[-1], int):
        return f"{_owner(path[:-1])}[{path[-1]}]"
    return path[-1]
