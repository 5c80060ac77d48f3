"""Does the catalogue page say what the definitions and agents say? Finds what is missing or different on either side."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from controller.adapters.documents.definition_files import load
from controller.definition.checked import Checked
from controller.definition.validate import check
from controller.model.orchestration import OrchestrationSpec, Parameter

Rows = list[list[str]]


def read_library(folder: Path) -> Checked:
    return check(load(folder))


def orchestrations(checked: Checked) -> dict[str, OrchestrationSpec]:
    """Orchestrations by the name of their folder."""
    return {Path(found.document.file).parent.name: found.spec for found in checked.orchestrations}


def disagreements(page: str, specs: Mapping[str, OrchestrationSpec], agents: Mapping[str, str | None]) -> list[str]:
    """Compare the page with orchestrations by folder and with the descriptions of agents by slug."""
    sections = dict(_sections(page, "### "))
    found = [f'"{name}" is in the library, not in the catalogue' for name in specs if name not in sections]
    found += [f'"{name}" is in the catalogue, not in the library' for name in sections if name not in specs]
    for name, spec in specs.items():
        if name in sections:
            found += [f'"{name}": {problem}' for problem in _compare(sections[name], spec)]
    listed = {row[0].strip("`"): row[1] for row in _table(dict(_sections(page, "## ")).get("Agents", ""), "Agent")}
    for slug in sorted(agents.keys() | listed.keys()):
        if slug not in listed or slug not in agents:
            where = "library, not in the catalogue" if slug in agents else "catalogue, not in the library"
            found.append(f'agent "{slug}" is in the {where}')
        elif listed[slug] != agents[slug]:
            found.append(f'agent "{slug}" is described in other words')
    return found


def _compare(section: str, spec: OrchestrationSpec) -> Iterator[str]:
    if f"`{spec.name}` {spec.version}" not in section:
        yield f"the catalogue does not name version {spec.version}"
    wanted = [[f"`{parameter.key}`", str(parameter.type), _default(parameter)] for parameter in spec.parameters]
    yield from _differences("parameter", wanted, [row[:3] for row in _table(section, "Parameter")])
    if any(not row[3] for row in _table(section, "Parameter")):
        yield "a parameter has no meaning"
    steps = [[f"`{step.id}`"] for step in (*spec.steps, *spec.finally_)]
    yield from _differences("step", steps, [row[:1] for row in _table(section, "Step")])
    outputs = re.findall(r"`([^`]+)`", next(iter(re.findall(r"^Outputs: .*", section, re.MULTILINE)), ""))
    if outputs != list(spec.outputs):
        yield f"outputs are {list(spec.outputs)}, the catalogue has {outputs}"


def _differences(what: str, wanted: Rows, listed: Rows) -> Iterator[str]:
    yield from (f"{what} {row} is not in the catalogue so" for row in wanted if row not in listed)
    yield from (f"{what} {row} is in the catalogue only" for row in listed if row not in wanted)


def _default(parameter: Parameter) -> str:
    if parameter.required:
        return "required"
    return "none" if parameter.default is None else f"`{json.dumps(parameter.default)}`"


def _sections(page: str, mark: str) -> Iterator[tuple[str, str]]:
    for part in re.split(rf"^(?={mark})", page, flags=re.MULTILINE):
        if part.startswith(mark):
            title, _, text = part.partition("\n")
            # A section ends where one of a higher level begins.
            yield title.removeprefix(mark).strip(), re.split(r"^#{1,2} ", text, flags=re.MULTILINE)[0]


def _table(text: str, head: str) -> Sequence[list[str]]:
    rows: Rows = []
    inside = False
    for line in text.splitlines():
        inside = line.startswith("|") and (inside or line.startswith(f"| {head} |"))
        if inside:
            rows.append([cell.strip() for cell in line.strip().strip("|").split("|")])
    return rows[2:]
