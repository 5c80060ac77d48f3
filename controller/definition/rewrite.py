"""How do the spellings of a bare document become canonical, while every value remembers where it was written?"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from pydantic import BaseModel

from controller.definition.fields import Member, members
from controller.definition.findings import Findings
from controller.definition.spellings import spellings
from controller.model.document import Path
from controller.model.orchestration import ParallelPhases, Phase


class Written(NamedTuple):
    """A value and the path in the document under which its author wrote it."""

    value: Any
    path: Path


Fields = dict[str, Written]
"""The fields of one object, by canonical name; names that nobody knows keep their own."""

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

    def __init__(self, findings: Findings, origins: dict[Path, Path], rules: Mapping[type[BaseModel], Rule]) -> None:
        self.findings = findings
        self.origins = origins
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
            if field.path != (*written.path, name):
                self.origins[*path, name] = field.path
            made[name] = self._member(field, members(model).get(name), (*path, name))
        return made

    def fields(self, written: Written, model: type[BaseModel]) -> Fields:
        """Return the fields of an object by canonical name, which wins over its aliases. A null field is an absent one."""
        known = spellings(model)
        paths = written.value.paths if isinstance(written.value, Merged) else {}
        fields: Fields = {}
        for spelled, value in written.value.items():
            name = known.get(spelled, spelled)
            found = Written(value, paths.get(spelled, (*written.path, spelled)))
            if value is None and spelled in known:
                continue
            if name not in fields:
                fields[name] = found
            elif spelled == name:
                self.shadowed(fields[name], found)
                fields[name] = found
            else:
                self.shadowed(found, fields[name])
        return fields

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
