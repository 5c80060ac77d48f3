"""Write every generated file anew. They are never edited: change what they are made from, then `make generate`.

To add one: a function from nothing to {path: text}, and its line in GENERATORS. A file that lies in one of OWNED and that
no generator makes any more is removed.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from controller.model.resource import AgentResource, OrchestrationResource
from tools.charts.values import charts
from tools.cli_reference import cli_reference
from tools.crds.definitions import FOLDERS, crds
from tools.guide_schema import guide_schema
from tools.states_page import states_page

ROOT = Path(__file__).resolve().parent.parent

OWNED = ("docs/schemas", *FOLDERS)
"""Folders in which every file is generated."""

KINDS: Mapping[str, type[BaseModel]] = {"agent": AgentResource, "orchestration": OrchestrationResource}
"""File name of a schema -> the kind that it describes."""


def schemas() -> dict[str, str]:
    """JSON Schemas for editors: what may be written in a file of each kind, and in a bare `orchestration:` document."""
    made = {}
    for name, kind in KINDS.items():
        # "serialization": defaults then stand there as people write them, e.g. "10s" rather than 10000.
        schema = kind.model_json_schema(by_alias=True, mode="serialization")
        schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
        made[f"docs/schemas/{name}.schema.json"] = _written(schema)
    made["docs/schemas/guide.schema.json"] = _written(guide_schema())
    return made


def _written(schema: Mapping[str, Any]) -> str:
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


GENERATORS: tuple[Callable[[], Mapping[str, str]], ...] = (schemas, cli_reference, states_page, crds, charts)
"""Everything that is generated."""


def write(root: Path, files: Mapping[str, str], owned: tuple[str, ...]) -> list[str]:
    """Make the files below `root` be these; return what changed. A file that is right keeps its time."""
    changed = []
    for name, text in sorted(files.items()):
        path = root / name
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            changed.append(name)
    for folder in owned:
        for path in sorted((root / folder).rglob("*")):
            name = path.relative_to(root).as_posix()
            if path.is_file() and name not in files:
                path.unlink()
                changed.append(name)
    return changed


def main() -> int:
    """Write, and name what changed."""
    files = {name: text for generator in GENERATORS for name, text in generator().items()}
    changed = write(ROOT, files, OWNED)
    for name in changed:
        print(f"wrote {name}")
    print(f"{len(files)} generated files, {len(changed)} changed")
    return 0


if __name__ == "__main__":
    sys.exit(main())
