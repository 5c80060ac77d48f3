"""An agent that tells its secret wherever it can: is it written down anywhere?"""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner

from controller.entrypoints.cli.main import cli
from tests.behaviour.stage import Played, Stage

SECRET = 'tr0ub4dor/"&3-very-secret'
LEAKS = {
    "say": {"it": "$SECRET", "list": ["a $SECRET b"]},
    "receipt": {"changes": ["used $SECRET"], "undo": {"input": {"token": "$SECRET"}}},
    "stderr": "cannot log in with $SECRET",
}


def written(stage: Stage) -> Iterator[tuple[str, bytes]]:
    for path in sorted((stage.folder / ".libretto").rglob("*")):
        if path.is_file():
            yield path.relative_to(stage.folder).as_posix(), path.read_bytes()


def spellings() -> list[bytes]:
    return [text.encode() for text in {SECRET, json.dumps(SECRET)[1:-1], SECRET.replace("/", "\\/")}]


def tell(stage: Stage, **payload: Any) -> Played:
    stage.agent("teller", process={"fromEnv": {"SECRET": "THE_SECRET"}})
    steps = [
        {"id": "tell", "agent": "teller", "input": {"payload": {**LEAKS, **payload}}},
        {"id": "hear", "dependsOn": ["tell"], "input": {"payload": {"heard": "{{ steps.tell }}"}}},
    ]
    stage.orchestration("one", steps, outputs={"all": "{{ steps.tell }}"})
    return stage.play("one", environment={"THE_SECRET": SECRET}, task={"id": "T"})


@pytest.mark.parametrize(
    ("payload", "state"),
    [({}, "Succeeded"), ({"exit": [64]}, "Failed"), ({"leave": {"key.txt": "$SECRET"}}, "Failed")],
)
def test_a_secret_is_in_no_file_of_the_state_directory(stage: Stage, payload: dict[str, Any], state: str) -> None:
    played = tell(stage, **payload)
    assert played.state == state
    assert played.calls[0] == "tell do 1"
    artifact = f"runs/{played.root.spec.uid}/"
    for name, content in written(stage):
        if "key.txt" in name and artifact in name:
            continue  # what the program itself left in its own directory, which nobody publishes
        assert not [one for one in spellings() if one in content], name


def test_a_secret_is_in_nothing_that_is_shown(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    run = tell(stage, exit=[64]).root.spec.uid
    stage.close()
    monkeypatch.chdir(stage.folder)
    for words in (
        ["show", run],
        ["show", run, "tell"],
        ["logs", run, "tell"],
        ["status", run],
        ["explain", run, "tell"],
    ):
        for form in ([], ["-o", "json"]):
            if words[0] in {"logs", "explain"} and form:
                continue
            said = CliRunner().invoke(cli, [*words, *form])
            assert said.output, words
            assert not [one for one in spellings() if one.decode() in said.output], words


def test_alerts_and_records_hold_no_secret(stage: Stage) -> None:
    played = tell(stage, exit=[64])
    said = [repr(record) for record in played.records] + [repr(alert) for alert in played.alerts]
    assert not [line for line in said if SECRET in line]


def test_what_is_handed_over_is_blacked_out(stage: Stage) -> None:
    played = tell(stage)
    assert played.output("tell") == {"it": "[redacted]", "list": ["a [redacted] b"]}
    assert played.output("hear")["given"]["payload"] == {"heard": played.output("tell")}


def test_an_artifact_with_a_secret_is_not_published(stage: Stage) -> None:
    played = tell(stage, leave={"key.txt": "$SECRET"})
    assert played.of("tell", "StepFailed")[0].summary == "artifacts/key.txt holds a secret"
