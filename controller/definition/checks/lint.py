"""Is there something in a definition that makes equal runs differ, or that should not stand in a file?"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from controller.definition.findings import Findings
from controller.definition.order import Order
from controller.model.document import Path
from controller.model.orchestration import OrchestrationSpec

_MUTABLE = re.compile(
    r"\s*(?:now|today|tomorrow|yesterday|random|rand|uuid4?|timestamp|current[ _-]?(?:date|time|timestamp))"
    r"\s*(?:\(.*\))?\s*(?:[-+].*)?",
    re.IGNORECASE,
)
"""Words that mean another value each time."""

_COMPUTED = re.compile(r"\{\{.*?\}\}|\$\(.*?\)|`.+`")
_ENVIRONMENT = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_.:-]*\}|\$[A-Z][A-Z0-9_]+\b")
_SECRET_NAME = re.compile(
    r"(?:^|[_.-]|(?<=[a-z]))(?:password|passwd|secret|token|api[_-]?key|access[_-]?key|private[_-]?key|credentials?)$",
    re.IGNORECASE,
)
_SECRET = re.compile(
    r"-----BEGIN [A-Z ]*PRIVATE KEY-----"
    r"|\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"
    r"|\bgh[pousr]_[A-Za-z0-9]{30,}"
    r"|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bxox[abprs]-[A-Za-z0-9-]{10,}"
    r"|\bsk-[A-Za-z0-9_-]{20,}"
    r"|\bAIza[0-9A-Za-z_-]{35}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\."
    r"|^(?:Bearer|Basic) [A-Za-z0-9+/=._-]{8,}$"
    r"|[a-z][a-z0-9+.-]*://[^/\s:@{}]+:[^/\s:@{}]+@"
)
"""Forms of well-known credentials."""


def check_lint(spec: OrchestrationSpec, order: Order, findings: Findings) -> None:
    """Warn of mutable defaults and of secrets; generated ids are warned of where they are generated."""
    for index, parameter in enumerate(spec.parameters):
        path: Path = ("spec", "parameters", index, "default")
        _mutable(parameter.default, parameter.key, path, findings)
        check_secrets({parameter.key: parameter.default}, path[:-1], findings, at=path)
    for placed in order.steps:
        step = placed.step
        check_secrets(step.input.payload, (*placed.path, "input", "payload"), findings)
        check_secrets({"userMessage": step.input.user_message}, (*placed.path, "input"), findings)
        if step.orchestration is not None:
            check_secrets(step.orchestration.parameters, (*placed.path, "orchestration", "parameters"), findings)
        if step.undo is not None:
            check_secrets(step.undo.input, (*placed.path, "undo", "input"), findings)


def check_secrets(value: Any, path: Path, findings: Findings, *, at: Path | None = None) -> None:
    """Warn of texts that are, or are to be filled with, secrets. They are never repeated in the message."""
    for below, name, text in _texts(value, (), ""):
        place = at or (*path, *below)
        if _SECRET.search(text) or (_SECRET_NAME.search(name) and _is_literal(text)):
            message = f'"{name}" looks like a secret' if name else "this looks like a secret"
            findings.warn(
                place, message, "Secret", "take it out of the file; name it in fromEnv or fromFile of the agent"
            )
        elif _ENVIRONMENT.search(text):
            message = "variables of the environment are not filled in"
            hint = "what differs between places is a parameter; a secret is named in fromEnv of the agent"
            findings.warn(place, message, "DynamicSecret", hint)


def _mutable(default: Any, key: str, path: Path, findings: Findings) -> None:
    for below, _, text in _texts(default, (), ""):
        place = (*path, *below)
        if _COMPUTED.search(text):
            message = f'the default of "{key}" is to be computed; defaults are fixed values'
            findings.warn(place, message, "MutableDefault", "make it required, or let a step compute it")
        elif _MUTABLE.fullmatch(text):
            message = f'the default of "{key}" would mean another value each time; it is taken as the text {text!r}'
            findings.warn(place, message, "MutableDefault", "make it required, or write a fixed value")


def _texts(value: Any, path: Path, name: str) -> Iterator[tuple[Path, str, str]]:
    match value:
        case str():
            yield path, name, value
        case Mapping():
            for key, member in value.items():
                yield from _texts(member, (*path, key), key)
        case list():
            for index, member in enumerate(value):
                yield from _texts(member, (*path, index), name)
        case _:
            pass


def _is_literal(text: str) -> bool:
    return bool(text) and "{{" not in text and not _ENVIRONMENT.search(text)
