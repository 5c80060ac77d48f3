"""Places in a text: found when asked for, and the nearest one for what is not there."""

import pytest

from controller.model.document import Document, Path, Positions, Span, place, render_path

FOUND = Positions(
    values={(): Span(1, 1, 0), ("a",): Span(1, 4, 0), ("a", 0): Span(2, 5, 3)},
    keys={("a",): Span(1, 1, 1)},
)


def test_positions_are_found_once_and_only_when_asked_for() -> None:
    asked = []

    def locate() -> Positions:
        asked.append(1)
        return FOUND

    document = Document("f", {"a": ["x"]}, locate=locate)
    assert asked == []
    assert document.span(("a", 0)) == Span(2, 5, 3)
    assert document.location(("a", 0)).column == 5
    assert asked == [1]


@pytest.mark.parametrize(
    ("path", "key", "span"),
    [
        (("a",), False, Span(1, 4, 0)),
        (("a",), True, Span(1, 1, 1)),
        (("a", 0), True, Span(2, 5, 3)),
        (("a", 7), False, Span(1, 1, 1)),
        (("b", 0, "c"), False, Span(1, 1, 0)),
    ],
)
def test_what_is_not_there_has_the_place_around_it(path: Path, key: bool, span: Span) -> None:
    assert Document("f", {}, locate=lambda: FOUND).span(path, key=key) == span


def test_a_document_without_text_has_a_place_too() -> None:
    assert Document("f", {}).span(("a",)) == Span(1, 1, 0)


def test_what_was_refused_is_silent_with_all_below() -> None:
    document = Document("f", {}, refused=frozenset({("a", 0)}))
    assert document.readable
    assert [document.silenced(path) for path in [("a",), ("a", 0), ("a", 0, "b")]] == [False, True, True]
    assert not Document("f", None, refused=frozenset({()})).readable


@pytest.mark.parametrize(
    ("path", "text"),
    [
        ((), ""),
        (("spec", "steps", 2, "dependsOn", 0), "spec.steps[2].dependsOn[0]"),
        (("a", "fetch-kpi", "b c", "ü"), 'a.fetch-kpi["b c"].ü'),
    ],
)
def test_paths_are_written_as_people_do(path: Path, text: str) -> None:
    assert render_path(path) == text


@pytest.mark.parametrize(("offset", "expected"), [(0, (1, 1)), (1, (1, 2)), (3, (2, 1)), (5, (3, 1)), (6, (3, 2))])
def test_places_count_every_kind_of_line_break_once(offset: int, expected: tuple[int, int]) -> None:
    assert place("a\r\nb\nc", offset) == expected
