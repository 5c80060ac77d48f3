"""Which documents do the bytes of a file hold?"""

import re

from controller.adapters.documents.json_text import read_json
from controller.adapters.documents.limits import LARGEST_FILE
from controller.adapters.documents.yaml_text import read_yaml
from controller.model.document import Document, place
from controller.model.problem import Location, Problem

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ufeff\ufffe\uffff]")
"""What YAML 1.2.2, section 5.1, does not count as printable, and a byte order mark that is not the first character."""


def read(file: str, content: bytes) -> list[Document]:
    """Return the documents of a YAML or JSON file. A file that cannot be read is one unreadable document that says why."""
    if len(content) > LARGEST_FILE:
        return [unreadable(file, f"{len(content):,} bytes; at most {LARGEST_FILE:,} are read", "TooLarge")]
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = content[: error.start].decode("utf-8-sig")
        line, column = place(before, len(before))
        byte = content[error.start]
        return [unreadable(file, f"byte 0x{byte:02x} is not UTF-8", "Encoding", line, column, "save the file as UTF-8")]
    if found := _CONTROL.search(text):
        line, column = place(text, found.start())
        message = f"the control character U+{ord(found[0]):04X} is not allowed"
        return [
            unreadable(file, message, "Encoding", line, column, "remove it, or write it as an escape in quotes", text)
        ]
    documents = read_json(file, text) if file.endswith(".json") else read_yaml(file, text)
    return documents or [unreadable(file, "the file defines nothing", "Empty", text=text, severity="warning")]


def unreadable(
    file: str,
    message: str,
    rule: str,
    line: int = 1,
    column: int = 1,
    hint: str | None = None,
    text: str = "",
    severity: str = "error",
) -> Document:
    """Return the document that stands for a file that could not be read."""
    problem = Problem(Location(file, line, column), "", message, rule, hint, severity=severity)
    return Document(file, None, text, problems=(problem,), refused=frozenset({()}))
