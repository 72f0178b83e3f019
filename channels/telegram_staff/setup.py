"""What a bot is, what it may do in its group, and how updates reach it: asked of Telegram, and set there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from telegram import (
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeAllPrivateChats,
    BotCommandScopeDefault,
    ChatMemberAdministrator,
    ChatMemberOwner,
)

from channels.telegram_staff.client import Client
from channels.telegram_staff.failures import told_apart
from channels.telegram_staff.rights import RIGHTS
from channels.telegram_staff.updates import WANTED, Standing
from core.texts import Language

MOST_COMMANDS: Final = 100
_LONGEST_ABOUT: Final = 256
_SCOPES: Final = (BotCommandScopeDefault(), BotCommandScopeAllGroupChats(), BotCommandScopeAllPrivateChats())


@dataclass(frozen=True, kw_only=True, slots=True)
class Myself:
    id: int
    username: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """As Telegram sees it now; `rights` are the bot's, by their names there."""

    chat: int
    title: str
    is_forum: bool
    standing: Standing
    rights: Mapping[str, bool] = field(default_factory=dict)

    @property
    def lacks(self) -> tuple[str, ...]:
        return tuple(name for name in RIGHTS if not self.rights.get(name))


@dataclass(frozen=True, kw_only=True, slots=True)
class Hook:
    """How updates are brought to us. Without an address they are fetched."""

    url: str
    waiting: int
    last_error: str
    last_error_at: datetime | None


async def look(client: Client) -> Myself:
    with told_apart():
        me = await client.bot.get_me()
    return Myself(id=me.id, username=me.username or "")


async def look_at(client: Client, chat: int, me: int) -> Group:
    with told_apart():
        found = await client.bot.get_chat(chat)
        own = await client.bot.get_chat_member(chat, me)
    standing = Standing(own.status) if own.status in set(Standing) else Standing.LEFT
    if isinstance(own, ChatMemberOwner):
        rights = dict.fromkeys(RIGHTS, True)
    elif isinstance(own, ChatMemberAdministrator):
        rights = {name: bool(getattr(own, name, False)) for name in RIGHTS}
    else:
        rights = dict.fromkeys(RIGHTS, False)
    return Group(
        chat=found.id, title=found.title or "", is_forum=bool(found.is_forum), standing=standing, rights=rights
    )


async def set_menu(client: Client, commands: Mapping[Language, Sequence[tuple[str, str]]]) -> None:
    """Portuguese for everybody, English for those whose Telegram speaks it. A menu gives no right to anything."""
    for language, listed in commands.items():
        told = [BotCommand(name, about[:_LONGEST_ABOUT]) for name, about in listed[:MOST_COMMANDS]]
        code = None if language is Language.PT else language.value.partition("-")[0]
        for scope in _SCOPES:
            with told_apart():
                await client.bot.set_my_commands(told, scope=scope, language_code=code)


async def hook(client: Client) -> Hook:
    with told_apart():
        told = await client.bot.get_webhook_info()
    return Hook(
        url=told.url,
        waiting=told.pending_update_count,
        last_error=told.last_error_message or "",
        last_error_at=told.last_error_date,
    )


async def be_called(client: Client, url: str, secret: str) -> None:
    """One at a time, so that they come in order."""
    with told_apart():
        await client.bot.set_webhook(url, secret_token=secret, allowed_updates=list(WANTED), max_connections=1)


async def fetch_instead(client: Client) -> None:
    """What waits at Telegram stays there for us."""
    with told_apart():
        await client.bot.delete_webhook(drop_pending_updates=False)
