"""`key=value` and files of values."""

from pathlib import Path

import click
import pytest

from controller.entrypoints.cli.parameters import given, typed_value
from controller.errors import DefinitionInvalid, ParametersInvalid


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("3", 3),
        ("true", True),
        ("null", None),
        ('["a", 1]', ["a", 1]),
        ('{"a": {"b": 1}}', {"a": {"b": 1}}),
        ('"3"', "3"),
        ("a red boat", "a red boat"),
        ("2026-07-01", "2026-07-01"),
        ("", ""),
        ("nan", "nan"),
        ('"NaN"', "NaN"),
        ('"9007199254740993"', "9007199254740993"),
        ("a=b", "a=b"),
    ],
)
def test_json_else_text(text: str, value: object) -> None:
    assert typed_value(text) == value


@pytest.mark.parametrize("text", ["NaN", "-Infinity", "9007199254740993", "1e999", '{"a": 1, "a": 2}'])
def test_what_reads_as_json_but_has_no_exact_form_is_no_text_either(text: str) -> None:
    with pytest.raises(click.UsageError, match=r"--param size: .*quotes"):
        given([f"size={text}"], None)


def test_single_values_win_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "values.yaml"
    file.write_text("size: 1\ncolour: red\n")
    assert given(["size=2", "text=a=b"], file) == {"size": 2, "colour": "red", "text": "a=b"}


def test_all_mistakes_at_once() -> None:
    with pytest.raises(click.UsageError) as caught:
        given(["size", "=1", "a=1", "a=2"], None)
    assert caught.value.message.splitlines() == [
        "--param size: write it as name=value",
        "--param =1: write it as name=value",
        "--param a is given twice",
    ]


@pytest.mark.parametrize("text", ["size: 1\nsize: 2\n", "on: yes\n"])
def test_files_are_read_as_strictly_as_definitions(tmp_path: Path, text: str) -> None:
    (tmp_path / "values.yaml").write_text(text)
    with pytest.raises(DefinitionInvalid):
        given([], tmp_path / "values.yaml")


@pytest.mark.parametrize("text", ["[1, 2]\n", "a: 1\n---\nb: 2\n"])
def test_a_file_holds_one_map(tmp_path: Path, text: str) -> None:
    (tmp_path / "values.yaml").write_text(text)
    with pytest.raises(ParametersInvalid):
        given([], tmp_path / "values.yaml")
