"""What every Leadership promises."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from controller.adapters.file_lock_leadership import FileLockLeadership
from controller.errors import Busy
from controller.ports.leadership import Leadership
from tests.contract.machine import ROOT
from tests.fakes.leadership import InMemoryLeadership

Join = Callable[[], Leadership]
"""Returns the leadership of one more process of the same machine."""


@pytest.fixture(params=["file lock", "in-memory"])
def join(request: pytest.FixtureRequest, tmp_path: Path) -> Join:
    if request.param == "file lock":
        return lambda: FileLockLeadership(tmp_path / "runs")
    holders: dict[str, InMemoryLeadership] = {}
    return lambda: InMemoryLeadership(holders)


def test_who_drives_a_tree_has_claimed_its_runs(join: Join) -> None:
    one, two = join(), join()
    one.acquire("a")
    one.claim("child-of-a")
    assert (one.claimed("child-of-a"), two.claimed("child-of-a")) == (True, False)


def test_one_process_drives_a_tree(join: Join) -> None:
    one, two = join(), join()
    assert not one.held("a")
    one.acquire("a")
    assert (one.held("a"), two.held("a"), two.held("b")) == (True, True, False)
    with pytest.raises(Busy, match="run a is driven by"):
        two.acquire("a")
    two.acquire("b")


def test_acquiring_twice_is_acquiring_once(join: Join) -> None:
    one, two = join(), join()
    one.acquire("a")
    one.acquire("a")
    one.release("a")
    two.acquire("a")


def test_a_tree_is_given_back_and_taken_over(join: Join) -> None:
    one, two = join(), join()
    for _ in range(3):
        one.acquire("a")
        one.release("a")
        assert not two.held("a")
        two.acquire("a")
        with pytest.raises(Busy):
            one.acquire("a")
        two.release("a")


def test_releasing_what_one_does_not_drive_is_fine(join: Join) -> None:
    one, two = join(), join()
    one.release("a")
    one.acquire("a")
    two.release("a")
    assert two.held("a")


def test_looking_changes_nothing(tmp_path: Path) -> None:
    assert not FileLockLeadership(tmp_path / "runs").held("a")
    assert list(tmp_path.iterdir()) == []


PROGRAM = """
import sys
from pathlib import Path
from controller.adapters.file_lock_leadership import FileLockLeadership
FileLockLeadership(Path(sys.argv[1])).acquire("a")
print("driving", flush=True)
sys.stdin.read()
"""


def test_the_kernel_gives_back_what_a_killed_process_drove(tmp_path: Path) -> None:
    mine = FileLockLeadership(tmp_path)
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as driver:
        assert driver.stdout is not None
        assert driver.stdout.readline() == b"driving\n"
        assert mine.held("a")
        with pytest.raises(Busy, match=f"run a is driven by process {driver.pid}"):
            mine.acquire("a")
        os.kill(driver.pid, signal.SIGKILL)
    assert not mine.held("a")
    mine.acquire("a")
    assert (tmp_path / "a" / "driver.lock").read_text() == f"{os.getpid()}\n"


def test_a_lock_whose_folder_was_removed_keeps_nobody_out(tmp_path: Path) -> None:
    one, two = FileLockLeadership(tmp_path), FileLockLeadership(tmp_path)
    one.acquire("a")
    shutil.rmtree(tmp_path / "a")
    assert not two.held("a")
    two.acquire("a")
    one.release("a")
    assert FileLockLeadership(tmp_path).held("a")


def test_a_program_that_a_driver_starts_does_not_keep_the_lock(tmp_path: Path) -> None:
    one, two = FileLockLeadership(tmp_path), FileLockLeadership(tmp_path)
    one.acquire("a")
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stderr=subprocess.DEVNULL):
        one.release("a")
        two.acquire("a")
