"""The staff group at the simulated Telegram, as one of its people sees it and writes in it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx

from admin_api.chatting.provider import LONGEST_WAIT, ask

GENERAL: Final = 1
_ROOT: Final = "/telegram"
_PAGE: Final = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Room:
    """A chat: the group, or somebody's private one with the bot."""

    provider: httpx.AsyncClient
    chat: int
    bot: int

    @property
    def _where(self) -> dict[str, int]:
        return {"chat_id": self.chat, "bot_id": self.bot}

    async def changed(self, after: int, *, seconds: int = LONGEST_WAIT) -> list[dict[str, Any]]:
        """What is new or different since that version, each as it is now; as soon as there is something."""
        wanted = {"after": after, "wait": seconds, "limit": _PAGE, "bot_id": self.bot}
        page = await ask(self.provider, "GET", f"{_ROOT}/chats/{self.chat}/messages", wanted=wanted)
        found: list[dict[str, Any]] = page["items"]
        return found

    async def write(
        self, who: int, content: Mapping[str, Any], *, thread: int | None = None, reply_to: int | None = None
    ) -> int:
        """`content` as people send it: words, or a file that says so by itself."""
        manner = {"thread_id": thread, "reply_to": reply_to}
        told = {**self._where, "user_id": who, "content": dict(content), "manner": manner}
        return int((await ask(self.provider, "POST", f"{_ROOT}/messages", told=told))["message_id"])

    async def edit(self, who: int, message: int, words: str) -> None:
        told = {**self._where, "user_id": who, "message_id": message, "text": words}
        await ask(self.provider, "PATCH", f"{_ROOT}/messages", told=told)

    async def react(self, who: int, message: int, emojis: tuple[str, ...]) -> None:
        told = {**self._where, "user_id": who, "message_id": message, "emojis": emojis}
        await ask(self.provider, "POST", f"{_ROOT}/reactions", told=told)

    async def press(self, who: int, message: int, label: str) -> str:
        """By what stands on the button; the press has a name of its own, to ask what was answered to it."""
        told = {**self._where, "user_id": who, "message_id": message, "label": label}
        return str((await ask(self.provider, "POST", f"{_ROOT}/presses", told=told))["callback_query_id"])

    async def answered(self, press: str, *, seconds: int = LONGEST_WAIT) -> str | None:
        """What the bot showed to whoever pressed; empty where it only took note. None: nothing yet."""
        told = await ask(self.provider, "GET", f"{_ROOT}/presses/{press}", wanted={"wait": seconds})
        return str(told["text"] or "") if told["is_answered"] else None

    async def pending(self) -> int:
        """What was done here and the bot has not fetched yet."""
        told = await ask(self.provider, "GET", f"{_ROOT}/counters")
        return int(told["updates"].get(str(self.bot), {}).get("pending", 0))

    async def file(self, file_id: str) -> dict[str, Any]:
        return await ask(self.provider, "GET", f"{_ROOT}/files/{file_id}")


def text(words: str) -> dict[str, str]:
    return {"type": "text", "text": words}


def voice(words: str) -> dict[str, str]:
    return {"type": "voice", "words": words}


def photo(words: str) -> dict[str, str]:
    return {"type": "photo", "words": words}
