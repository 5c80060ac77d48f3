"""Generated files become exactly what they should be, and nothing else changes."""

import json
from pathlib import Path

import jsonschema_rs

from tools.generate import schemas, write


def test_what_is_right_is_left_alone_and_what_is_stale_goes(tmp_path: Path) -> None:
    assert write(tmp_path, {"made/a": "1", "made/b": "2"}, ("made",)) == ["made/a", "made/b"]
    assert write(tmp_path, {"made/a": "1", "made/b": "3"}, ("made",)) == ["made/b"]
    assert write(tmp_path, {"made/a": "1"}, ("made",)) == ["made/b"]
    assert [path.name for path in (tmp_path / "made").iterdir()] == ["a"]


def test_a_file_outside_the_owned_folders_is_nobodys_to_remove(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("x")
    assert write(tmp_path, {}, ("made",)) == []
    assert (tmp_path / "mine").read_text() == "x"


def test_schemas_are_schemas() -> None:
    for text in schemas().values():
        jsonschema_rs.meta.validate(json.loads(text))


def test_an_editor_sees_a_typing_mistake() -> None:
    schema = json.loads(schemas()["docs/schemas/orchestration.schema.json"])
    document = {"apiVersion": "libretto.dev/v1alpha1", "kind": "Orchestration", "metadata": {"name": "x"}, "spce": {}}
    problems = {error.message for error in jsonschema_rs.Draft202012Validator(schema).iter_errors(document)}
    assert any("spce" in problem for problem in problems)
