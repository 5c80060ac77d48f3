"""What driving does when the disk is full, and how fast the program answers."""

import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from controller.adapters.sqlite.database import Database
from controller.entrypoints.cli import exits
from controller.entrypoints.cli.main import cli
from controller.errors import DiskFull
from tests.scenes.project import project


def test_a_full_disk_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    place = project(tmp_path, "content")
    state = str(place / ".libretto")
    real, full = Database.flush, [False]

    def flush(self: Database) -> None:
        if full[0] and self._oldest is not None:
            raise DiskFull("cannot write state.db: no space left", hint="free some space")
        real(self)

    def fill(*_: Any) -> None:
        full[0] = True

    monkeypatch.setattr(Database, "flush", flush)
    # From the first line that is shown on, the disk is full.
    monkeypatch.setattr("controller.entrypoints.cli.plain.Plain.opened", _and(fill))

    def call(*words: str) -> int:
        return exits.guarded(lambda: cli.main(["--state-dir", state, *words], standalone_mode=False))

    assert call("run", str(place / "definitions" / "content")) == exits.TEMPORARY
    said = capsys.readouterr()
    assert "nothing is lost, and steps that run go on" in said.err
    assert f"free some space, then: libretto --state-dir {state} resume 01" in said.err
    assert "Traceback" not in said.err

    monkeypatch.undo()
    resumed = CliRunner().invoke(cli, ["--state-dir", state, "resume"])
    assert resumed.exit_code == 0
    assert "no step ran twice" in resumed.output or "started more than once: fact-check" in resumed.output


def _and(after: Any) -> Any:
    from controller.entrypoints.cli.plain import Plain

    before = Plain.opened

    def opened(self: Plain, *given: Any) -> None:
        before(self, *given)
        after()

    return opened


def test_help_answers_at_once() -> None:
    """Processor time, so that a loaded machine does not matter: click alone takes most of it."""
    program = (
        "import resource, subprocess, sys;"
        "subprocess.run([sys.executable, '-m', 'controller', '--help'], stdout=subprocess.DEVNULL, check=True);"
        "used = resource.getrusage(resource.RUSAGE_CHILDREN);"
        "print(used.ru_utime + used.ru_stime)"
    )
    times = [float(subprocess.check_output([sys.executable, "-c", program])) for _ in range(5)]
    assert statistics.median(times) < 0.150


@pytest.mark.parametrize("heavy", ["rich", "pydantic", "yaml", "orjson", "sqlite3", "cel_expr_python"])
def test_help_imports_nothing_heavy(heavy: str) -> None:
    program = f"import sys; import controller.entrypoints.cli.main; sys.exit({heavy!r} in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
