"""Whoever drives is interrupted: Ctrl-C once and twice, SIGTERM, a closed terminal, a reader that goes away."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

from tests.scenes.normalise import normalised
from tests.scenes.program import PROGRAM, Piped, environment, libretto, supervised, terminal, until
from tests.scenes.project import project

SUSPENDED = """\
HH:MM:SS run RUN------- started: slow 1.0.0 (digest DIGEST)
HH:MM:SS first running
HH:MM:SS first succeeded 0.0s
HH:MM:SS waits running
HH:MM:SS stopping 1 running step (again: kill)
HH:MM:SS run RUN------- paused by USER: "interrupted"
HH:MM:SS waits stopped   interrupted; it uses no attempt
Suspended after 0.0s, 1 of 3 steps done; nothing runs, and nothing is lost
What you can do
  libretto resume RUN-------   go on
  libretto abort RUN-------    give up; there is nothing to undo
"""

RESUMED = """\
run RUN------- found paused: 1 step done
HH:MM:SS run RUN------- resumed by USER
HH:MM:SS waits running   attempt 2
HH:MM:SS waits succeeded 0.0s
HH:MM:SS last  running
HH:MM:SS last  succeeded 0.0s
Succeeded · 3 steps · started more than once: waits · ledger 13 records, unbroken

  output    libretto output RUN-------   (what it came to)
  verify    libretto verify RUN-------   (prove that the ledger is unbroken)
  again     libretto rerun RUN-------    (start the same once more)
"""


def started(place: Path) -> None:
    until((place / "started").exists, "the waiting step works")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_suspends_the_run_and_resume_goes_on(tmp_path: Path, number: signal.Signals) -> None:
    place = project(tmp_path, "slow")
    driving = Piped(place, "run", "definitions/slow")
    driving.wait_for("waits running")
    started(place)
    driving.process.send_signal(number)
    assert driving.end() == 130
    assert normalised(driving.output) == SUSPENDED
    until(lambda: not supervised(place), "nothing runs any more")

    (place / "go").touch()
    seen = libretto(place, "resume")
    assert (normalised(seen.out), seen.err, seen.code) == (RESUMED, "", 0)


def test_a_second_interrupt_kills(tmp_path: Path) -> None:
    place = project(tmp_path, "stuck")
    driving = Piped(place, "run", "definitions/stuck")
    driving.wait_for("waits running")
    started(place)
    driving.process.send_signal(signal.SIGINT)
    driving.wait_for("stopping 1 running step (again: kill)")
    driving.wait_for("paused by")
    driving.process.send_signal(signal.SIGINT)
    assert driving.end() == 130
    assert "killing the steps that still run" in driving.output
    assert "Suspended after" in driving.output
    assert not (place / "go").exists()


@pytest.mark.requirement("ENG-057")
def test_a_closed_terminal_leaves_the_steps_running(tmp_path: Path) -> None:
    place = project(tmp_path, "slow")
    with terminal(place, "run", "definitions/slow") as seen:
        seen.wait_for("▸ waits", "33 %")
        started(place)
        seen.close()
        assert seen.code() == 130
    assert supervised(place)
    (place / "go").touch()
    until(lambda: not supervised(place), "the step has ended by itself")

    after = libretto(place, "resume")
    assert "waits succeeded its process finished while nobody watched: exit 0, output taken over" in after.out
    assert "no step ran twice" in after.out
    assert (place / "started").read_text() == "waits\n"


def test_a_reader_that_goes_away_does_not_end_the_run(tmp_path: Path) -> None:
    place = project(tmp_path, "slow")
    reader, writer = os.pipe()
    driving = subprocess.Popen(
        [*PROGRAM, "run", "definitions/slow"], cwd=place, env=environment(), stdout=writer, stderr=subprocess.DEVNULL
    )
    os.close(writer)
    started(place)
    os.close(reader)
    (place / "go").touch()
    assert driving.wait(60) == 0
    assert libretto(place, "resume").out == "no run was left unfinished\n"


def test_without_colours_where_they_are_not_wanted(tmp_path: Path) -> None:
    place = project(tmp_path, "content")
    with terminal(place, "run", "definitions/content") as seen:
        assert seen.end() == 0
        assert "\x1b[32m" in seen.raw
    with terminal(place, "run", "definitions/content", NO_COLOR="1") as seen:
        assert seen.end() == 0
        assert not any(f"\x1b[{code}m" in seen.raw for code in range(30, 38))
