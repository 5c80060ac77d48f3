"""What every Notifier promises."""

import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from controller.adapters.notifier import CommandChannel, QueuedNotifier, WebhookChannel
from controller.model.alert import Alert
from controller.ports.notifier import Notifier
from tests.fakes.clock import START
from tests.fakes.notifier import RecordingNotifier

ALERT = Alert("step_failed", "error", 'step "load" used its 3 attempts', "run-1", "load", START)
KEEP = "import sys; open(sys.argv[1], 'a').write(sys.stdin.read() + chr(10))"


class Told(NamedTuple):
    notifier: Notifier
    read: Callable[[], list[str]]
    """Returns the messages that were delivered, in order; after `close`."""


@contextmanager
def webhook(*answers: int) -> Iterator[tuple[str, list[Any]]]:
    """A web server on this machine that gives the answers in turn, the last one for ever."""
    bodies: list[Any] = []
    left = list(answers)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(left.pop(0) if len(left) > 1 else left[0])
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/alerts", bodies
        server.shutdown()
        thread.join()


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@pytest.fixture(params=["command", "webhook", "recording"])
def told(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Told]:
    log = tmp_path / "alerts.log"
    if request.param == "recording":
        fake = RecordingNotifier()
        yield Told(fake, lambda: [alert.message for alert in fake.told])
    elif request.param == "command":
        kept = tmp_path / "kept"
        channel = CommandChannel([sys.executable, "-c", KEEP, str(kept)])
        yield Told(QueuedNotifier(log, [channel]), lambda: [body["message"] for body in lines(kept)])
    else:
        with webhook(204) as (url, bodies):
            yield Told(QueuedNotifier(log, [WebhookChannel(url)]), lambda: [body["message"] for body in bodies])


def test_alerts_arrive_in_order(told: Told) -> None:
    messages = ["first", "second", "third"]
    for message in messages:
        told.notifier.notify(ALERT._replace(message=message))
    told.notifier.close()
    assert told.read() == messages


@pytest.mark.parametrize(
    ("moments", "count"),
    [
        ((0, 1, 59_999), 1),
        ((0, 60_000), 2),
        ((0, 59_999, 60_001), 2),
        ((0, -3_600_000), 2),
        ((0, -1000), 1),
    ],
)
def test_an_identical_alert_within_a_minute_is_told_once(told: Told, moments: tuple[int, ...], count: int) -> None:
    for moment in moments:
        told.notifier.notify(ALERT._replace(time=START + moment))
    told.notifier.close()
    assert len(told.read()) == count


def test_alerts_that_differ_are_all_told(told: Told) -> None:
    others = [
        ALERT._replace(type="run_failed"),
        ALERT._replace(level="critical"),
        ALERT._replace(message="another"),
        ALERT._replace(run="run-2"),
        ALERT._replace(step=None),
    ]
    for alert in (ALERT, *others):
        told.notifier.notify(alert)
    told.notifier.close()
    assert len(told.read()) == 6


def test_closing_without_an_alert_is_fine(told: Told) -> None:
    told.notifier.close()
    assert told.read() == []
