"""Which documents does a YAML text hold, and what of it is refused?

The C parser composes each document once; this module turns nodes into plain JSON values. Positions are found by
composing a second time, when a message needs them.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import yaml
from yaml._yaml import CParser

from controller.adapters.documents.limits import LARGEST_DEPTH, LARGEST_NODES
from controller.adapters.documents.scalars import Refusal, plain
from controller.errors import DefinitionInvalid
from controller.model.document import Document, Path, Positions, Span, place, render_path
from controller.model.problem import Location, Problem

_PLAIN = "plain"
_QUOTED = "quoted"
_COLLECTION = "collection"
_TEXT = frozenset({_QUOTED, "tag:yaml.org,2002:str"})


class _Composer(CParser):
    """Composes without resolving: the tag of a node only says how it was written."""

    def descend_resolver(self, parent: Any, index: Any) -> None:
        pass

    def ascend_resolver(self) -> None:
        pass

    def resolve(self, kind: type[yaml.Node], _value: Any, implicit: Any) -> str:
        if kind is not yaml.ScalarNode:
            return _COLLECTION
        return _PLAIN if implicit[0] else _QUOTED


def read_yaml(file: str, text: str) -> list[Document]:
    """Return the documents of a YAML text; one that cannot be parsed ends the list as an unreadable document."""
    documents: list[Document] = []
    composer = _Composer(text)
    try:
        for index, node in enumerate(_nodes(composer)):
            if node is not None:
                documents.append(_document(file, text, index, node))
    except yaml.MarkedYAMLError as error:
        problem = _syntax(file, text, error)
        documents.append(Document(file, None, text, len(documents), (problem,), frozenset({()})))
    return documents


def _document(file: str, text: str, index: int, node: yaml.Node) -> Document:
    reader = _Reader(file)
    try:
        data = reader.value(node, (), 0)
    except DefinitionInvalid:
        # Larger than allowed: that was noted, and the rest is not looked at.
        data = None
        reader.refused.add(())
    problems, refused = tuple(reader.problems), frozenset(reader.refused)
    line = node.start_mark.line + 1
    return Document(file, data, text, index, problems, refused, line=line, locate=_locator(text, index))


def _nodes(composer: _Composer) -> Iterator[yaml.Node | None]:
    while composer.check_node():
        node = composer.get_node()
        yield None if node is None or _is_empty(node) else node


def _is_empty(node: yaml.Node) -> bool:
    """Whether a document holds nothing: `---` twice, or only comments."""
    return isinstance(node, yaml.ScalarNode) and node.tag == _PLAIN and node.value == ""


def _locator(text: str, index: int) -> Callable[[], Positions]:
    def locate() -> Positions:
        for at, node in enumerate(_nodes(_Composer(text))):
            if at == index and node is not None:
                positions = Positions({}, {})
                _collect(node, (), positions)
                return positions
        raise AssertionError("the text had this document when it was read")

    return locate


def _collect(node: yaml.Node, path: Path, positions: Positions) -> None:
    values: Any = positions.values
    keys: Any = positions.keys
    if len(path) > LARGEST_DEPTH or len(values) > LARGEST_NODES:
        return
    values[path] = _span(node)
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode) and (*path, key.value) not in keys:
                keys[*path, key.value] = _span(key)
                _collect(value, (*path, key.value), positions)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _collect(value, (*path, index), positions)


def _span(node: yaml.Node) -> Span:
    start, end = node.start_mark, node.end_mark
    length = end.column - start.column if end.line == start.line else 0
    return Span(start.line + 1, start.column + 1, length)


class _Reader:
    """Turns the nodes of one document into values and collects what is refused."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.refused: set[Path] = set()
        self.nodes = 0
        self.open: set[int] = set()

    def value(self, node: yaml.Node, path: Path, depth: int) -> Any:
        self.nodes += 1
        if self.nodes > LARGEST_NODES:
            self._refuse(node, path, f"more than {LARGEST_NODES:,} values, aliases written out", "TooLarge", None)
            raise DefinitionInvalid(self.problems)
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path)
        if node.tag != _COLLECTION:
            self._refuse_tag(node, path)
            return None
        if id(node) in self.open:
            self._refuse(node, path, "an alias inside of what it stands for", "Alias", None)
            raise DefinitionInvalid(self.problems)
        if depth >= LARGEST_DEPTH:
            self._refuse(node, path, f"nested deeper than {LARGEST_DEPTH} levels", "TooDeep", None)
            raise DefinitionInvalid(self.problems)
        self.open.add(id(node))
        if isinstance(node, yaml.MappingNode):
            made: Any = self._mapping(node, path, depth)
        else:
            made = [self.value(item, (*path, index), depth + 1) for index, item in enumerate(node.value)]
        self.open.remove(id(node))
        return made

    def _mapping(self, node: yaml.MappingNode, path: Path, depth: int) -> dict[str, Any]:
        made: dict[str, Any] = {}
        first: dict[str, yaml.Node] = {}
        for key_node, value_node in node.value:
            key = self._key(key_node, path)
            if key is None:
                continue
            if key in made:
                line = first[key].start_mark.line + 1
                self._refuse(
                    key_node,
                    (*path, key),
                    f'"{key}" is given twice, first in line {line}',
                    "DuplicateKey",
                    "keep one of the two",
                )
                continue
            first[key] = key_node
            made[key] = self.value(value_node, (*path, key), depth + 1)
        return made

    def _key(self, node: yaml.Node, path: Path) -> str | None:
        if not isinstance(node, yaml.ScalarNode):
            self._refuse(node, (*path, "?"), "a key must be text", "KeyNotText", None)
            return None
        text: str = node.value
        if node.tag in _TEXT:
            return text
        if node.tag != _PLAIN:
            self._refuse_tag(node, (*path, text))
            return None
        if text == "<<":
            self._refuse(
                node,
                (*path, text),
                "merge keys are not supported: YAML 1.2 does not know them",
                "MergeKey",
                "write the fields out, or use an alias for a whole value",
            )
            return None
        value = plain(text)
        if isinstance(value, str):
            return value
        if isinstance(value, Refusal):
            self._refuse(node, (*path, text), value.message, value.rule, value.hint)
        else:
            self._refuse(
                node, (*path, text), f"the key {text or 'null'} is not text", "KeyNotText", f'quote it: "{text}"'
            )
        return text

    def _scalar(self, node: yaml.ScalarNode, path: Path) -> Any:
        if node.tag in _TEXT:
            return node.value
        if node.tag != _PLAIN:
            self._refuse_tag(node, path)
            return None
        value = plain(node.value)
        if isinstance(value, Refusal):
            self._refuse(node, path, value.message, value.rule, value.hint)
            return node.value
        return value

    def _refuse_tag(self, node: yaml.Node, path: Path) -> None:
        tag = node.tag.replace("tag:yaml.org,2002:", "!!")
        self._refuse(node, path, f"the tag {tag} is not allowed: only plain JSON types are", "Tag", "leave the tag out")

    def _refuse(self, node: yaml.Node, path: Path, message: str, rule: str, hint: str | None) -> None:
        span = _span(node)
        location = Location(self.file, span.line, span.column)
        self.refused.add(path)
        self.problems.append(Problem(location, render_path(path), message, rule, hint, span.length))


