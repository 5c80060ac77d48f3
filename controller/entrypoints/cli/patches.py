"""Changes to a step's input, as they are written on the command line."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click


def patch_from(settings: Sequence[str], file: Path | None) -> dict[str, Any] | None:
    """Return the changes that `--file` and then `--set` ask for; None for none.

    `a.b=1` sets b inside a. A value that is JSON counts as such, anything else as text. `input.` in front is optional.
    """
    patch = _from_file(file) if file is not None else {}
    for setting in settings:
        key, equals, text = setting.partition("=")
        parts = key.removeprefix("input.").split(".")
        if not equals or not all(parts):
            raise click.UsageError(f'--set {setting}: write it as name=value, e.g. input.mode=upsert, or a.b="1"')
        _put(patch, parts, _value(text), setting)
    return patch or None


def _from_file(file: Path) -> dict[str, Any]:
    from controller.runtime.strict_json import parse

    try:
        found = parse(file.read_bytes())
    except OSError as error:
        raise click.UsageError(f"cannot read {file}: {error.strerror}") from error
    except ValueError as error:
        raise click.UsageError(f"{file}: {error}") from error
    if not isinstance(found, dict):
        raise click.UsageError(f"{file} must hold a JSON object, which is merged into the step's input")
    return found


def _value(text: str) -> Any:
    from controller.runtime.strict_json import parse

    try:
        return parse(text.encode())
    except ValueError:
        return text


def _put(patch: dict[str, Any], parts: Sequence[str], value: Any, setting: str) -> None:
    for part in parts[:-1]:
        patch = patch.setdefault(part, {})
        if not isinstance(patch, dict):
            raise click.UsageError(f"--set {setting}: another --set gives {part} a value of its own")
    patch[parts[-1]] = value
