"""How a bot hears: by asking again and again, or at a webhook, never both and never two of one."""

import asyncio
import re
from collections.abc import Awaitable
from typing import Any, Final
from urllib.parse import urlsplit

from sandbox.panel import is_loopback
from sandbox.telegram.asking import Ask, Deed, Method, Reach, Table, table
from sandbox.telegram.book import Act, Done
from sandbox.telegram.bots import MOST_CONNECTIONS, Bot, Webhook
from sandbox.telegram.errors import BotApiError, bad_request, conflict
from sandbox.telegram.office import Office
from sandbox.telegram.wire import Json

LONGEST_POLL: Final = 50
MOST_UPDATES: Final = 100
_PAUSE: Final = 3.0  # between two refusals of rivals, so that they do not chase each other in circles
_LONGEST_SECRET: Final = 256
_SECRET: Final = re.compile(r"[A-Za-z0-9_-]*")
_ORDINARY_CONNECTIONS: Final = 40
_RIVAL: Final = "terminated by other getUpdates request; make sure that only one bot instance is running"
_HOOKED: Final = "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"


class Receiving:
    def __init__(self, office: Office) -> None:
        self._office = office
        self._polls: dict[int, asyncio.Future[str]] = {}  # why each must end before its time
        self._refused_at: dict[int, float] = {}

    def table(self) -> Table:
        return table(
            Method("getUpdates", Reach.UPDATES, self._poll),
            Method("setWebhook", Reach.CHANGE, self._set),
            Method("deleteWebhook", Reach.CHANGE, self._delete),
            Method("getWebhookInfo", Reach.READ, lambda ask: lambda: _info(ask.bot)),
        )

    @property
    def waiting(self) -> int:
        return len(self._polls)

    def reset(self) -> None:
        self.end_polls()
        self._refused_at.clear()

    def end_polls(self) -> None:
        """They answer with nothing, as when their time is over."""
        for waiting in self._polls.values():
            if not waiting.done():
                waiting.set_result("")
        self._polls.clear()

    def _poll(self, ask: Ask) -> Deed:
        return lambda: self._polled(ask)

    async def _polled(self, ask: Ask) -> list[Json]:
        bot, told = ask.bot, ask.told
        if bot.webhook is not None:
            raise await self._refusal(bot, _HOOKED)
        bot.updates.allow(told.values.get("allowed_updates"))
        offset, limit = told.whole("offset"), min(MOST_UPDATES, max(1, told.whole("limit", MOST_UPDATES)))
        seconds = min(LONGEST_POLL, max(0, told.whole("timeout")))
        page = bot.updates.page(offset, limit)
        if not page and seconds:
            await self._wait(bot, seconds)
            page = bot.updates.page(max(0, offset), limit)
        return [update.wire() for update in page]

    async def _wait(self, bot: Bot, seconds: float) -> None:
        """Until there is news, the time is over, or somebody else asks."""
        self._end_poll(bot, _RIVAL)
        ended: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._polls[bot.id] = ended
        both: set[asyncio.Future[Any]] = {ended, bot.updates.news()}
        try:
            await asyncio.wait(both, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._polls.get(bot.id) is ended:
                del self._polls[bot.id]
        if ended.done() and (why := ended.result()):
            raise await self._refusal(bot, why)

    def _end_poll(self, bot: Bot, why: str) -> None:
        waiting = self._polls.pop(bot.id, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(why)

    async def _refusal(self, bot: Bot, why: str) -> BotApiError:
        """At once, but only every three seconds."""
        now = asyncio.get_running_loop().time()
        if now < self._refused_at.get(bot.id, float("-inf")) + _PAUSE:
            await asyncio.sleep(_PAUSE)
        else:
            self._refused_at[bot.id] = now
        return conflict(why)

    def _set(self, ask: Ask) -> Deed:
        told = ask.told
        if not told.text("url"):
            return self._delete(ask)
        webhook = Webhook(
            url=_checked_url(told.text("url")),
            secret=_checked_secret(told.text("secret_token")),
            max_connections=min(MOST_CONNECTIONS, max(1, told.whole("max_connections", _ORDINARY_CONNECTIONS))),
        )
        return lambda: self._changed(ask, webhook)

    def _delete(self, ask: Ask) -> Deed:
        return lambda: self._changed(ask, None)

    def _changed(self, ask: Ask, webhook: Webhook | None) -> "_Described":
        bot = ask.bot
        if ask.told.flag("drop_pending_updates"):
            bot.updates.drop()
        bot.updates.allow(ask.told.values.get("allowed_updates"))
        was_set = bot.webhook is not None
        if webhook is None:
            bot.webhook = None
            words = "Webhook was deleted" if was_set else "Webhook is already deleted"
        else:
            words = "Webhook is already set" if bot.webhook == webhook else "Webhook was set"
            bot.webhook = webhook if bot.webhook != webhook else bot.webhook
            bot.last_error, bot.last_error_at = "", 0
            self._end_poll(bot, "terminated by setWebhook request")
            self._office.deliveries.wake(bot)
        details = {"is_set": webhook is not None}
        self._office.book.accept(ask.call, Done(act=Act.WEBHOOK, details=details))
        return _Described(words)


class _Described:
    """True, and a sentence beside it."""

    def __init__(self, words: str) -> None:
        self.words = words


def described(result: Any) -> Json:
    """The answer of a method."""
    if isinstance(result, _Described):
        return {"ok": True, "result": True, "description": result.words}
    return {"ok": True, "result": result}


async def awaited(result: Any) -> Any:
    return await result if isinstance(result, Awaitable) else result


def _info(bot: Bot) -> Json:
    webhook = bot.webhook
    told: Json = {"url": "" if webhook is None else webhook.url, "has_custom_certificate": False}
    told["pending_update_count"] = len(bot.updates)
    if bot.last_error_at:
        told |= {"last_error_date": bot.last_error_at, "last_error_message": bot.last_error}
    if webhook is not None:
        told |= {"max_connections": webhook.max_connections, "ip_address": webhook.ip_address}
    if bot.updates.allowed is not None:
        told["allowed_updates"] = sorted(bot.updates.allowed)
    return told


def _checked_url(url: str) -> str:
    """Only this machine is called, and without TLS too; a sandbox has no certificate."""
    try:
        parts = urlsplit(url)
        is_address = bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        raise bad_request("invalid webhook URL specified") from None
    if not is_address or parts.scheme not in {"http", "https"}:
        raise bad_request("invalid webhook URL specified")
    if not is_loopback(parts.hostname or ""):
        if parts.scheme != "https":
            raise bad_request("bad webhook: An HTTPS URL must be provided for webhook")
        raise bad_request("bad webhook: Failed to resolve host: Name or service not known")
    return url


def _checked_secret(secret: str) -> str:
    if len(secret) > _LONGEST_SECRET:
        raise bad_request("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad_request("secret token contains unallowed characters")
    return secret
