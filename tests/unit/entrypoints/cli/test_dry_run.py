"""`libretto run --dry-run`, as it is seen, and what it leaves on disk: nothing."""

import hashlib
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.entrypoints.cli.main import cli
from tests.scenes.program import supervised, until

DEFINITION = """\
orchestration:
  name: two
  steps:
    - id: first
      agent: worker
    - id: second
      agent: worker
      dependsOn: [first]
      when: steps.first.go
      checkpointAfter: {question: good?}
  execution: {caching: {enabled: true}}
"""
AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata: {name: worker}
spec: {process: {argv: [sh, -c, 'echo "{\\"go\\": false}" > output.json']}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "definitions/two/definition.yaml": DEFINITION,
        "definitions/agents/worker/agent.yaml": AGENT,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def invoke(*words: str) -> Result:
    return CliRunner().invoke(cli, words)


def contents(folder: Path) -> dict[str, tuple[int, str]]:
    """Every file and folder with its time of change and the hash of its bytes; SQLite's side files included."""
    return {
        path.relative_to(folder).as_posix(): (
            path.stat().st_mtime_ns,
            hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "",
        )
        for path in sorted(folder.rglob("*"))
    }


@pytest.mark.requirement("CMP-025")
def test_it_says_of_each_step_what_would_become_of_it_and_why(project: Path) -> None:
    shown = invoke("run", "definitions/two", "--dry-run")
    assert shown.exit_code == 0, shown.output
    lines = [line.strip() for line in shown.output.splitlines()]
    assert lines[0] == "two 1.0.0: dry run, nothing is started and nothing is written"
    assert "▶ first   run: nothing equal is in the cache  [worker]" in lines
    assert "? second  open: runs or is skipped: when steps.first.go  [worker]" in lines
    assert "decided when first has run" in lines
    assert 'then waits for approval: severity normal: "good?"' in lines
    assert "2 steps, 1 would run, 1 not decided yet" in lines


@pytest.mark.requirement("CMP-026")
def test_without_a_state_directory_none_is_made(project: Path) -> None:
    before = contents(project)
    assert invoke("run", "definitions/two", "--dry-run").exit_code == 0
    assert contents(project) == before
    assert not (project / ".libretto").exists()


@pytest.mark.requirement("CMP-026")
def test_nothing_in_the_project_or_its_state_directory_changes(project: Path) -> None:
    assert invoke("run", "definitions/two").exit_code == 0
    until(lambda: not supervised(project), "the supervisor has tidied up and ended")
    before = contents(project)
    assert any(name.startswith(".libretto/state.db") for name in before)
    shown = invoke("run", "definitions/two", "--dry-run", "-o", "json")
    assert shown.exit_code == 0, shown.output
    told = json.loads(shown.output)
    assert [(step["step"], step["fate"]) for step in told["steps"]] == [("first", "cache"), ("second", "skip")]
    assert told["counts"] == {"cache": 1, "skip": 1}
    assert contents(project) == before


def test_a_run_that_would_fail_for_certain_has_the_exit_code_of_one(project: Path) -> None:
    file = project / "definitions/two/definition.yaml"
    file.write_text(DEFINITION.replace("steps.first.go", "1 / 0 > 1"))
    assert invoke("run", "definitions/two", "--dry-run").exit_code == 4
