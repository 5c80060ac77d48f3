"""Several terminals and one run: looking on, pausing, deciding at the same time, and who may drive."""

import json
from pathlib import Path

import pytest

from tests.scenes.normalise import normalised
from tests.scenes.program import Piped, libretto, terminal, until
from tests.scenes.project import project

PROMPT = "approve / reject / modify / show [a/r/m/s]?"


def driven(place: Path, name: str = "slow") -> Piped:
    driving = Piped(place, "run", f"definitions/{name}")
    driving.wait_for("waits running")
    until((place / "started").exists, "the waiting step works")
    return driving


@pytest.mark.requirement("ENG-018")
def test_watch_shows_what_the_driving_terminal_shows(tmp_path: Path) -> None:
    place = project(tmp_path, "slow")
    driving = driven(place)
    watching = Piped(place, "watch", "latest")
    watching.wait_for("waits running")
    (place / "go").touch()
    assert (driving.end(), watching.end()) == (0, 0)
    # What was run is known only where it was called.
    shown, _, _ = normalised(driving.output).partition("\n\n")
    assert normalised(watching.output).startswith(shown + "\n\n  output    libretto output RUN-------")


def test_other_terminals_see_how_far_a_step_says_it_is(tmp_path: Path) -> None:
    place = project(tmp_path, "counted")
    driving = driven(place, "counted")
    assert " 3/10 (30 %)" in libretto(place, "tree", "latest").lines[-1]
    assert "waits: attempt 1 of 1, 3/10 (30 %)" in libretto(place, "status", "latest").out
    (told,) = json.loads(libretto(place, "status", "latest", "-o", "json").out)["running"]
    assert told["progress"] == {"done": 3, "total": 10}
    with terminal(place, "watch", "latest") as watching:
        watching.wait_for("▸ waits  counting", "3/10 (30 %)")
        (place / "go").touch()
        assert (driving.end(), watching.end()) == (0, 0)


def test_only_one_drives(tmp_path: Path) -> None:
    place = project(tmp_path, "slow")
    driving = driven(place)
    second = libretto(place, "resume", "latest")
    assert second.code == 9
    assert second.out == ""
    assert "which goes on driving it. Nothing was changed." in second.err
    assert "look on with: libretto watch 01" in second.err
    assert libretto(place, "resume").out == "no run was left unfinished\n"
    (place / "go").touch()
    assert driving.end() == 0


def test_pause_ends_the_driving_and_resume_goes_on(tmp_path: Path) -> None:
    place = project(tmp_path, "slow")
    driving = driven(place)
    paused = libretto(place, "pause", "latest", "--stop", "--comment", "maintenance")
    assert normalised(paused.out) == (
        "run RUN------- paused by USER as record 5. Running steps are stopped.\n  go on  libretto resume RUN-------\n"
    )
    assert (paused.err, paused.code) == ("", 0)
    assert driving.end() == 130
    assert 'paused by USER: "maintenance"' in normalised(driving.output)
    looked = libretto(place, "watch", "latest")
    assert looked.code == 130
    assert "Suspended after" in looked.out
    (place / "go").touch()
    assert libretto(place, "resume").code == 0


def test_what_is_not_driven_cannot_be_watched(tmp_path: Path) -> None:
    place = project(tmp_path, "gated")
    assert libretto(place, "run", "definitions/gated", "--no-wait").code == 7
    looked = libretto(place, "watch", "latest")
    assert looked.code == 7
    assert "Nobody drives this run; it is AwaitingApproval, 0 of 2 steps done" in looked.out
    assert "  libretto approve 01" in looked.out


NOT_WAITED = """\
HH:MM:SS run RUN------- started: gated 1.0.0 (digest DIGEST)
HH:MM:SS draft   running
HH:MM:SS draft   waiting   for approval of DIGEST, severity high: "Good enough?" (libretto approve RUN-------)
Waiting for approval of draft after 0.0s, 0 of 2 steps done
  draft, severity high: "Good enough?"
  output DIGEST (shown with: libretto show RUN------- draft)
What you can do
  libretto approve RUN-------                  release what waits for draft
  libretto reject RUN-------                   end the run
  libretto modify RUN------- --set KEY=VALUE   do the step again with a change
  libretto resume RUN-------                   go on afterwards
"""


def test_a_run_that_shall_not_wait_says_what_is_missing(tmp_path: Path) -> None:
    place = project(tmp_path, "gated")
    seen = libretto(place, "run", "definitions/gated", "--no-wait")
    assert (normalised(seen.out), seen.err, seen.code) == (NOT_WAITED, "", 7)
    other = libretto(place, "run", "definitions/gated", "--no-wait")
    assert other.err == "1 run was left unfinished: libretto resume\n"
    assert libretto(place, "approve", "latest").code == 0
    assert libretto(place, "resume", "latest").code == 0


def test_another_terminal_withdraws_the_question(tmp_path: Path) -> None:
    place = project(tmp_path, "gated")
    with terminal(place, "run", "definitions/gated") as seen:
        seen.wait_for(PROMPT)
        seen.type("a thinking abou")
        seen.wait_for("a thinking abou")
        assert libretto(place, "approve", "latest", "--comment", "faster").code == 0
        assert seen.end() == 0
        assert 'draft approved by USER: "faster"\n' in normalised(seen.screen())
        assert "this terminal" not in seen.screen()


def test_modify_and_reject_at_the_prompt(tmp_path: Path) -> None:
    place = project(tmp_path, "gated")
    with terminal(place, "run", "definitions/gated") as seen:
        seen.wait_for(PROMPT)
        seen.type("what?\n")
        seen.wait_for('"what?" is no answer here')
        seen.type("s\n")
        seen.wait_for("draft asks for approval of blake3:", "done: true")
        seen.type("m\n")
        seen.wait_for("change KEY=VALUE")
        seen.type("size\n")
        seen.wait_for("write it as name=value")
        seen.type("size=2\n")
        seen.wait_for("  size=2")
        seen.type("\n")
        seen.wait_for("modified", "running   attempt 2", PROMPT)
        seen.type("r still wrong\n")
        assert seen.end() == 5
        shown = normalised(seen.screen())
        assert 'Aborted after 0.0s: "draft" was rejected by USER' in shown
        assert "not reached  publish" in shown


def test_what_was_typed_before_the_question_is_no_answer(tmp_path: Path) -> None:
    place = project(tmp_path, "gated")
    with terminal(place, "run", "definitions/gated") as seen:
        seen.type("a\n")
        seen.wait_for(PROMPT)
        seen.type("a\n")
        assert seen.end() == 0


def test_ctrl_c_at_the_prompt_suspends(tmp_path: Path) -> None:
    place = project(tmp_path, "gated")
    with terminal(place, "run", "definitions/gated") as seen:
        seen.wait_for(PROMPT)
        seen.type("\x03")
        assert seen.end() == 130
        assert "Suspended after" in seen.screen()
