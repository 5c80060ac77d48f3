"""How do the spellings of a bare document become canonical, while every value remembers where it was written?"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from controller.definition.fields import Member, members
from controller.definition.findings import Findings, close_to
from controller.definition.spellings import read_apart, spellings
from controller.model.document import Path
from controller.model.orchestration import ParallelPhases, Phase
from controller.model.step import StepInput


class Written(NamedTuple):
    """A value and the path in the document under which its author wrote it."""

    value: Any
    path: Path


Fields = dict[str, Written]
"""The fields of one object, by canonical name; names that nobody knows keep their own."""

_UNKNOWN = ""
"""Name of fields that stand for nothing; they have been reported."""

Rule = Callable[[Fields, Path, Path, "Rewriting"], None]
"""Changes the fields of one object in place, after spellings were settled and before its values are looked into.

The paths are where the object was written and where it will stand.
"""


class Merged(dict[str, Any]):
    """An object whose fields were written in several places."""

    def __init__(self) -> None:
        super().__init__()
        self.paths: dict[str, Path] = {}

    def put(self, key: str, value: Any, path: Path) -> None:
        """Set a field; a later one wins."""
        self[key] = value
        self.paths[key] = path


class Rewriting:
    """Rewrites one document; fills the origins of its findings."""

    def __init__(self, findings: Findings, rules: Mapping[type[BaseModel], Rule]) -> None:
        self.findings = findings
        self.origins = findings.origins
        self.rules = rules

    def object(self, written: Written, model: type[BaseModel], path: Path) -> Any:
        """Return the canonical form of an object that will stand at `path`; what is no object is left for the checks."""
        if not isinstance(written.value, dict):
            return written.value
        fields = self.fields(written, model)
        if rule := self.rules.get(model):
            rule(fields, written.path, path, self)
        made = {}
        for name, field in fields.items():
            if name == _UNKNOWN:
                continue
            if field.path != (*written.path, name):
                self.origins[*path, name] = field.path
            made[name] = self._member(field, members(model).get(name), (*path, name))
        return made

    def fields(self, written: Written, model: type[BaseModel]) -> Fields:
        """Return the fields of an object by canonical name, which wins over its aliases. A null field is an absent one.

        A name that nobody knows is reported and taken for the known one that it resembles.
        """
        known = spellings(model)
        paths = written.value.paths if isinstance(written.value, Merged) else {}
        fields: Fields = {}
        mistyped: list[tuple[str, Written]] = []
        for spelled, value in written.value.items():
            name = known.get(spelled)
            found = Written(value, paths.get(spelled, (*written.path, spelled)))
            if name is None:
                mistyped.append((spelled, found))
            elif value is None:
                continue
            elif name not in fields:
                fields[name] = found
            elif spelled == name:
                self.shadowed(fields[name], found)
                fields[name] = found
            else:
                self.shadowed(found, fields[name])
        for spelled, found in mistyped:
            fields.setdefault(self._meant(spelled, found, model, fields), found)
        return fields

    def _meant(self, spelled: str, found: Written, model: type[BaseModel], fields: Fields) -> str:
        """Return the field that a name stands for which is no spelling of any."""
        apart = read_apart(model)
        if spelled in apart or model is StepInput:
            return spelled
        known = spellings(model)
        close = close_to(spelled, [name for name in (*known, *apart) if known.get(name) not in fields])
        hint = f'did you mean "{close}"?' if close else None
        where = next((part for part in reversed(found.path[:-1]) if isinstance(part, str)), "the document")
        index = f"[{found.path[-2]}]" if isinstance(found.path[-2], int) else ""
        self.report(found.path, f'unknown field "{spelled}" in {where}{index}', "UnknownField", hint)
        return known.get(close, close) if close else _UNKNOWN

    def shadowed(self, loser: Written, winner: Written) -> None:
        """Warn that a second spelling of one thing is not looked at."""
        self.report(
            loser.path, f'"{loser.path[-1]}" is ignored: "{winner.path[-1]}" says it already', "Shadowed", warning=True
        )

    def report(
        self, path: Path, message: str, rule: str, hint: str | None = None, *, warning: bool = False, key: bool = True
    ) -> None:
        """Report something about a path of the document itself."""
        severity = "warning" if warning else "error"
        self.findings.add_written(path, message, rule, hint, key=key, severity=severity)

    def _member(self, field: Written, member: Member | None, path: Path) -> Any:
        if member is None or not member.models:
            return field.value
        if not member.listed:
            return self.object(field, member.models[0], path)
        if not isinstance(field.value, list):
            return field.value
        return [
            self.object(Written(item, (*field.path, index)), _form(member.models, item), (*path, index))
            for index, item in enumerate(field.value)
        ]


def _form(models: tuple[type[BaseModel], ...], item: Any) -> type[BaseModel]:
    """Return which of the models an item is written as."""
    if models == (Phase, ParallelPhases):
        return ParallelPhases if isinstance(item, dict) and "parallel" in item else Phase
    return models[0]
