"""Commands that people paste are made in one place, which knows the state directory and quotes for a shell."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from controller.entrypoints.cli.main import VERBS
from tests.architecture.tree import modules, name, parsed

COMMAND = re.compile(rf"\blibretto (?:{'|'.join(VERBS)})\b")

EXPLAINED = {"help", "epilog"}
"""Arguments that explain. Commands in hints without values are completed where errors are shown."""

SAID = {"answered by libretto try"}
"""Names a verb, and asks nobody to call it."""

SCRIPTS = "controller/entrypoints/cli/completion.py"
"""What it shows goes into the start-up file of a shell, where no state directory is meant."""


def written(path: Path) -> Iterator[tuple[int, str]]:
    """Yield line and text of texts that are shown as they are: no docstrings, no help."""
    tree = parsed(path)
    spared: set[ast.AST] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            spared.add(node.value)
        if isinstance(node, ast.keyword) and (
            node.arg in EXPLAINED or (node.arg == "hint" and isinstance(node.value, ast.Constant))
        ):
            spared.update(ast.walk(node.value))
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in spared:
            yield node.lineno, node.value


@pytest.mark.parametrize(
    "path", [path for path in modules("controller") if name(path).startswith("controller/entrypoints/")], ids=name
)
def test_no_command_is_written_by_hand(path: Path) -> None:
    if name(path) == SCRIPTS:
        return
    found = [(line, text) for line, text in written(path) if COMMAND.search(text) and text not in SAID]
    assert found == []
