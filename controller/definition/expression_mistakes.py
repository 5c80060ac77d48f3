"""What do the messages of the expression library mean to the author of a definition?"""

import re
from collections.abc import Callable

from controller.definition.expression_names import Mistake
from controller.definition.findings import did_you_mean

_COMPILE = re.compile(r"ERROR: <input>:(-?\d+):(-?\d+): (.*)")
_STATUS = re.compile(r"^[A-Z_]+: |\s*\[[A-Z_]+\]$")
_CONTAINER = " (in container '')"
_DOUBLE = "JSON numbers without a fraction are integers: convert with double(…) where a fraction may come"

_AT_COMPILE: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str]]] = [
    (re.compile(r"undeclared reference to '([^'.]+)[^']*'"), lambda match: f'unknown name or function "{match[1]}"'),
    (re.compile(r"Syntax error: mismatched input '<EOF>'.*"), lambda _: "the expression ends too early"),
    (
        re.compile(r"Syntax error: (?:mismatched|extraneous) input '(.+?)' expecting.*"),
        lambda match: f"did not expect {match[1].strip()}",
    ),
    (
        re.compile(r"Syntax error: no viable alternative at input '(.+?)'.*"),
        lambda match: f"did not expect {match[1].strip()}",
    ),
    (
        re.compile(r"Syntax error: token recognition error at: '(.+?)'?$"),
        lambda match: f"did not expect {match[1].strip()}",
    ),
    (
        re.compile(r"found no matching overload for '(.+?)' applied to '(.+)'"),
        lambda m: f"{_sign(m[1])} cannot take {m[2]}",
    ),
]

_AT_EVALUATION: list[tuple[re.Pattern[str], Callable[[re.Match[str]], str], str | None]] = [
    (
        re.compile(r'Key not found in map : "(.*)"'),
        lambda match: f'nothing is there under "{match[1]}"',
        "ask with has(…) before, or give a default: steps.a.?b.orValue(0)",
    ),
    (re.compile(r"Index error: index=(-?\d+) size=(\d+)"), lambda m: f"no element {m[1]} in a list of {m[2]}", None),
    (
        re.compile(r"No matching overloads found : <jump_condition>"),
        lambda _: "a condition is neither true nor false",
        None,
    ),
    (
        re.compile(r"No matching overloads found : (\S+?)\((.*)\)"),
        lambda match: f"{_sign(match[1])} cannot take ({match[2].replace('int64', 'int')})",
        _DOUBLE,
    ),
    (
        re.compile(r"Applying SELECT to non-message type"),
        lambda _: "a value in the middle of a path is null or has no members",
        "ask for it before: steps.a != null && …",
    ),
    (re.compile(r"Iteration budget exceeded"), lambda _: "more than 10000 steps of macros such as map and all", None),
    (re.compile(r'No value with name "(.*)" found'), lambda match: f'"{match[1]}" has no value here', None),
    (
        re.compile(r"Integer value '(-?\d+)' out of range"),
        lambda match: f"{match[1]} is too large for an integer",
        None,
    ),
    (
        re.compile(r"Unable to convert function return value"),
        lambda _: "the result is no JSON value",
        "end with .orValue(…)",
    ),
]


def compile_mistakes(message: str, text: str, known: tuple[str, ...]) -> list[Mistake]:
    """Return what is wrong with `text`, whose names are `known`, given what the library said about it."""
    found = []
    for line, column, said in _COMPILE.findall(message):
        # Errors that only follow from others have no place.
        if int(line) > 0:
            found.append(
                _compile_mistake(said.removesuffix(" [INVALID_ARGUMENT]"), _offset(text, int(line), int(column)), known)
            )
    return found or [Mistake(_STATUS.sub("", message.split("\n", 1)[0]), 1)]


def evaluation_mistake(message: str) -> Mistake:
    """Return why an expression has no value, given what the library said. The place is unknown: column 1."""
    for pattern, wording, hint in _AT_EVALUATION:
        if match := pattern.search(message):
            return Mistake(wording(match), 1, hint)
    return Mistake(_STATUS.sub("", message.split("\n", 1)[0]), 1)


def _compile_mistake(said: str, column: int, known: tuple[str, ...]) -> Mistake:
    said = said.replace(_CONTAINER, "")
    undeclared = _AT_COMPILE[0][0].match(said)
    if undeclared is not None:
        hint = did_you_mean(undeclared[1], known) or f"variables here: {', '.join(known)}"
        return Mistake(_AT_COMPILE[0][1](undeclared), column, hint)
    for pattern, wording in _AT_COMPILE:
        if match := pattern.match(said):
            return Mistake(wording(match), column)
    return Mistake(said, column)


def _offset(text: str, line: int, column: int) -> int:
    """Return where a line and column lie in the text as a whole, counted from 1."""
    lines = text.split("\n")
    return sum(len(before) + 1 for before in lines[: line - 1]) + column


def _sign(operator: str) -> str:
    """Return an operator as it is written: the library calls `+` `_+_`."""
    return operator.replace("_", "") if operator.startswith(("_", "-", "!")) else operator
