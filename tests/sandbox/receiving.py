"""A business's webhook address: it checks Meta's signature by itself, and answers as a test wants."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestServer

VERIFY_TOKEN = "verify-me"


@dataclass(frozen=True, slots=True)
class Post:
    body: bytes
    signature: str
    content_type: str

    def is_signed_with(self, secret: str) -> bool:
        expected = hmac.new(secret.encode(), self.body, hashlib.sha256).hexdigest()
        return self.signature == f"sha256={expected}"

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def changes(self) -> list[dict[str, Any]]:
        return [change for entry in self.json["entry"] for change in entry["changes"]]


@dataclass
class Receiver:
    url: str = ""
    posts: list[Post] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # statuses for the next POSTs; 200 when there are none left
    delay: float = 0.0
    answering: asyncio.Event = field(default_factory=asyncio.Event)  # not set: every answer waits
    in_flight: int = 0
    most_in_flight: int = 0
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self._keep(request)
            await asyncio.sleep(self.delay)
            await self.answering.wait()
        finally:
            self.in_flight -= 1
        return web.Response(status=self.answers.pop(0) if self.answers else 200)

    async def _keep(self, request: web.Request) -> None:
        body = await request.read()
        async with self._news:
            signature = request.headers.get("X-Hub-Signature-256", "")
            self.posts.append(Post(body, signature, request.content_type))
            self._news.notify_all()

    async def shake(self, request: web.Request) -> web.Response:
        if request.query["hub.verify_token"] != VERIFY_TOKEN or request.query["hub.mode"] != "subscribe":
            return web.Response(status=403)
        return web.Response(text=request.query["hub.challenge"])

    async def until(self, count: int, of: Callable[["Receiver"], list[Any]] | None = None) -> list[Any]:
        """The first posts, or the first of what they hold."""
        wanted = of or (lambda receiver: receiver.posts)
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(wanted(self)) >= count)
        return wanted(self)

    def values(self, field_name: str) -> Iterator[dict[str, Any]]:
        return (change["value"] for post in self.posts for change in post.changes if change["field"] == field_name)

    @property
    def messages(self) -> list[dict[str, Any]]:
        return [message for value in self.values("messages") for message in value.get("messages", ())]

    @property
    def statuses(self) -> list[dict[str, Any]]:
        return [status for value in self.values("messages") for status in value.get("statuses", ())]

    def statuses_of(self, wamid: str) -> list[str]:
        return [status["status"] for status in self.statuses if status["id"] == wamid]


@asynccontextmanager
async def receiving() -> AsyncIterator[Receiver]:
    receiver, app = Receiver(), web.Application(client_max_size=8 * 1024 * 1024)
    receiver.answering.set()
    app.router.add_post("/hook", receiver.take)
    app.router.add_get("/hook", receiver.shake)
    async with TestServer(app) as server:
        receiver.url = str(server.make_url("/hook"))
        yield receiver
