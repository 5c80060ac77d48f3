"""What goes out, what is only logged, and what follows when nobody can be reached."""

import sys
from pathlib import Path

import pytest

from controller.adapters.notifier import Channel, CommandChannel, QueuedNotifier, WebhookChannel
from tests.contract.test_notifier import ALERT, KEEP, lines, webhook

BODY = b'{"message": "x"}'


def test_the_log_has_every_alert(tmp_path: Path) -> None:
    log = tmp_path / "alerts.log"
    notifier = QueuedNotifier(log)
    for level in ("info", "warning", "error", "critical"):
        notifier.notify(ALERT._replace(level=level))
    notifier.close()
    assert [line["level"] for line in lines(log)] == ["info", "warning", "error", "critical"]
    assert lines(log)[2] == {
        "type": "step_failed",
        "level": "error",
        "message": 'step "load" used its 3 attempts',
        "run": "run-1",
        "step": "load",
        "time": "2025-12-01T12:00:00.000Z",
    }


def test_only_wanted_alerts_go_out(tmp_path: Path) -> None:
    with webhook(200) as (url, bodies):
        notifier = QueuedNotifier(
            tmp_path / "alerts.log", [WebhookChannel(url)], levels=["warning", "error"], types=["step_failed"]
        )
        for level in ("info", "warning", "error"):
            for type_ in ("step_failed", "gate_waiting"):
                notifier.notify(ALERT._replace(level=level, type=type_))
        notifier.close()
    assert [(body["level"], body["type"]) for body in bodies] == [("warning", "step_failed"), ("error", "step_failed")]


def test_a_webhook_is_tried_twice() -> None:
    with webhook(503, 200) as (url, bodies):
        assert WebhookChannel(url).deliver(BODY) is None
    assert bodies == [{"message": "x"}] * 2


PROGRAMS = {
    "fails": ("import sys; sys.exit('no such mailbox')", "exit status 1: no such mailbox"),
    "hangs": ("import signal; signal.pause()", "it took longer than 0.3 s"),
    "hangs with a child that keeps the pipe": (
        "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import signal; signal.pause()'])",
        "it took longer than 0.3 s",
    ),
}


@pytest.mark.parametrize(("program", "reason"), PROGRAMS.values(), ids=PROGRAMS)
def test_a_command_that_does_not_deliver(program: str, reason: str) -> None:
    timeout = 0.3 if "longer" in reason else 30
    assert CommandChannel([sys.executable, "-c", program], timeout).deliver(BODY) == reason


CHANNELS: dict[str, tuple[Channel, str]] = {
    "no such program": (CommandChannel(["./no-such-program"]), "No such file"),
    "nobody listens": (WebhookChannel("http://127.0.0.1:9/"), "refused"),
    "no address": (WebhookChannel("http://[broken"), "Invalid IPv6"),
    "a program that ignores its input": (CommandChannel(["false"]), "exit status 1"),
}


@pytest.mark.parametrize(("channel", "reason"), CHANNELS.values(), ids=CHANNELS)
def test_a_failed_delivery_is_logged_and_stops_nobody(tmp_path: Path, channel: Channel, reason: str) -> None:
    log, kept = tmp_path / "alerts.log", tmp_path / "kept"
    working = CommandChannel([sys.executable, "-c", KEEP, str(kept)])
    notifier = QueuedNotifier(log, [channel, working])
    notifier.notify(ALERT)
    notifier.close()
    alert, failure = lines(log)
    assert (failure["delivery"], failure["channel"], failure["alert"]) == ("failed", channel.name, alert)
    assert reason in failure["reason"]
    assert len(lines(kept)) == 1


def test_an_answer_that_is_no_success_is_a_failure(tmp_path: Path) -> None:
    with webhook(500) as (url, bodies):
        assert "500" in (WebhookChannel(url).deliver(BODY) or "")
    assert len(bodies) == 2


def test_the_end_of_a_run_does_not_wait_for_ever(tmp_path: Path) -> None:
    log = tmp_path / "alerts.log"
    slow = CommandChannel([sys.executable, "-c", "import signal; signal.pause()"], timeout=1.5)
    notifier = QueuedNotifier(log, [slow], close_after=0.05)
    notifier.notify(ALERT)
    notifier.close()
    assert "not delivered before the end" in lines(log)[1]["reason"]


def test_the_log_is_bounded(tmp_path: Path) -> None:
    log = tmp_path / "alerts.log"
    notifier = QueuedNotifier(log)
    for number in range(1203):
        notifier.notify(ALERT._replace(message=str(number)))
    kept = [int(line["message"]) for line in lines(log)]
    assert kept == list(range(500, 1203))
    assert len(kept) <= 1000


def test_where_not_even_the_log_can_be_written_it_counts(tmp_path: Path) -> None:
    notifier = QueuedNotifier(tmp_path / "no" / "such" / "folder")
    notifier.notify(ALERT)
    assert notifier.unlogged == 1
