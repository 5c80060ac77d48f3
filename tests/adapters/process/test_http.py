"""A call of a real server on this machine, and what each answer means."""

import json
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from controller.adapters.process.runner import ProcessRunner
from controller.model.agent import AgentSpec, Http
from controller.model.attempt import Finished, Launch
from controller.model.states import OutcomeClass
from tests.adapters.process.workshop import Workshop, key, play, watch


class Server(ThreadingHTTPServer):
    """Answers by path; remembers what it was asked. `/slow` answers when `released`."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.arrived = threading.Event()
        self.released = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append((self.command, self.path, dict(self.headers.items()), body))
        match self.path.strip("/").split("/", 1):
            case ["slow"]:
                self.server.arrived.set()
                self.server.released.wait(30)
                self._answer(200, b"{}")
            case ["hang-up"]:
                self.close_connection = True
            case ["to", target]:
                self._answer(307, b"", Location=f"/{target}")
            case ["seen", target]:
                self._answer(302, b"", Location=f"/{target}")
            case ["away"]:
                self._answer(307, b"", Location="http://localhost:1/")
            case ["echo-token"]:
                self._answer(200, json.dumps({"you": self.headers["Authorization"]}).encode())
            case ["answer", text]:
                self._answer(200, text.encode())
            case ["big"]:
                self._answer(200, b'"' + b"x" * (16 << 20) + b'"')
            case ["circle"]:
                self._answer(307, b"", Location="/circle")
            case words:
                self._answer(int(words[0]), f"for {self.headers['Authorization']}".encode())

    do_GET = do_POST  # noqa: N815 - the names that http.server looks for

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.released.set()
        server.shutdown()
        thread.join()


Call = Callable[..., Launch]


@pytest.fixture
def call(workshop: Workshop, server: Server) -> Call:
    workshop.environment["API_TOKEN"] = "Bearer s3cr3t-t0k3n"

    def make(path: str, **given: Any) -> Launch:
        http = Http(
            url=given.pop("url", server.url + path),
            headers_from_env={"Authorization": "API_TOKEN"},
            headers={"X-Team": "blue"},
            method=given.pop("method", "POST"),
        )
        return workshop.launch("step", agent=AgentSpec(http=http), **given)

    return make


def test_a_call(runner: ProcessRunner, server: Server, call: Call) -> None:
    environment = {"LIBRETTO_IDEMPOTENCY_KEY": "k1", "TRACEPARENT": "00-1-2-01"}
    (found,) = play(runner, call('/answer/{"a":[1]}', input=b'{"payload":{}}', environment=environment))
    assert (found.failure, found.exit_code) == (None, 0)
    assert json.loads(runner.collect(key("step")).output or b"") == {"a": [1]}
    ((method, _, headers, body),) = server.asked
    assert (method, body) == ("POST", b'{"payload":{}}')
    wanted = {
        "Idempotency-Key": "k1",
        "traceparent": "00-1-2-01",
        "Authorization": "Bearer s3cr3t-t0k3n",
        "X-Team": "blue",
        "Content-Type": "application/json",
    }
    assert wanted.items() <= headers.items()


ANSWERS = {
    "no content": ("/204", None, 0, ""),
    "not JSON": ("/answer/<html>", OutcomeClass.FAILED, 65, "HTTP 200: the answer is not JSON: <html>"),
    "too much": ("/big", OutcomeClass.FAILED, 65, "HTTP 200: the answer is larger than 16 MiB"),
    "timed out there": ("/408", OutcomeClass.FAILED, 75, "HTTP 408 Request Timeout: for [redacted]"),
    "too early": ("/425", OutcomeClass.FAILED, 75, "HTTP 425 Too Early: for [redacted]"),
    "too many": ("/429", OutcomeClass.FAILED, 75, "HTTP 429 Too Many Requests: for [redacted]"),
    "broken": ("/500", OutcomeClass.FAILED, 75, "HTTP 500 Internal Server Error: for [redacted]"),
    "overloaded": ("/503", OutcomeClass.FAILED, 75, "HTTP 503 Service Unavailable: for [redacted]"),
    "not known": ("/404", OutcomeClass.FAILED, 65, "HTTP 404 Not Found: for [redacted]"),
    "not allowed": ("/403", OutcomeClass.FAILED, 77, "HTTP 403 Forbidden: for [redacted]"),
    "redirected": ("/to/204", None, 0, ""),
    "redirected to another": ("/away", OutcomeClass.FAILED, 78, "HTTP 307: redirection to another origin refused"),
    "redirected to GET": ("/seen/204", OutcomeClass.FAILED, 78, "HTTP 302: would turn POST into GET"),
    "in a circle": ("/circle", OutcomeClass.FAILED, 78, "more than 5 redirections"),
    "hung up": ("/hang-up", OutcomeClass.FAILED, 75, "no answer: Remote end closed connection without response"),
}


@pytest.mark.parametrize(("path", "failure", "code", "reason"), ANSWERS.values(), ids=ANSWERS)
def test_what_an_answer_means(
    runner: ProcessRunner, call: Call, path: str, failure: OutcomeClass | None, code: int, reason: str
) -> None:
    (found,) = play(runner, call(path))
    assert (found.failure, found.exit_code, found.reason) == (failure, code, reason)
    assert runner.collect(key("step")).output is None


def test_nobody_there(runner: ProcessRunner, call: Call) -> None:
    (found,) = play(runner, call("", url="http://127.0.0.1:1/"))
    assert found.exit_code == 75
    assert found.reason.endswith("Connection refused")


def test_a_header_that_cannot_be_sent(workshop: Workshop, runner: ProcessRunner, call: Call) -> None:
    workshop.environment["API_TOKEN"] = "a\r\nHost: elsewhere"
    (found,) = play(runner, call("/204"))
    assert (found.failure, found.reason) == (OutcomeClass.REJECTED, "the request cannot be made: ValueError")


def test_get_has_no_body_and_follows(runner: ProcessRunner, server: Server, call: Call) -> None:
    (found,) = play(runner, call("/seen/204", method="get"))
    assert found.failure is None
    assert [(method, path, body) for method, path, _, body in server.asked] == [
        ("GET", "/seen/204", b""),
        ("GET", "/204", b""),
    ]


def test_a_secret_in_the_answer_is_redacted(runner: ProcessRunner, call: Call) -> None:
    play(runner, call("/echo-token"))
    assert runner.collect(key("step")).output == b'{"you": "[redacted]"}'


@pytest.mark.requirement("ENG-010", "ENG-049")
def test_a_call_can_take_too_long(runner: ProcessRunner, call: Call) -> None:
    (found,) = play(runner, call("/slow", timeout_ms=200))
    assert found.failure is OutcomeClass.TIMEOUT
    assert 200 <= found.duration_ms < 5000


def test_a_call_can_be_stopped(runner: ProcessRunner, server: Server, call: Call) -> None:
    runner.start_many([call("/slow")])
    assert server.arrived.wait(30)
    runner.stop(key("step"), OutcomeClass.INTERRUPTED)
    (_, found) = watch(runner, key("step"))
    assert isinstance(found, Finished)
    assert found.failure is OutcomeClass.INTERRUPTED


def test_a_call_outlives_the_driver(workshop: Workshop, runner: ProcessRunner, server: Server, call: Call) -> None:
    runner.start_many([call("/slow")])
    assert server.arrived.wait(30)
    runner.close()
    server.released.set()
    again = workshop.runner()
    watch(again, key("step"))
    assert again.collect(key("step")).output == b"{}"
    assert len(server.asked) == 1
