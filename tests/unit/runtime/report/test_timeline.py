"""The timeline: time is drawn to scale, except for the hours in which nobody decided."""

from hypothesis import given
from hypothesis import strategies as st

from controller.runtime.proof.verify import verify
from controller.runtime.report.gather import facts_of
from controller.runtime.report.svg import timeline
from controller.runtime.report.timeline import MOST_ROWS, Scale, rows_of, scale_of
from tests.unit.runtime.played import NOW, played, review

SPANS = st.lists(st.tuples(st.integers(0, 10**8), st.integers(0, 10**7)), max_size=12)


@given(st.integers(1, 10**8), SPANS)
def test_later_is_never_further_left(length: int, spans: list[tuple[int, int]]) -> None:
    scale = Scale(0, length, [(start, start + took) for start, took in spans])
    places = [scale.place(length * part // 20) for part in range(21)]
    assert places == sorted(places)
    assert (places[0], round(places[-1], 6)) == (0.0, 1.0)
    assert all(0 <= place <= 1 for place, _ in scale.ticks())


def test_a_night_of_waiting_takes_little_room() -> None:
    scale = Scale(0, 36_000_000, [(0, 4000), (35_996_000, 36_000_000)])
    assert [(gap.start, gap.end) for gap in scale.gaps] == [(4000, 35_996_000)]
    assert scale.place(4000) > 0.45
    assert scale.place(35_996_000) - scale.place(4000) < 0.05


def test_short_pauses_are_drawn_to_scale() -> None:
    scale = Scale(0, 10_000, [(0, 5000), (5500, 10_000)])
    assert scale.gaps == []
    assert scale.place(2500) == 0.25


def test_a_moment_without_length_has_a_scale() -> None:
    assert Scale(5, 5, []).place(5) == 0.0


def test_rows_are_phases_steps_instances_and_children() -> None:
    kept = review()
    facts = facts_of(kept, verify(kept), NOW)
    rows, more = rows_of(facts)
    assert more == 0
    assert [(row.level, row.name) for row in rows if row.heading] == [
        (0, "collect"),
        (0, "review"),
        (0, "never"),
        (0, "finally"),
    ]
    assert [(row.level, row.name) for row in rows[1:7]] == [
        (0, "extract"),
        (0, "kpi"),
        (1, "fetch"),
        (1, "each"),
        (2, "each[0]"),
        (2, "each[1]"),
    ]
    bars = {row.name: [bar.kind for bar in row.bars] for row in rows}
    assert bars["extract"] == ["failed", "succeeded"]
    assert bars["summary"] == ["succeeded", "succeeded", "waiting", "waiting"]
    assert len(scale_of(facts).gaps) == 2


def test_a_run_of_many_steps_says_how_many_rows_are_left_out() -> None:
    steps = ", ".join(f"{{id: s{number}, agent: worker}}" for number in range(MOST_ROWS + 5))
    head = "apiVersion: libretto.dev/v1alpha1\nkind: Orchestration\nmetadata: {name: wide}\n"
    kept = played(f"{head}spec: {{steps: [{steps}]}}\n")
    assert "and 5 more steps" in timeline(facts_of(kept, verify(kept), NOW))
