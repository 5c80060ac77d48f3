"""What does a bare `orchestration:` document mean where it differs from the canonical form by more than spelling?"""

import math
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from controller.definition.findings import did_you_mean
from controller.definition.rewrite import Fields, Merged, Rewriting, Rule, Written
from controller.definition.spellings import CONVERTED
from controller.definition.wording import shown
from controller.model.document import Path
from controller.model.orchestration import Caching, Concurrency, ErrorHandling, OnStepFailure
from controller.model.step import Retry, Step, StepCaching, StepInput

_STEP_METADATA = frozenset({"retry", "rollback", "reversible"})
"""What the `metadata` of a step may override."""

_MILLISECONDS = 1000


def _step(fields: Fields, written: Path, path: Path, rewriting: Rewriting) -> None:
    if "id" not in fields:
        group = "step" if path[-2] == "steps" else path[-2]
        generated = f"{group}_{int(path[-1]) + 1}"
        fields["id"] = Written(generated, (*written, "id"))
        rewriting.report(
            written,
            f'a step without id is called "{generated}"',
            "GeneratedId",
            "give it an id: retries, checkpoints and caches hang on it, and this one changes when a step is inserted",
            warning=True,
            key=False,
        )
    for name, change in (("type", str.lower), ("mode", str.upper)):
        if name in fields and isinstance(fields[name].value, str):
            fields[name] = Written(change(fields[name].value), fields[name].path)
    if "metadata" in fields:
        _step_metadata(fields, rewriting)


def _step_metadata(fields: Fields, rewriting: Rewriting) -> None:
    metadata = fields.pop("metadata")
    if not isinstance(metadata.value, dict):
        rewriting.report(metadata.path, "metadata of a step must be an object", "WrongValue", key=False)
        return
    for name, value in metadata.value.items():
        found = Written(value, (*metadata.path, name))
        if name == "rollback":
            _step_rollback(fields, found, rewriting)
        elif name in _STEP_METADATA:
            if name in fields:
                rewriting.shadowed(found, fields[name])
            else:
                fields[name] = found
        else:
            hint = did_you_mean(name, _STEP_METADATA) or "what the agent needs belongs into input.payload"
            rewriting.report(found.path, f'"{name}" in metadata of a step has no effect', "Ignored", hint, warning=True)


def _step_rollback(fields: Fields, rollback: Written, rewriting: Rewriting) -> None:
    """A step's rollback only documents: whether it can be undone, and what a person does."""
    if not isinstance(rollback.value, dict):
        rewriting.report(rollback.path, "rollback of a step must be an object", "WrongValue", key=False)
        return
    for name, value in rollback.value.items():
        found = Written(value, (*rollback.path, name))
        if name in {"reversible", "enabled"}:
            fields.setdefault("reversible", found)
        elif name == "description":
            instruction = Merged()
            instruction.put("instruction", value, found.path)
            fields.setdefault("undo", Written(instruction, rollback.path))
        else:
            hint = did_you_mean(name, ["reversible", "description"])
            rewriting.report(found.path, f'"{name}" in rollback of a step has no effect', "Ignored", hint, warning=True)


def _step_input(fields: Fields, written: Path, path: Path, rewriting: Rewriting) -> None:
    """All keys but `payload` and `user_message` join the payload."""
    free = {name: fields.pop(name) for name in list(fields) if name not in {"payload", "userMessage"}}
    if not free:
        return
    payload = fields.get("payload", Written({}, (*written, "payload")))
    if not isinstance(payload.value, dict):
        return
    joined = dict(payload.value)
    for name, found in free.items():
        if name in joined:
            rewriting.shadowed(found, Written(joined[name], (*payload.path, name)))
        else:
            joined[name] = found.value
            rewriting.origins[*path, "payload", name] = found.path
    fields["payload"] = Written(joined, payload.path)


def _concurrency(fields: Fields, _written: Path, _path: Path, rewriting: Rewriting) -> None:
    limit = fields.get("maxParallel")
    if limit is None or isinstance(limit.value, bool) or not isinstance(limit.value, int | float):
        return
    floored = max(1, math.floor(limit.value))
    if floored != limit.value:
        message = f"{limit.path[-1]} is {limit.value}; {floored} is used"
        rewriting.report(limit.path, message, "Floored", "write a whole number of 1 or more", warning=True, key=False)
    fields["maxParallel"] = Written(floored, limit.path)


def _caching(fields: Fields, _written: Path, _path: Path, _rewriting: Rewriting) -> None:
    enabled = fields.get("enabled")
    if enabled is not None and isinstance(enabled.value, str) and enabled.value.lower() in {"true", "false"}:
        fields["enabled"] = Written(enabled.value.lower() == "true", enabled.path)


def _error_handling(fields: Fields, _written: Path, _path: Path, rewriting: Rewriting) -> None:
    """A list of one-key objects is merged in order; a later one wins."""
    listed = fields.get("onStepFailure")
    if listed is None or not isinstance(listed.value, list):
        return
    merged = Merged()
    for index, item in enumerate(listed.value):
        path = (*listed.path, index)
        if not isinstance(item, dict):
            rewriting.report(path, f"{listed.path[-1]}[{index}] must be an object", "WrongValue", key=False)
            continue
        for key, value in item.items():
            merged.put(key, value, (*path, key))
    fields["onStepFailure"] = Written(merged, listed.path)


def _retry(fields: Fields, _written: Path, _path: Path, rewriting: Rewriting) -> None:
    for spelled in [name for name in fields if name in CONVERTED]:
        name, counted = CONVERTED[spelled]
        found = fields.pop(spelled)
        if name in fields:
            rewriting.shadowed(found, fields[name])
            continue
        value = _attempts(found.value) if counted == "tries" else _milliseconds(found.value)
        if value is not None:
            fields[name] = Written(value, found.path)
            continue
        wanted = "a whole number of further tries, e.g. 2" if counted == "tries" else "a number of seconds, e.g. 2"
        rewriting.report(found.path, f"{spelled} is {shown(found.value)}; expected {wanted}", "WrongValue", key=False)


def _attempts(value: Any) -> int | None:
    """Return the attempts for a number of further tries."""
    return value + 1 if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None


def _milliseconds(value: Any) -> int | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
    return round(value * _MILLISECONDS) if is_number else None


RULES: Mapping[type[BaseModel], Rule] = {
    Step: _step,
    StepInput: _step_input,
    Concurrency: _concurrency,
    Caching: _caching,
    StepCaching: _caching,
    ErrorHandling: _error_handling,
    Retry: _retry,
    OnStepFailure: _retry,
}
"""By the model of the object that they change."""
