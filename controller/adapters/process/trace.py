"""What does the journal tell about attempts?"""

import os
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import orjson

from controller.adapters.process.border import translated
from controller.errors import StoreUnavailable
from controller.model.attempt import AttemptKey, Finished, Lost, Observation, Started
from controller.model.digest import Digest
from controller.model.states import OutcomeClass, Role

CHUNK = 1 << 20


class Trace:
    """What is known of one attempt."""

    __slots__ = ("at", "boot", "ended", "grace_ms", "input_digest", "lost", "mark", "pid", "problems", "secrets")

    def __init__(self, input_digest: Digest, boot: str, at: int, grace_ms: int, *, secrets: bool) -> None:
        self.input_digest = input_digest
        self.boot = boot
        self.grace_ms = grace_ms
        self.secrets = secrets
        """Whether its program was given secrets, so that its results are only clean once it is finished."""
        self.pid: int | None = None
        """None before it started, and for calls."""
        self.mark: Sequence[int] = ()
        self.at = at
        self.ended = False
        self.lost = False
        self.problems: tuple[str, ...] = ()


class News(NamedTuple):
    """One line of the journal, understood."""

    key: AttemptKey
    observation: Observation | None
    """None for lines that are only of use after a crash."""


class Traces:
    """The journal, read as it grows."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._offset = 0
        self._rest = b""
        self.attempts: dict[AttemptKey, Trace] = {}

    def read(self) -> Iterator[News]:
        """Take in what is new. Raises StoreUnavailable."""
        try:
            while chunk := self._chunk():
                self._offset += len(chunk)
                *lines, self._rest = (self._rest + chunk).split(b"\n")
                for line in lines:
                    news = self._take(line)
                    if news is not None:
                        yield news
                if len(chunk) < CHUNK:
                    return
        except OSError as error:
            raise translated(error, "cannot read the journal of the steps") from error
        except (KeyError, TypeError, ValueError) as error:
            raise StoreUnavailable(f"{self._path} is damaged before byte {self._offset}") from error

    def cut_torn_line(self) -> None:
        """Remove a last line that its writer did not finish, for it died. Only who holds the lock may do so."""
        if self._rest and self._descriptor is not None:
            whole = self._offset - len(self._rest)
            os.truncate(self._path, whole)
            self._offset, self._rest = whole, b""

    def close(self) -> None:
        """Close the file."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _chunk(self) -> bytes:
        if self._descriptor is None:
            try:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return b""
        return os.pread(self._descriptor, CHUNK, self._offset)

    def _take(self, line: bytes) -> News | None:
        said: dict[str, Any] = orjson.loads(line)
        run, step, role, attempt = said["key"]
        key = AttemptKey(run, step, Role(role), attempt)
        match said["event"]:
            case "launched":
                self.attempts[key] = Trace(
                    said["input"], said["boot"], said["at"], said["grace"], secrets=said["secrets"]
                )
                return News(key, None)
            case "started":
                trace = self.attempts[key]
                trace.pid, trace.mark, trace.at = said["pid"], said["mark"], said["at"]
                return News(key, Started(key, said["at"]))
            case "finished":
                trace = self.attempts[key]
                trace.ended = True
                trace.problems = tuple(said["problems"])
                failure = said["class"]
                return News(
                    key,
                    Finished(
                        key,
                        None if failure is None else OutcomeClass(failure),
                        said["reason"],
                        said["exit"],
                        said["startedAt"],
                        said["endedAt"],
                        said["durationMs"],
                    ),
                )
            case "lost":
                self.attempts[key].ended = self.attempts[key].lost = True
                return News(key, Lost(key, said["reason"]))
            case _:
                return None
