"""What a Job and its pods say, as a table: what each row of the world means for the attempt."""

import pytest

from controller.adapters.cluster.jobs.judge import Ended, Queued, Verdict, judge, taken_away
from controller.model.attempt import Finished, Lost
from tests.unit.adapters.cluster.jobs.pods import (
    BEGAN_MS,
    COMPLETE,
    ENDED_MS,
    FAILED,
    KEY,
    WHOLE,
    ended,
    job,
    pod,
    running,
    succeeded,
)
from tests.unit.adapters.cluster.jobs.row import Row
from tests.unit.adapters.cluster.jobs.rows_failing import BADLY, TIME, UNPUBLISHED
from tests.unit.adapters.cluster.jobs.rows_going import BEFORE, DURING, WELL
from tests.unit.adapters.cluster.jobs.rows_of_the_platform import DISRUPTED, UNKNOWN, drained

TABLE = BEFORE | DURING | WELL | BADLY | UNPUBLISHED | TIME | DISRUPTED | UNKNOWN


def verdict_of(row: Row) -> Verdict:
    return judge(row.job, row.pods, key=KEY, stopped_as=row.stopped_as)


@pytest.mark.parametrize("title", TABLE)
def test_what_a_job_and_its_pods_mean(title: str) -> None:
    row = TABLE[title]
    verdict = verdict_of(row)
    if not isinstance(row.means, str):
        assert verdict == row.means
        return
    assert isinstance(verdict, Ended), verdict
    outcome = verdict.outcome
    if row.means == "lost":
        assert isinstance(outcome, Lost), outcome
    else:
        assert isinstance(outcome, Finished), outcome
        assert outcome.failure == (None if row.means == "success" else row.means), outcome
        assert outcome.exit_code == row.exit
        assert 0 < outcome.started_at <= outcome.ended_at or (row.job is None and not row.pods)
    assert row.says in outcome.reason
    assert outcome.key == KEY
    assert verdict.goes_on == row.goes_on


@pytest.mark.parametrize("title", TABLE)
def test_the_order_of_the_pods_says_nothing(title: str) -> None:
    row = TABLE[title]
    assert verdict_of(row._replace(pods=[*reversed(row.pods)])) == verdict_of(row)


@pytest.mark.parametrize("title", [title for title, row in TABLE.items() if row.job is not None])
def test_the_attempt_is_read_from_its_job(title: str) -> None:
    row = TABLE[title]
    assert judge(row.job, row.pods, stopped_as=row.stopped_as) == verdict_of(row)


def test_times_are_those_of_the_program() -> None:
    verdict = judge(job(COMPLETE), [succeeded()])
    assert isinstance(verdict, Ended)
    assert isinstance(verdict.outcome, Finished)
    assert verdict.outcome[4:] == (BEGAN_MS, ENDED_MS, ENDED_MS - BEGAN_MS)


def test_what_was_handed_over_comes_with_a_failure_as_well() -> None:
    verdict = judge(job(FAILED), [pod("Failed", ended(3), courier=ended(message=WHOLE), stage=ended())])
    assert isinstance(verdict, Ended)
    assert verdict.message.collected.output == b'{"rows": 3}'
    assert [one.name for one in verdict.message.collected.artifacts] == ["rows.csv"]


def test_pods_that_vanished_are_counted_by_whoever_remembers_them() -> None:
    remembered: set[str] = set()
    for number in range(1, 10):
        gone = drained(number)
        assert isinstance(judge(job(), [gone], taken=remembered), Queued)
        remembered |= taken_away(job(), [gone])
    verdict = judge(job(), [pod("Running", running(), number=11)], taken=remembered | {"pod-uid-10"})
    assert isinstance(verdict, Ended)
    assert verdict.outcome.reason == "the platform took it away 10 times"
    assert verdict.goes_on
