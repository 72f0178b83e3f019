"""A bot's own webhook address, which answers as a test wants."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from aiohttp.test_utils import TestServer


@dataclass(frozen=True, slots=True)
class Post:
    body: bytes
    headers: Mapping[str, str]


@dataclass
class Hook:
    url: str = ""
    posts: list[Post] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # statuses for the next POSTs; 200 when there are none left
    answering: asyncio.Event = field(default_factory=asyncio.Event)  # not set: every answer waits
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def take(self, request: web.Request) -> web.Response:
        body = await request.read()
        async with self._news:
            self.posts.append(Post(body, dict(request.headers)))
            status = self.answers.pop(0) if self.answers else 200
            self._news.notify_all()
        await self.answering.wait()
        return web.Response(status=status)

    async def until(self, count: int) -> list[Post]:
        async with asyncio.timeout(5), self._news:
            await self._news.wait_for(lambda: len(self.posts) >= count)
        return self.posts


@asynccontextmanager
async def hooked() -> AsyncIterator[Hook]:
    hook, app = Hook(), web.Application()
    hook.answering.set()
    app.router.add_post("/hook", hook.take)
    async with TestServer(app) as server:
        hook.url = str(server.make_url("/hook"))
        yield hook
