"""Versions are ordered by meaning, and a change that breaks its users has to say so in the version."""

from typing import Any

import pytest
import semver
from hypothesis import given
from hypothesis import strategies as st

from controller.definition.versions import breaking_changes, check_bump, latest, precedence, required_bump
from tests.unit.definition.entries import chain, orchestration


@pytest.mark.requirement("DEF-026")
@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([("1.9.0", "active"), ("1.10.0", "active")], "1.10.0"),
        ([("1.9.0", "active"), ("1.10.0", "archived"), ("2.0.0", "draft"), ("1.9.9", "deprecated")], "1.9.0"),
        ([("2.0.0-rc.1", "active"), ("2.0.0", "active")], "2.0.0"),
        ([("2.0.0-rc.9", "active"), ("2.0.0-rc.10", "active")], "2.0.0-rc.10"),
        ([("2.0.0-rc.1", "active"), ("1.9.0", "active")], "2.0.0-rc.1"),
        ([("1.0.0", "draft")], None),
        ([], None),
    ],
)
def test_latest(versions: Any, expected: str | None) -> None:
    assert latest(versions) == expected


@given(st.lists(st.builds("{}.{}.{}".format, *[st.integers(0, 30)] * 3), min_size=1))
def test_latest_agrees_with_the_library(versions: list[str]) -> None:
    found = latest([(version, "active") for version in versions])
    assert found == str(max(semver.Version.parse(version) for version in versions))
    assert max(versions, key=precedence) == found


OLD: dict[str, Any] = {
    "steps": chain("a", "b"),
    "parameters": [
        {"key": "period", "type": "string", "required": True},
        {"key": "region", "type": "string", "enum": ["eu", "us"]},
        {"key": "free"},
    ],
}


def with_parameter(key: str, **fields: Any) -> dict[str, Any]:
    others = [parameter for parameter in OLD["parameters"] if parameter["key"] != key]
    return {"parameters": [*others, {"key": key, **fields}]}


CHANGES: dict[str, tuple[dict[str, Any], str, str | None]] = {
    "step removed": ({"steps": chain("a")}, "major", 'step "b" was removed or renamed'),
    "step renamed": ({"steps": chain("a", "c")}, "major", 'step "b" was removed or renamed'),
    "step of another type": (
        {"steps": [*chain("a"), {"id": "b", "type": "orchestration", "orchestration": {"name": "x"}}]},
        "major",
        'step "b" changed its type from agent to orchestration',
    ),
    "parameter removed": (
        {"parameters": OLD["parameters"][:2]},
        "major",
        'parameter "free" was removed or renamed',
    ),
    "new required parameter": (with_parameter("x", required=True), "major", 'parameter "x" is new and required'),
    "parameter became required": (with_parameter("free", required=True), "major", 'parameter "free" became required'),
    "parameter of another type": (
        with_parameter("period", type="date", required=True),
        "major",
        'parameter "period" changed its type from string to date',
    ),
    "value no longer allowed": (
        with_parameter("region", type="string", enum=["eu"]),
        "major",
        'parameter "region" no longer allows "us"',
    ),
    "values now listed": (
        with_parameter("free", enum=[1]),
        "major",
        'parameter "free" no longer allows values outside of its enum',
    ),
    "type now said": (with_parameter("free", type="string"), "patch", None),
    "more values allowed": (with_parameter("region", type="string", enum=["eu", "us", "ap"]), "patch", None),
    "new optional parameter": (with_parameter("x"), "minor", None),
    "new required parameter with a default": (with_parameter("x", required=True, default=1), "minor", None),
    "step added": ({"steps": chain("a", "b", "c")}, "minor", None),
    "finalizer added": ({"finally": chain("z")}, "minor", None),
    "output added": ({"outputs": {"o": "{{ steps.a }}"}}, "minor", None),
    "wording": ({"description": "better"}, "patch", None),
    "time to live": ({"execution": {"caching": {"ttlSeconds": 60}}}, "patch", None),
}


@pytest.mark.requirement("DEF-062")
@pytest.mark.parametrize(("change", "bump", "breaking"), CHANGES.values(), ids=CHANGES)
def test_what_a_change_asks_of_the_version(change: dict[str, Any], bump: str, breaking: str | None) -> None:
    old = orchestration(**OLD, version="1.4.2")
    new = orchestration(**{**OLD, **change})
    assert breaking_changes(old, new) == ([breaking] if breaking else [])
    assert required_bump(old, new) == bump
    high_enough = {"major": ["2.0.0"], "minor": ["1.5.0", "2.0.0"], "patch": ["1.4.3", "1.5.0", "2.0.0"]}[bump]
    for version in ("1.4.1", "1.4.2", "1.4.3", "1.5.0", "2.0.0"):
        problems = check_bump(old, new.model_copy(update={"version": version}))
        assert (problems == []) == (version in high_enough), version


@pytest.mark.requirement("DEF-062")
def test_all_breaking_changes_are_named_at_once() -> None:
    old = orchestration(**OLD)
    new = orchestration(steps=chain("x"), version="1.1.0")
    problems = check_bump(old, new)
    assert len(problems) == 5
    assert all("needs version 2.0.0 or higher, not 1.1.0" in problem for problem in problems)


@pytest.mark.parametrize(
    ("before", "after", "right"),
    [
        ("1.4.0", "2.0.0-rc.1", True),
        ("2.0.0-rc.1", "2.0.0-rc.2", True),
        ("2.0.0-rc.2", "2.0.0", True),
        ("2.1.0-rc.1", "2.1.0", False),
        ("2.0.0-rc.2", "2.0.0-rc.1", False),
    ],
)
def test_a_pre_release_may_hold_what_its_release_will_hold(before: str, after: str, right: bool) -> None:
    old, new = orchestration(steps=chain("a"), version=before), orchestration(steps=chain("b"), version=after)
    assert (check_bump(old, new) == []) == right


def test_the_same_content_may_keep_its_version() -> None:
    old = orchestration(**OLD, version="1.0.0")
    assert check_bump(old, old) == []
