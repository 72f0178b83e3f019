"""Webhooks: each update by itself, with the secret in its header; those of one chat in order, until they are taken."""

from collections.abc import Iterable
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

import aiohttp

from sandbox.ground import Ground
from sandbox.strict import strict
from sandbox.telegram.bots import Bot, Webhook
from sandbox.telegram.updates import Update
from sandbox.telegram.wire import to_json

SECRET_HEADER: Final = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - the name of a header
_HEADERS: Final = {"Content-Type": "application/json", "Accept-Encoding": "gzip, deflate"}
_MOST_ANSWER: Final = 64 * 1024
_GOOD: Final = range(200, 300)


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class DeliverySettings:
    """Without `keeps_order` updates of one chat leave side by side, as they may arrive on a bad day."""

    timeout: float = 60.0
    first_retry: float = 1.0
    longest_retry: float = 60.0
    keeps_order: bool = True

    def __post_init__(self) -> None:
        if min(self.timeout, self.first_retry, self.longest_retry) <= 0:
            raise ValueError("a timeout and a retry take time")


@dataclass(kw_only=True, slots=True)
class Counters:
    posts: int = 0
    acknowledged: int = 0
    failed: int = 0


class Deliveries:
    def __init__(self, ground: Ground, client: aiohttp.ClientSession) -> None:
        self._ground = ground
        self._client = client
        self.settings = DeliverySettings()
        self.counters = Counters()
        self._leaving: dict[int, dict[int, Update]] = {}

    def reset(self) -> None:
        self.settings = DeliverySettings()
        self.counters = Counters()
        self._leaving.clear()

    def pending(self, bots: Iterable[Bot]) -> int:
        return sum(len(bot.updates) for bot in bots if bot.webhook is not None)

    def wake(self, bot: Bot) -> None:
        """Sends what may leave now."""
        webhook, leaving = bot.webhook, self._leaving.setdefault(bot.id, {})
        if webhook is None:
            return
        busy = {update.line for update in leaving.values()} if self.settings.keeps_order else set()
        for update in bot.updates.waiting():
            if len(leaving) >= webhook.max_connections:
                return
            if update.id in leaving or update.line in busy:
                continue
            leaving[update.id] = update
            if self.settings.keeps_order:
                busy.add(update.line)
            self._ground.background.start(self._deliver(bot, webhook, update))

    async def _deliver(self, bot: Bot, webhook: Webhook, update: Update) -> None:
        self.counters.posts += 1
        trouble = await self._post(webhook, update)
        if bot.webhook is not webhook:
            self._leaving.get(bot.id, {}).pop(update.id, None)
            self.wake(bot)
            return
        if trouble is None:
            self.counters.acknowledged += 1
            self._leaving.get(bot.id, {}).pop(update.id, None)
            bot.updates.confirm(update.id)
            self.wake(bot)
            return
        self.counters.failed += 1
        bot.last_error, bot.last_error_at = trouble, int(self._ground.clock.seconds())
        delay = min(self.settings.longest_retry, self.settings.first_retry * 2 ** min(update.failures, 32))
        update.failures += 1
        self._ground.agenda.later(delay, lambda: self._retry(bot, update))

    def _retry(self, bot: Bot, update: Update) -> None:
        self._leaving.get(bot.id, {}).pop(update.id, None)
        self.wake(bot)

    async def _post(self, webhook: Webhook, update: Update) -> str | None:
        """None: taken. Else what `getWebhookInfo` tells."""
        headers = _HEADERS | ({SECRET_HEADER: webhook.secret} if webhook.secret else {})
        limit = aiohttp.ClientTimeout(total=self.settings.timeout)
        call = self._client.post(
            webhook.url, data=to_json(update.wire()), headers=headers, timeout=limit, allow_redirects=False
        )
        try:
            async with call as answer:
                await answer.content.read(_MOST_ANSWER)  # an unread answer would cost its connection
                return None if answer.status in _GOOD else _complaint(answer.status)
        except TimeoutError:
            return "Read timeout expired"
        except aiohttp.ClientConnectorError:
            return "Connection refused"
        except (aiohttp.ClientError, OSError):
            return "Connection closed"


def _complaint(status: int) -> str:
    try:
        return f"Wrong response from the webhook: {status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"Wrong response from the webhook: {status}"
