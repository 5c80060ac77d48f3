"""What a terminal shows while a run plays: a bar per tier, what runs with its expected time, events with their times."""

import re
from pathlib import Path

import pytest

from tests.scenes.program import terminal
from tests.scenes.project import project


@pytest.mark.requirement("ENG-070", "ENG-071")
def test_what_runs_how_far_it_is_and_what_happened(tmp_path: Path) -> None:
    place = project(tmp_path, "slow")
    go = place / "go"
    go.touch()
    with terminal(place, "run", "definitions/slow") as first:
        assert first.end() == 0
    go.unlink()
    with terminal(place, "run", "definitions/slow") as seen:
        # Step and agent, elapsed and expected time; done of total, per cent, time to go, and whether that is as usual.
        seen.wait_for("▸ waits  patient", "s of about 0.", "1 of 3 steps, 33 %", "s so far, about ", "s to go")
        seen.wait_for("slower than usual")
        lines = seen.screen().splitlines()
        assert any(re.fullmatch(r"  tier 1  ██████████ 1/1   first \d\.\ds", line) for line in lines)
        assert any(re.fullmatch(r"  tier 2  ░░░░░░░░░░ 0/1", line) for line in lines)
        events = [line for line in lines if re.match(r"  \d\d:\d\d:\d\d  ", line)]
        told = [" ".join(line.split()[1:3]) for line in events]
        assert told == ["run started:", "first running", "first succeeded", "waits running"]
        go.touch()
        assert seen.end() == 0


@pytest.mark.requirement("ENG-069")
def test_a_bar_per_tier_of_phases_that_are_wanted(tmp_path: Path) -> None:
    place = project(tmp_path, "phased-delivery", shipped=True)
    with terminal(place, "run", "definitions/phased-delivery", "--param", "azure=true") as seen:
        assert seen.end() == 0
        bars = [re.sub(r"(\d/\d) .*", r"\1", line) for line in seen.screen().splitlines() if "█" in line]
        assert bars == [
            "    1-8 plan … code-architect        ██████████ 8/8",
            "   9-10 azure, bicep                 ██████████ 1/1",
            "  11-13 database, backend, frontend  ██████████ 6/6",
            "  14-15 devops, summary              ██████████ 2/2",
        ]


def test_a_small_screen_shows_what_matters(tmp_path: Path) -> None:
    place = project(tmp_path, "slow")
    with terminal(place, "run", "definitions/slow", columns=40, lines=8) as seen:
        seen.wait_for("▸ waits", "1 of 3 steps")
        assert max(len(line) for line in seen.screen().splitlines()) <= 40
        (place / "go").touch()
        assert seen.end() == 0
