"""Clients that send nothing, or hardly anything, hold no place."""

import asyncio
from collections.abc import AsyncIterator

from controller.adapters.results_service.limits import Limits
from tests.unit.adapters.results_service.desk import BLOB, CONTENT, Client, Service, as_, said


def test_a_client_that_sends_nothing_loses_its_place(service: Service) -> None:
    async def play(client: Client) -> None:
        assert client.server.port is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", client.server.port)
        head = [f"PUT {BLOB} HTTP/1.1", "Host: x", f"Content-Length: {len(CONTENT)}"]
        head += [f"{name}: {value}" for name, value in as_().items()]
        writer.write("\r\n".join([*head, "", "0123"]).encode())
        answer = await reader.readuntil(b"\r\n")
        assert b" 408 " in answer
        writer.close()
        await writer.wait_closed()

    service.play(play, Limits(quiet_s=0.05))
    assert [path for path in service.folder.rglob("*") if path.is_file()] == []


def test_a_client_that_drips_loses_its_place(service: Service) -> None:
    async def play(client: Client) -> None:
        async def dripping() -> AsyncIterator[bytes]:
            for _ in range(1000):
                yield b"0"
                await asyncio.sleep(0.01)

        headers = {**as_(), "Content-Length": str(len(CONTENT))}
        try:
            response = await client.put(BLOB, data=dripping(), headers=headers)
        except OSError:
            return  # it was still sending
        assert (await said(response))[0] == 408

    service.play(play, Limits(setup_s=0.05, slowest=1 << 30))
    assert service.observed[0][1] == 408
