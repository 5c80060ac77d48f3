"""What is suggested can be pasted: every command leads to the state directory that the one before it used."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.scenes.program import PATIENCE, environment, libretto
from tests.scenes.project import project

COMMAND = re.compile(r"libretto --state-dir '\.\./my state' [a-z]+ [0-9A-Z]{10}(?: --undo)?")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "project").mkdir()
    return project(tmp_path / "project", "gated")


def pasted(place: Path, line: str) -> tuple[int, str]:
    """Run a line in another shell, which knows nothing of a variable."""
    said = subprocess.run(
        ["sh", "-c", line],
        cwd=place,
        env=environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    return said.returncode, said.stdout + said.stderr


@pytest.mark.parametrize("by", ["option", "variable"])
def test_a_run_is_played_by_pasting_what_is_suggested(place: Path, by: str) -> None:
    option = ("--state-dir", "../my state") if by == "option" else ()
    variable = {} if by == "option" else {"LIBRETTO_STATE_DIR": "../my state"}
    waiting = libretto(place, *option, "run", "definitions/gated", "--no-wait", **variable)
    assert waiting.code == 7
    suggested = waiting.out[waiting.out.index("What you can do") :].splitlines()[1:]
    commands = {line.split("' ")[1].split()[0]: line.split("   ")[0].strip() for line in suggested}
    assert list(commands) == ["approve", "reject", "modify", "resume"]

    code, said = pasted(place, commands["approve"])
    assert code == 0, said
    (resume,) = COMMAND.findall(said.splitlines()[-1])
    code, said = pasted(place, resume)
    assert code == 0, said
    verify, again = COMMAND.findall(said)[-2:]
    assert pasted(place, verify)[0] == 0
    assert " rerun " in again
    assert not (place / ".libretto").exists()


def test_hints_and_reports_lead_there_too(place: Path) -> None:
    elsewhere = ("--state-dir", "../my state")
    assert libretto(place, *elsewhere, "run", "definitions/gated", "--no-wait").code == 7
    for words in (("show", "nothing"), ("approve", "latest", "--digest", "blake3:00"), ("undo", "latest")):
        said = libretto(place, *elsewhere, *words)
        assert said.code in {2, 9}
        assert re.findall(r"libretto (?!--state-dir '../my state' )[a-z]+ ", said.err.partition("\n")[2]) == []
        assert "libretto --state-dir '../my state' " in said.err
    report = libretto(place, *elsewhere, "report")
    (verify,) = re.findall(r"libretto --state-dir '../my state' verify \S+ --head \S+[0-9a-f]", report.out)
    assert pasted(place, verify)[0] == 0
