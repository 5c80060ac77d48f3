"""What is written reads back as the same."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.adapters.documents.read import read
from controller.adapters.documents.write import leading_comment, replace_file, to_yaml
from controller.errors import StoreUnavailable

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    ["yes", "y", "012", "0o14", "1e3", "2026-01-31", "=", "<<", "~", "", "null", "1.5", "a: b", "- x", "x\ny\n", " x\n"]
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53) + 1, 2**53 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(VALUES)
def test_yaml_reads_back(value: Any) -> None:
    (document,) = read("f.yaml", to_yaml({"value": value}).encode())
    assert document.problems == ()
    assert document.data == {"value": value}


def test_the_same_value_twice_is_written_twice() -> None:
    shared = {"a": 1}
    assert to_yaml({"x": shared, "z": shared}) == "x:\n  a: 1\nz:\n  a: 1\n"


def test_the_changelog_in_front_is_found() -> None:
    assert leading_comment("# 1.1.0 more\n\n# 1.0.0\norchestration:\n  # inner\n") == "# 1.1.0 more\n\n# 1.0.0\n"
    assert leading_comment("\na: 1 # x\n") == ""


def test_a_file_is_replaced_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("old")
    path.chmod(0o640)
    replace_file(path, "new")
    assert (path.read_text(), path.stat().st_mode & 0o777) == ("new", 0o640)
    with pytest.raises(StoreUnavailable):
        replace_file(tmp_path / "missing" / "x.yaml", "new")
    assert [file.name for file in tmp_path.iterdir()] == ["x.yaml"]
