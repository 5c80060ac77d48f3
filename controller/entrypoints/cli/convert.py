"""`libretto convert`: what is the canonical form of a definition?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from controller.entrypoints.cli.exits import INVALID_DEFINITION
from controller.entrypoints.cli.files import WRITTEN

if TYPE_CHECKING:
    from controller.model.document import Document


@click.command(name="convert", epilog="Example: libretto convert old.yaml --to definitions/nightly/definition.yaml")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("-o", "--output", "form", type=click.Choice(["yaml", "json"]), help="Default: yaml; for *.json, json.")
@click.option("--to", "target", type=WRITTEN, help="Write to this file.")
@click.option("--write", is_flag=True, help="Write back to the file, or to all files of a folder that need it.")
@click.pass_context
def command(ctx: click.Context, path: Path, form: str | None, target: Path | None, write: bool) -> None:
    """Write a definition in canonical form: a resource with apiVersion, kind, metadata and spec.

    Bare `orchestration:` documents (YAML or JSON, any accepted spelling) become resources of the same meaning and
    digest. Values are kept as they were written. Comments are not kept, but for those before the first document (the
    changelog). Exit code 3, and nothing is written, when a file has problems.
    """
    from controller.adapters.documents.definition_files import load
    from controller.adapters.documents.write import leading_comment, replace_file
    from controller.definition.validate import check
    from controller.entrypoints.cli.problems import as_text, summary

    if write and target is not None:
        raise click.UsageError("--write and --to exclude each other")
    if path.is_dir() and not write:
        raise click.UsageError("a folder can only be converted with --write")
    documents = load(path)
    errors = check(documents).errors
    if errors:
        click.echo(as_text(errors, documents), err=True)
        click.echo(summary(errors, len(documents)), err=True)
        ctx.exit(INVALID_DEFINITION)
    files: dict[str, list[Document]] = {}
    for document in documents:
        if document.readable:
            files.setdefault(document.file, []).append(document)
    for file, held in files.items():
        resources = [_canonical(document) for document in held]
        as_json = (form or ("json" if file.endswith(".json") else "yaml")) == "json"
        text = _written(resources, as_json=as_json)
        if not write and target is None:
            click.echo(text, nl=False)
        elif write and all(resource == document.data for resource, document in zip(resources, held, strict=True)):
            click.echo(f"{file} is canonical already")
        else:
            place = target or Path(file)
            comment = "" if as_json else leading_comment(held[0].text)
            replace_file(place, comment + text)
            click.echo(f"{file} converted" if write else f"{file} converted to {place}")


def _canonical(document: "Document") -> Any:
    from controller.definition.findings import Findings
    from controller.definition.normalise import normalise

    return normalise(document, Findings(document)).resource


def _written(resources: list[Any], *, as_json: bool) -> str:
    from controller.adapters.documents.write import to_yaml

    if as_json:
        return "".join(json.dumps(resource, indent=2, ensure_ascii=False) + "\n" for resource in resources)
    return "---\n".join(to_yaml(resource) for resource in resources)
