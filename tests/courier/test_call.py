"""An `http` agent in a pod: the call, and the exit code that says how it ended."""

import json
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.courier.pod import Pod, ended

ANSWERS: dict[str, tuple[int, bytes, int, str]] = {
    "200 JSON": (200, b'{"ok": true}', 0, ""),
    "200 empty": (200, b"", 0, ""),
    "200 no JSON": (200, b"<html>", 65, "HTTP 200: the answer is not JSON: <html>"),
    "400": (400, b"wrong", 65, "HTTP 400 Bad Request: wrong"),
    "401": (401, b"", 77, "HTTP 401 Unauthorized"),
    "403": (403, b"", 77, "HTTP 403 Forbidden"),
    "429": (429, b"", 75, "HTTP 429 Too Many Requests"),
    "503": (503, b"later", 75, "HTTP 503 Service Unavailable: later"),
}


class Server(ThreadingHTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.status, self.content = 200, b"{}"
        self.stopped = False
        self.seen: list[tuple[Mapping[str, str], bytes]] = []
        self.arrived, self.go = threading.Event(), threading.Event()
        self.go.set()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}/agents/extract?x=1"


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append(({name.lower(): value for name, value in self.headers.items()}, body))
        self.server.arrived.set()
        self.server.go.wait(30)
        if self.server.stopped:
            self.close_connection = True
            return
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        self.wfile.write(self.server.content)

    def log_message(self, *_: Any) -> None: ...


@contextmanager
def _listening() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server
        finally:
            server.go.set()
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    with _listening() as running:
        yield running


def _call(pod: Pod, request: Mapping[str, Any], **environment: str) -> int:
    assert pod.stage({"rows": 3}) == 0
    return ended(pod.start("call", LIBRETTO_CALL=json.dumps(request), **environment))


@pytest.mark.parametrize(("status", "content", "code", "reason"), ANSWERS.values(), ids=ANSWERS)
def test_the_answer_decides(lonely: Pod, server: Server, status: int, content: bytes, code: int, reason: str) -> None:
    server.status, server.content = status, content
    assert _call(lonely, {"url": server.url}) == code
    assert lonely.raw.decode() == reason
    left = (lonely.step / "output.json").read_bytes() if (lonely.step / "output.json").exists() else None
    assert left == (content if code == 0 and content else None)


def test_what_is_sent(lonely: Pod, server: Server) -> None:
    request = {
        "url": server.url,
        "method": "post",
        "headers": {"X-Plain": "1", "user-agent": "ours"},
        "headersFromEnv": {"Authorization": "API_KEY"},
    }
    variables = {"API_KEY": "Bearer s3cret", "LIBRETTO_IDEMPOTENCY_KEY": "run/load", "TRACEPARENT": "00-1-2-01"}
    assert _call(lonely, request, **variables) == 0
    headers, body = server.seen[0]
    assert json.loads(body) == {"rows": 3}
    expected = {
        "content-type": "application/json",
        "accept": "application/json",
        "user-agent": "ours",
        "x-plain": "1",
        "authorization": "Bearer s3cret",
        "idempotency-key": "run/load",
        "traceparent": "00-1-2-01",
    }
    assert {name: headers.get(name) for name in expected} == expected


def test_secrets_are_redacted_wherever_they_come_back(lonely: Pod, server: Server) -> None:
    request = {"url": server.url, "headersFromEnv": {"Authorization": "API_KEY"}}
    server.content = b'{"echo": "Bearer s3cret"}'
    assert _call(lonely, request, API_KEY="Bearer s3cret") == 0
    assert (lonely.step / "output.json").read_bytes() == b'{"echo": "[redacted]"}'
    server.status = 500
    assert _call(lonely, request, API_KEY="Bearer s3cret") == 75
    assert b"s3cret" not in lonely.raw


def test_a_secret_may_be_a_file(lonely: Pod, server: Server) -> None:
    path = lonely.volume.parent / "key"
    path.write_text("Bearer from a file\n")
    assert _call(lonely, {"url": server.url, "headersFromFile": {"Authorization": str(path)}}) == 0
    assert server.seen[0][0]["authorization"] == "Bearer from a file"


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        ({}, "LIBRETTO_CALL does not say what to call"),
        (
            {"url": "http://127.0.0.1:1/", "headersFromEnv": {"A": "NOT_SET"}},
            "header A: the environment has no NOT_SET",
        ),
        ({"url": "http://127.0.0.1:1/", "headersFromFile": {"A": "/not/there"}}, "header A: cannot read /not/there"),
        ({"url": "file:///etc/passwd"}, "LIBRETTO_CALL does not say what to call: ValueError("),
        ({"url": "http://127.0.0.1:port/"}, "LIBRETTO_CALL does not say what to call: ValueError("),
    ],
)
def test_a_call_that_cannot_be_made(lonely: Pod, request_: Mapping[str, Any], reason: str) -> None:
    assert _call(lonely, request_) == 64
    assert lonely.raw.decode().startswith(reason)


def test_nobody_listens(lonely: Pod) -> None:
    assert _call(lonely, {"url": "http://127.0.0.1:1/"}) == 75
    assert lonely.raw.decode().startswith("no answer: ")


def test_a_call_that_is_stopped(lonely: Pod, server: Server) -> None:
    server.go.clear()
    assert lonely.stage() == 0
    process = lonely.start("call", LIBRETTO_CALL=json.dumps({"url": server.url}))
    assert server.arrived.wait(30)
    server.stopped = True
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 143
    assert lonely.raw.decode() == "stopped on request"


def test_what_was_called_is_published(lonely: Pod, server: Server) -> None:
    server.content = b'{"ok": true}'
    assert _call(lonely, {"url": server.url}) == 0
    assert lonely.publish() == 0
    assert lonely.message == {"output": '{"ok": true}'}
