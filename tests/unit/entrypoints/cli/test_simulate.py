"""`libretto simulate`, as it is seen."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from click.testing import CliRunner, Result

from controller.entrypoints.cli.main import cli

DEFINITION = """\
orchestration:
  name: two
  parameters: [{key: who}]
  steps:
    - id: first
      agent: worker
      input: {payload: {who: "{{ who }}"}}
      retry: {maxAttempts: 2, initialDelayMs: 500}
    - id: second
      agent: worker
      dependsOn: [first]
      checkpointAfter: {question: good?}
"""
AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata: {name: worker}
spec: {process: {argv: [sh, -c, 'echo 1 > output.json']}}
"""
OUTCOMES = """\
kind: Outcomes
outcomes:
  first:
    - {exitCode: 3, reason: busy, durationMs: 1500}
    - {output: {rows: 1}, durationMs: 2000}
decisions:
  second: [{decision: approve, afterMs: 4000, by: ida}]
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "definitions/two/definition.yaml": DEFINITION,
        "definitions/agents/worker/agent.yaml": AGENT,
        "outcomes.yaml": OUTCOMES,
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def invoke(*words: str) -> Result:
    return CliRunner(env={"COLUMNS": "60"}).invoke(cli, words)


def test_it_shows_transitions_chart_and_verdict(project: Path) -> None:
    shown = invoke("simulate", "definitions/two", "--outcomes", "outcomes.yaml")
    assert shown.exit_code == 0, shown.output
    lines = shown.output.splitlines()
    assert lines[:5] == [
        "     0.000s  run     Pending -> Running",
        "     0.000s  first   Pending -> Running           attempt 1",
        "     1.500s  first   Running -> Pending           attempt 1, Failed, busy, again in 0.5s",
        "     2.000s  first   Pending -> Running           attempt 2",
        "     4.000s  first   Running -> Succeeded         attempt 2",
    ]
    assert "     9.000s  second  AwaitingApproval -> Succeeded by ida" in lines
    chart = {line[:6]: line[8:] for line in lines if "█" in line and "ran" not in line}
    assert chart["first "].startswith("▒▒▒▒▒▒▒▒")
    assert chart["second"].endswith(" █████░░░░░░░░░░░░░░░░░░░░░░░")
    assert lines[-2] == "Succeeded after 9.0s of simulated time · 2 steps, 11 transitions"
    assert lines[-1].startswith("  semantic digest  blake3:")
    assert not (project / ".libretto").exists()


def test_programs_get_everything(project: Path) -> None:
    shown = invoke("simulate", "definitions/two", "--outcomes", "outcomes.yaml", "--param", "who=mara", "-o", "json")
    told = json.loads(shown.output)
    assert (told["state"], told["tookMs"], told["gates"], told["notes"]) == ("Succeeded", 9000, [], [])
    assert told["trace"][2] == {
        "at": 1500,
        "step": "first",
        "kind": "AttemptFailed",
        "from": "Running",
        "to": "Pending",
        "attempt": 1,
        "summary": "busy",
        "data": told["trace"][2]["data"],
    }
    bars = [(bar["step"], bar["what"], bar["start"], bar["end"], bar["outcome"]) for bar in told["chart"]]
    assert bars == [
        ("first", "do", 0, 1500, "Pending"),
        ("first", "do", 2000, 4000, "Succeeded"),
        ("second", "do", 4000, 5000, "Succeeded"),
        ("second", "gate", 5000, 9000, "GateApproved"),
    ]


def test_a_simulation_that_stands_still_says_what_it_waits_for(project: Path) -> None:
    shown = invoke("simulate", "definitions/two")
    assert shown.exit_code == 7
    assert "stands still     second: nobody decides" in shown.output
    assert invoke("simulate", "definitions/two", "--approve-all").exit_code == 0


def test_a_replay_says_whether_it_came_to_the_same(project: Path) -> None:
    assert invoke("run", "definitions/two", "--no-wait", "--param", "who=mara").exit_code == 7
    assert invoke("approve", "latest").exit_code == 0
    assert invoke("resume", "latest").exit_code == 0
    assert invoke("export", "latest", "--outcomes", "real.yaml").exit_code == 0
    same = invoke("simulate", "definitions/two", "--outcomes", "real.yaml")
    assert "taken from       a run with the same" in same.output
    other = invoke("simulate", "definitions/two", "--outcomes", "real.yaml", "--param", "who=ida")
    assert "taken from       a run with another: blake3:" in other.output


def test_mistakes_in_the_file_are_shown_where_they_are(project: Path) -> None:
    (project / "outcomes.yaml").write_text(OUTCOMES.replace("exitCode: 3", "exitCod: 3"))
    shown = CliRunner().invoke(cli, ["simulate", "definitions/two", "--outcomes", "outcomes.yaml"])
    (problem,) = shown.exception.problems  # type: ignore[union-attr]
    assert (problem.location.file, problem.location.line) == ("outcomes.yaml", 4)


def test_the_chart_as_a_picture(project: Path) -> None:
    shown = invoke("simulate", "definitions/two", "--outcomes", "outcomes.yaml", "--svg", "chart.svg")
    assert shown.exit_code == 0
    picture = ET.parse(project / "chart.svg").getroot()
    titles = [title.text for title in picture.iter("{http://www.w3.org/2000/svg}title")]
    assert titles[0] == "two 1.0.0"
    assert "second: gate 1 GateApproved, 5.0s to 9.0s" in titles
