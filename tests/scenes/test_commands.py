"""Commands from elsewhere: another process drives the run and carries them out, or nobody does and they are played here."""

from pathlib import Path

import pytest

from tests.scenes.mara import Project, waits
from tests.scenes.program import ended


@pytest.fixture
def mara(tmp_path: Path) -> Project:
    return Project.with_definitions(tmp_path)


@pytest.mark.requirement("DEF-051")
def test_a_run_that_another_process_drives_is_aborted_from_here(mara: Project) -> None:
    run = mara.begin("run", "definitions/finance-quarterly-review")
    mara.until(waits, "status")
    said = mara.call("abort", "latest", "--comment", "wrong quarter")
    assert said.lines == ["run RUN: aborted by mara as record 18. The process that drives the run goes on with it."]
    assert said.code == 0
    assert ended(run).code == 5
    again = mara.call("abort", "latest")
    assert again.code == 9
    assert again.lines[-1] == "  possible: libretto undo RUN"


@pytest.mark.requirement("DEF-051")
def test_a_run_that_succeeded_is_undone_and_says_what_remains(mara: Project) -> None:
    assert mara.call("run", "definitions/nightly", "--param", "mode=upsert").code == 0
    said = mara.call("undo", "latest")
    assert said.lines == [
        "undoing 6 changed steps, last in the order of dependencies first",
        '  notify  NOT undone: its receipt says irreversible ("mail sent to 3 people"); receipt DIGEST',
        "  publish  undone  0.0s  receipt DIGEST",
        "  load  undone  0.0s  receipt DIGEST",
        "  transform  undone  0.0s  receipt DIGEST",
        '  warn-team  NOT undone: its receipt says irreversible ("mail sent to 3 people"); receipt DIGEST',
        "  extract  undone  0.0s  receipt DIGEST",
        "Failed (UndoIncomplete): 2 changes remain, see above.",
        "What remains is tried once more with: libretto resume RUN",
    ]
    assert said.code == 4


@pytest.mark.requirement("DEF-051")
def test_a_retry_keeps_its_delay_and_its_changes_until_somebody_drives(mara: Project) -> None:
    mara.call("run", "definitions/nightly")
    told = mara.told("retry", "latest", "--no-wait", "--delay", "1s", "--set", "input.mode=upsert")
    assert (told["step"], told["verb"], told["driven"]) == ("load", "retry", False)
    status = mara.told("status", "latest")
    assert status["status"]["state"] == "Running"
    assert list(status["waiting"]) == ["load"]
    assert mara.call("resume", "latest").code == 0
    assert mara.told("output", "latest") == {"inserted": 5, "updated": 2}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("retry", "latest", "--delay", "soon"), "expected a duration"),
        (("retry", "latest", "--set", "mode"), "write it as name=value"),
        (("skip", "latest", "--output", "none.json"), "File 'none.json' does not exist"),
        (("skip", "latest", "laod"), 'did you mean "load"?'),
    ],
)
def test_a_wrong_call_is_said_and_changes_nothing(mara: Project, words: tuple[str, ...], said: str) -> None:
    mara.call("run", "definitions/nightly")
    before = mara.told("show", "latest")["head"]
    seen = mara.call(*words)
    assert seen.code == 2
    assert said in seen.err
    assert mara.told("show", "latest")["head"] == before


@pytest.mark.requirement("DEF-048")
def test_a_step_whose_definition_does_not_allow_it_is_not_skipped(mara: Project) -> None:
    file = mara.folder / "definitions" / "nightly" / "definition.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("allowSkip: true", "allowSkip: false"), encoding="utf-8")
    mara.call("run", "definitions/nightly")
    said = mara.call("skip", "latest")
    assert said.code == 9
    assert said.lines[0] == (
        'libretto: "load" may not be skipped: its definition does not say allowSkip. Nothing was changed.'
    )
