"""Every error has one home and belongs to one family, for the family decides what follows."""

import ast
import builtins
import inspect

from controller import errors
from tests.architecture.tree import modules, name, parsed

FAMILIES = (errors.Stalled, errors.Waiting, errors.Transient, errors.InvariantViolated)

OURS = {
    class_name: class_
    for class_name, class_ in inspect.getmembers(errors, inspect.isclass)
    if class_.__module__ == errors.__name__
}

EXCEPTIONS = {
    class_name
    for source in (vars(builtins), OURS)
    for class_name, class_ in source.items()
    if isinstance(class_, type) and issubclass(class_, BaseException)
}


def is_exception(base: ast.expr) -> bool:
    match base:
        case ast.Name(id=word) | ast.Attribute(attr=word):
            return word in EXCEPTIONS or word.endswith(("Error", "Exception"))
        case _:
            return False


def test_errors_live_in_one_module() -> None:
    homeless = [
        f"{name(path)}:{node.lineno} {node.name}"
        for path in modules("controller")
        if name(path) != "controller/errors.py"
        for node in ast.walk(parsed(path))
        if isinstance(node, ast.ClassDef) and any(is_exception(base) for base in node.bases)
    ]
    assert homeless == []


def test_every_error_belongs_to_one_family() -> None:
    families = {
        class_name: [family.__name__ for family in FAMILIES if issubclass(class_, family)]
        for class_name, class_ in OURS.items()
        if issubclass(class_, BaseException) and class_ is not errors.LibrettoError
    }
    assert {class_name: found for class_name, found in families.items() if len(found) != 1} == {}


def test_the_tree_in_the_docstring_is_complete() -> None:
    tree = (errors.__doc__ or "").split()
    assert [class_name for class_name in OURS if class_name not in tree] == []
