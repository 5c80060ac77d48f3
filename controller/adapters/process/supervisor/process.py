"""How does a program become an attempt, and when has all of it ended?"""

import errno
import os
import signal
import subprocess
from collections.abc import Mapping
from typing import Any

from controller.adapters.process.host import Host
from controller.adapters.process.supervisor.attempt import Attempt, Ending
from controller.adapters.process.supervisor.limits import limited
from controller.adapters.process.supervisor.log import RedactedLog

AFTER_KILL = 2.0
"""Seconds that the members of a group may take to vanish after SIGKILL; one that hangs in the kernel is left behind."""

MOMENTARY = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE, errno.ETXTBSY})
"""What keeps a program from starting now but says nothing about the program."""

POLLS = (0.002, 0.005, 0.01, 0.02, 0.05)
"""Seconds between looks at a group whose leader has gone: no signal tells when strangers' children end."""


class ProcessAttempt(Attempt):
    """A program in a process group of its own."""

    pid = 0

    def __init__(self, host: Host, null: int, *common: Any) -> None:
        super().__init__(*common)
        self._host = host
        self._null = null
        self._log: RedactedLog | None = None
        self._ending = Ending(None)
        self._force_at: int | None = None
        self._polls = 0
        self._killed = False

    def start(self) -> Ending | None:
        process: Mapping[str, Any] = self.order["process"]
        try:
            log = os.open(self.directory + "/log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        except OSError as error:
            return Ending("Disrupted", f"cannot open the log: {error.strerror}")
        argv, reason = process["argv"], ""
        if process["limits"]:
            argv, reason = limited(argv, process, self._host.platform)
        if reason:
            os.close(log)
            return Ending("Rejected", reason)
        out = log
        if self.patterns:
            self._log = RedactedLog(log, self.patterns, self._reactor)
            out = self._log.writer
        before = self._host.ticks()
        try:
            spawned = subprocess.Popen(
                argv, cwd=process["cwd"], env=process["env"], stdin=self._null, stdout=out, stderr=out, process_group=0
            )
        except (OSError, ValueError) as error:
            if self._log is not None:
                self._log.close()
            return _unstartable(error, process)
        finally:
            os.close(out)
        # The loop reaps it; nothing shall warn that nobody waited for it.
        spawned.returncode = 0
        self.pid = spawned.pid
        self.began(self.pid, (before, self._host.ticks()))
        return None

    def interrupt(self) -> None:
        self._signal(signal.SIGTERM)
        self._reactor.after(self.grace, self.kill)

    def kill(self) -> None:
        if not self._over:
            self._killed = True
            self._signal(signal.SIGKILL)

    def leader_exits(self) -> None:
        """The first process is a zombie, so its number still is ours: tell those that it left behind to end."""
        self._signal(signal.SIGTERM)

    def leader_ended(self, status: int, usage: Any) -> None:
        """The first process is reaped: end now or when the last member of its group has gone."""
        code = os.waitstatus_to_exitcode(status)
        cpu_ms = round((usage.ru_utime + usage.ru_stime) * 1000)
        # macOS counts bytes, Linux kibibytes.
        rss = usage.ru_maxrss if self._host.platform.startswith("linux") else usage.ru_maxrss // 1024
        if code == 0:
            self._ending = Ending(None, "", 0, None, cpu_ms, rss)
        elif code > 0:
            self._ending = Ending("Failed", f"exit code {code}", code, None, cpu_ms, rss)
        else:
            self._ending = Ending("Failed", f"ended by {_name(-code)}", None, -code, cpu_ms, rss)
        self._settle()

    def _settle(self) -> None:
        if not self._host.group_alive(self.pid):
            self._finish()
            return
        if not self._polls:
            self._reactor.after(self.grace, self.kill)
        if self._killed and self._force_at is None:
            self._force_at = self._polls
            self._reactor.after(AFTER_KILL, self._finish)
        self._reactor.after(POLLS[min(self._polls, len(POLLS) - 1)], self._settle_again)
        self._polls += 1

    def _settle_again(self) -> None:
        if not self._over:
            self._settle()

    def _finish(self) -> None:
        if self._over:
            return
        if self._log is not None:
            self._log.close()
        self.end(self._ending)

    def _signal(self, number: int) -> None:
        try:
            os.killpg(self.pid, number)
        except (ProcessLookupError, PermissionError):
            return  # nobody is left, or only processes of another user


def _name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _unstartable(error: OSError | ValueError, process: Mapping[str, Any]) -> Ending:
    program = process["argv"][0]
    if isinstance(error, ValueError):
        return Ending("Rejected", f"cannot run {program}: {error}")
    if error.errno in MOMENTARY:
        return Ending("Disrupted", f"cannot start a process now: {error.strerror}")
    if error.filename == process["cwd"] and error.filename != program:
        return Ending("Rejected", f"working directory {error.filename}: {error.strerror}")
    if error.errno == errno.ENOENT and os.path.exists(program):  # noqa: PTH110 - no pathlib in the supervisor
        return Ending("Rejected", f"{program}: the interpreter that its first line names does not exist")
    if error.errno == errno.ENOEXEC:
        return Ending("Rejected", f"{program} is not a program: no `#!` line and no binary of this system")
    return Ending("Rejected", f"cannot run {program}: {error.strerror}")
