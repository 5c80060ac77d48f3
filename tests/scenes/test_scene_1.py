"""Scene 1: the first minute. `make try` on a terminal, where it asks, and elsewhere, where it answers itself and says so."""

from pathlib import Path

from tests.scenes.normalise import by_step, normalised
from tests.scenes.program import libretto, terminal
from tests.scenes.project import project

ORCHESTRATIONS = ("finance-quarterly-review", "kpi-tracking")

SCREEN = """\
Libretto: finance-quarterly-review 2.0.0, 7 steps in 4 phases, run RUN-------
  1 collect  ██████████ 2/2   ledger-extract 0.0s   budget-extract 0.0s
  2 analyse  ██████████ 2/2   run-kpi-tracking 0.0s (child run, 4 steps)   variance 0.0s
  3 review   ██████████ 1/1   quarterly-summary approved by USER (this terminal): "looks right"
  4 publish  ██████████ 2/2   prepare-executive-brief 0.0s   archive 0.0s
Succeeded in 0.0s · 7 steps, 1 child run, 1 approval, 0 retries · ledger 28 records, head DIGEST

  report    .libretto/runs/RUN-----------------------/report.html   (steps, decisions and pictures, for any browser)
  verify    libretto verify RUN-------                              (prove that the ledger is unbroken)
  again     libretto run definitions/finance-quarterly-review       (4 of 7 steps will come from the cache)
"""

WAITING = (
    '  3 review   ◇ waiting: quarterly-summary, severity high: "Board figures; check the variance table"',
    "      approve / reject / modify / show [a/r/m/s]? ",
)

LINES = """\
HH:MM:SS run RUN------- started: finance-quarterly-review 2.0.0 (digest DIGEST)
HH:MM:SS   You approve: step quarterly-summary of run RUN-------
HH:MM:SS     output   DIGEST   (shown with: libretto show RUN------- quarterly-summary)
HH:MM:SS     releases prepare-executive-brief, archive
HH:MM:SS   approved by USER as record 18. The run goes on.
Succeeded in 0.0s · 7 steps, 1 child run, 1 approval, 0 retries · ledger 28 records, head DIGEST

  report    .libretto/runs/RUN-----------------------/report.html   (steps, decisions and pictures, for any browser)
  verify    libretto verify RUN-------                              (prove that the ledger is unbroken)
  again     libretto run definitions/finance-quarterly-review       (4 of 7 steps will come from the cache)
HH:MM:SS archive                 running   attempt 1 of 3
HH:MM:SS archive                 succeeded 0.0s
HH:MM:SS budget-extract          running   attempt 1 of 3
HH:MM:SS budget-extract          succeeded 0.0s
HH:MM:SS ledger-extract          running   attempt 1 of 3
HH:MM:SS ledger-extract          succeeded 0.0s
HH:MM:SS nobody can be asked here, so another process decides: libretto approve RUN-------
HH:MM:SS prepare-executive-brief running   attempt 1 of 3
HH:MM:SS prepare-executive-brief succeeded 0.0s
HH:MM:SS quarterly-summary       running   attempt 1 of 3
HH:MM:SS quarterly-summary       waiting   for approval of DIGEST, severity high: "Board figures; check the variance table" (libretto approve RUN-------)
HH:MM:SS quarterly-summary       approved  by USER: "answered by libretto try"
HH:MM:SS run-kpi-tracking        running   child run CHILD: kpi-tracking
HH:MM:SS run-kpi-tracking        succeeded 0.0s (child run, 4 steps)
HH:MM:SS run-kpi-tracking/compute-trends expanded  4 instances
HH:MM:SS run-kpi-tracking/compute-trends succeeded 4 instances
HH:MM:SS run-kpi-tracking/compute-trends[0] running   attempt 1 of 3
HH:MM:SS run-kpi-tracking/compute-trends[0] succeeded 0.0s
HH:MM:SS run-kpi-tracking/compute-trends[1] running   attempt 1 of 3
HH:MM:SS run-kpi-tracking/compute-trends[1] succeeded 0.0s
HH:MM:SS run-kpi-tracking/compute-trends[2] running   attempt 1 of 3
HH:MM:SS run-kpi-tracking/compute-trends[2] succeeded 0.0s
HH:MM:SS run-kpi-tracking/compute-trends[3] running   attempt 1 of 3
HH:MM:SS run-kpi-tracking/compute-trends[3] succeeded 0.0s
HH:MM:SS run-kpi-tracking/fetch-kpi-data running   attempt 1 of 3
HH:MM:SS run-kpi-tracking/fetch-kpi-data succeeded 0.0s
HH:MM:SS run-kpi-tracking/review-results skipped   its condition is false
HH:MM:SS run-kpi-tracking/summarize-results running   attempt 1 of 3
HH:MM:SS run-kpi-tracking/summarize-results succeeded 0.0s
HH:MM:SS variance                running   attempt 1 of 3
HH:MM:SS variance                succeeded 0.0s
"""


def test_scene_1_on_a_terminal(tmp_path: Path) -> None:
    place = project(tmp_path, *ORCHESTRATIONS, shipped=True)
    with terminal(place, "try") as seen:
        seen.wait_for(*WAITING)
        seen.type("a looks right\n")
        assert seen.end() == 0
        assert normalised(seen.screen()) == SCREEN


def test_scene_1_elsewhere(tmp_path: Path) -> None:
    seen = libretto(project(tmp_path, *ORCHESTRATIONS, shipped=True), "try")
    assert by_step(normalised(seen.out)) == LINES.splitlines()
    assert (seen.err, seen.code) == ("", 0)
