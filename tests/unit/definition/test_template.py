"""Templates keep types, are filled in once, and never reach into the structure around them."""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.definition.template import Reference, TemplateMistake, references, resolve, uses_run

SCOPE = {
    "parameters": {
        "period": "2026-Q3",
        "limit": 5,
        "ratio": 2.5,
        "on": True,
        "none": None,
        "rows": [{"id": 1}, {"id": 2}],
    },
    "steps": {"fetch-kpi": {"total": 12, "table": {"b": 1, "a": [1.0]}, "0": "zero"}, "load": [10, 20]},
    "run": {"uid": "01J"},
    "item": {"name": "first"},
    "index": 3,
}

TYPED = {
    "{{ parameters.limit }}": 5,
    "{{limit}}": 5,
    "{{ ratio }}": 2.5,
    "{{ on }}": True,
    "{{ rows }}": [{"id": 1}, {"id": 2}],
    "{{ rows.1.id }}": None,
    "{{ parameters.rows.1.id }}": 2,
    "{{ parameters.rows.2.id }}": None,
    "{{ parameters.rows.x }}": None,
    "{{ parameters.limit.deeper }}": None,
    "{{ missing }}": None,
    "{{ none }}": None,
    "{{ steps.fetch-kpi.total }}": 12,
    "{{ steps.fetch-kpi }}": SCOPE["steps"]["fetch-kpi"],  # type: ignore[index]
    "{{ steps.fetch-kpi.0 }}": "zero",
    "{{ steps.load.1 }}": 20,
    "{{ steps.nobody.total }}": None,
    "{{ run.uid }}": "01J",
    "{{ item }}": {"name": "first"},
    "{{ item.name }}": "first",
    "{{ index }}": 3,
    "{{ unknown.root }}": None,
}

EMBEDDED = {
    "for {{ period }}": "for 2026-Q3",
    "{{ period }}{{ limit }}": "2026-Q35",
    " {{ limit }}": " 5",
    "{{ limit }}/{{ ratio }}/{{ on }}": "5/2.5/true",
    "[{{ missing }}{{ none }}]": "[]",
    "see {{ steps.fetch-kpi.table }}": 'see {"a":[1],"b":1}',
    "{{{ limit }}}": "{5}",
    "no template } {": "no template } {",
    "{{ a b }} and {{ limit }}": "{{ a b }} and 5",
    "{{ never closed": "{{ never closed",
}


@pytest.mark.parametrize(("text", "value"), TYPED.items())
def test_a_text_that_is_one_template_becomes_the_value(text: str, value: Any) -> None:
    resolved = resolve(text, SCOPE)
    assert resolved == value
    assert type(resolved) is type(value)


@pytest.mark.parametrize(("text", "value"), EMBEDDED.items())
def test_within_text_values_are_written(text: str, value: str) -> None:
    assert resolve(text, SCOPE) == value


@pytest.mark.requirement("DEF-011")
def test_parameters_reach_every_leaf_of_a_payload() -> None:
    payload = {"q": "{{ parameters.period }}", "deep": [{"n": "{{ limit }}", "text": "top {{ limit }}"}], "{{ on }}": 1}
    assert resolve(payload, SCOPE) == {"q": "2026-Q3", "deep": [{"n": 5, "text": "top 5"}], "{{ on }}": 1}


def test_what_was_filled_in_is_not_scanned_again() -> None:
    scope = {"parameters": {"sly": "{{ secret }}", "secret": "s"}}
    assert resolve(["{{ sly }}", "<{{ sly }}>"], scope) == ["{{ secret }}", "<{{ secret }}>"]


class Lazy(Mapping[str, Any]):
    """Outputs that are read from disk: counting or listing all of them is what must not happen."""

    def __init__(self) -> None:
        self.read: list[str] = []

    def __getitem__(self, key: str) -> Any:
        self.read.append(key)
        return {"n": 1}

    def __contains__(self, key: object) -> bool:
        return key == "a"

    def __iter__(self) -> Iterator[str]:
        raise AssertionError("listed")

    def __len__(self) -> int:
        raise AssertionError("counted")


def test_only_named_steps_are_read() -> None:
    steps = Lazy()
    assert resolve({"x": "{{ steps.a.n }}", "y": "{{ steps.b.n }}"}, {"steps": steps}) == {"x": 1, "y": None}
    assert steps.read == ["a"]


@pytest.mark.parametrize(
    ("text", "found"),
    {
        "{{ x }}": [Reference("parameters", ("x",), 1)],
        "{{ item }} {{ index }}": [Reference("item", (), 1), Reference("index", (), 12)],
        "{{ steps.fetch-kpi.rows.0 }}": [Reference("steps", ("fetch-kpi", "rows", "0"), 1)],
        "a {{ parametres.x }}": [Reference("parametres", ("x",), 3)],
        "plain": [],
    }.items(),
)
def test_references(text: str, found: list[Reference]) -> None:
    assert [reference for _, reference in references(text)] == found


@pytest.mark.parametrize(
    ("text", "columns"),
    {
        "{{ }}": [1],
        "{{ a b }}": [1],
        "{{ .a }}": [1],
        "{{ a..b }}": [1],
        "x {{ y": [3],
        "{{ a }} {{ f() }}": [9],
    }.items(),
)
def test_mistakes_are_found_with_their_place(text: str, columns: list[int]) -> None:
    mistakes = [found for _, found in references(text) if isinstance(found, TemplateMistake)]
    assert [mistake.column for mistake in mistakes] == columns
    assert all(mistake.message and mistake.hint for mistake in mistakes)


def test_references_know_their_leaf() -> None:
    value = {"a": ["{{ x }}", {"b": "{{ steps.s }}"}], "{{ key }}": 1}
    assert [leaf for leaf, _ in references(value)] == [("a", 0), ("a", 1, "b")]


def test_uses_run() -> None:
    assert uses_run({"a": ["{{ run.uid }}"]})
    assert not uses_run({"a": "{{ runs.uid }} {{ run }}"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
WITHOUT_BRACES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text().filter(lambda text: "{{" not in text),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


@given(WITHOUT_BRACES)
def test_a_value_without_templates_stays(value: Any) -> None:
    assert resolve(value, SCOPE) == value


@given(JSON)
def test_substitution_keeps_value_and_type(value: Any) -> None:
    assert resolve(["{{ x }}", {"k": "{{ parameters.x }}"}], {"parameters": {"x": value}}) == [value, {"k": value}]


@given(value=JSON, text=st.text())
def test_resolving_any_text_ends_and_reports_what_it_cannot_read(value: Any, text: str) -> None:
    resolve({"a": text}, {"parameters": {}})
    assert all(isinstance(found, Reference | TemplateMistake) for _, found in references([text, value]))
