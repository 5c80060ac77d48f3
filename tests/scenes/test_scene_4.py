"""Scene 4: pulled plug. Libretto is killed at step 31 of 50; the step's process lives on, and no step runs twice."""

import os
import signal
from pathlib import Path

from tests.scenes.normalise import normalised
from tests.scenes.program import Piped, libretto, supervised, until
from tests.scenes.project import chain, project

STEPS = 50
KILLED_AT = 31


def expected() -> str:
    lines = [
        'run RUN------- found as it was left: 30 steps done, "load-31" was running (attempt 1)',
        "HH:MM:SS load-31 succeeded its process finished while nobody watched: exit 0, output taken over",
    ]
    for number in range(KILLED_AT + 1, STEPS + 1):
        lines += [f"HH:MM:SS load-{number} running", f"HH:MM:SS load-{number} succeeded 0.0s"]
    lines += [
        "Succeeded · 50 steps · no step ran twice · ledger 103 records, unbroken",
        "",
        "  output    libretto output RUN-------   (what it came to)",
        "  verify    libretto verify RUN-------   (prove that the ledger is unbroken)",
        "  again     libretto rerun RUN-------    (start the same once more)",
    ]
    return "\n".join(lines) + "\n"


def test_scene_4(tmp_path: Path) -> None:
    place = project(tmp_path)
    chain(place, "nightly", STEPS, patient=KILLED_AT)
    driving = Piped(place, "run", "definitions/nightly")
    driving.wait_for("load-31 running")
    until((place / "started").exists, "the process of load-31 works")
    os.kill(driving.process.pid, signal.SIGKILL)
    assert driving.end() == -signal.SIGKILL
    assert supervised(place)
    (place / "go").touch()
    until(lambda: not supervised(place), "the process of load-31 has ended")

    seen = libretto(place, "resume")
    assert normalised(seen.out) == expected()
    assert (seen.err, seen.code) == ("", 0)
    assert (place / "started").read_text() == "load-31\n"
