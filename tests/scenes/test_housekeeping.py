"""Published definitions have a life, and old runs go: with real processes, as a person sees it."""

import re
import shutil
from pathlib import Path

import orjson
import pytest

from tests.scenes.normalise import loosely
from tests.scenes.program import libretto
from tests.scenes.project import project

NAMES = ("finance-quarterly-review", "kpi-tracking")
REVIEW = "finance-quarterly-review"

PARAMETERS = (
    *("--param", 'kpi_names=["revenue"]'),
    *("--param", "start_date=2026-07-01"),
    *("--param", "end_date=2026-09-30"),
)

PUBLISHED = """\
finance-quarterly-review 2.0.0 published: active
kpi-tracking 1.1.0 published: active
  agents  published archiver, brief-writer, data-checker, sql-agent, summarizer, supabase-agent, trend-analyst, variance-analyst
  next  libretto run finance-quarterly-review@2.0.0
  next  libretto run kpi-tracking@1.1.0
"""

LISTED = """\
NAME  VERSION  STATE  OWNER  ORGANIZATION  UPDATED  TITLE
finance-quarterly-review  2.0.0  active  finance-manager  global  DATE  Finance quarterly review
kpi-tracking  1.1.0  active  finance-manager  global  DATE  KPI tracking
"""

BREAKING = """\
definitions/kpi-tracking/definition.yaml:10:12  after kpi-tracking 1.1.0: step "summarize-results" was removed or renamed: this needs version 2.0.0 or higher, not 1.2.0
1 problem in 1 file; nothing was changed.
"""


def seen(place: Path, *words: str) -> tuple[int, str]:
    said = libretto(place, *words)
    text = "\n".join([*loosely(said.out + said.err), ""])
    return said.code, re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d", "DATE", text)


@pytest.mark.requirement("DEF-059", "DEF-060", "DEF-062")
def test_what_is_published_is_run_by_its_name(tmp_path: Path) -> None:
    place = project(tmp_path, *NAMES, shipped=True)
    assert seen(place, "definitions", "list")[1].startswith("nothing is published")
    assert seen(place, "definitions", "publish", "definitions", "--activate") == (0, PUBLISHED)
    assert seen(place, "definitions", "list") == (0, LISTED)
    file = place / "definitions" / "kpi-tracking" / "definition.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("summarize-results", "sum-up").replace("version: 1.1.0", "version: 1.2.0", 1), "utf-8")
    assert seen(place, "definitions", "publish", "definitions/kpi-tracking") == (3, BREAKING)
    shutil.rmtree(place / "definitions")
    code, said = seen(place, "run", "kpi-tracking", *PARAMETERS)
    assert code == 0, said
    assert "kpi-tracking 1.1.0" in said
    assert seen(place, "definitions", "archive", "kpi-tracking") == (0, "kpi-tracking 1.1.0: active -> archived\n")
    code, said = seen(place, "run", "kpi-tracking")
    assert (code, 'no active version of orchestration "kpi-tracking"' in said) == (2, True)
    refusal = "libretto: kpi-tracking 1.1.0 is archived; what can be done with it: nothing; publish a new version."
    assert seen(place, "definitions", "activate", "kpi-tracking") == (9, f"{refusal} Nothing was changed.\n")


@pytest.mark.requirement("DEF-061")
def test_a_run_keeps_its_definition_whatever_becomes_of_it(tmp_path: Path) -> None:
    place = project(tmp_path, *NAMES, shipped=True)
    assert libretto(place, "definitions", "publish", "definitions", "--activate").code == 0
    assert libretto(place, "run", REVIEW, "--no-wait").code == 7
    for verb in ("deprecate", "archive"):
        assert libretto(place, "definitions", verb, REVIEW).code == 0
    assert libretto(place, "definitions", "archive", "kpi-tracking").code == 0
    shutil.rmtree(place / "definitions")
    assert libretto(place, "approve", "latest").code == 0
    resumed = libretto(place, "resume", "latest")
    assert resumed.code == 0, resumed.err
    verified = orjson.loads(libretto(place, "verify", "latest", "-o", "json").out)
    assert (verified[0]["sound"], verified[0]["runs"][0]["state"]) == (True, "Succeeded")


def test_old_runs_go_when_they_are_told_to(tmp_path: Path) -> None:
    place = project(tmp_path, "content")
    for _ in range(2):
        assert libretto(place, "run", "definitions/content").code == 0
    code, said = seen(place, "clean", "--runs", "1", "--dry-run")
    assert (code, said.splitlines()[0].partition(":")[0]) == (0, "would remove 1 run and 0 unused blobs")
    assert len(orjson.loads(libretto(place, "verify", "-o", "json").out)) == 2
    removed = orjson.loads(libretto(place, "clean", "--runs", "1", "-o", "json").out)
    assert [one["limit"] for one in removed["removed"]] == ["runs"]
    assert len(orjson.loads(libretto(place, "verify", "-o", "json").out)) == 1
    assert seen(place, "clean") == (0, "nothing to remove: everything is within the limits and in use\n")
    assert seen(place, "clean", "--age", "soon")[0] == 2
    assert seen(place, "clean", "--size", "3 parsecs")[0] == 2


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_shells_can_complete(tmp_path: Path, shell: str) -> None:
    said = libretto(tmp_path, "completion", shell)
    assert said.code == 0
    assert f"_LIBRETTO_COMPLETE={shell}_complete" in said.out
    assert not (tmp_path / ".libretto").exists()


def test_a_report_of_a_run_that_waits_is_a_status_report(tmp_path: Path) -> None:
    place = project(tmp_path, *NAMES, shipped=True)
    assert libretto(place, "run", f"definitions/{REVIEW}", "--no-wait").code == 7
    status = orjson.loads(libretto(place, "report", "--format", "json").out)
    assert (status["report"], status["status"]) == ("status", "AwaitingApproval")
    assert [alert["type"] for alert in status["alerts"]] == ["gate_waiting"]


@pytest.mark.requirement("DEF-055", "DEF-056")
def test_a_run_that_a_task_asked_for_tells_the_task_and_how_it_stands(tmp_path: Path) -> None:
    place = project(tmp_path, *NAMES, shipped=True)
    asked = ("--task-id", "T-7", "--task-user", "u9", "--request-metadata", "ticket=OPS-1")
    assert libretto(place, "run", f"definitions/{REVIEW}", "--no-wait", *asked).code == 7

    def stands() -> tuple[str, object, object]:
        report = orjson.loads(libretto(place, "report", "--format", "json").out)
        return report["status"], report["metadata"]["task"], report["metadata"]["requestMetadata"]

    task, kept = {"id": "T-7", "userId": "u9"}, {"ticket": "OPS-1"}
    assert stands() == ("AwaitingApproval", task, kept)
    assert libretto(place, "approve", "latest").code == 0
    assert libretto(place, "resume", "latest").code == 0
    assert stands() == ("Succeeded", task, kept)
    assert libretto(place, "export", "latest", "-o", "run.zip").code == 0
    ledger = orjson.loads(libretto(place, "verify", "run.zip", "-o", "json").out)
    assert ledger[0]["sound"]
