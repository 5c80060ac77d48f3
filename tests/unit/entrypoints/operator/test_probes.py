"""What a kubelet and Prometheus are answered."""

import asyncio

import pytest
from aiohttp.test_utils import TestClient, TestServer

from controller.entrypoints.operator.probes import Health


class Process:
    """A process, as its probes see it."""

    def __init__(self) -> None:
        self.wrong: str | None = None
        self.unready: str | None = None

    def asked(self, path: str, method: str = "GET") -> tuple[int, str, str]:
        health = Health(lambda: self.wrong, lambda: self.unready, lambda: (b"runs 3\n", "text/plain; version=1.0.0"))

        async def ask() -> tuple[int, str, str]:
            async with TestClient(TestServer(health.application())) as client:
                reply = await client.request(method, path)
                return reply.status, await reply.text(), reply.headers["Content-Type"]

        return asyncio.run(ask())


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_process_that_is_well_says_so(path: str) -> None:
    assert Process().asked(path)[:2] == (200, "ok\n")


def test_each_probe_asks_its_own_question() -> None:
    process = Process()
    process.unready = "the caches are not filled yet"
    assert process.asked("/readyz")[:2] == (503, "the caches are not filled yet\n")
    assert process.asked("/livez")[0] == 200  # else it would be killed while it starts
    process.wrong, process.unready = "no turn came to an end for 120 s", None
    assert process.asked("/livez")[:2] == (503, "no turn came to an end for 120 s\n")
    assert process.asked("/readyz")[0] == 200


def test_metrics_come_in_the_form_of_whoever_makes_them() -> None:
    assert Process().asked("/metrics") == (200, "runs 3\n", "text/plain; version=1.0.0")


def test_there_is_nothing_else() -> None:
    assert Process().asked("/")[0] == 404
    assert Process().asked("/livez", "POST")[0] == 405
