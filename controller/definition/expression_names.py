"""Which parameters and steps does the text of an expression name? Found without the library that evaluates it.

What an expression names is all that is read for it, and what it may name is checked before the run; so a step has to be
named literally: `steps.load.rows` or `steps["fetch-kpi"].rows`.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

ROOTS = ("parameters", "steps")
"""Variables that every expression has: maps of parameter values and of the outputs of steps."""


class Mistake(NamedTuple):
    """What is wrong with an expression, or with evaluating it."""

    message: str
    column: int
    """Where in the text, counted from 1; line breaks count too."""
    hint: str | None = None


class Name(NamedTuple):
    """One place where an expression names a parameter or step."""

    root: str
    """`parameters` or `steps`."""
    name: str | None
    """Its key or id; None where the parameters are looked at as a whole."""
    column: int
    """Where the root stands, counted from 1."""


class Dashed(NamedTuple):
    """A name with dashes behind a dot, which is a subtraction: `steps.fetch-kpi.x` takes `kpi.x` from `steps.fetch`."""

    root: str
    name: str
    rest: str
    """Members behind it, e.g. `.x`."""
    column: int
    """Where the root stands, counted from 1."""


class _Token(NamedTuple):
    kind: str
    text: str
    start: int


_TOKEN = re.compile(
    r"""
      (?P<space>\s+|//[^\n]*)
    | (?P<string>(?:[rR][bB]?|[bB][rR]?)?(?:\"\"\"(?:[^\\]|\\.)*?\"\"\"|'''(?:[^\\]|\\.)*?'''
                                      |"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'))
    | (?P<quoted>`[^`\n]*`)
    | (?P<word>[A-Za-z_]\w*)
    | (?P<number>\d[\w.]*)
    | (?P<sign>.)
    """,
    re.VERBOSE | re.DOTALL | re.ASCII,
)
_DASHED = re.compile(r"(?<![\w.])(parameters|steps)\.([A-Za-z_]\w*(?:-\w+)+)((?:\.[A-Za-z_]\w*)*)", re.ASCII)
_COLLECTING = frozenset({"map", "filter"})
_OPERAND = frozenset({"word", "quoted", "string", "number"})
_END = _Token("end", "", -1)


def names_in(text: str) -> tuple[Name | Mistake, ...]:
    """Return every use of a parameter or step, in order; a Mistake where a step is not named literally."""
    tokens = _tokens(text)
    return tuple(
        _name(tokens, index)
        for index, token in enumerate(tokens)
        if token.kind == "word" and token.text in ROOTS and not _is_member(tokens, index)
    )


def dashed_names(text: str) -> list[Dashed]:
    """Return every name that its dashes cut apart; `steps.a-1` and `steps.a-steps.b` may well be meant, so not those."""
    plain = "".join(
        token.text if token.kind != "string" else " " * len(token.text) for token in _tokens(text, spaces=True)
    )
    return [
        Dashed(match[1], match[2], match[3], match.start() + 1)
        for match in _DASHED.finditer(plain)
        if match[2].split("-")[1] not in ROOTS
    ]


def collects(text: str) -> bool:
    """Whether the expression builds lists element by element, with `map` or `filter`."""
    tokens = _tokens(text)
    return any(
        token.text in _COLLECTING and _at(tokens, index - 1).text == "." and _at(tokens, index + 1).text == "("
        for index, token in enumerate(tokens)
    )


def _tokens(text: str, *, spaces: bool = False) -> list[_Token]:
    found = (_Token(str(match.lastgroup), match[0], match.start()) for match in _TOKEN.finditer(text))
    return [token for token in found if spaces or token.kind != "space"]


def _at(tokens: Sequence[_Token], index: int) -> _Token:
    return tokens[index] if 0 <= index < len(tokens) else _END


def _is_member(tokens: Sequence[_Token], index: int) -> bool:
    """Whether the word at `index` is a field of what stands before it, as in `item.steps` or `item.?steps`."""
    before = index - 1
    if _at(tokens, before).text == "?" and _at(tokens, before - 1).text == ".":
        before -= 1
    if _at(tokens, before).text != ".":
        return False
    operand = _at(tokens, before - 1)
    return operand.kind in _OPERAND or operand.text in {")", "]", "}"}


def _name(tokens: Sequence[_Token], index: int) -> Name | Mistake:
    root, column = tokens[index].text, tokens[index].start + 1
    opening = _at(tokens, index + 1).text
    at = index + 2
    if opening in {".", "["} and _at(tokens, at).text == "?":
        at += 1
    token = _at(tokens, at)
    following = _at(tokens, at + 1).text
    if opening == "." and token.kind == "word" and following != "(":
        return Name(root, token.text, column)
    if opening == "." and token.kind == "quoted":
        return Name(root, token.text[1:-1], column)
    if opening == "[" and following == "]" and (literal := _literal(token)) is not None:
        return Name(root, literal, column)
    if root == "parameters":
        return Name(root, None, column)
    return Mistake("a step has to be named literally", column, 'write steps["id"]')


def _literal(token: _Token) -> str | None:
    """Return the text of a plain string; names never need an escape or a prefix."""
    text = token.text
    if token.kind != "string" or "\\" in text or text[0] not in {'"', "'"}:
        return None
    quote = text[:3] if text[:3] in {'"""', "'''"} and len(text) >= 6 else text[0]
    return text[len(quote) : -len(quote)]
