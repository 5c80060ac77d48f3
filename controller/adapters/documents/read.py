"""Which documents do the bytes of a file hold?"""

import re

from controller.adapters.documents.yaml_text import read_yaml
from controller.model.document import Document, split_lines
from controller.model.problem import Location, Problem

LARGEST_FILE = 8 * 1024 * 1024
"""Bytes. A definition of 20,000 explicit steps, the most that is allowed, has about 5 MB."""

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
"""What YAML 1.2.2, section 5.1, does not count as printable, and a byte order mark that is not the first character."""


def read(file: str, content: bytes) -> list[Document]:
    """Return the documents of a YAML or JSON file. A file that cannot be read is one unreadable document that says why."""
    if len(content) > LARGEST_FILE:
        return [unreadable(file, f"{len(content):,} bytes; at most {LARGEST_FILE:,} are read", "TooLarge")]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line, column = _place(content[: error.start].decode("utf-8-sig"))
        byte = content[error.start]
        return [unreadable(file, f"byte 0x{byte:02x} is not UTF-8", "Encoding", line, column, "save the file as UTF-8")]
    if found := _CONTROL.search(text):
        line, column = _place(text[: found.start()])
        message = f"the control character U+{ord(found[0]):04X} is not allowed"
        return [
            unreadable(file, message, "Encoding", line, column, "remove it, or write it as an escape in quotes", text)
        ]
    return read_yaml(file, text)


def _place(before: str) -> tuple[int, int]:
    """Return line and column of the character that follows `before`."""
    lines = split_lines(before)
    return len(lines), len(lines[-1]) + 1


def unreadable(
    file: str, message: str, rule: str, line: int = 1, column: int = 1, hint: str | None = None, text: str = ""
) -> Document:
    """Return the document that stands for a file that could not be read."""
    problem = Problem(Location(file, line, column), "", message, rule, hint)
    return Document(file, None, text, problems=(problem,), refused=frozenset({()}))
