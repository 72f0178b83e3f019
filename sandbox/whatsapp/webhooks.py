"""How Meta tells what happened: signed, batched, concurrently, again and again until somebody answers 200."""

import asyncio
import secrets
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import aiohttp

from sandbox.ground import Ground
from sandbox.recent import Recent
from sandbox.strict import strict
from sandbox.whatsapp.accounts import Destination
from sandbox.whatsapp.envelope import Update, bodies
from sandbox.whatsapp.wire import sign

_OK: Final = 200
_MOST_ACKNOWLEDGED: Final = 500_000
_MOST_ANSWER: Final = 64 * 1024
_HEADERS: Final = {"Content-Type": "application/json", "User-Agent": "facebookexternalua", "Accept": "*/*"}
_WEEK: Final = 7 * 24 * 3600.0


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class WebhookSettings:
    """A batch leaves when it is full, `batch_seconds` are over, or at once if they are none and a line is free."""

    batch_size: int = 1000
    batch_seconds: float = 0.0
    concurrency: int = 8
    timeout: float = 10.0
    first_retry: float = 1.0
    retry_factor: float = 4.0
    longest_retry: float = 3600.0
    retry_for: float = _WEEK
    duplicated: float = 0.0  # the share of POSTs that come a second time though they were acknowledged

    def __post_init__(self) -> None:
        if min(self.batch_size, self.concurrency, self.retry_factor) < 1 or self.timeout <= 0:
            raise ValueError("batch_size, concurrency and retry_factor are 1 or more, and a timeout takes time")


@dataclass(kw_only=True, slots=True)
class Counters:
    updates: int = 0
    unheard: int = 0  # nobody to tell: no address, or the WABA is not subscribed
    posts: int = 0
    acknowledged_posts: int = 0
    acknowledged_updates: int = 0
    failed_posts: int = 0
    given_up: int = 0


@dataclass(kw_only=True, slots=True)
class _Post:
    to: Destination
    body: bytes
    updates: Sequence[Update]
    failures: int = 0
    first_failed_at: float | None = None


@dataclass(slots=True)
class _Line:
    queue: deque[Update] = field(default_factory=deque)
    in_flight: int = 0
    is_waiting: bool = False


class HandshakeFailed(Exception):
    """The address did not answer the challenge."""


class Webhooks:
    def __init__(self, ground: Ground, client: aiohttp.ClientSession) -> None:
        self._ground = ground
        self._client = client
        self.settings = WebhookSettings()
        self._acknowledged: Recent[str, bool] = Recent(_MOST_ACKNOWLEDGED)
        self._is_paused = False
        self._forget()

    @property
    def pending(self) -> int:
        """Updates that were neither acknowledged nor given up."""
        return self._pending

    def push(self, destinations: Sequence[Destination], update: Update) -> None:
        self.counters.updates += 1
        if not destinations:
            self.counters.unheard += 1
        for to in destinations:
            self._pending += 1
            line = self._lines.setdefault(to, _Line())
            line.queue.append(update)
            self._gather(to, line)

    async def tell(self, to: Destination, update: Update) -> bool:
        """Now, past the queue; returns when it was answered."""
        self.counters.updates += 1
        self._pending += 1
        [(body, updates)] = bodies([update])
        return await self._attempt(_Post(to=to, body=body, updates=updates))

    def pause(self) -> None:
        """As if Meta were silent: what happens from now on waits for `resume`."""
        self._is_paused = True

    def resume(self) -> None:
        self._is_paused = False
        for to, line in self._lines.items():
            self._leave(to, line)

    def was_acknowledged(self, message_id: str) -> bool:
        """Whether somebody answered 200 to a POST with this inbound message."""
        return message_id in self._acknowledged

    def reset(self) -> None:
        self.settings = WebhookSettings()
        self._acknowledged.clear()
        self._is_paused = False
        self._forget()

    async def handshake(self, url: str, verify_token: str) -> None:
        challenge = str(secrets.randbelow(9 * 10**9) + 10**9)
        query = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        try:
            async with self._client.get(url, params=query, timeout=self._timeout, allow_redirects=False) as answer:
                said = await answer.content.read(_MOST_ANSWER)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
            raise HandshakeFailed(type(error).__name__) from error
        if answer.status != _OK or said != challenge.encode():
            raise HandshakeFailed(f"HTTP {answer.status}, and not the challenge")

    @property
    def _timeout(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=self.settings.timeout)

    def _forget(self) -> None:
        self._lines: dict[Destination, _Line] = {}
        self._pending = 0
        self.counters = Counters()

    def _gather(self, to: Destination, line: _Line) -> None:
        if self.settings.batch_seconds <= 0 or len(line.queue) >= self.settings.batch_size:
            self._leave(to, line)
        elif not line.is_waiting:
            line.is_waiting = True
            self._ground.agenda.later(self.settings.batch_seconds, partial(self._waited, to, line))

    def _waited(self, to: Destination, line: _Line) -> None:
        line.is_waiting = False
        self._leave(to, line)

    def _leave(self, to: Destination, line: _Line) -> None:
        while line.queue and line.in_flight < self.settings.concurrency and not self._is_paused:
            size = min(len(line.queue), self.settings.batch_size)
            batch = [line.queue.popleft() for _ in range(size)]
            line.in_flight += 1
            self._ground.background.start(self._deliver(to, line, batch))

    async def _deliver(self, to: Destination, line: _Line, batch: Sequence[Update]) -> None:
        try:
            for body, updates in bodies(batch):
                await self._attempt(_Post(to=to, body=body, updates=updates))
        finally:
            line.in_flight -= 1
        self._leave(to, line)

    async def _attempt(self, post: _Post) -> bool:
        self.counters.posts += 1
        if await self._is_heard(post):
            self.counters.acknowledged_posts += 1
            self._acknowledge(post)
            if self._ground.random.random() < self.settings.duplicated:
                self.counters.posts += 1
                self._ground.background.start(self._again(post))
            return True
        self.counters.failed_posts += 1
        self._retry(post)
        return False

    async def _again(self, post: _Post) -> None:
        await self._is_heard(post)

    async def _is_heard(self, post: _Post) -> bool:
        headers = {**_HEADERS, "X-Hub-Signature-256": sign(post.body, post.to.secret)}
        call = self._client.post(
            post.to.url, data=post.body, headers=headers, timeout=self._timeout, allow_redirects=False
        )
        try:
            async with call as answer:
                await answer.content.read(_MOST_ANSWER)  # an unread answer would cost its connection
                return answer.status == _OK
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            return False

    def _acknowledge(self, post: _Post) -> None:
        self._pending -= len(post.updates)
        self.counters.acknowledged_updates += len(post.updates)
        for update in post.updates:
            if update.key is not None:
                self._acknowledged.put(update.key, True)

    def _retry(self, post: _Post) -> None:
        now = asyncio.get_running_loop().time()
        post.first_failed_at = now if post.first_failed_at is None else post.first_failed_at
        delay = self.settings.first_retry * self.settings.retry_factor ** min(post.failures, 32)
        post.failures += 1
        if now - post.first_failed_at > self.settings.retry_for:
            self._pending -= len(post.updates)
            self.counters.given_up += len(post.updates)
            return
        self._ground.agenda.later(
            min(delay, self.settings.longest_retry), lambda: self._ground.background.start(self._retried(post))
        )

    async def _retried(self, post: _Post) -> None:
        await self._attempt(post)