_TOO_MUCH = "look at the indent, and for a bracket or quote too many"
_EXPLAINED: Mapping[str, tuple[str, str | None]] = {
    "found undefined alias": ("an alias to an anchor that is not defined before it", None),
    "mapping values are not allowed in this context": (
        'a ": " inside of plain text',
        'quote the text, or put what follows the first ":" on lines of its own, indented',
    ),
    "did not find expected key": ("a key was expected", _TOO_MUCH),
    "did not find expected <block end>": ("a key was expected", _TOO_MUCH),
    "did not find expected '-' indicator": ('an item with "- " was expected', _TOO_MUCH),
    "could not find expected ':'": ("a key without its colon", "write key: value"),
}
"""What libyaml says -> what it means to people, and what to do."""


def _syntax(file: str, text: str, error: yaml.MarkedYAMLError) -> Problem:
    mark, opened = error.problem_mark, error.context_mark
    end = len(text.rstrip())
    if opened and (mark is None or mark.index >= end):
        # Everything up to the end belongs to what is open: the place where it began says more.
        at = place(text, min(opened.index, max(end - 1, 0)))
        advice = "look for the closing bracket or quote"
        return Problem(Location(file, *at), "", "not YAML: what begins here never ends", "Syntax", advice)
    location = Location(file, mark.line + 1, mark.column + 1) if mark else Location(file, 1, 1)
    said = str(error.problem or "the text cannot be read")
    message, hint = _EXPLAINED.get(said, (said, None))
    if said == "found character that cannot start any token" and mark:
        letter = text[mark.index : mark.index + 1]
        tab = letter == "\t"
        message = "a tab where spaces must be" if tab else f'nothing can begin with "{letter}"'
        hint = "indent with spaces" if tab else "quote the text"
    return Problem(location, "", f"not YAML: {message}", "Syntax", hint)
