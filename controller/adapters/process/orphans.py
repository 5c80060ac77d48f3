"""What became of attempts whose supervisor died, and how is it made sure that none of them still runs?"""

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from pathlib import Path

import orjson

from controller.adapters.process.host import Host
from controller.adapters.process.layout import JOURNAL, attempt_directory
from controller.adapters.process.trace import Trace
from controller.model.attempt import AttemptKey

LONGEST_GRACE_S = 5.0
"""Seconds between SIGTERM and SIGKILL, if the agents do not say less. The driver waits, and no result will be read."""

AFTER_KILL_S = 2.0
"""Seconds to wait for processes to vanish after SIGKILL."""

POLL_S = 0.02


def settle_orphans(run_directory: Path, orphans: Mapping[AttemptKey, Trace], host: Host) -> None:
    """End what still runs and write into the journal that the attempts are lost. The caller holds the lock.

    Raises OSError.
    """
    boot = host.boot_id()
    here = {key: trace for key, trace in orphans.items() if trace.boot == boot}
    ended = _end(run_directory, here, host)
    lines = []
    for key in orphans:
        reason = "the machine was restarted"
        if key in here:
            reason = "the supervisor died" + ("; the program still ran and was ended" if key in ended else "")
        plain = (key.run, key.step, key.role.value, key.attempt)
        lines.append(orjson.dumps({"event": "lost", "key": plain, "reason": reason, "at": time.time_ns() // 1_000_000}))
    with (run_directory / JOURNAL).open("ab") as file:
        file.write(b"".join(line + b"\n" for line in lines))


def _end(run_directory: Path, orphans: Mapping[AttemptKey, Trace], host: Host) -> set[AttemptKey]:
    """End all processes of the attempts, politely, then not; return the attempts that had any."""
    first = alive = _alive(run_directory, orphans, host)
    grace = min(LONGEST_GRACE_S, max((orphans[key].grace_ms for key in first), default=0) / 1000)
    for number, patience in ((signal.SIGTERM, grace), (signal.SIGKILL, AFTER_KILL_S)):
        deadline = time.monotonic() + patience
        for targets in alive.values():
            for target in targets:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(target, number)
        while alive and time.monotonic() < deadline:
            time.sleep(POLL_S)
            alive = _alive(run_directory, {key: orphans[key] for key in alive}, host)
    return set(first)


def _alive(run_directory: Path, orphans: Mapping[AttemptKey, Trace], host: Host) -> dict[AttemptKey, list[int]]:
    """Return what to signal per attempt that still lives: its group (negative, as for kill) and single processes."""
    # Also finds a program whose start nobody could write down, and members of a group whose leader has gone.
    by_attempt = host.processes_by_attempt() if orphans else {}
    alive = {}
    for key, trace in orphans.items():
        targets = list(by_attempt.get(os.fspath(run_directory / attempt_directory(key)), ()))
        # The group is ours as long as its leader is.
        if trace.pid is not None and host.is_same(trace.pid, trace.mark, trace.at):
            targets.insert(0, -trace.pid)
        if targets:
            alive[key] = targets
    return alive
