"""A secret reaches the program and nothing else."""

import json
from pathlib import Path

import pytest

from controller.adapters.process.runner import ProcessRunner
from controller.model.states import OutcomeClass
from tests.adapters.process.workshop import Workshop, key, play, watch

TOKEN = 'hunter2-"quoted"/größe'
PROCESS = {"from_env": {"TOKEN": "OUR_TOKEN"}}


@pytest.fixture(autouse=True)
def token(workshop: Workshop) -> None:
    workshop.environment["OUR_TOKEN"] = TOKEN


def everywhere(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())


def test_the_program_has_it_and_the_log_has_not(workshop: Workshop, runner: ProcessRunner) -> None:
    script = (
        'test -z "$OUR_TOKEN" || exit 9; echo "a $TOKEN z"; echo "b $TOKEN" >&2;'
        'printf "%s\\n" "$TOKEN" | (head -c 7; sleep 0.1; cat)'
    )
    (found,) = play(runner, workshop.launch("step", script, process=PROCESS))
    assert found.failure is None
    assert workshop.log("step") == "a [redacted] z\nb [redacted]\n[redacted]\n"
    assert TOKEN.encode() not in everywhere(workshop.run_directory)


def test_results_are_clean_before_anybody_reads_them(workshop: Workshop, runner: ProcessRunner) -> None:
    tool = (
        "import json, os\n"
        "t = os.environ['TOKEN']\n"
        "json.dump({'said': [t, 'x' + t]}, open('output.json', 'w'))\n"
        "json.dump({'changes': [t]}, open('receipt.json', 'w'), ensure_ascii=False)\n"
        "open('artifacts/clean', 'w').write('nothing')\n"
    )
    script = f'exec {__import__("sys").executable} -c "{tool}"'
    (found,) = play(runner, workshop.launch("step", script, process=PROCESS))
    assert found.failure is None
    collected = runner.collect(key("step"))
    assert json.loads(collected.output or b"") == {"said": ["[redacted]", "x[redacted]"]}
    assert json.loads(collected.receipt or b"") == {"changes": ["[redacted]"]}
    assert [artifact.name for artifact in collected.artifacts] == ["clean"]
    assert collected.problems == ()


HIDING_PLACES = {
    "in the content": ('printf "%s" "xx${TOKEN}xx" > artifacts/a', "artifacts/a holds a secret"),
    "in a folder": ('mkdir artifacts/f; printf "%s" "$TOKEN" > artifacts/f/b', "artifacts/f/b holds a secret"),
    "far behind": (
        'head -c 1048570 /dev/zero > artifacts/c; printf "%s" "$TOKEN" >> artifacts/c',
        "artifacts/c holds a secret",
    ),
    "in the name": (': > "artifacts/${TOKEN%%-*}-$SHORT"', "artifacts/hunter2-[redacted] holds a secret"),
}


@pytest.mark.parametrize(("script", "problem"), HIDING_PLACES.values(), ids=HIDING_PLACES)
def test_an_artifact_with_a_secret_is_a_problem(
    workshop: Workshop, runner: ProcessRunner, script: str, problem: str
) -> None:
    workshop.environment["SHORT_SECRET"] = "abcdefgh"
    process = {"from_env": {"TOKEN": "OUR_TOKEN", "SHORT": "SHORT_SECRET"}}
    play(runner, workshop.launch("step", script, process=process))
    again = workshop.runner()
    watch(again, key("step"))
    assert again.collect(key("step")).problems == (problem,)


def test_secrets_from_files(workshop: Workshop, runner: ProcessRunner) -> None:
    (workshop.folder / "key.pem").write_text("-----BEGIN-----\nabcdefghijkl\n-----END-----\n")
    script = 'echo "$KEY"; echo "$KEY" | grep abc'
    play(runner, workshop.launch("step", script, process={"from_file": {"KEY": "key.pem"}}))
    assert workshop.log("step") == "[redacted]\n[redacted]\n"


def test_a_failed_attempt_is_cleaned_as_well(workshop: Workshop, runner: ProcessRunner) -> None:
    script = 'printf "\\"%s\\"" abc$TOKEN > output.json; exit 4'
    (found,) = play(runner, workshop.launch("step", script, process=PROCESS))
    assert found.failure is OutcomeClass.FAILED
    assert runner.collect(key("step")).output == b'"abc[redacted]"'


def test_results_that_nobody_could_clean_are_not_published(workshop: Workshop, runner: ProcessRunner) -> None:
    script = 'printf "\\"%s\\"" "$TOKEN" > output.json; echo > artifacts/ready; sleep 60'
    runner.start_many([workshop.launch("step", script, process=PROCESS)])
    ready = workshop.directory("step") / "artifacts" / "ready"
    while not ready.exists():
        runner.observe(20)
    workshop.kill_supervisor()
    watch(runner, key("step"))
    assert runner.collect(key("step")).problems == (
        "it may hold secrets: the supervisor died before it could remove them",
    )


def test_a_flood_of_output_is_passed_on_whole(workshop: Workshop, runner: ProcessRunner) -> None:
    script = 'i=0; while [ $i -lt 20000 ]; do echo "$i $TOKEN"; i=$((i+1)); done'
    play(runner, workshop.launch("step", script, process=PROCESS))
    assert workshop.log("step") == "".join(f"{number} [redacted]\n" for number in range(20_000))


def test_the_supervisor_has_no_secrets_in_its_environment(workshop: Workshop, runner: ProcessRunner) -> None:
    play(runner, workshop.launch("step", process=PROCESS))
    variables = Path(f"/proc/{workshop.supervisor()}/environ").read_bytes().split(b"\0")
    assert {variable.partition(b"=")[0] for variable in variables} <= {b"", b"PATH", b"SSL_CERT_FILE", b"SSL_CERT_DIR"}


def test_a_background_process_does_not_hold_the_log_open(workshop: Workshop, runner: ProcessRunner) -> None:
    script = "setsid sleep 3 & echo before; exit 0"
    (found,) = play(runner, workshop.launch("step", script, process=PROCESS))
    assert found.duration_ms < 2000
    assert workshop.log("step") == "before\n"
