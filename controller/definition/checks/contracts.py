"""Are the JSON Schemas of contracts and agents themselves valid, and the transformations known?"""

from collections.abc import Iterator, Mapping
from typing import Any

from controller.definition.findings import Findings, did_you_mean
from controller.definition.order import Order
from controller.definition.transforms import TRANSFORMS
from controller.model.document import Path


def check_contracts(order: Order, findings: Findings) -> None:
    """The contracts of all steps."""
    for placed in order.steps:
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
    """Report everything that is wrong with a JSON Schema. References lead nowhere but into the schema itself."""
    if schema is None:
        return
    import jsonschema_rs

    for at, target in _references(schema, ()):
        if not target.startswith("#"):
            message = f'"{target}" leads out of the schema; nothing is fetched'
            findings.add((*path, *at), message, "SchemaReference", "put it under $defs and write #/$defs/...")
            return
    try:
        jsonschema_rs.meta.validate(dict(schema))
        jsonschema_rs.validator_for(dict(schema))
    except jsonschema_rs.ValidationError as error:
        message = f"not a JSON Schema: {error.message}"
        findings.add((*path, *error.instance_path), message, "Schema")
    except (ValueError, jsonschema_rs.ReferencingError) as error:
        findings.add(path, f"not a JSON Schema: {error}", "Schema")


def _references(value: Any, path: Path) -> Iterator[tuple[Path, str]]:
    if isinstance(value, Mapping):
        for key, member in value.items():
            if key in {"$ref", "$dynamicRef"} and isinstance(member, str):
                yield (*path, key), member
            elif key not in {"const", "enum", "default", "examples"}:
                yield from _references(member, (*path, key))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _references(member, (*path, index))


def _inside(name: str) -> bool:
    return not name.startswith("/") and ".." not in name.split("/") and "\\" not in name and "\0" not in name
