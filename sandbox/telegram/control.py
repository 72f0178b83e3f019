"""Telegram's part of the control plane: bots, people, what people write and press, and what came of it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from aiohttp import web

from sandbox.paging import patience_of
from sandbox.panel import Refusal, answer, not_there, read, variant
from sandbox.strict import strict
from sandbox.telegram.acts import PLAIN, Manner
from sandbox.telegram.bots import Account, Bot
from sandbox.telegram.chats import Chat
from sandbox.telegram.command_methods import menu_of
from sandbox.telegram.contents import CONTENTS, Content
from sandbox.telegram.control_reading import ReadingControl
from sandbox.telegram.control_rooms import RoomControl
from sandbox.telegram.finding import Finding, possible
from sandbox.telegram.people import User
from sandbox.telegram.provider import Telegram

_BY_TYPE: Final[Mapping[str, type[Content]]] = {kind.type: kind for kind in CONTENTS}


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class BotChange:
    """A revoked token opens nothing any more. What is None stays as it is."""

    is_revoked: bool | None = None
    has_privacy: bool | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Written:
    """In a private chat `chat_id` is the person's own, and `bot_id` says with whom."""

    chat_id: int
    user_id: int
    content: dict[str, Any]
    bot_id: int | None = None
    manner: Manner = PLAIN


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Album:
    chat_id: int
    user_id: int
    items: tuple[dict[str, Any], ...]
    bot_id: int | None = None
    manner: Manner = PLAIN


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Edited:
    chat_id: int
    user_id: int
    message_id: int
    text: str
    bot_id: int | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Forwarded:
    chat_id: int
    user_id: int
    from_chat_id: int
    message_id: int
    bot_id: int | None = None
    manner: Manner = PLAIN


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Pressed:
    """The button with this `label`, or any `data`."""

    chat_id: int
    user_id: int
    message_id: int
    label: str | None = None
    data: str | None = None
    bot_id: int | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Reacted:
    """`emojis` are all that the person has on it from now on."""

    chat_id: int
    user_id: int
    message_id: int
    emojis: tuple[str, ...] = ()
    bot_id: int | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Deleted:
    chat_id: int
    message_ids: tuple[int, ...]
    bot_id: int | None = None


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Started:
    bot_id: int
    user_id: int
    payload: str = ""


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Blocked:
    bot_id: int
    user_id: int
    is_blocked: bool = True


