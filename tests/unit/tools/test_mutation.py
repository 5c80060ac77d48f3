"""The figures of the mutation are counted and said as they are."""

import pytest

from tools.mutation import by_function, counts, passed, sentence, verdicts

STATISTICS = {"killed": 80, "timeout": 4, "segfault": 1, "survived": 10, "no_tests": 5, "suspicious": 0, "skipped": 7}


def test_what_nobody_could_notice_counts_as_unnoticed() -> None:
    assert counts(STATISTICS) == (85, 100)
    assert sentence(STATISTICS) == "85 of 100 changes noticed: 85.0 % (goal: 85 %)"


@pytest.mark.parametrize(("killed", "enough"), [(80, True), (79, False)])
def test_the_goal(killed: int, *, enough: bool) -> None:
    assert passed({**STATISTICS, "killed": killed}) is enough


def test_no_change_at_all_is_no_success() -> None:
    assert not passed({})
    assert sentence({}) == "0 of 0 changes noticed: 0.0 % (goal: 85 %)"


RESULTS = """
    controller.engine.settle.x__idle__mutmut_1: survived
    controller.engine.settle.x__idle__mutmut_12: no tests
    controller.engine.settle.x__end__mutmut_3: killed
    controller.engine.draft.xǁDraftǁrecord__mutmut_2: suspicious
"""


def test_what_was_not_noticed_by_function() -> None:
    assert by_function(RESULTS) == [("controller.engine.settle._idle", 2), ("controller.engine.draft.Draft.record", 1)]


def test_only_the_drawn_changes_count() -> None:
    names = {"controller.engine.settle.x__idle__mutmut_12", "controller.engine.settle.x__end__mutmut_3"}
    assert verdicts(RESULTS, names) == {"no_tests": 1, "killed": 1}
