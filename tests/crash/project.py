"""A project folder whose steps leave marks, the real command line in it, and what its ledger says afterwards."""

import json
import os
import signal
import subprocess
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from controller.adapters.process.host import Host
from controller.adapters.process.link import supervised
from controller.model.record import Record, decode
from controller.model.run import RunSpec
from controller.model.states import RunState
from controller.runtime.look import Look
from controller.runtime.member import Member
from controller.wiring.local import Local
from tests.scenes.program import Said, begin, ended, environment

API = "libretto.dev/v1alpha1"

WORK = """\
echo "begin $LIBRETTO_STEP $LIBRETTO_ATTEMPT $LIBRETTO_ROLE" >> marks
IFS= read -r given < "$LIBRETTO_DIR/input.json"
fails=${given##*'"fails":'} fails=${fails%%[,\\}]*}
seconds=${given##*'"seconds":"'} seconds=${seconds%%'"'*}
gate=${given##*'"gate":"'} gate=${gate%%'"'*}
case $given in *'"stubborn":true'*) trap '' TERM ;; esac
sleep "$seconds"
test "$gate" = none || while ! test -e "$gate"; do sleep 0.01; done
echo "end $LIBRETTO_STEP $LIBRETTO_ATTEMPT $LIBRETTO_ROLE" >> marks
test "$LIBRETTO_ATTEMPT" -gt "$fails" || exit 1
case $given in *'"silent":true'*) exit 0 ;; esac
bytes=${given##*'"bytes":'} bytes=${bytes%%[,\\}]*}
test "$bytes" -eq 0 || head -c "$bytes" /dev/zero > "$LIBRETTO_DIR/artifacts/data"
echo "{\\"by\\":\\"$LIBRETTO_STEP\\"}" > "$LIBRETTO_DIR/output.json"
"""
"""What every step does. `>>` appends whole lines (O_APPEND), so the order of the marks is the order of what happened."""

PROCESS = {"argv": ["/bin/sh", "./work.sh"], "workingDirectory": "repository", "gracePeriod": "2s"}

HELD = {"gate": "go"}
"""Told to a step that shall run until `Project.release`."""


class Mark(NamedTuple):
    """One line that a step wrote."""

    what: str
    step: str
    attempt: int
    role: str


def work(
    *after: str,
    seconds: float = 0.01,
    fails: int = 0,
    gate: str = "none",
    stubborn: bool = False,
    silent: bool = False,
    size: int = 0,
) -> dict[str, Any]:
    """What a step is told: how long to take, how often to fail, and for which file of the project to wait at its end.

    A stubborn one does not end when it is told to; a silent one writes no output; with a `size` it leaves an artifact
    of so many bytes. `after` are the steps whose output it needs.
    """
    return {
        "after": [] if silent else [f"{{{{ steps.{one}.by }}}}" for one in after],
        "silent": silent,
        "seconds": f"{seconds:.3f}",
        "fails": fails,
        "gate": gate,
        "stubborn": stubborn,
        "bytes": size,
    }