class TelegramControl:
    def __init__(self, telegram: Telegram) -> None:
        self._telegram = telegram
        self._find = Finding(telegram.office)

    def add_to(self, router: web.UrlDispatcher, prefix: str) -> None:
        router.add_get(f"{prefix}/bots", self._bots)
        router.add_post(f"{prefix}/bots", self._add_bot)
        router.add_patch(f"{prefix}/bots/{{bot_id}}", self._change_bot)
        router.add_delete(f"{prefix}/bots/{{bot_id}}", self._remove_bot)
        router.add_get(f"{prefix}/bots/{{bot_id}}/menu", self._menu)
        router.add_get(f"{prefix}/users", self._users)
        router.add_post(f"{prefix}/users", self._add_user)
        router.add_post(f"{prefix}/messages", self._write)
        router.add_patch(f"{prefix}/messages", self._edit)
        router.add_delete(f"{prefix}/messages", self._delete)
        router.add_post(f"{prefix}/albums", self._album)
        router.add_post(f"{prefix}/forwards", self._forward)
        router.add_post(f"{prefix}/presses", self._press)
        router.add_get(f"{prefix}/presses/{{press_id}}", self._pressed)
        router.add_post(f"{prefix}/reactions", self._react)
        router.add_post(f"{prefix}/starts", self._start)
        router.add_post(f"{prefix}/blocks", self._block)
        RoomControl(self._telegram, self._find).add_to(router, prefix)
        ReadingControl(self._telegram, self._find).add_to(router, prefix)

    async def _bots(self, _request: web.Request) -> web.Response:
        return answer({"bots": [_bot(bot) for bot in self._telegram.bots]})

    async def _add_bot(self, request: web.Request) -> web.Response:
        account = await read(request, Account)
        try:
            return answer(_bot(self._telegram.connect(account)), status=201)
        except ValueError as error:
            raise Refusal(422, f"Bot inválido: {error}.", f"Invalid bot: {error}.") from error

    async def _change_bot(self, request: web.Request) -> web.Response:
        bot, change = self._find.bot(request), await read(request, BotChange)
        bot.is_revoked = bot.is_revoked if change.is_revoked is None else change.is_revoked
        bot.has_privacy = bot.has_privacy if change.has_privacy is None else change.has_privacy
        return answer(_bot(bot))

    async def _remove_bot(self, request: web.Request) -> web.Response:
        bot = self._find.bot(request)
        self._telegram.bots.remove(bot.id)
        return answer(_bot(bot))

    async def _menu(self, request: web.Request) -> web.Response:
        """What a person is shown when he types a slash: `chat_id`, `user_id`, `language`."""
        bot = self._find.bot(request)
        chat = self._find.chat(self._find.number(request, "chat_id"), bot_id=bot.id)
        user_id = self._find.number(request, "user_id")
        return answer({"commands": menu_of(bot, chat, user_id, language=request.query.get("language", ""))})

    async def _users(self, _request: web.Request) -> web.Response:
        return answer({"users": [user.wire() for user in self._telegram.people]})

    async def _add_user(self, request: web.Request) -> web.Response:
        user = await read(request, User)
        if user.id <= 0 or user.is_bot:
            raise Refusal(
                422, "Uma pessoa tem um id positivo e não é bot.", "A person has a positive id, and is no bot."
            )
        return answer(self._telegram.people.add(user).wire(), status=201)

    async def _write(self, request: web.Request) -> web.Response:
        told = await read(request, Written)
        chat, user, content = self._chat(told), self._find.user(told.user_id), _content(told.content)
        with possible():
            return answer({"message_id": self._telegram.acts.write(chat, user, content, told.manner).id}, status=201)

    async def _album(self, request: web.Request) -> web.Response:
        told = await read(request, Album)
        chat, user, items = self._chat(told), self._find.user(told.user_id), [_content(each) for each in told.items]
        with possible():
            messages = self._telegram.acts.send_album(chat, user, items, told.manner)
        return answer({"message_ids": [message.id for message in messages]}, status=201)

    async def _edit(self, request: web.Request) -> web.Response:
        told = await read(request, Edited)
        chat, user = self._chat(told), self._find.user(told.user_id)
        with possible():
            self._telegram.acts.edit(chat, user, told.message_id, told.text)
        return answer({"message_id": told.message_id})

    async def _delete(self, request: web.Request) -> web.Response:
        told = await read(request, Deleted)
        with possible():
            self._telegram.acts.delete(self._chat(told), told.message_ids)
        return answer({"message_ids": list(told.message_ids)})

    async def _forward(self, request: web.Request) -> web.Response:
        told = await read(request, Forwarded)
        home = self._find.chat(told.from_chat_id, bot_id=told.bot_id)
        if (source := home.find(told.message_id)) is None:
            raise not_there("message_id")
        chat, user = self._chat(told), self._find.user(told.user_id)
        with possible():
            message = self._telegram.acts.forward(source, home, chat, user, told.manner)
        return answer({"message_id": message.id}, status=201)

    async def _press(self, request: web.Request) -> web.Response:
        told = await read(request, Pressed)
        if (told.label is None) is (told.data is None):
            raise Refusal(422, "Diga label ou data, um dos dois.", "Name a label or data, one of them.")
        chat, user = self._chat(told), self._find.user(told.user_id)
        with possible():
            press = self._telegram.acts.press(chat, user, told.message_id, label=told.label, data=told.data)
        return answer({"callback_query_id": press.id}, status=201)

    async def _pressed(self, request: web.Request) -> web.Response:
        """With `wait` it answers as soon as the bot did, or after that many seconds."""
        press = await self._telegram.answered(request.match_info["press_id"], seconds=patience_of(request))
        if press is None:
            raise not_there("callback_query_id")
        names = ("id", "bot_id", "user_id", "is_answered", "text", "is_alert", "url")
        return answer({name: getattr(press, name) for name in names})

    async def _react(self, request: web.Request) -> web.Response:
        told = await read(request, Reacted)
        chat, user = self._chat(told), self._find.user(told.user_id)
        with possible():
            message = self._telegram.acts.react(chat, user, told.message_id, told.emojis)
        return answer({"message_id": message.id})

    async def _start(self, request: web.Request) -> web.Response:
        told = await read(request, Started)
        bot, user = self._find.bot_of(told.bot_id), self._find.user(told.user_id)
        return answer({"message_id": self._telegram.acts.start(bot, user, told.payload).id}, status=201)

    async def _block(self, request: web.Request) -> web.Response:
        told = await read(request, Blocked)
        self._telegram.acts.block(
            self._find.bot_of(told.bot_id), self._find.user(told.user_id), is_blocked=told.is_blocked
        )
        return answer(asdict(told))

    def _chat(self, told: Any) -> Chat:
        return self._find.chat(told.chat_id, bot_id=told.bot_id)


def _content(told: Mapping[str, Any]) -> Content:
    return variant(_BY_TYPE, told, key="type")


def _bot(bot: Bot) -> dict[str, Any]:
    """Without its secrets."""
    return {
        **bot.wire(),
        "is_revoked": bot.is_revoked,
        "webhook_url": "" if bot.webhook is None else bot.webhook.url,
        "pending_updates": len(bot.updates),
        "confirmed_updates": bot.updates.confirmed,
    }
