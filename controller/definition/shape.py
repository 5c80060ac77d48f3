"""Does a canonical resource have the shape that the models ask for, and how is it said when it does not?"""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from pydantic import TypeAdapter, ValidationError

from controller.definition.fields import KINDS, known_fields
from controller.definition.findings import Findings, close_to, did_you_mean
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


def shape(kind: str, resource: Any, findings: Findings) -> Resource | None:
    """Return the typed resource, or None after reporting every deviation.

    Only canonical names are taken here: aliases are a convenience of bare documents and are gone by now.
    """
    try:
        made: Resource = _ADAPTERS[kind].validate_python(resource, by_alias=True, by_name=False)
    except ValidationError as error:
        _report(kind, list(_deviations(error, resource)), findings)
        return None
    return made


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


def _report(kind: str, deviations: list[_Deviation], findings: Findings) -> None:
    missing: dict[Path, list[str]] = {}
    for found in deviations:
        if found.type == "missing":
            missing.setdefault(found.path[:-1], []).append(str(found.path[-1]))
    for found in deviations:
        if found.type == "extra_forbidden":
            _unknown_field(kind, found.path, missing.get(found.path[:-1], []), findings)
    for parent, names in missing.items():
        for name in names:
            findings.add(
                parent, f'{_owner(findings.origin(parent))} needs the field "{name}"', "MissingField", key=True
            )
    for found in deviations:
        if found.type not in {"extra_forbidden", "missing"}:
            want, hint = expected(found.type, found.path, found.value, found.context)
            subject = _owner(findings.origin(found.path))
            findings.add(found.path, f"{subject} is {shown(found.value)}; expected {want}", "WrongValue", hint)


def _unknown_field(kind: str, path: Path, missing: list[str], findings: Findings) -> None:
    parent, word = path[:-1], str(path[-1])
    meant = close_to(word, missing)
    if meant is not None:
        # A mistyped required field is one mistake, not an unknown field and a missing one.
        missing.remove(meant)
    known = known_fields(kind, tuple(0 if isinstance(part, int) else part for part in parent))
    hint = did_you_mean(word, [meant] if meant else known)
    findings.add(
        path,
        f'unknown field "{findings.name(path)}" in {_owner(findings.origin(parent))}',
        "UnknownField",
        hint,
        key=True,
    )


def _owner(path: Path) -> str:
    """Return what to call the value at a path in a sentence: its field name, or `steps[3]` for an item of a list."""
    if not path:
        return "the document"
    if isinstance(path[-1], int):
        return f"{_owner(path[:-1])}[{path[-1]}]"
    return path[-1]
