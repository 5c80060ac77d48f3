"""Can outputs be mapped and checked: are paths well-formed, JSON Schemas valid, transformations known?"""

from collections.abc import Mapping, Sequence
from typing import Any

from controller.definition.findings import Findings, Part, did_you_mean
from controller.definition.mapping import mistakes
from controller.definition.order import Order
from controller.definition.schemas import schema_mistakes
from controller.definition.transforms import TRANSFORMS
from controller.model.document import Path


def check_contracts(order: Order, findings: Findings) -> None:
    """The output mappings and contracts of all steps."""
    for placed in order.steps:
        for mistake in mistakes(placed.step.output_mapping):
            at: Path = (*placed.path, "outputMapping", mistake.name)
            part = Part(placed.step.output_mapping[mistake.name], mistake.column)
            findings.add(at, mistake.message, "OutputMapping", mistake.hint, part=part)
        contract = placed.step.contract
        if contract is None:
            continue
        path = (*placed.path, "contract")
        check_schema(contract.json_schema, (*path, "schema"), findings)
        seen: set[str] = set()
        for index, artifact in enumerate(contract.artifacts):
            at = (*path, "artifacts", index)
            check_schema(artifact.json_schema, (*at, "schema"), findings)
            if artifact.transform is not None and artifact.transform not in TRANSFORMS:
                known = ", ".join(TRANSFORMS)
                hint = did_you_mean(artifact.transform, TRANSFORMS) or f"there are {known}"
                message = f'unknown transformation "{artifact.transform}"'
                findings.add((*at, "transform"), message, "UnknownTransformation", hint)
            if artifact.name in seen:
                message = f'the artifact "{artifact.name}" stands twice'
                findings.add((*at, "name"), message, "RepeatedArtifact", "keep one of the two")
            elif not _inside(artifact.name):
                message = f'"{artifact.name}" is not a path below artifacts/'
                findings.add((*at, "name"), message, "ArtifactName", "write it without / in front and without ..")
            seen.add(artifact.name)


def check_schema(schema: Mapping[str, Any] | None, path: Path, findings: Findings) -> None:
    """Report everything that is wrong with a JSON Schema itself."""
    for mistake in schema_mistakes(schema) if schema is not None else ():
        pointer, _, message = mistake.partition(": ") if mistake.startswith(("/", "(top)")) else ("", "", mistake)
        at = _below(schema, pointer.split("/")[1:])
        findings.add((*path, *at), f"not a JSON Schema: {message}", "Schema")


def _below(schema: Any, names: Sequence[str]) -> Path:
    """Return the path that the names of a JSON pointer make, with indexes as numbers."""
    path: list[str | int] = []
    for escaped in names:
        name = escaped.replace("~1", "/").replace("~0", "~")
        key: str | int = int(name) if isinstance(schema, list) else name
        path.append(key)
        schema = schema[key]
    return tuple(path)


def _inside(name: str) -> bool:
    return not name.startswith("/") and ".." not in name.split("/") and "\\" not in name and "\0" not in name
