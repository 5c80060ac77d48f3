"""What programs are told: a line per record, then the result; parameters and metadata as they were meant."""

import json
from pathlib import Path

import pytest
import yaml

from controller.wiring.local import Local
from tests.scenes.program import libretto
from tests.scenes.project import project


def test_json_lines_are_the_ledger_and_the_result(tmp_path: Path) -> None:
    place = project(tmp_path, "content")
    seen = libretto(place, "run", "definitions/content", "-o", "json")
    *records, last = [json.loads(line) for line in seen.out.splitlines()]
    result = last["result"]
    assert [line["record"]["seq"] for line in records] == list(range(result["records"]))
    assert {line["run"] for line in records} == {result["run"]}
    assert records[0]["record"]["kind"] == "RunCreated"
    assert result["state"] == "Succeeded"
    assert result["exitCode"] == 0
    assert result["steps"] == {"total": 3, "succeeded": 3, "skipped": 0, "failed": 0, "cached": 0, "reused": 0}
    assert result["retries"] == 1


def test_yaml_is_the_result(tmp_path: Path) -> None:
    place = project(tmp_path, "gated")
    seen = libretto(place, "run", "definitions/gated", "-o", "yaml", "--no-wait")
    result = yaml.safe_load(seen.out)["result"]
    assert (result["state"], result["ending"], seen.code) == ("AwaitingApproval", "waiting", 7)
    assert [gate["gate"] for gate in result["gates"]] == ["draft"]
    assert result["next"][0]["command"] == f"libretto approve {result['run'][:10]}"


@pytest.mark.requirement("DEF-056")
def test_parameters_and_metadata(tmp_path: Path) -> None:
    place = project(tmp_path, "slow")
    (place / "go").touch()
    (place / "values.yaml").write_text("size: 7\ncolour: red\n")
    words = ["--params", "values.yaml", "--param", "colour=a deep blue", "--request-metadata", "ticket=42"]
    task = ["--request-metadata", "from=mail", "--task-id", "t-1", "--task-user", "ada"]
    seen = libretto(place, "run", "definitions/slow", *words, *task, "-o", "json")
    result = json.loads(seen.out.splitlines()[-1])["result"]
    assert result["outputs"] == {"size": 7, "colour": "a deep blue"}
    local = Local.open(str(place / ".libretto"), read_only=True)
    try:
        spec = local.stores.objects.run(result["run"])
    finally:
        local.close()
    assert spec is not None
    assert spec.request_metadata == {"ticket": 42, "from": "mail"}
    assert spec.task == {"id": "t-1", "userId": "ada"}


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (["run", "definitions/slow", "--param", "size"], "write it as name=value", 2),
        (["run", "definitions/slow", "--param", "size=1", "--param", "size=2"], "given twice", 2),
        (["run", "definitions/slow", "--param", "sice=1"], 'unknown parameter "sice"', 2),
        (["run", "definitions/slow", "--params", "twice.yaml"], "twice.yaml", 3),
        (["run", "definitions/slow", "--task-user", "ada"], "--task-user needs --task-id", 2),
        (["run", "definitions/launch"], 'unknown step "creatve"', 3),
        (["run", "definitions/nowhere"], "definitions/nowhere does not exist", 2),
        (["resume", "01"], "no run begins with 01", 2),
        (["rerun", "latest"], "there are no runs yet", 2),
    ],
)
def test_mistakes_are_told_and_nothing_runs(tmp_path: Path, words: list[str], said: str, code: int) -> None:
    place = project(tmp_path, "slow", "launch")
    (place / "twice.yaml").write_text("size: 1\nsize: 2\n")
    seen = libretto(place, *words)
    assert said in seen.err
    assert (seen.out, seen.code) == ("", code)
    assert "Traceback" not in seen.err


def test_rerun_reuses_what_does_not_follow(tmp_path: Path) -> None:
    place = project(tmp_path, "content")
    assert libretto(place, "run", "definitions/content").code == 0
    seen = libretto(place, "rerun", "latest", "--from", "fact-check", "-o", "json")
    result = json.loads(seen.out.splitlines()[-1])["result"]
    assert result["steps"]["reused"] == 2
    assert (result["state"], result["retries"]) == ("Succeeded", 1)
    wrong = libretto(place, "rerun", "latest", "--from", "nothing")
    assert 'has no step "nothing"' in wrong.err
    assert wrong.code == 2
    whole = libretto(place, "rerun", "latest", "-o", "json")
    assert json.loads(whole.out.splitlines()[-1])["result"]["steps"]["reused"] == 0


def test_a_settled_run_is_not_resumed(tmp_path: Path) -> None:
    place = project(tmp_path, "content")
    assert libretto(place, "run", "definitions/content").code == 0
    seen = libretto(place, "resume", "latest")
    assert "is Succeeded: there is nothing to resume" in seen.err
    assert seen.code == 9
