"""Which document does a JSON text hold, and what of it is refused?

A parser of our own, because the standard one knows no positions and the YAML one refuses some JSON (surrogate pairs in
escapes). It follows RFC 8259 with the limits of I-JSON (RFC 7493): no duplicate names, no lone surrogates, no integers
that a reader could lose digits of.
"""

import re
from bisect import bisect_right
from typing import Any

from controller.adapters.documents.limits import LARGEST_DEPTH, LARGEST_NODES
from controller.adapters.documents.scalars import Refusal, finite, whole
from controller.errors import DefinitionInvalid
from controller.model.document import LINE_BREAK, Document, Path, Positions, Span, place, render_path
from controller.model.problem import Location, Problem

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_STRING = re.compile(r'"([^"\\\x00-\x1f]*)"')
_CHUNK = re.compile(r'[^"\\\x00-\x1f]*')
_WORD = re.compile(r"[A-Za-z0-9_.+-]+|.", re.DOTALL)
_WORDS = {"true": True, "false": False, "null": None}
_ESCAPES = {'"': '"', "\\": "\\", "/": "/", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}
_HEX = re.compile(r"[0-9a-fA-F]{4}")


def read_json(file: str, text: str) -> list[Document]:
    """Return the one document of a JSON text, unreadable where it cannot be parsed."""
    reader = _Reader(file, text)
    try:
        data = reader.document()
    except DefinitionInvalid as broken:
        return [Document(file, None, text, problems=broken.problems, refused=frozenset({()}))]
    problems = []
    for at, end, path, refusal in reader.refusals:
        location = Location(file, *place(text, at))
        problems.append(Problem(location, render_path(path), *refusal, end - at))
    refused = frozenset(path for _, _, path, _ in reader.refusals)
    line, _ = place(text, reader.values[()][0])
    located = reader.positions
    return [Document(file, data, text, problems=tuple(problems), refused=refused, line=line, locate=located)]


