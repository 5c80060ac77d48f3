"""A folder in which real attempts run, and what tests need to watch them."""

import fcntl
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from controller.adapters.process.host import Host
from controller.adapters.process.runner import ProcessRunner
from controller.errors import NotFound
from controller.model.agent import AgentSpec, Process
from controller.model.attempt import AttemptKey, Finished, Launch, Lost, Observation, StagedFile
from controller.model.digest import Digest, digest_bytes
from controller.model.states import Role

PATIENCE_S = 30.0
"""Seconds after which a test gives up waiting: far more than anything here takes, even on a busy machine."""

RUN = "01JZ0000000000000000000000"


class FolderBlobs:
    """Blobs as files in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, content: bytes) -> Digest:
        digest = digest_bytes(content)
        self._folder.mkdir(exist_ok=True)
        (self._folder / digest).write_bytes(content)
        return digest

    def put_file(self, location: str) -> Digest:
        return self.put(Path(location).read_bytes())

    def get(self, digest: Digest) -> bytes:
        if not self.has(digest):
            raise NotFound(f"there is no blob {digest}")
        return (self._folder / digest).read_bytes()

    def has(self, digest: Digest) -> bool:
        return (self._folder / digest).exists()

    def size(self, digest: Digest) -> int:
        return len(self.get(digest))

    def place(self, digest: Digest, location: str) -> None:
        Path(location).write_bytes(self.get(digest))


def key(step: str = "step", attempt: int = 1, role: Role = Role.DO) -> AttemptKey:
    return AttemptKey(RUN, step, role, attempt)


class Workshop:
    """One run tree below `folder`, and the drivers that were made for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.run_directory = folder / "runs" / RUN
        self.blobs = FolderBlobs(folder / "blobs")
        self.environment = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "LIBRETTO_TEST": "not inherited"}
        self._runners: list[ProcessRunner] = []

    def runner(self, host: Host | None = None) -> ProcessRunner:
        runner = ProcessRunner(
            self.run_directory, self.blobs, self.folder, self.environment, python=sys.executable, host=host
        )
        self._runners.append(runner)
        return runner

    def launch(self, step: str, script: str | None = None, **given: Any) -> Launch:
        """A launch of `sh -c script`, of `argv`, or of an `agent`; `process` holds further fields of the process."""
        process: Mapping[str, Any] = given.pop("process", {})
        argv: Sequence[str] = given.pop("argv", ["sh", "-c", script or "true"])
        agent = given.pop("agent", None) or AgentSpec(process=Process(argv=list(argv), **process))
        files = {name: self.blobs.put(content) for name, content in given.pop("files", {}).items()}
        staged = [StagedFile(path, self.blobs.put(content)) for path, content in given.pop("staged", {}).items()]
        content = given.pop("input", b'{"mode":"BUILD","payload":{}}')
        return Launch(
            key=given.pop("key", key(step)),
            agent=agent,
            agent_files=files,
            input=content,
            input_digest=digest_bytes(content),
            staged=staged,
            **given,
        )

    def log(self, step: str) -> str:
        return self._runners[-1].log_path(key(step)).read_text(encoding="utf-8")

    def directory(self, step: str) -> Path:
        return self._runners[-1].log_path(key(step)).parent

    def kill_supervisor(self) -> None:
        with (self.run_directory / "supervisor.lock").open("rb") as lock:
            os.kill(self.supervisor(), signal.SIGKILL)
            # Not by waiting for its end: it need not be our child.
            until(lambda: _free(lock.fileno()))

    def supervisor(self) -> int:
        """Process id of the living supervisor."""
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                try:
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                except OSError:
                    continue
                if os.fsencode(self.run_directory) in words and any(word.endswith(b"__main__.py") for word in words):
                    return int(entry.name)
        raise AssertionError("no supervisor lives")

    def end(self) -> None:
        """End everything that still runs, and wait for the last supervisor."""
        for runner in self._runners:
            runner.kill()
            runner.close()
        path = self.run_directory / "supervisor.lock"
        if path.exists():
            with path.open("rb") as lock:
                until(lambda: _free(lock.fileno()))
        for runner in self._runners:
            runner.close()


def _free(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(lock, fcntl.LOCK_UN)
    return True


def until(condition: Callable[[], object], within: float = PATIENCE_S) -> None:
    """Wait until the real world is so; look every few milliseconds."""
    deadline = time.monotonic() + within
    never = threading.Event()
    while not condition():
        assert time.monotonic() < deadline, "waited too long"
        never.wait(0.003)


def watch(runner: ProcessRunner, *keys: AttemptKey, within: float = PATIENCE_S) -> list[Observation]:
    """Return everything observed until all these attempts have ended."""
    seen: list[Observation] = []
    missing = set(keys)
    deadline = time.monotonic() + within
    while missing:
        assert time.monotonic() < deadline, f"still waiting for {missing}; saw {seen}"
        for observation in runner.observe(200):
            seen.append(observation)
            if isinstance(observation, Finished | Lost):
                missing.discard(observation.key)
    return seen


def play(runner: ProcessRunner, *launches: Launch) -> list[Finished]:
    """Start attempts and return how each finished, in the order of the launches."""
    assert list(runner.start_many(launches)) == []
    seen = watch(runner, *(launch.key for launch in launches))
    ended = {observation.key: observation for observation in seen if isinstance(observation, Finished)}
    return [ended[launch.key] for launch in launches]


def wait_for_file(path: Path) -> str:
    """Return the content of a file that a program is about to write."""
    until(lambda: path.exists() and path.stat().st_size)
    return path.read_text(encoding="utf-8")


def gone(pid: int) -> bool:
    """Whether a process has ended; a zombie has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return True
    return state in "ZX"


def workshop_in(folder: Path) -> Iterator[Workshop]:
    """The body of a fixture."""
    made = Workshop(folder)
    try:
        yield made
    finally:
        made.end()
