"""`libretto validate`, as it is seen."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from controller.entrypoints.cli.validate import command

LAUNCH = """\
orchestration:
  name: launch
  version: 1.0.0
  steps:
    - id: creative
      agent: worker
    - id: ads
      agent: worker
      depends_on: [landing]
    - id: landing
      agent: worker
      depends_on: [ads]
    - id: email
      agent: worker
      depends_on: [creatve]
  execution:
    caching:
      ttlSeconds: 1 day
"""
AGENT = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata: {name: worker}
spec: {process: {argv: [./work.sh]}}
"""


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, text in {
        "definitions/launch/definition.yaml": LAUNCH,
        "definitions/launch/cases/one.yaml": "what: ever\n",
        "definitions/agents/worker/agent.yaml": AGENT,
        "definitions/agents/worker/work.sh": "true\n",
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def validate(*arguments: str) -> Result:
    return CliRunner().invoke(command, list(arguments))


@pytest.mark.requirement("DEF-058")
def test_every_mistake_of_a_file_is_shown(project: Path) -> None:
    result = validate("definitions/launch/definition.yaml")
    assert result.output.splitlines() == [
        'definitions/launch/definition.yaml:7:7    steps "ads" -> "landing" -> "ads" wait for each other',
        'definitions/launch/definition.yaml:15:20  unknown step "creatve" in depends_on of "email"',
        "     15 |       depends_on: [creatve]",
        '        |                    ^^^^^^^  did you mean "creative"?',
        'definitions/launch/definition.yaml:18:19  ttlSeconds is "1 day"; expected a whole number of seconds, e.g. 86400',
        "3 problems in 1 file; nothing was changed.",
    ]
    assert result.exit_code == 3


def test_files_keep_the_names_that_were_given(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(project / "definitions" / "launch")
    assert validate("definition.yaml").output.startswith("definition.yaml:7:7 ")
    assert validate("../agents/worker/agent.yaml").output == "no problems in 1 file\n"


def test_without_a_path_the_definitions_are_checked(project: Path) -> None:
    assert validate().output.endswith("3 problems in 1 file; nothing was changed.\n")
    (project / "definitions" / "launch" / "definition.yaml").unlink()
    assert validate().output == "no problems in 1 file\n"


def test_problems_of_other_files_are_not_shown(project: Path) -> None:
    other = project / "definitions" / "other.yaml"
    other.write_text("orchestration: {name: other, steps: [{id: a, agent: worker}, {id: b, agent: nobody}]}\n")
    result = validate("definitions/other.yaml")
    assert result.output.splitlines()[0].endswith('no agent "nobody" in organization "global"')
    assert "1 problem in 1 file" in result.output
    other.write_text("orchestration: {name: other, steps: [{id: a, agent: worker}]}\n")
    assert validate("definitions/other.yaml", "definitions/agents").exit_code == 0


def test_a_missing_file_is_a_problem_like_any_other(project: Path) -> None:
    result = validate("definitions/nothing.yaml")
    assert result.output.splitlines()[0] == "definitions/nothing.yaml:1:1  the file does not exist"
    assert result.exit_code == 3


def test_warnings_alone_refuse_nothing(project: Path) -> None:
    path = project / "definitions" / "w.yaml"
    path.write_text("orchestration: {name: w, steps: [{agent: worker}]}\n")
    result = validate("definitions/w.yaml")
    assert result.output.endswith("1 warning in 1 file.\n")
    assert result.exit_code == 0


@pytest.mark.parametrize("form", ["json", "sarif"])
def test_forms_for_programs(project: Path, form: str) -> None:
    result = validate("-o", form)
    assert result.exit_code == 3
    shown = json.loads(result.output)
    assert len(shown["problems"] if form == "json" else shown["runs"][0]["results"]) == 3


def test_nothing_is_written(project: Path) -> None:
    before = sorted(project.rglob("*"))
    validate()
    assert sorted(project.rglob("*")) == before
