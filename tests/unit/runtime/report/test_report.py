"""What a report tells, in each of its forms."""

from html.parser import HTMLParser
from typing import Any

import pytest

from controller.errors import VerificationFailed
from controller.runtime.proof.verify import verify
from controller.runtime.report.facts import Facts
from controller.runtime.report.gather import facts_of
from controller.runtime.report.markdown import to_markdown
from controller.runtime.report.page import to_page
from controller.runtime.report.values import report_value
from tests.unit.runtime.played import NOW, REVIEW, REVIEW_OUTCOMES, Kept, played, review

HOUR = 3_600_000


def facts(kept: Kept, usual: dict[str, int] | None = None, now: int = NOW + 10 * HOUR) -> Facts:
    return facts_of(kept, verify(kept), now, usual)


@pytest.fixture
def value() -> dict[str, Any]:
    return report_value(facts(review(), {"extract": 600, "summary": 100, "publish": 10, "extra": 1}))


def waiting() -> Kept:
    outcomes = {**REVIEW_OUTCOMES, "decisions": {}}
    return played(REVIEW, outcomes)


@pytest.mark.requirement("ENG-017")
def test_a_completion_report_has_the_figures_of_the_run(value: dict[str, Any]) -> None:
    assert (value["report"], value["status"], value["project_name"]) == ("completion", "Succeeded", "Quarterly review")
    assert value["summary"] == {
        "total_phases": 4,
        "phases_executed": 3,
        "phases_skipped": 1,
        "total_tasks": 5,
        "tasks_completed": 5,
        "tasks_failed": 0,
    }
    figures = value["execution_metrics"]
    assert figures["estimated_hours"] == round(710 / HOUR, 4)
    assert figures["efficiency_percent"] > 100
    metrics = value["metrics"]
    assert (metrics["attempts"], metrics["retries"]) == (10, 1)
    assert metrics["handoffs"] == {"total": 7, "validated": 7}
    assert metrics["waited_for_people_minutes"] == pytest.approx(60.03, abs=0.01)
    assert value["artifacts_generated"]["by_phase"]["collect"] == 2
    assert [phase["status"] for phase in value["phases"]] == ["ended", "ended", "ended", "skipped"]


@pytest.mark.requirement("ENG-018")
def test_a_status_report_can_be_made_while_the_run_goes_on() -> None:
    value = report_value(facts(waiting(), {"extract": 600, "summary": 100, "publish": 10, "extra": 1}))
    assert (value["report"], value["status"]) == ("status", "AwaitingApproval")
    assert value["progress"] == {
        "phases_completed": 1,
        "phases_total": 4,
        "phase_percent": 25.0,
        "tasks_completed": 2,
        "tasks_total": 5,
        "task_percent": 40.0,
    }
    assert value["alerts"] == [
        {"type": "gate_waiting", "level": "info", "message": '"summary" waits: Are the figures right?'}
    ]
    assert len(value["recent_events"]) == 10
    assert value["timeline"]["elapsed_minutes"] == 600.0
    assert value["timeline"]["on_track"] is False


@pytest.mark.requirement("ENG-014", "ENG-056")
def test_every_hand_off_is_told_with_whether_it_was_validated(value: dict[str, Any]) -> None:
    handed = {(step["id"], one["from"]): one["validated"] for step in value["steps"] for one in step["handoffs"]}
    assert handed == {("summary", "extract"): True, ("summary", "kpi"): True, ("publish", "summary"): True}
    (each,) = [step for step in value["steps"] if step["id"] == "kpi/each"]
    assert [one["handoffs"][0]["from"] for one in each["instances"]] == ["fetch", "fetch"]


@pytest.mark.requirement("DEF-053", "DEF-054")
def test_the_plan_and_the_policies_in_force_are_told(value: dict[str, Any]) -> None:
    metadata = value["metadata"]
    assert [(one["id"], one["agent"], one["type"]) for one in metadata["plan"]] == [
        ("extract", "worker", "agent"),
        ("kpi", None, "orchestration"),
        ("summary", "worker", "agent"),
        ("publish", "worker", "agent"),
        ("extra", "worker", "agent"),
        ("closing", "worker", "agent"),
    ]
    assert metadata["execution"]["concurrency"] == {
        "maxParallelSteps": 2,
        "source": "definition",
        "maxTotal": None,
        "queueStrategy": "fifo",
    }
    assert metadata["execution"]["caching"]["enabled"] is False
    assert metadata["parameters"] == {"quarter": "Q3"}


