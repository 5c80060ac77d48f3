"""What does a plain YAML scalar mean, and would a reader of YAML 1.1 and one of YAML 1.2 agree on it?

Sources: the type repository of YAML 1.1 (bool, int, float, timestamp, merge, value) and the core schema of YAML 1.2.2,
section 10.3.2. One rule of 1.1 is left out because no reader follows it: its float pattern would also match `1.2.3`.
"""

import math
import re
from functools import lru_cache
from typing import Any, NamedTuple

from controller.model.digest import LARGEST_INTEGER


class Refusal(NamedTuple):
    """Why a scalar is not taken."""

    message: str
    rule: str
    hint: str


NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {word: word.lower() == "true" for word in ("true", "True", "TRUE", "false", "False", "FALSE")}
_TRUE_IN_1_1 = ("y", "yes", "on")
_BOOLEANS_OF_1_1 = frozenset(
    form for word in (*_TRUE_IN_1_1, "n", "no", "off") for form in (word, word.capitalize(), word.upper())
)
_INTEGER = re.compile(r"[-+]?(?:0|[1-9][0-9]*)")
_HEXADECIMAL = re.compile(r"0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+)(?:[eE][-+][0-9]+)?")
_NOT_A_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")

_DIFFERENT: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"[-+]?0[0-9]+"), "a leading zero makes it octal in YAML 1.1 and decimal in 1.2"),
    (re.compile(r"0o[0-7]+"), "an octal number in YAML 1.2 and text in 1.1"),
    (re.compile(r"[-+]?0b[01_]+"), "a binary number in YAML 1.1 and text in 1.2"),
    (re.compile(r"[-+]0x[0-9a-fA-F_]+|0x[0-9a-fA-F_]*_[0-9a-fA-F_]*"), "a number in YAML 1.1 and text in 1.2"),
    (
        re.compile(r"[-+]?[0-9][0-9_]*(?:\.[0-9_]*)?(?:[eE][-+][0-9]+)?|[-+]?\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?"),
        "underscores belong to a number in YAML 1.1 and make it text in 1.2",
    ),
    (
        re.compile(r"[-+]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][-+]?[0-9]+"),
        "without both a point and a signed exponent it is text in YAML 1.1 and a number in 1.2",
    ),
    (
        re.compile(r"[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*"),
        "a number to base 60 in YAML 1.1 and text in 1.2",
    ),
    (
        re.compile(
            r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
            r"|[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}(?:[Tt]|[ \t]+)[0-9]{1,2}:[0-9]{2}:[0-9]{2}(?:\.[0-9]*)?"
            r"(?:[ \t]*(?:Z|[-+][0-9]{1,2}(?::?[0-9]{2})?))?"
        ),
        "a date in YAML 1.1 and text in 1.2",
    ),
)
_FIRST = frozenset("-+.0123456789")


@lru_cache(maxsize=8192)
def plain(text: str) -> Any | Refusal:
    """Return the value of an unquoted scalar (None, bool, int, float or str), or why it is refused."""
    if text in NULLS:
        return None
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if text in _BOOLEANS_OF_1_1:
        truth = "true" if text.lower() in _TRUE_IN_1_1 else "false"
        return _differs(
            text, f"{truth} in YAML 1.1 and text in 1.2", f' or, for a truth value, write "{truth}" plainly'
        )
    if text[0] in _FIRST:
        return _number(text)
    if text == "=":
        return _differs(text, 'the special "value" type of YAML 1.1 and text in 1.2')
    return text


def whole(value: int, text: str) -> int | Refusal:
    """Return the integer, or why it is refused: beyond 2^53 not every reader of JSON keeps it."""
    if -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
        return value
    return Refusal(f"{text} is beyond 2^53, where readers of JSON lose digits", "NumberTooLarge", f'write "{text}"')


def finite(text: str) -> float | Refusal:
    """Return the floating-point number that `text` says, or why it is refused."""
    value = float(text)
    if math.isinf(value):
        return Refusal(f"{text} is too large for a number", "NumberTooLarge", f'write "{text}"')
    return value


def _number(text: str) -> Any | Refusal:
    if _INTEGER.fullmatch(text):
        # Longer than any integer that is accepted, and int() has a limit of its own.
        return whole(int(text) if len(text) < 40 else LARGEST_INTEGER + 1, text)
    if _HEXADECIMAL.fullmatch(text):
        return whole(int(text, 16), text)
    if _FLOAT.fullmatch(text):
        return finite(text)
    if _NOT_A_NUMBER.fullmatch(text):
        return Refusal(f"{text} has no form in JSON", "NotJson", f'write "{text}" for the text, or null for no value')
    for pattern, reading in _DIFFERENT:
        if pattern.fullmatch(text):
            return _differs(text, reading)
    return text


def _differs(text: str, reading: str, more: str = "") -> Refusal:
    return Refusal(f"{text} is ambiguous: {reading}", "AmbiguousScalar", f'quote it: "{text}"{more}')
