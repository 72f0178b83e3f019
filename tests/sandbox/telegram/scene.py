"""A staff group in Telegram: a bot that administers it, two of the staff, a stranger, and a client without manners."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import httpx

from sandbox.telegram.acts import PLAIN, Manner
from sandbox.telegram.book import Accepted, Act, Wanted
from sandbox.telegram.bots import Account, Bot
from sandbox.telegram.chats import Chat, Message
from sandbox.telegram.contents import Text
from sandbox.telegram.flood import FloodSettings
from sandbox.telegram.members import Member, Right, Status
from sandbox.telegram.people import User
from sandbox.telegram.provider import Telegram
from sandbox.telegram.rooms import become
from sandbox.world import Sandbox

TOKEN: Final = "7100000001:AAHsandboxsandboxsandboxsandboxsand"
OTHER_TOKEN: Final = "7100000002:AAHothersothersothersothersothersot"
BIA: Final = User(id=7_000_000_001, first_name="Bia", language_code="pt")
CAIO: Final = User(id=7_000_000_002, first_name="Caio", last_name="Melo", username="caio")
STRANGER: Final = User(id=7_000_000_003, first_name="Zé")
NO_FLOOD: Final = FloodSettings(overall_per_second=None, chat_burst=None, group_per_minute=None)


def account(**changes: Any) -> Account:
    values: dict[str, Any] = {"token": TOKEN, "username": "EquipeBot", "first_name": "Equipe"}
    return Account(**(values | changes))


@dataclass(frozen=True, kw_only=True)
class Scene:
    sandbox: Sandbox
    bot: Bot
    forum: Chat
    client: httpx.AsyncClient

    @property
    def telegram(self) -> Telegram:
        return self.sandbox.telegram

    async def ask(self, method: str, /, token: str = TOKEN, **told: Any) -> httpx.Response:
        """As a form, with nested values in JSON: how python-telegram-bot asks."""
        form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in told.items()}
        return await self.client.post(f"/bot{token}/{method}", data=form)

    async def ok(self, method: str, /, **told: Any) -> Any:
        answer = await self.ask(method, **told)
        assert answer.status_code == 200, answer.text
        assert answer.json()["ok"] is True
        return answer.json()["result"]

    async def refused(self, method: str, /, **told: Any) -> tuple[int, str]:
        answer = await self.ask(method, **told)
        body = answer.json()
        assert body["ok"] is False
        assert body["error_code"] == answer.status_code
        return answer.status_code, body["description"]

    async def send(self, text: str = "Oi", **told: Any) -> Any:
        return await self.ok("sendMessage", **{"chat_id": self.forum.id, "text": text, **told})

    async def open_topic(self, name: str = "Ana · 8765") -> int:
        topic = await self.ok("createForumTopic", chat_id=self.forum.id, name=name)
        thread_id: int = topic["message_thread_id"]
        return thread_id

    async def news(self, **told: Any) -> list[dict[str, Any]]:
        """Everything that waits, confirmed."""
        updates: list[dict[str, Any]] = await self.ok("getUpdates", **told)
        if updates:
            await self.ok("getUpdates", offset=updates[-1]["update_id"] + 1)
        return updates

    def says(self, text: str, *, by: User = BIA, chat: Chat | None = None, manner: Manner = PLAIN) -> Message:
        return self.telegram.acts.write(chat or self.forum, by, Text(text=text), manner)

    def let(self, user: User, status: Status, rights: Iterable[Right] = ()) -> None:
        member = Member(user=user, status=status, rights=frozenset(rights))
        become(self.telegram.office, self.forum, member, by=BIA)

    def done(self, act: Act | None = None) -> list[Accepted]:
        return list(self.telegram.book.find(Wanted(act=None if act is None else act.value)))