class _Reader:
    """Reads one value; remembers offsets, which become lines and columns when somebody asks."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        self.at = 0
        self.nodes = 0
        self.values: dict[Path, tuple[int, int]] = {}
        self.keys: dict[Path, tuple[int, int]] = {}
        self.refusals: list[tuple[int, int, Path, Refusal]] = []

    def document(self) -> Any:
        value = self._value((), 0)
        self._skip()
        if self.at < len(self.text):
            raise self._broken(self.at, f"{self._word()} after the end of the document")
        return value

    def positions(self) -> Positions:
        starts = [0, *(match.end() for match in LINE_BREAK.finditer(self.text))]
        return Positions(
            {path: _span(starts, at, end) for path, (at, end) in self.values.items()},
            {path: _span(starts, at, end) for path, (at, end) in self.keys.items()},
        )

    def _value(self, path: Path, depth: int) -> Any:
        self._skip()
        self.nodes += 1
        if self.nodes > LARGEST_NODES:
            raise self._broken(self.at, f"more than {LARGEST_NODES:,} values", "TooLarge")
        start = self.at
        match self.text[start : start + 1]:
            case "{" | "[" if depth >= LARGEST_DEPTH:
                raise self._broken(start, f"nested deeper than {LARGEST_DEPTH} levels", "TooDeep")
            case "{":
                value: Any = self._object(path, depth)
            case "[":
                value = self._array(path, depth)
            case '"':
                value = self._string()
            case _:
                value = self._plain(path)
        self.values[path] = (start, self.at)
        return value

    def _object(self, path: Path, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        self.at += 1
        while not self._closes("}", first=not made):
            self._skip()
            start = self.at
            if self.text[start : start + 1] != '"':
                raise self._broken(start, f"expected a name in double quotes, found {self._word()}")
            key = self._string()
            member: Path = (*path, key)
            end = self.at
            self._skip()
            if self.text[self.at : self.at + 1] != ":":
                raise self._broken(self.at, f'expected ":" after the name "{key}", found {self._word()}')
            self.at += 1
            if key in made:
                line, _ = place(self.text, self.keys[member][0])
                message = f'"{key}" is given twice, first in line {line}'
                self.refusals.append((start, end, member, Refusal(message, "DuplicateKey", "keep one of the two")))
                kept = len(self.refusals)
                self._value((*path, key, "?"), depth + 1)
                del self.refusals[kept:]
                continue
            self.keys[member] = (start, end)
            made[key] = None
            made[key] = self._value(member, depth + 1)
        return made

    def _array(self, path: Path, depth: int) -> list[Any]:
        made: list[Any] = []
        self.at += 1
        while not self._closes("]", first=not made):
            made.append(self._value((*path, len(made)), depth + 1))
        return made

    def _closes(self, bracket: str, *, first: bool) -> bool:
        """Whether the collection ends here; steps over the bracket, or over the comma before the next item."""
        self._skip()
        found = self.text[self.at : self.at + 1]
        if found == bracket:
            self.at += 1
            return True
        if first:
            return False
        if found != ",":
            raise self._broken(self.at, f'expected "," or "{bracket}", found {self._word()}')
        comma = self.at
        self.at += 1
        self._skip()
        if self.text[self.at : self.at + 1] == bracket:
            raise self._broken(comma, f'a comma before "{bracket}"', hint="remove it")
        return False

    def _plain(self, path: Path) -> Any:
        start = self.at
        number = _NUMBER.match(self.text, start)
        word = _WORD.match(self.text, start)
        if number and word and number.end() == word.end():
            self.at = number.end()
            text = number[0]
            value: Any = finite(text) if number[1] or number[2] else whole(int(text) if len(text) < 40 else 2**63, text)
            if isinstance(value, Refusal):
                self.refusals.append((start, self.at, path, value))
                return text
            return value
        if word and word[0] in _WORDS:
            self.at = word.end()
            return _WORDS[word[0]]
        raise self._broken(
            start, f"expected a value, found {self._word()}", hint=_HINTS.get(word[0][:1] if word else "")
        )

    def _string(self) -> str:
        if simple := _STRING.match(self.text, self.at):
            self.at = simple.end()
            return simple[1]
        start = self.at
        parts = []
        self.at += 1
        while True:
            chunk = _CHUNK.match(self.text, self.at)
            assert chunk
            parts.append(chunk[0])
            self.at = chunk.end()
            match self.text[self.at : self.at + 1]:
                case '"':
                    self.at += 1
                    return "".join(parts)
                case "\\":
                    parts.append(self._escape())
                case "":
                    raise self._broken(start, "text without a closing quote")
                case _:
                    raise self._broken(self.at, "a line break or tab inside text", hint=r"write \n or \t")

    def _escape(self) -> str:
        at = self.at
        letter = self.text[at + 1 : at + 2]
        if letter in _ESCAPES:
            self.at += 2
            return _ESCAPES[letter]
        first = self._unit(at)
        if first is None:
            raise self._broken(at, f"unknown escape \\{letter}")
        self.at += 6
        if 0xD800 <= first <= 0xDBFF:
            second = self._unit(self.at)
            if second is not None and 0xDC00 <= second <= 0xDFFF:
                self.at += 6
                return chr(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
        if 0xD800 <= first <= 0xDFFF:
            raise self._broken(at, "half of a surrogate pair stands for no character")
        return chr(first)

    def _unit(self, at: int) -> int | None:
        digits = _HEX.match(self.text, at + 2) if self.text[at : at + 2] == "\\u" else None
        return int(digits[0], 16) if digits else None

    def _skip(self) -> None:
        space = _SPACE.match(self.text, self.at)
        assert space
        self.at = space.end()

    def _broken(self, at: int, message: str, rule: str = "Syntax", hint: str | None = None) -> DefinitionInvalid:
        """Return the error that ends the reading."""
        location = Location(self.file, *place(self.text, at))
        return DefinitionInvalid([Problem(location, "", f"not JSON: {message}", rule, hint)])

    def _word(self) -> str:
        word = _WORD.match(self.text, self.at)
        return f'"{word[0][:20]}"' if word else "the end of the file"


_HINTS = {"'": "JSON knows double quotes only", "/": "JSON has no comments", "#": "JSON has no comments"}


def _span(starts: list[int], at: int, end: int) -> Span:
    line = bisect_right(starts, at)
    same = bisect_right(starts, end) == line
    return Span(line, at - starts[line - 1] + 1, end - at if same else 0)
