"""What became of attempts whose supervisor died, and how is it made sure that none of them still runs?"""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import orjson

from controller.adapters.process.host import Host
from controller.adapters.process.layout import JOURNAL, attempt_directory
from controller.adapters.process.trace import Trace
from controller.model.attempt import AttemptKey

GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL. Nobody is left who could read their results, so less than a step's usual 10."""

AFTER_KILL_S = 2.0
"""Seconds to wait for processes to vanish after SIGKILL."""

POLL_S = 0.01


def settle_orphans(run_directory: Path, orphans: dict[AttemptKey, Trace], host: Host) -> None:
    """End what still runs and write into the journal that the attempts are lost. The caller holds the lock.

    Raises OSError.
    """
    boot = host.boot_id()
    reasons: dict[AttemptKey, str] = {}
    alive: list[_Orphan] = []
    for key, trace in orphans.items():
        if trace.boot != boot:
            reasons[key] = "the machine was restarted"
            continue
        orphan = _Orphan(run_directory, key, trace, host)
        reasons[key] = "the supervisor died"
        if orphan.lives():
            reasons[key] += "; the program still ran and was ended"
            alive.append(orphan)
    _end(alive)
    at = time.time_ns() // 1_000_000
    lines = [
        orjson.dumps({"event": "lost", "key": (*key[:2], key.role.value, key.attempt), "reason": reason, "at": at})
        + b"\n"
        for key, reason in reasons.items()
    ]
    with (run_directory / JOURNAL).open("ab") as file:
        file.write(b"".join(lines))


def _end(orphans: list["_Orphan"]) -> None:
    for number, patience in ((signal.SIGTERM, GRACE_S), (signal.SIGKILL, AFTER_KILL_S)):
        for orphan in orphans:
            orphan.signal(number)
        deadline = time.monotonic() + patience
        while orphans and time.monotonic() < deadline:
            orphans = [orphan for orphan in orphans if orphan.lives()]
            if orphans:
                time.sleep(POLL_S)


class _Orphan:
    """The processes of one attempt that nobody is the parent of any more."""

    def __init__(self, run_directory: Path, key: AttemptKey, trace: Trace, host: Host) -> None:
        self._directory = os.fspath(run_directory / attempt_directory(key))
        self._trace = trace
        self._host = host
        pid = trace.pid
        # The group is ours as long as its leader is; its number cannot be given away while it has members.
        self._group = pid if pid is not None and host.is_same(pid, trace.mark, trace.at) else None

    def lives(self) -> bool:
        if self._group is not None and self._host.group_alive(self._group):
            return True
        # Also finds a program whose start nobody could write down, and members of a group whose leader has gone.
        return bool(self._strays())

    def signal(self, number: int) -> None:
        if self._group is not None:
            try:
                os.killpg(self._group, number)
            except (ProcessLookupError, PermissionError):
                self._group = None
        for pid in self._strays():
            try:
                os.kill(pid, number)
            except (ProcessLookupError, PermissionError):
                continue

    def _strays(self) -> Iterator[int] | list[int]:
        return self._host.processes_of(self._directory)
