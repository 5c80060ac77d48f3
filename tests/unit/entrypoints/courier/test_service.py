"""How long is the service tried, and how often? With a clock that only waiting moves."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from blake3 import blake3

from controller.entrypoints.courier.clock import Clock
from controller.entrypoints.courier.content import Content
from controller.entrypoints.courier.service import LONGEST_WAIT_S, Service
from controller.entrypoints.courier.settings import Settings
from controller.entrypoints.courier.wire import Answer, Left
from controller.errors import NotFound, Refused, StoreUnavailable, TooLarge, VerificationFailed

CONTENT = b"content"
DIGEST = "blake3:" + blake3(CONTENT).hexdigest()
SMALL = Content("output.json", lambda: iter((CONTENT,)), DIGEST, len(CONTENT))

Reply = tuple[int, bytes] | Exception


class Waiting(Clock):
    def __init__(self) -> None:
        self.time = 0.0
        self.waits: list[float] = []

    def now(self) -> float:
        return self.time

    def wait(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.time += seconds


class Scripted:
    """A wire that answers as it is told; the last answer for ever."""

    def __init__(self, *replies: Reply, headers: Mapping[str, str] = {}) -> None:
        self.replies = [*replies]
        self.headers = headers
        self.asked: list[str] = []

    def ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        left: Left,
        body: Callable[[], Iterable[bytes]] = tuple,
    ) -> Answer:
        assert headers["Authorization"] == "Bearer token"
        self.asked.append(method)
        reply = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
        if isinstance(reply, Exception):
            raise reply
        return Answer(reply[0], self.headers, iter((reply[1],)))

    def close(self) -> None: ...


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[Service, Waiting, Scripted]]:
    token = tmp_path / "token"
    token.write_text("token\n")

    def make(*replies: Reply, **more: Mapping[str, str]) -> tuple[Service, Waiting, Scripted]:
        clock, wire = Waiting(), Scripted(*replies, **more)
        service = Service(Settings("/a/b", "http://x", token=str(token)), clock, complaints.append)
        monkeypatch.setattr(service, "_wire", wire)
        return service, clock, wire

    complaints: list[str] = []
    return make


Bench = Callable[..., tuple[Service, Waiting, Scripted]]
REFUSED = ConnectionRefusedError("refused")


def test_ten_minutes_of_outage_are_survived(bench: Bench) -> None:
    service, clock, wire = bench(*[REFUSED] * 36, (201, b"{}"))
    service.store(SMALL, 600)
    assert 300 < clock.time < 600
    assert wire.asked == ["PUT"] * 37


def test_waits_grow_and_are_a_little_apart(bench: Bench) -> None:
    service, clock, _ = bench(*[REFUSED] * 12, (201, b"{}"))
    service.store(SMALL, 600)
    for wait, plain in zip(clock.waits, (0.5, 1, 2, 4, 8, *[LONGEST_WAIT_S] * 7), strict=True):
        assert 0.75 * plain <= wait <= 1.25 * plain


def test_the_budget_is_kept_to_the_second(bench: Bench) -> None:
    service, clock, _ = bench(REFUSED)
    with pytest.raises(StoreUnavailable, match=r"output.json could not be stored: no answer .*: refused"):
        service.store(SMALL, 100)
    assert clock.time == pytest.approx(100)


def test_the_service_may_say_how_long_to_wait(bench: Bench) -> None:
    service, clock, _ = bench((429, b"{}"), (201, b"{}"), headers={"retry-after": "7"})
    service.store(SMALL, 600)
    assert 7 * 0.75 <= clock.time <= 7 * 1.25


FINAL = {400: Refused, 403: Refused, 404: NotFound, 411: Refused, 413: TooLarge, 422: VerificationFailed}


@pytest.mark.parametrize("status", FINAL)
def test_what_no_try_can_change(bench: Bench, status: int) -> None:
    service, clock, _ = bench((status, b'{"reason":"Word","message":"because"}'))
    with pytest.raises(FINAL[status], match=rf"output.json could not be stored: because \(HTTP {status}\)"):
        service.store(SMALL, 600)
    assert clock.waits == []


@pytest.mark.parametrize("status", [401, 404, 408, 413, 429, 500, 502, 503, 507])
def test_what_may_change(bench: Bench, status: int) -> None:
    """Without a reason word it is the answer of something in between, e.g. of a proxy whose backend starts."""
    service, clock, _ = bench((status, b"<html>"), (201, b"{}"))
    service.store(SMALL, 600)
    assert len(clock.waits) == 1


def test_what_comes_damaged_is_fetched_again(bench: Bench) -> None:
    service, _, _ = bench((200, b"damaged"), (200, CONTENT))
    taken: list[bytes] = []
    service.fetch(DIGEST, "the input", _into(taken), 600)
    assert taken == [CONTENT]


def test_what_always_comes_damaged_is_damaged(bench: Bench) -> None:
    service, _, wire = bench((200, b"damaged"))
    with pytest.raises(VerificationFailed, match="the input: what the results service holds"):
        service.fetch(DIGEST, "the input", _into([]), 600)
    assert len(wire.asked) == 3


def test_what_is_large_is_asked_for_first(bench: Bench) -> None:
    large = SMALL._replace(size=2 << 20)
    service, _, wire = bench((200, b""))
    service.store(large, 600)
    assert wire.asked == ["HEAD"]


def _into(taken: list[bytes]) -> Callable[[Iterator[bytes]], None]:
    def write(content: Iterator[bytes]) -> None:
        taken[:] = [b"".join(content)]

    return write
