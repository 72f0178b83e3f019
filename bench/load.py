"""A small HTTP/1.1 client for load: requests made beforehand, kept connections, and nothing that costs time."""

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

_OK: Final = b"HTTP/1.1 2"
_LENGTH: Final = b"content-length:"


@dataclass(slots=True)
class Measured:
    """How long each answer took, and what was not a success."""

    seconds: list[float] = field(default_factory=list)
    refused: list[bytes] = field(default_factory=list)
    took: float = 0.0

    @property
    def rate(self) -> float:
        return len(self.seconds) / self.took

    def percentile(self, part: float) -> float:
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))]


def post(path: str, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "host: 127.0.0.1", "content-type: application/json"]
    lines += [f"content-length: {len(body)}", *(f"{name}: {value}" for name, value in headers), "", ""]
    return "\r\n".join(lines).encode() + body


async def fire(port: int, requests: Iterable[bytes], *, connections: int) -> Measured:
    """As fast as they are answered, on so many connections."""
    measured, left = Measured(), iter(requests)
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_exchange(port, left, measured))
    measured.took = time.perf_counter() - start
    return measured


async def pace(port: int, requests: Sequence[bytes], *, per_second: float, connections: int) -> Measured:
    """At a fixed rate, whatever the answers take; a late answer counts from the moment it was due."""
    measured, due = Measured(), asyncio.Queue[tuple[float, bytes]]()
    start = time.perf_counter()
    for number, request in enumerate(requests):
        due.put_nowait((start + number / per_second, request))
    async with asyncio.TaskGroup() as group:
        for _ in range(connections):
            group.create_task(_exchange_when_due(port, due, measured))
    measured.took = time.perf_counter() - start
    return measured


async def _exchange(port: int, left: Iterator[bytes], measured: Measured) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for request in left:
        await _one(reader, writer, request, measured, time.perf_counter())
    writer.close()


async def _exchange_when_due(port: int, due: "asyncio.Queue[tuple[float, bytes]]", measured: Measured) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    while not due.empty():
        moment, request = due.get_nowait()
        if (early := moment - time.perf_counter()) > 0:
            await asyncio.sleep(early)
        if reader.at_eof():  # a connection that idled too long was closed by the server
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        await _one(reader, writer, request, measured, moment)
    writer.close()


async def _one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes, measured: Measured, since: float
) -> None:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((line for line in head.lower().split(b"\r\n") if line.startswith(_LENGTH)), b":0")
    body = await reader.readexactly(int(length.split(b":")[1]))
    measured.seconds.append(time.perf_counter() - since)
    if not head.startswith(_OK):
        measured.refused.append(head.split(b"\r\n")[0] + b" " + body[:200])
