"""Scene 5: a person decides, from another terminal."""

from pathlib import Path

import pytest

from tests.scenes.mara import Project, waits
from tests.scenes.program import ended


@pytest.mark.requirement("DEF-020", "ENG-018")
def test_approval_in_another_terminal(tmp_path: Path) -> None:
    mara = Project.with_definitions(tmp_path)
    run = mara.begin("run", "definitions/finance-quarterly-review")
    mara.until(waits, "status")

    assert mara.call("status").lines == [
        "RUN  ORCHESTRATION  STATE  STEPS  SINCE  WAITS FOR",
        "RUN  finance-quarterly-review  AwaitingApproval  4/7  AGE  quarterly-summary: approve · reject · modify",
    ]
    assert mara.call("explain", "latest", "archive").lines == [
        (
            'archive is Pending: it waits for "prepare-executive-brief" (Pending); its phase "publish" begins after "review",'
            ' which waits for "quarterly-summary" (AwaitingApproval).'
        ),
        "  defined in definitions/finance-quarterly-review/definition.yaml:188 at commit COMMIT",
    ]

    approved = mara.call("approve", "latest", "--comment", "checked against SAP")
    assert approved.lines == [
        "You approve: step quarterly-summary of run RUN",
        "  output  DIGEST  (shown with: libretto show RUN quarterly-summary)",
        "  releases prepare-executive-brief, archive",
        "approved by mara as record 18. The run goes on.",
    ]
    assert approved.code == 0

    again = mara.call("approve", "latest")
    assert again.lines == ["libretto: already decided: approved by mara AGE (record 18). Nothing was changed."]
    assert again.code == 9

    assert ended(run).code == 0
    assert mara.told("status", "latest")["status"]["state"] == "Succeeded"
    gate = mara.told("show", "latest", "quarterly-summary")["gate"]
    assert [(one["verdict"], one["actor"], one["comment"]) for one in gate["decisions"]] == [
        ("approved", "mara", "checked against SAP")
    ]
    assert gate["decisions"][0]["digest"] == gate["digest"]
