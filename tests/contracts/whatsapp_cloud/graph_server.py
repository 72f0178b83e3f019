"""A server in the place of the Graph: it answers byte for byte what a test wants, and keeps what it was asked."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from urllib.parse import parse_qsl, urlsplit
from uuid import uuid4

from channels.base import Line
from channels.whatsapp_cloud.adapter import WhatsAppCloud
from core.http import open_client
from core.ids import ConnectionId
from tests.contracts.whatsapp_cloud.webhooks import PHONE_ID, WABA

TOKEN = "EAAGtoken0001"
APP_SECRET = "0123456789abcdef0123456789abcdef"
PROOF = "0f30b386129d5b35031ab5083aada8ab5cd0ea076fc01f6009b57d7f798910ba"  # by openssl dgst -sha256 -hmac


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """One request as it came over the wire."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        return dict(parse_qsl(urlsplit(self.target).query))


Answering = Callable[[asyncio.StreamWriter, Asked], Awaitable[None]]


@dataclass
class GraphServer:
    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    answers: list[bytes | Answering] = field(default_factory=list)  # in turn; the last one again and again

    async def answer(self, writer: asyncio.StreamWriter, asked: Asked) -> None:
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, bytes):
            writer.write(answer)
        else:
            await answer(writer, asked)


@asynccontextmanager
async def graph_server(*answers: bytes | Answering) -> AsyncIterator[GraphServer]:
    graph, tasks = GraphServer(answers=list(answers)), set[asyncio.Task[None]]()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            tasks.add(task)
        with suppress(asyncio.CancelledError, asyncio.IncompleteReadError, OSError):
            while not writer.is_closing():
                asked = await _read(reader)
                graph.asked.append(asked)
                await graph.answer(writer, asked)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    graph.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield graph
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode()
    first, *lines = head.splitlines()
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method=method, target=target, headers=headers, body=body)


@asynccontextmanager
async def adapter_to(graph: GraphServer) -> AsyncIterator[WhatsAppCloud]:
    async with open_client() as client:
        yield WhatsAppCloud(client, base=graph.url, version="v23.0")


def line(**settings: object) -> Line:
    return Line(
        connection=ConnectionId(uuid4()),
        settings={"phone_number_id": PHONE_ID, "waba_id": WABA, **settings},
        secrets={"access_token": TOKEN, "app_secret": APP_SECRET, "verify_token": "v"},
    )


def raw(body: bytes, *headers: str, status: int = 200) -> bytes:
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def told(value: object, *headers: str, status: int = 200) -> bytes:
    return raw(json.dumps(value).encode(), "Content-Type: application/json", *headers, status=status)


def refused(code: int, *headers: str, status: int = 400) -> bytes:
    """In the shape of every error of the Graph."""
    error = {
        "message": f"(#{code}) No",
        "type": "OAuthException",
        "code": code,
        "error_data": {"messaging_product": "whatsapp", "details": "No."},
        "fbtrace_id": "A1",
    }
    return told({"error": error}, *headers, status=status)


ACCEPTED = {
    "messaging_product": "whatsapp",
    "contacts": [{"input": "+5511987654321", "wa_id": "551187654321", "user_id": "BR.1502576394655843"}],
    "messages": [{"id": "wamid.OUT==", "message_status": "accepted"}],
}
