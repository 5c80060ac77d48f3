"""Scene 6: it failed: why, and what now."""

from pathlib import Path

import pytest

from tests.scenes.mara import Project


@pytest.mark.requirement("DEF-048", "DEF-051", "ENG-066", "ENG-068")
def test_a_failure_tells_why_and_what_can_be_done(tmp_path: Path) -> None:
    mara = Project.with_definitions(tmp_path)
    failed = mara.call("run", "definitions/nightly")
    lines = failed.lines
    place = next(number for number, line in enumerate(lines) if line.startswith("Failed"))
    # Two steps run side by side, so that only their own lines have an order.
    assert sorted(lines[:place]) == sorted(
        [
            "HH:MM:SS run RUN started: nightly 1.0.0 @ COMMIT (digest DIGEST)",
            "HH:MM:SS extract  running  attempt 1 of 3",
            "HH:MM:SS extract  succeeded 0.0s",
            "HH:MM:SS warn-team running  attempt 1 of 3",
            "HH:MM:SS warn-team succeeded 0.0s",
            "HH:MM:SS transform running  attempt 1 of 3",
            "HH:MM:SS transform succeeded 0.0s",
            "HH:MM:SS load  running  attempt 1 of 3",
            "HH:MM:SS load  failed  exit 1 (retryable), again in 250ms (attempt 2 of 3)",
            "HH:MM:SS load  running  attempt 2 of 3",
            "HH:MM:SS load  failed  exit 1 (retryable), again in 500ms (attempt 3 of 3)",
            "HH:MM:SS load  running  attempt 3 of 3",
            "HH:MM:SS load  failed  exit 1; all 3 attempts are used",
        ]
    )
    assert lines[place:] == [
        'Failed after 0.0s: step "load" used its 3 attempts',
        '  last error  exit 1: duplicate key value violates unique constraint "orders_pkey" (libretto logs RUN load)',
        "  not reached  publish and notify",
        "  kept  extract, warn-team and transform (outputs are reused by a retry)",
        "What you can do",
        "  libretto retry RUN load  try again, keep what is done (change its input: --set KEY=VALUE)",
        "  libretto skip RUN load  go on without it, or with --output FILE (allowed: allowSkip)",
        "  libretto abort RUN --undo  undo transform, warn-team and extract, in that order, then stop",
    ]
    assert failed.code == 4

    assert mara.call("explain", "latest", "publish").lines == [
        'publish is Pending: it waits for "load" (Failed). Nothing else stands in its way.',
        "  defined in definitions/nightly/definition.yaml:66 at commit COMMIT",
    ]
    assert mara.call("logs", "latest").lines == ['duplicate key value violates unique constraint "orders_pkey"']
    assert "retry_exhausted" in (mara.state / "alerts.log").read_text(encoding="utf-8")

    retried = mara.call("retry", "latest", "load", "--set", "input.mode=upsert")
    assert retried.code == 0
    assert mara.told("output", "latest") == {"inserted": 5, "updated": 2}


@pytest.mark.requirement("DEF-048")
def test_a_failed_step_is_skipped_with_an_output_of_a_person(tmp_path: Path) -> None:
    mara = Project.with_definitions(tmp_path)
    mara.call("run", "definitions/nightly")
    (tmp_path / "replacement.json").write_text('{"rows": 0, "inserted": 0, "updated": 0}', encoding="utf-8")
    done = mara.call("skip", "latest", "load", "--output", "replacement.json", "--comment", "loaded by hand")
    assert done.code == 0
    assert done.lines[0] == "step load: skipped by mara as record 16."
    assert mara.told("output", "latest") == {"inserted": 0, "updated": 0}
    assert (
        mara.call("explain", "latest", "load")
        .lines[0]
        .startswith('load is Skipped: it was skipped by mara (record 16): "loaded by hand", with output DIGEST.')
    )


def test_what_did_not_fail_is_not_tried_again(tmp_path: Path) -> None:
    mara = Project.with_definitions(tmp_path)
    mara.call("run", "definitions/nightly")
    refused = mara.call("retry", "latest", "extract")
    assert refused.lines == [
        'libretto: "extract" is Succeeded; only a failed step can be retried. Nothing was changed.',
        "  possible: libretto retry RUN load · libretto abort RUN · libretto undo RUN",
    ]
    assert refused.code == 9
