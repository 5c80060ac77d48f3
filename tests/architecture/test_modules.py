"""What holds for every module, whatever it does."""

import ast
import sys

from tests.architecture.tree import ROOT, modules, name, parsed

LONGEST = 300
"""Lines. The largest file of every codebase is its worst; this is where one is split."""

EMPTY_WORDS = {"base", "common", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}
"""Names that say nothing about what is inside."""

ALLOWED_NAMES = {"controller/model/base.py"}


def test_every_module_says_what_it_is_for() -> None:
    assert [name(path) for path in modules("controller", "tools") if not ast.get_docstring(parsed(path))] == []


def test_no_module_is_too_long_to_read() -> None:
    lengths = {
        name(path): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules("controller", "tests", "tools")
    }
    assert {file: lines for file, lines in lengths.items() if lines > LONGEST} == {}


def test_names_say_something() -> None:
    found = [path for path in modules("controller", "tests", "tools") if {path.stem, path.parent.name} & EMPTY_WORDS]
    assert [name(path) for path in found if name(path) not in ALLOWED_NAMES] == []


def test_nothing_hides_the_standard_library() -> None:
    """`python controller/__main__.py` puts this folder first on the path."""
    assert {path.stem for path in (ROOT / "controller").iterdir()} & set(sys.stdlib_module_names) == set()


def test_no_test_sleeps() -> None:
    """A test waits for what it wants to see, or moves a fake clock. A benchmark is no test: it may measure a span of time."""
    sleepy = []
    for path in modules("tests"):
        if "bench" in path.parts:
            continue
        for node in ast.walk(parsed(path)):
            match node:
                case ast.Attribute(attr="sleep", value=ast.Name(id="time")):
                    sleepy.append(f"{name(path)}:{node.lineno}")
                case ast.ImportFrom(module="time", names=names) if "sleep" in {alias.name for alias in names}:
                    sleepy.append(f"{name(path)}:{node.lineno}")
                case _:
                    pass
    assert sleepy == []
