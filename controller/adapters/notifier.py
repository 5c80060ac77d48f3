"""Telling people by a command or a webhook, without ever holding up a run; and a log that has every alert."""

import fcntl
import json
import os
import queue
import signal
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from controller.model.alert import Alert
from controller.model.record import time_text

WINDOW_MS = 60_000
"""Identical alerts within a minute are one: enough to hear of it, not enough to be woken by each step of a fan-out."""

MOST_KEPT = 1000
"""Lines of the log, alerts that wait for delivery, and alerts remembered as told."""

AFTER_TRIM = 500
"""Lines that stay when the log is full, so that not every further alert rewrites it."""

DELIVERY_S = 10.0
"""Longest time of one try. A mail command may take some seconds; what takes longer hangs."""

CLOSE_S = 15.0
"""Longest time that `close` waits, so that the end of a run does not hang on a dead webhook."""

_CLOSED = None


class Channel(Protocol):
    """One way to reach people."""

    name: str

    def deliver(self, body: bytes) -> str | None:
        """Deliver an alert (JSON); return why it could not be delivered, None when it was."""


class CommandChannel:
    """A program that is given the alert as JSON on its standard input; exit 0 means delivered."""

    def __init__(self, argv: Sequence[str], timeout: float = DELIVERY_S) -> None:
        self.name = f"command {argv[0]}"
        self._argv = list(argv)
        self._timeout = timeout

    def deliver(self, body: bytes) -> str | None:
        try:
            process = subprocess.Popen(
                self._argv,
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            return str(error)
        with process:
            try:
                _, complaint = process.communicate(body, self._timeout)
            except subprocess.TimeoutExpired:
                # The whole group: a child of it would keep the pipe open.
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                return f"it took longer than {self._timeout:g} s"
        if process.returncode == 0:
            return None
        return f"exit status {process.returncode}: {complaint.decode(errors='replace').strip()[-500:]}"


class WebhookChannel:
    """An HTTP address that is sent the alert as a JSON body; 2xx means delivered. Tried twice."""

    def __init__(self, url: str, timeout: float = DELIVERY_S) -> None:
        self.name = "webhook"
        self._url = url
        self._timeout = timeout

    def deliver(self, body: bytes) -> str | None:
        return self._post(body) and self._post(body)

    def _post(self, body: bytes) -> str | None:
        # They take as long to import as ten steps to run, and few runs have something to tell.
        import urllib.request
        from http.client import HTTPException

        try:
            # Inside: the address itself may be malformed.
            request = urllib.request.Request(self._url, body, {"Content-Type": "application/json"})  # noqa: S310
            with urllib.request.urlopen(request, timeout=self._timeout):  # noqa: S310
                return None
        except (OSError, HTTPException, ValueError) as error:
            return str(error) or type(error).__name__


class QueuedNotifier:
    """Notifier that logs every alert at once and delivers the wanted ones from a thread of its own.

    `levels` and `types` say which alerts leave the machine; an empty `types` means all types.
    """

    def __init__(
        self,
        log: Path,
        channels: Sequence[Channel] = (),
        levels: Collection[str] = ("error", "critical"),
        types: Collection[str] = (),
        close_after: float = CLOSE_S,  # for tests
    ) -> None:
        self._log = log
        self._channels = tuple(channels)
        self._levels = frozenset(levels)
        self._types = frozenset(types)
        self._close_after = close_after
        self._told: OrderedDict[tuple[object, ...], int] = OrderedDict()
        self._queue: queue.Queue[Alert | None] = queue.Queue(MOST_KEPT)
        self._thread: threading.Thread | None = None
        self.unlogged = 0
        """Lines that could not even be logged, e.g. on a full disk."""

    def notify(self, alert: Alert) -> None:
        if self._repeated(alert):
            return
        self._write(_body(alert))
        if not self._channels or alert.level not in self._levels or (self._types and alert.type not in self._types):
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._deliver_all, name="libretto-notifier", daemon=True)
            self._thread.start()
        try:
            self._queue.put_nowait(alert)
        except queue.Full:
            self._failed(alert, "notifier", f"more than {MOST_KEPT} alerts wait for delivery")

    def close(self) -> None:
        if self._thread is None:
            return
        with suppress(queue.Full):
            self._queue.put_nowait(_CLOSED)
        self._thread.join(self._close_after)
        if self._thread.is_alive():
            left = self._queue.qsize()
            self._write({"delivery": "failed", "reason": f"not delivered before the end: up to {left} alerts"})
        self._thread = None

    def _repeated(self, alert: Alert) -> bool:
        identity = (alert.type, alert.level, alert.message, alert.run, alert.step)
        last = self._told.get(identity)
        if last is not None and abs(alert.time - last) < WINDOW_MS:
            return True
        self._told[identity] = alert.time
        self._told.move_to_end(identity)
        if len(self._told) > MOST_KEPT:
            self._told.popitem(last=False)
        return False

    def _deliver_all(self) -> None:
        while (alert := self._queue.get()) is not _CLOSED:
            body = json.dumps(_body(alert)).encode()
            for channel in self._channels:
                if reason := channel.deliver(body):
                    self._failed(alert, channel.name, reason)

    def _failed(self, alert: Alert, channel: str, reason: str) -> None:
        self._write({"delivery": "failed", "channel": channel, "reason": reason, "alert": _body(alert)})

    def _write(self, line: dict[str, Any]) -> None:
        try:
            _append(self._log, json.dumps(line).encode() + b"\n")
        except OSError:
            # Nobody is left to tell: the log is where failures are told.
            self.unlogged += 1


def _body(alert: Alert) -> dict[str, Any]:
    body = alert._asdict() | {"time": time_text(alert.time)}
    if alert.details is None:
        del body["details"]
    return body


def _append(path: Path, line: bytes) -> None:
    """Append under a lock (several terminals share the log), dropping the oldest lines of a full one."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600), "r+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        lines = stream.readlines()
        if len(lines) >= MOST_KEPT:
            stream.seek(0)
            stream.truncate()
            stream.writelines(lines[-AFTER_TRIM:])
        stream.write(line)
