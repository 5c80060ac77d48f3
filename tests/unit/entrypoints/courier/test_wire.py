"""Answers as servers and proxies write them, whole and cut."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from controller.entrypoints.courier.wire import Address, Wire, address_of

ADDRESSES = {
    "http://results.libretto.svc:8090": Address(False, "results.libretto.svc", 8090, ""),
    "https://store/": Address(True, "store", 443, ""),
    "http://10.0.0.1/some/where/": Address(False, "10.0.0.1", 80, "/some/where"),
    "http://[fd00::1]:81": Address(False, "fd00::1", 81, ""),
    "http://[fd00::1]": Address(False, "fd00::1", 80, ""),
}


@pytest.mark.parametrize(("text", "address"), ADDRESSES.items(), ids=ADDRESSES)
def test_addresses(text: str, address: Address) -> None:
    assert address_of(text) == address


@pytest.mark.parametrize("text", ["", "results:8090", "ftp://x", "http://", "http://x:port"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match="not an address"):
        address_of(text)


@contextmanager
def _server(*answers: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers one connection after another with given bytes, then closes it."""
    seen: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def run() -> None:
            for answer in answers:
                client, _ = listening.accept()
                with client:
                    request = b""
                    # A body, where there is one, ends with these two letters.
                    while not request.endswith(b"ab" if b"Content-Length" in request else b"\r\n\r\n"):
                        request += client.recv(65_536)
                    seen.append(request)
                    client.sendall(answer)

        thread = threading.Thread(target=run)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/base", seen
        thread.join(30)


def left() -> float:
    return 10.0


ANSWERS = {
    "with a length": (b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", (200, "hello")),
    "in pieces": (
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=1\r\nllo\r\n0\r\nA: b\r\n\r\n",
        (200, "hello"),
    ),
    "until the end": (b"HTTP/1.0 200 OK\r\n\r\nhello", (200, "hello")),
    "nothing": (b"HTTP/1.1 204 No Content\r\n\r\n", (204, "")),
    "after a word in between": (
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n",
        (201, ""),
    ),
    "without a reason": (b"HTTP/1.1 503\r\ncontent-length:2\r\n\r\nno", (503, "no")),
}


@pytest.mark.parametrize(("answer", "expected"), ANSWERS.values(), ids=ANSWERS)
def test_answers(answer: bytes, expected: tuple[int, str]) -> None:
    with _server(answer) as (url, seen):
        wire = Wire(url)
        found = wire.ask("GET", "/x", {"A": "b"}, left)
        assert (found.status, found.text()) == expected
        wire.close()
    assert seen[0].startswith(b"GET /base/x HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nA: b\r\n\r\n" in seen[0]


CUT = {
    "no answer": b"",
    "in the head": b"HTTP/1.1 200 OK\r\nContent-Le",
    "in the content": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
    "in a piece": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
}


@pytest.mark.parametrize("answer", CUT.values(), ids=CUT)
def test_an_answer_that_is_cut(answer: bytes) -> None:
    with _server(answer) as (url, _), pytest.raises(ConnectionError):
        Wire(url).ask("GET", "/x", {}, left).text()


STRANGE = {
    "no HTTP": b"220 mail.example ESMTP\r\n\r\n",
    "no status": b"HTTP/1.1 abc\r\n\r\n",
    "no length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
    "no piece": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n",
    "no end": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 20_000,
}


@pytest.mark.parametrize("answer", STRANGE.values(), ids=STRANGE)
def test_what_is_no_answer(answer: bytes) -> None:
    with _server(answer) as (url, _), pytest.raises((ValueError, OSError)):
        Wire(url).ask("GET", "/x", {}, left).text()


def test_a_kept_connection_that_was_closed_meanwhile_is_opened_again() -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
    with _server(answer, answer) as (url, seen):
        wire = Wire(url)
        for _ in range(2):
            assert wire.ask("PUT", "/x", {"Content-Length": "2"}, left, lambda: iter((b"ab",))).text() == ""
        wire.close()
    assert [one[-2:] for one in seen] == [b"ab", b"ab"]


def test_a_header_cannot_smuggle() -> None:
    with pytest.raises(ValueError, match="line break"):
        Wire("http://127.0.0.1:1").ask("GET", "/x", {"A": "b\r\nC: d"}, left)


def test_no_time_is_left() -> None:
    with pytest.raises(TimeoutError):
        Wire("http://127.0.0.1:1").ask("GET", "/x", {}, lambda: 0.0)
