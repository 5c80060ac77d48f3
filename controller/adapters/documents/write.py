"""How is a resource written down, so that it reads back as the same?"""

import os
import re
import tempfile
from pathlib import Path
from typing import Any

import yaml

from controller.adapters.documents.scalars import plain
from controller.errors import StoreUnavailable

_WIDTH = 120
_HEADER = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\r?\n)*")
_PRINTABLE_LINES = re.compile(r"[^\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]*")


class _Dumper(yaml.CSafeDumper):
    def ignore_aliases(self, _data: Any) -> bool:
        return True


def _text(dumper: yaml.CSafeDumper, text: str) -> yaml.ScalarNode:
    style = None
    if "\n" in text and _PRINTABLE_LINES.fullmatch(text) and not re.search(r"[ \t]$|\A\s", text, re.MULTILINE):
        style = "|"
    # The dumper only knows what YAML 1.1 would read differently.
    elif plain(text) != text or text == "<<":
        style = '"'
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def to_yaml(resource: Any) -> str:
    """Return the YAML of a JSON value, keys in their order; what two readers could read differently is quoted."""
    written: str = yaml.dump(
        resource, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH, default_flow_style=False
    )
    return written


def leading_comment(text: str) -> str:
    """Return the comments and empty lines before the first document: the changelog of a definition."""
    header = _HEADER.match(text)
    return header[0] if header and "#" in header[0] else ""


def replace_file(path: Path, text: str) -> None:
    """Write a file, or leave it as it was. Raises StoreUnavailable."""
    try:
        mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
            temporary.chmod(mode)
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise StoreUnavailable(f"cannot write {path}: {error.strerror}") from error
