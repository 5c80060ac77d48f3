"""Long paths, strange letters, and many attempts: the folder of a run may lie anywhere."""

import os
from pathlib import Path

import pytest

from controller.adapters.process.runner import ProcessRunner
from controller.model.states import OutcomeClass
from tests.adapters.process.workshop import Workshop, key, play, watch

PLACES = {
    "longer than a socket's name may be": "/".join(["folder" * 20, "below" * 20]),
    "with blanks and quotes": 'it\'s a "folder" $HOME',
    "with letters of the world": "größe/データ/🎼",
    "with bytes that are no letters": "\udcff\udcfe",
}


@pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)
def test_anywhere(tmp_path: Path, place: str) -> None:
    folder = tmp_path / place
    folder.mkdir(parents=True)
    workshop = Workshop(folder)
    try:
        first = workshop.runner()
        script = "pwd; cat ./inputs/x; while [ ! -e ../../../go ]; do sleep 0.02; done; ./inputs/no-program"
        first.start_many([workshop.launch("step", script, staged={"inputs/x": "ü\n".encode()})])
        while not first.observe(1000):
            pass
        first.close()
        workshop.environment["LANG"] = "\udcfa"
        again = workshop.runner()
        assert [attempt.running for attempt in again.known()] == [True]
        (workshop.run_directory / "steps" / "go").touch()
        watch(again, key("step"))
        path = os.fsencode(workshop.directory("step"))
        assert again.log_path(key("step")).read_bytes().startswith(path + "\nü\n".encode())
        play(again, workshop.launch("next", "echo $LANG"))
        assert again.log_path(key("next")).read_bytes() == b"\xfa\n"
    finally:
        workshop.end()


def test_output_in_any_letters(workshop: Workshop, runner: ProcessRunner) -> None:
    text = "größer, データ, 🎼, \u202e"
    script = f"printf '%s' '\"{text}\"' | tee output.json; touch 'artifacts/{text[:6]}'"
    (found,) = play(runner, workshop.launch("step", script))
    assert found.failure is None
    collected = runner.collect(key("step"))
    assert collected.output == f'"{text}"'.encode()
    assert [artifact.name for artifact in collected.artifacts] == ["größer"]
    assert workshop.log("step") == f'"{text}"'


def test_a_flood_of_output(workshop: Workshop, runner: ProcessRunner) -> None:
    (found,) = play(runner, workshop.launch("step", "head -c 20000000 /dev/zero"))
    assert found.failure is None
    assert runner.log_path(key("step")).stat().st_size == 20_000_000


def test_too_many_arguments(workshop: Workshop, runner: ProcessRunner) -> None:
    (found,) = play(runner, workshop.launch("step", argv=["echo", "x" * 3_000_000]))
    assert (found.failure, found.reason) == (OutcomeClass.REJECTED, "cannot run echo: Argument list too long")


def test_the_folder_of_a_run_is_for_its_owner_only(workshop: Workshop, runner: ProcessRunner) -> None:
    play(runner, workshop.launch("step"))
    assert workshop.run_directory.stat().st_mode & 0o777 == 0o700
    assert (workshop.run_directory / "journal").stat().st_mode & 0o777 == 0o600
