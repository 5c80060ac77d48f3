"""Campaigns of `kill -9`: at seeded random moments of a run's whole life, from the start of Python to the last commit."""

import subprocess
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Event
from time import monotonic

from controller.model.states import RunState
from tests.crash import fifty
from tests.crash.project import Project
from tests.scenes.program import killed

LOOK_S = 0.001
START_S = 0.7
"""Longest time after the start of a verb for a kill in its start-up; twice what starting takes on a quiet machine."""

MOST_PER_RUN = 8
"""Kills after which a run may go on to its end."""


@dataclass
class Tally:
    """What a campaign did."""

    kills: Counter[str] = field(default_factory=Counter)
    """Kind of moment -> kills that met a living process."""
    missed: int = 0
    """Moments that came after the end of the process."""
    runs: int = 0

    @property
    def total(self) -> int:
        return sum(self.kills.values())


class Moment:
    """One moment at which to kill: some event, and a little later."""

    def __init__(self, random: Random, project: Project) -> None:
        self.kind = random.choice(("start-up", "supervisor", "commit", "journal", "journal", "marks"))
        self._project = project
        self._later = random.uniform(0, START_S if self.kind == "start-up" else 0.02)
        self._count = random.randrange(1, 40)
        self._seen: dict[str, int] = {}
        self._begin = monotonic()
        self._due: float | None = self._begin + self._later if self.kind == "start-up" else None

    def wait(self, process: "subprocess.Popen[str]") -> None:
        """Return when it has come, or the process has ended."""
        pause = Event()
        come = {"start-up": bool, "supervisor": self._supervised, "commit": self._commits}.get(self.kind, self._grows)
        while process.poll() is None:
            if self._due is None and come():
                self._due = monotonic() + self._later
            if self._due is not None and monotonic() >= self._due:
                return
            pause.wait(LOOK_S)

    def _supervised(self) -> bool:
        return any((self._project.state / "runs").glob("*/supervisor.lock"))

    def _commits(self) -> bool:
        self._note("commit", lambda: _mtime(self._project.state / "state.db-wal"))
        return self._seen["changes of commit"] >= self._count

    def _grows(self) -> bool:
        def size() -> int:
            if self.kind == "marks":
                return _size(self._project.place / "marks")
            return sum(map(_size, (self._project.state / "runs").glob("*/journal")))

        self._note(self.kind, size)
        return self._seen[f"changes of {self.kind}"] >= self._count

    def _note(self, name: str, value: Callable[[], int]) -> None:
        now, changes = value(), f"changes of {name}"
        self._seen.setdefault(changes, 0)
        if self._seen.setdefault(name, now) != now:
            self._seen[name] = now
            self._seen[changes] += 1


def campaign(place: Path, seed: int, kills: int, wanted: str) -> Tally:
    """Kill until `kills` living processes were met; each run that was hit must end as `wanted` (a semantic digest)."""
    random, tally = Random(seed), Tally()
    while tally.total < kills:
        project = Project(place / f"run-{tally.runs}")
        try:
            _one(project, random, tally, kills)
            assert project.digest() == wanted
            sound(project)
        except AssertionError as error:
            error.add_note(f"seed {seed}, run {tally.runs}, after {dict(tally.kills)}; see {project.place}")
            raise
        finally:
            project.end()
        tally.runs += 1
    return tally


def _one(project: Project, random: Random, tally: Tally, kills: int) -> None:
    definition = fifty.define(project)
    for _ in range(random.randrange(1, MOST_PER_RUN + 1)):
        runs = project.runs()
        if tally.total >= kills or (runs and runs[0][1] is RunState.SUCCEEDED):
            break
        # Killed before its run was stored, there is nothing to resume: it is asked for again.
        process = project.begin(*(("resume",) if runs else ("run", definition)))
        moment = Moment(random, project)
        moment.wait(process)
        if killed(process):
            tally.kills[moment.kind] += 1
        else:
            tally.missed += 1
    runs = project.runs()
    if not runs or runs[0][1] is not RunState.SUCCEEDED:
        said = project.call(*(("resume",) if runs else ("run", definition)))
        assert said.code == 0, said


def sound(project: Project) -> None:
    """Assert that nothing ran twice, before its time, or too much at once, or unrecorded, and that all was one run."""
    ((_, state),) = project.runs()
    assert state is RunState.SUCCEEDED
    assert project.starts() == project.audited() == Counter(fifty.attempts())
    assert fifty.out_of_order(project.marks(), fifty.dependencies(project)) == []
    assert 2 <= fifty.most_at_once(project.marks()) <= 3


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _mtime(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return 0
