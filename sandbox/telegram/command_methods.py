"""The lists of commands that people see, by scope and language, and the answers to buttons."""

import re
from collections.abc import Iterator
from typing import Any, Final

from sandbox.telegram.access import opened
from sandbox.telegram.asking import Ask, Deed, Method, Reach, Table, table
from sandbox.telegram.book import Act, Done
from sandbox.telegram.bots import Bot
from sandbox.telegram.chats import Chat, Kind
from sandbox.telegram.entities import length
from sandbox.telegram.errors import bad_request
from sandbox.telegram.office import Office
from sandbox.telegram.parameters import Parameters, whole
from sandbox.telegram.wire import Json

MOST_COMMANDS: Final = 100
LONGEST_ANSWER: Final = 200
_LONGEST_DESCRIPTION: Final = 256
_COMMAND: Final = re.compile(r"/?([a-z0-9_]{1,32})")
_LANGUAGE: Final = re.compile(r"[a-z]{2}|")
_OF_ALL: Final = ("default", "all_private_chats", "all_group_chats", "all_chat_administrators")
_OF_ONE: Final = ("chat", "chat_administrators", "chat_member")


class CommandMethods:
    def __init__(self, office: Office) -> None:
        self._office = office

    def table(self) -> Table:
        return table(
            Method("setMyCommands", Reach.CHANGE, self._set),
            Method("getMyCommands", Reach.READ, self._get),
            Method("deleteMyCommands", Reach.CHANGE, self._delete),
            Method("answerCallbackQuery", Reach.CHANGE, self._answer),
        )

    def _set(self, ask: Ask) -> Deed:
        commands, key = _commands(ask.told), self._key(ask)

        def keep() -> bool:
            ask.bot.commands[key] = commands
            return self._record(ask, key, commands)

        return keep

    def _get(self, ask: Ask) -> Deed:
        key = self._key(ask)
        return lambda: ask.bot.commands.get(key, [])

    def _delete(self, ask: Ask) -> Deed:
        key = self._key(ask)

        def forget() -> bool:
            ask.bot.commands.pop(key, None)
            return self._record(ask, key, [])

        return forget

    def _key(self, ask: Ask) -> tuple[str, str]:
        language = ask.told.text("language_code")
        if not _LANGUAGE.fullmatch(language):
            raise bad_request("invalid language code specified")
        return self._scope(ask), language

    def _scope(self, ask: Ask) -> str:
        told = ask.told.json("scope", "BotCommandScope")
        if told is None:
            return "default"
        if not isinstance(told, dict):
            raise _scope_refused("BotCommandScope must be an Object")
        kind = told.get("type")
        if kind in _OF_ALL:
            return str(kind)
        if kind not in _OF_ONE:
            raise _scope_refused("Unsupported type specified")
        chat_id = str(told.get("chat_id", ""))
        if not chat_id:
            raise _scope_refused("Empty chat_id specified")
        inner = Ask(bot=ask.bot, method=ask.method, told=Parameters(values={"chat_id": chat_id}), call=ask.call)
        chat = opened(self._office, inner)
        if kind != "chat_member":
            return f"{kind}:{chat.id}"
        if (user_id := whole(str(told.get("user_id", "")))) <= 0:
            raise _scope_refused("Invalid user_id specified")
        return f"{kind}:{chat.id}:{user_id}"

    def _record(self, ask: Ask, key: tuple[str, str], commands: list[Json]) -> bool:
        details = {"scope": key[0], "language_code": key[1], "commands": commands}
        self._office.book.accept(ask.call, Done(act=Act.COMMANDS, details=details))
        return True

    def _answer(self, ask: Ask) -> Deed:
        text = ask.told.text("text")
        if length(text) > LONGEST_ANSWER:
            raise bad_request("MESSAGE_TOO_LONG")
        press = self._office.presses.open(ask.told.text("callback_query_id"), bot_id=ask.bot.id)

        def answer() -> bool:
            press.text, press.is_alert, press.url = text, ask.told.flag("show_alert"), ask.told.text("url")
            press.is_answered = True
            press.answered.set()
            details = {"callback_query_id": press.id, "user_id": press.user_id, "show_alert": press.is_alert}
            self._office.book.accept(ask.call, Done(act=Act.CALLBACK_ANSWER, text=text, details=details))
            return True

        return answer


def menu_of(bot: Bot, chat: Chat, user_id: int, *, language: str) -> list[Json]:
    """What this person is shown here: the first scope that has a list, in his language before any."""
    for scope in _scopes(chat, user_id):
        for spoken in (language, ""):
            if commands := bot.commands.get((scope, spoken)):
                return commands
    return []


def _scopes(chat: Chat, user_id: int) -> Iterator[str]:
    member = chat.members.get(user_id)
    if chat.kind is Kind.PRIVATE:
        yield from (f"chat:{chat.id}", "all_private_chats", "default")
        return
    yield f"chat_member:{chat.id}:{user_id}"
    if member is not None and member.is_administrator:
        yield f"chat_administrators:{chat.id}"
    yield f"chat:{chat.id}"
    if member is not None and member.is_administrator:
        yield "all_chat_administrators"
    yield from ("all_group_chats", "default")


def _commands(told: Parameters) -> list[Json]:
    listed = told.json("commands", "commands")
    if listed is None:
        return []
    if not isinstance(listed, list):
        raise bad_request("expected an Array of BotCommand")
    if len(listed) > MOST_COMMANDS:
        raise bad_request("BOT_COMMANDS_TOO_MUCH")
    return [_command(each) for each in listed]


def _command(told: Any) -> Json:
    if not isinstance(told, dict):
        raise bad_request("can't parse BotCommand: expected an Object")
    for name in ("command", "description"):
        if not isinstance(told.get(name), str):
            raise bad_request(f"can't parse BotCommand: Can't find field \"{name}\"")
    found = _COMMAND.fullmatch(told["command"])
    if found is None:
        raise bad_request("BOT_COMMAND_INVALID")
    if not 0 < length(told["description"].strip()) <= _LONGEST_DESCRIPTION:
        raise bad_request("BOT_COMMAND_DESCRIPTION_INVALID")
    return {"command": found.group(1), "description": told["description"].strip()}


def _scope_refused(reason: str) -> Exception:
    return bad_request(f"can't parse BotCommandScope: {reason}")
