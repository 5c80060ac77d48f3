"""`--set` and `--file`: what is written becomes the change that is meant, or is refused with the way to write it."""

from pathlib import Path
from typing import Any

import click
import pytest

from controller.entrypoints.cli.patches import patch_from

WRITTEN: dict[str, tuple[list[str], dict[str, Any] | None]] = {
    "nothing is no change": ([], None),
    "text": (["mode=upsert"], {"mode": "upsert"}),
    "input. is optional": (["input.mode=upsert"], {"mode": "upsert"}),
    "JSON keeps its type": (
        ["n=3", "on=true", "none=null", "l=[1, 2]"],
        {"n": 3, "on": True, "none": None, "l": [1, 2]},
    ),
    "quotes make a number a text": (['n="3"'], {"n": "3"}),
    "points go inside": (["a.b=1", "a.c=2"], {"a": {"b": 1, "c": 2}}),
    "the value may hold equals signs": (["q=a=b"], {"q": "a=b"}),
    "the last one wins": (["a=1", "a=2"], {"a": 2}),
    "nothing after the equals sign is an empty text": (["a="], {"a": ""}),
}


@pytest.mark.parametrize(("settings", "patch"), WRITTEN.values(), ids=WRITTEN)
def test_settings(settings: list[str], patch: dict[str, Any] | None) -> None:
    assert patch_from(settings, None) == patch


@pytest.mark.parametrize("setting", ["mode", "=1", "a..b=1", "input.=1"])
def test_a_setting_without_a_name_is_refused(setting: str) -> None:
    with pytest.raises(click.UsageError, match="write it as name=value"):
        patch_from([setting], None)


def test_two_settings_that_contradict_each_other_are_refused() -> None:
    with pytest.raises(click.UsageError, match="value of its own"):
        patch_from(["a=1", "a.b=2"], None)


def test_settings_come_on_top_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "patch.json"
    file.write_text('{"a": {"b": 1, "c": 2}}', encoding="utf-8")
    assert patch_from(["a.b=3"], file) == {"a": {"b": 3, "c": 2}}


@pytest.mark.parametrize(
    ("text", "said"), [("[1]", "must hold a JSON object"), ('{"a": 1, "a": 2}', "stands twice"), ("{", "not JSON")]
)
def test_a_file_that_is_no_change_is_refused(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "patch.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(click.UsageError, match=said):
        patch_from([], file)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(click.UsageError, match="cannot read"):
        patch_from([], tmp_path / "none.json")