def step(name: str, *after: str, told: Mapping[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A step of a definition; `told` are the arguments of `work`."""
    payload = work(*after, **(told or {}))
    return {"id": name, "agent": "worker", "dependsOn": list(after), "input": {"payload": payload}, **more}


class Project:
    """A folder with definitions and a state directory, and a user in front of it."""

    def __init__(self, place: Path, **more: str) -> None:
        self.place = place
        self.state = place / ".libretto"
        self.before: Sequence[str] = ()
        """Words to put before every verb."""
        self.environment = environment(**more)
        self.agent("worker")

    def agent(self, name: str, process: Mapping[str, Any] | None = None, **spec: Any) -> None:
        """Write an agent that works as all do, with more fields of its own."""
        folder = self.place / "definitions" / "agents" / name
        folder.mkdir(parents=True, exist_ok=True)
        fields = {"modes": ["BUILD"], "process": {**PROCESS, **(process or {})}, **spec}
        resource = {"apiVersion": API, "kind": "Agent", "metadata": {"name": name}, "spec": fields}
        (folder / "agent.yaml").write_text(json.dumps(resource), encoding="utf-8")
        (folder / "work.sh").write_text(WORK, encoding="utf-8")

    def define(self, name: str, steps: Sequence[Any], **spec: Any) -> str:
        """Write an orchestration and return its path."""
        document = {
            "apiVersion": API,
            "kind": "Orchestration",
            "metadata": {"name": name},
            "spec": {"version": "1.0.0", "steps": list(steps), **spec},
        }
        folder = self.place / "definitions" / name
        folder.mkdir()
        (folder / "definition.yaml").write_text(json.dumps(document, indent=1), encoding="utf-8")
        return f"definitions/{name}"

    # The command line

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        """Start a verb without a terminal."""
        elsewhere = () if self.state.parent == self.place else ("--state-dir", os.fspath(self.state))
        return begin(self.place, *elsewhere, *words, before=self.before, given=self.environment)

    def call(self, *words: str) -> Said:
        """Run a verb to its end."""
        return ended(self.begin(*words))

    def digest(self) -> str:
        """Return the semantic digest of the only run, once `libretto verify` has found everything sound."""
        said = self.call("verify", "-o", "json")
        assert said.code == 0, said
        (verified,) = json.loads(said.out)
        digest = verified["runs"][0]["semanticDigest"]
        assert isinstance(digest, str), verified
        return digest

    # What is left

    def marks(self) -> list[Mark]:
        path = self.place / "marks"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [Mark(what, name, int(attempt), role) for what, name, attempt, role in map(str.split, lines)]

    def starts(self) -> Counter[tuple[str, int]]:
        """How often each attempt (not of undoing) was started."""
        return Counter((mark.step, mark.attempt) for mark in self.marks() if mark[::3] == ("begin", "do"))

    def began(self, name: str, attempt: int = 1) -> bool:
        return self.starts()[name, attempt] > 0

    def release(self, gate: str = "go") -> None:
        """Let the steps end that wait for this gate."""
        (self.place / gate).touch()

    @contextmanager
    def looking(self) -> Iterator[tuple[Local, Look]]:
        """Read what is committed now."""
        with closing(Local.open(str(self.state), read_only=True)) as local:
            yield local, Look(local.stores.objects, local.stores.ledger, local.stores.blobs)

    def runs(self) -> list[tuple[RunSpec, RunState | None]]:
        """The root runs with their states, the newest first."""
        with self.looking() as (local, _):
            found = [(spec, None if status is None else status.state) for spec, status in local.stores.objects.runs()]
        return [(spec, state) for spec, state in found if spec.parent is None]

    def recorded_running(self, *names: str) -> bool:
        """Whether the ledger of the newest run says that these steps run."""
        with self.looking() as (local, _):
            statuses = [status for spec, status in local.stores.objects.runs() if spec.parent is None]
        status = statuses[0] if statuses else None
        return status is not None and all(status.frontier.get(name) == "Running" for name in names)

    def member(self) -> Member:
        """The newest run, as its ledger says."""
        with self.looking() as (_, look):
            return look.member(look.find("latest"))

    def records(self) -> list[Record]:
        """The records of the newest run and of its children."""
        with self.looking() as (local, look):
            tree = look.tree(look.find("latest"))
            return [decode(content) for spec in tree for content in local.stores.ledger.read(spec.uid)]

    def audited(self) -> Counter[tuple[str, int]]:
        """How often the ledger of the newest run says that an attempt (not of undoing) was started by an agent."""
        started = [record for record in self.records() if record.kind == "StepStarted"]
        by_agents = [record for record in started if not (record.data or {}).get("child")]
        return Counter((record.step or "", record.attempt or 0) for record in by_agents)

    def journal(self) -> list[dict[str, Any]]:
        """What the supervisor of the only run has written down so far."""
        whole = b"".join(path.read_bytes() for path in (self.state / "runs").glob("*/journal")).rpartition(b"\n")[0]
        return [json.loads(line) for line in whole.splitlines()]

    def driven(self) -> bool:
        """Whether somebody drives the newest run."""
        with self.looking() as (local, look):
            return local.leadership.held(look.find("latest").uid)

    def supervised(self) -> bool:
        """Whether a supervisor lives, that is, whether steps may still run."""
        runs = self.state / "runs"
        return runs.is_dir() and any(supervised(tree) for tree in runs.iterdir())

    def supervisors(self) -> list[int]:
        """Process ids of the living supervisors."""
        folder = os.fsencode(self.state / "runs")
        found = []
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if any(word.endswith(b"supervisor/__main__.py") for word in words) and any(
                    word.startswith(folder) for word in words
                ):
                    found.append(int(entry.name))
        return found

    def steps_alive(self) -> list[int]:
        """Processes that belong to an attempt of this project."""
        folder = os.fspath(self.state)
        return [
            pid
            for directory, pids in Host().processes_by_attempt().items()
            if directory.startswith(folder)
            for pid in pids
        ]

    def end(self) -> None:
        """End what a failed test left behind."""
        for pid in (*self.supervisors(), *self.steps_alive()):
            _signal(pid, signal.SIGKILL)


def heard(process: "subprocess.Popen[str]", text: str) -> str:
    """Return what a verb says until it has said `text`; `ended` returns only what comes after."""
    assert process.stdout is not None
    said = b""
    while text.encode() not in said:
        chunk = os.read(process.stdout.fileno(), 1 << 16)
        assert chunk, f"it never said {text!r}: {said.decode()}"
        said += chunk
    return said.decode()


def _signal(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
