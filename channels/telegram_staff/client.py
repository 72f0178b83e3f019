"""One bot at Telegram, over python-telegram-bot: its updates, its files, and its failures told apart."""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from telegram import Bot
from telegram.request import HTTPXRequest

from channels.telegram_staff.failures import Failed, Kind, told_apart
from channels.telegram_staff.updates import WANTED

POLL_SECONDS: Final = 25
MOST_UPDATES: Final = 100
LARGEST_DOWNLOAD: Final = 20 * 1024 * 1024
_ANSWER_SECONDS: Final = 15.0
_FILE_SECONDS: Final = 60.0  # in which nothing comes
_WHOLE_FILE_SECONDS: Final = 300.0
_CONNECT_SECONDS: Final = 5.0
_AT_ONCE: Final = 16  # files and calls that are slow leave lines for those that are not
_SPARE_SECONDS: Final = 10.0  # beyond those that Telegram was asked to wait


@dataclass(frozen=True, kw_only=True, slots=True)
class Api:
    """Where Telegram is: a host, as `https://api.telegram.org`."""

    base: str


class Client:
    def __init__(self, bot: Bot, polls: HTTPXRequest) -> None:
        self.bot = bot
        self._polls = polls

    async def updates(self, after: int, *, seconds: int = POLL_SECONDS) -> list[Mapping[str, Any]]:
        """As they come, unread: one that the library could not read must not hold up those behind it."""
        asked = {
            "offset": after,
            "timeout": seconds,
            "limit": MOST_UPDATES,
            "allowed_updates": json.dumps(WANTED),
        }
        url = f"{self.bot.base_url}/getUpdates?{urlencode(asked)}"
        with told_apart():
            found: Any = await self._polls.post(url, read_timeout=seconds + _SPARE_SECONDS)
        if not isinstance(found, list):
            raise Failed(Kind.UNKNOWN)
        return [one for one in found if isinstance(one, dict)]

    async def download(self, file_id: str, *, seconds: float = _WHOLE_FILE_SECONDS) -> bytes:
        """One that drips in for longer would keep from those behind it whoever fetches it."""
        try:
            with told_apart():
                async with asyncio.timeout(seconds):
                    return await self._downloaded(file_id)
        except TimeoutError:
            raise Failed(Kind.UNKNOWN) from None

    async def _downloaded(self, file_id: str) -> bytes:
        file = await self.bot.get_file(file_id, read_timeout=_ANSWER_SECONDS)
        if (file.file_size or 0) > LARGEST_DOWNLOAD:
            raise Failed(Kind.TOO_LARGE)
        return bytes(await file.download_as_bytearray(read_timeout=_FILE_SECONDS))

    async def answer(self, query: str, text: str, *, is_alert: bool) -> None:
        """To whoever pressed; that they no longer wait is no trouble."""
        try:
            with told_apart():
                await self.bot.answer_callback_query(query, text=text or None, show_alert=is_alert)
        except Failed as failed:
            if failed.kind is not Kind.TOO_LATE:
                raise

    async def leave(self, chat: int) -> None:
        with told_apart():
            await self.bot.leave_chat(chat)


@asynccontextmanager
async def open_client(token: str, api: Api) -> AsyncIterator[Client]:
    """Nothing is asked yet: whether the token is good is found out by `setup.look`."""
    os.environ["PTB_TIMEDELTA"] = "true"  # else the library warns with each flood wait
    calls = HTTPXRequest(
        connection_pool_size=_AT_ONCE,
        read_timeout=_ANSWER_SECONDS,
        write_timeout=_ANSWER_SECONDS,
        connect_timeout=_CONNECT_SECONDS,
        pool_timeout=_ANSWER_SECONDS,
        media_write_timeout=_FILE_SECONDS,
    )
    polls = HTTPXRequest(connection_pool_size=1, connect_timeout=_CONNECT_SECONDS, pool_timeout=_ANSWER_SECONDS)
    bot = Bot(
        token,
        base_url=f"{api.base}/bot",
        base_file_url=f"{api.base}/file/bot",
        request=calls,
        get_updates_request=polls,
    )
    try:
        yield Client(bot, polls)
    finally:
        await asyncio.gather(calls.shutdown(), polls.shutdown())
