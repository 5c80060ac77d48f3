"""What must lie ready, and what must the supervisor know, before an attempt can start?"""

import contextlib
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from controller.adapters.process.border import storing
from controller.adapters.process.layout import AGENTS, attempt_directory
from controller.adapters.process.secrets import Secrets
from controller.errors import NotFound, VerificationFailed
from controller.model.agent import Http, Limits, Process
from controller.model.attempt import Launch, Refusal
from controller.model.digest import Digest, digest_record
from controller.ports.blob_store import BlobStore

INHERITED = frozenset({"PATH", "LANG", "TZ"})
"""Variables of Libretto's own environment that a program gets; besides them `LC_*`."""

HTTP_GRACE_MS = 1000
"""How long a call that was cut may take to end: nothing on our side needs more."""


class Staging:
    """Makes attempt directories and the orders that start them."""

    def __init__(
        self,
        run_directory: Path,
        blobs: BlobStore,
        repository: Path,
        environment: Mapping[str, str],
    ) -> None:
        self._root = os.fspath(run_directory)
        self._blobs = blobs
        self._repository = repository
        self._secrets = Secrets(environment, repository)
        self._inherited = {
            name: value for name, value in environment.items() if name in INHERITED or name.startswith("LC_")
        }
        self._inherited.setdefault("PATH", os.defpath)
        self._agents: dict[Digest, str] = {}

    def prepare(self, launch: Launch) -> dict[str, Any] | Refusal:
        """Return the order for the supervisor, with everything in place; or why the attempt can never start.

        Raises StoreUnavailable, DiskFull.
        """
        directory = attempt_directory(launch.key)
        where = f"{self._root}/{directory}"
        order: dict[str, Any] = {
            "order": "start",
            "key": (launch.key.run, launch.key.step, launch.key.role.value, launch.key.attempt),
            "input": launch.input_digest,
            "dir": directory,
            "timeout": launch.timeout_ms,
        }
        paths = [*launch.agent_files, *(staged.path for staged in launch.staged)]
        if leaving := [path for path in paths if path.startswith("/") or ".." in path.split("/") or "\0" in path]:
            return Refusal(launch.key, f"not a path below the attempt's directory: {', '.join(map(repr, leaving))}")
        try:
            problem = self._fill(order, launch, where)
            if problem is None:
                with storing(f"cannot prepare {launch.key}"):
                    self._stage(launch, where)
        except (NotFound, VerificationFailed) as error:
            problem = f"cannot stage a file: {error.message}"
        return order if problem is None else Refusal(launch.key, problem)

    def _fill(self, order: dict[str, Any], launch: Launch, where: str) -> str | None:
        agent = launch.agent
        if agent.process is not None:
            return self._fill_process(order, launch, agent.process, where)
        if agent.http is None:
            return "the agent has neither `process` nor `http`: nothing to run on this machine"
        if launch.argv is not None:
            return "an http agent cannot run a program"
        return self._fill_http(order, launch, agent.http)

    def _fill_process(self, order: dict[str, Any], launch: Launch, process: Process, where: str) -> str | None:
        secrets, problem = self._secrets.resolve(process.from_env, process.from_file)
        if problem is not None:
            return problem
        environment = {**self._inherited, "HOME": where, "TMPDIR": where, **process.env, **secrets}
        environment |= {**launch.environment, "LIBRETTO_DIR": where}
        if wrong := [name for name, value in environment.items() if "\0" in name + value or "=" in name or not name]:
            return f"not possible as environment variables: {', '.join(map(repr, wrong))}"
        argv = list(process.argv if launch.argv is None else launch.argv)
        if not argv or any("\0" in element for element in argv):
            return "argv is empty or holds a NUL character"
        for place, element in enumerate(argv):
            if element.startswith("./"):
                name = os.path.normpath(element)
                if not any(file == name or file.startswith(name + "/") for file in launch.agent_files):
                    return f"{element} is not among the agent's files"
                argv[place] = f"{self._materialise(launch.agent_files)}/{name}"
        order["secrets"] = list(secrets.values())
        order["grace"] = process.grace_period
        order["process"] = {
            "argv": argv,
            "cwd": self._working_directory(process, where),
            "env": environment,
            "limits": _limits(process.limits),
        }
        return None

    def _fill_http(self, order: dict[str, Any], launch: Launch, http: Http) -> str | None:
        secrets, problem = self._secrets.resolve(http.headers_from_env, http.headers_from_file)
        if problem is not None:
            return problem
        headers = {"Content-Type": "application/json", "Accept": "application/json", "User-Agent": "libretto"}
        for header, variable in (("Idempotency-Key", "LIBRETTO_IDEMPOTENCY_KEY"), ("traceparent", "TRACEPARENT")):
            if variable in launch.environment:
                headers[header] = launch.environment[variable]
        given = {**http.headers, **secrets}
        replaced = {name.lower() for name in given}
        headers = {name: value for name, value in headers.items() if name.lower() not in replaced} | given
        order["secrets"] = list(secrets.values())
        order["grace"] = HTTP_GRACE_MS
        order["http"] = {"url": http.url, "method": http.method.upper(), "headers": headers}
        return None

    def _working_directory(self, process: Process, where: str) -> str:
        match process.working_directory:
            case "step":
                return where
            case "repository":
                return os.fspath(self._repository)
            case path:
                return os.fspath(self._repository / path)

    def _stage(self, launch: Launch, where: str) -> None:
        try:
            _make(where)
        except FileExistsError:
            # Left by a driver that died before the supervisor took the order: nothing ran here.
            shutil.rmtree(where)
            _make(where)
        _make(where + "/artifacts")
        descriptor = os.open(where + "/input.json", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        try:
            rest = memoryview(launch.input)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)
        made = {where}
        for staged in launch.staged:
            target = f"{where}/{staged.path}"
            folder = target.rpartition("/")[0]
            if folder not in made:
                with contextlib.suppress(FileExistsError):
                    _make(folder)
                made.add(folder)
            self._blobs.place(staged.digest, target)

    def _materialise(self, files: Mapping[str, Digest]) -> str:
        """Put an agent's files into a folder of their revision, once; return the folder."""
        revision = digest_record(dict(files))
        if revision not in self._agents:
            target = Path(self._root, AGENTS, revision.removeprefix("blake3:")[:32])
            with storing("cannot unpack the agent's files"):
                if not target.exists():
                    self._unpack(files, target)
            self._agents[revision] = os.fspath(target)
        return self._agents[revision]

    def _unpack(self, files: Mapping[str, Digest], target: Path) -> None:
        fresh = target.with_name(target.name + ".part")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True)
        for name, digest in files.items():
            place = fresh / name
            place.parent.mkdir(parents=True, exist_ok=True)
            self._blobs.place(digest, os.fspath(place))
            # A blob has no mode, and any of them may be the program. Nobody changes what a running run uses.
            place.chmod(0o555)
        fresh.rename(target)


def _make(folder: str) -> None:
    """Make a folder, and what is missing above it."""
    # Several times per step: pathlib, and `makedirs` with its look before every leap, take a tenth of the budget.
    try:
        os.mkdir(folder)  # noqa: PTH102
    except FileNotFoundError:
        _make(folder.rpartition("/")[0])
        os.mkdir(folder)  # noqa: PTH102


def _limits(limits: Limits) -> dict[str, int]:
    wishes = {
        "cpu": limits.cpu_seconds,
        "memory": limits.memory_mib,
        "files": limits.open_files,
        "fileSize": limits.file_size_mib,
    }
    return {name: value for name, value in wishes.items() if value is not None}