@pytest.mark.requirement("DEF-052")
def test_how_a_run_can_be_undone_is_told_in_every_form(value: dict[str, Any]) -> None:
    rollback = value["metadata"]["errorHandling"]["rollback"]
    assert rollback["reversible"] is True
    assert rollback["description"] == "The page is taken back."
    words = "The run can be undone, on command. The page is taken back."
    assert words in to_markdown(facts(review()))
    assert words in to_page(facts(review()))


def test_task_and_request_metadata_are_told() -> None:
    kept = review()
    spec = kept.runs[0].model_copy(
        update={"task": {"id": "T-7", "userId": "u9"}, "request_metadata": {"ticket": "OPS-1"}}
    )
    told = facts(kept)
    told.root.spec = spec
    metadata = report_value(told)["metadata"]
    assert (metadata["task"], metadata["requestMetadata"]) == ({"id": "T-7", "userId": "u9"}, {"ticket": "OPS-1"})
    assert "OPS-1" in to_page(told)


class Page(HTMLParser):
    """What a page asks a browser to do."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.addresses += [value or "" for name, value in attrs if name in {"src", "href", "action", "data"}]
        if tag not in {"meta", "img", "hr", "br", "link"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open = self.open[:-1] if self.open and self.open[-1] == tag else self.open

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_is_whole_and_asks_nothing_of_anybody() -> None:
    kept = review()
    page = Page(to_page(facts(kept)))
    assert page.open == []
    assert "script" not in page.tags
    assert [address for address in page.addresses if not address.startswith("data:")] == []


def test_nothing_that_a_definition_or_agent_says_becomes_markup() -> None:
    evil = "<script>alert(1)</script>"
    text = REVIEW.replace("Quarterly review", evil).replace("Are the figures right?", evil)
    outcomes = {
        "outcomes": {
            "extract": [
                {"output": {evil: evil}, "artifacts": {"x.md": {"text": evil}}, "warnings": [evil]},
            ],
            "publish": [{"receipt": {"changes": [evil], "undo": {"instruction": evil}}}],
        },
        "decisions": {"summary": [{"decision": "approve", "comment": evil, "by": evil}]},
    }
    told = facts(played(text, outcomes, {"quarter": evil}))
    assert "<script" not in to_page(told)
    assert "<script" not in to_markdown(told)
    assert "<script" not in to_page(facts(played(text, {"outcomes": {"extract": [{"exitCode": 64, "reason": evil}]}})))


def test_the_markdown_tells_the_run() -> None:
    text = to_markdown(facts(review()))
    assert text.startswith("# Quarterly review: Succeeded\n")
    assert "| review | `summary` | Succeeded | 2 | 0.1 s |" in text
    assert "| `summary` | Are the figures right? | **approved** by mara: fine |" in text
    assert "- `extract` took 2 attempts (rate limit): find out why it is unsteady." in text
    assert "| `publish` | page | by its agent |" in text


def test_a_failed_run_says_what_to_do() -> None:
    told = facts(played(REVIEW, {"outcomes": {"extract": [{"exitCode": 64, "reason": "bad input"}]}}))
    text = to_markdown(told)
    assert "# Quarterly review: Failed (StepFailed)" in text
    assert (
        "- `extract` failed (bad input): `libretto logs SIMULATION extract`, then `libretto retry SIMULATION extract`."
    ) in text
    assert report_value(told)["failures"] == {"count": 1, "tasks": ["extract"], "phases": ["collect"]}


def test_damaged_evidence_is_told_where_the_reader_looks() -> None:
    kept = review()
    kept.blobs.pop(next(digest for digest, content in kept.blobs.items() if content == b"# Good\n"))
    told = facts(kept)
    assert "The evidence is BROKEN at record 17" in to_markdown(told)
    assert "The evidence is BROKEN at record 17" in to_page(told)
    assert report_value(told)["verification"]["sound"] is False


def test_a_run_that_cannot_be_told_is_an_error() -> None:
    kept = review()
    del kept.blobs[kept.runs[0].snapshot]
    with pytest.raises(VerificationFailed, match="cannot be told: the run executes"):
        facts(kept)
