"""Which bot hears what: privacy, rights, and the kinds of updates that it asked for."""

from collections.abc import Iterator
from typing import Final

from sandbox.clock import VirtualClock
from sandbox.faults import Faults, Occasion
from sandbox.telegram.bots import Bot, Bots
from sandbox.telegram.chats import Chat, Kind, Message
from sandbox.telegram.deliveries import Deliveries
from sandbox.telegram.entities import part
from sandbox.telegram.faults import UPDATES
from sandbox.telegram.members import Member
from sandbox.telegram.people import ANONYMOUS, User
from sandbox.telegram.wire import Json

_OWN_NEWS: Final = frozenset(
    {"forum_topic_created", "forum_topic_edited", "forum_topic_closed", "forum_topic_reopened", "pinned_message"}
    | {"general_forum_topic_hidden", "general_forum_topic_unhidden", "left_chat_member", "new_chat_title"}
)


class Hearing:
    def __init__(self, bots: Bots, deliveries: Deliveries, faults: Faults, clock: VirtualClock) -> None:
        self._bots = bots
        self._deliveries = deliveries
        self._faults = faults
        self._clock = clock

    def told(self, chat: Chat, message: Message) -> None:
        for bot in self.bots_in(chat):
            if self._hears(bot, chat, message):
                self.tell(bot, "message", chat.told(message), line=chat.id)

    def edited(self, chat: Chat, message: Message) -> None:
        for bot in self.bots_in(chat):
            if self._hears(bot, chat, message):
                self.tell(bot, "edited_message", chat.told(message), line=chat.id)

    def pressed(self, bot: Bot, query: Json, *, line: int) -> None:
        self.tell(bot, "callback_query", query, line=line)

    def reacted(self, chat: Chat, message: Message, user: User, *, old: list[Json], is_anonymous: bool = False) -> None:
        actor = {"actor_chat": chat.wire()} if is_anonymous else {"user": user.wire()}
        told = {"chat": chat.wire(), "message_id": message.id, **actor, "date": int(self._clock.seconds())}
        told |= {"old_reaction": old, "new_reaction": message.reactions.get(user.id, [])}
        for bot in self.bots_in(chat):
            if bot.id != user.id and (chat.kind is Kind.PRIVATE or chat.member(bot.user).is_administrator):
                self.tell(bot, "message_reaction", told, line=chat.id)

    def moved(self, chat: Chat, by: User, *, old: Member, new: Member) -> None:
        """Somebody became something else. A bot hears of itself, and as an administrator of others."""
        told: Json = {"chat": chat.wire(), "from": by.wire(), "date": int(self._clock.seconds())}
        told |= {"old_chat_member": old.wire(is_supergroup=chat.is_supergroup)}
        told |= {"new_chat_member": new.wire(is_supergroup=chat.is_supergroup)}
        if (bot := self._bots.find(new.user.id)) is not None:
            self.tell(bot, "my_chat_member", told, line=chat.id)
        for other in self.bots_in(chat):
            if other.id != new.user.id and chat.member(other.user).is_administrator:
                self.tell(other, "chat_member", told, line=chat.id)

    def tell(self, bot: Bot, kind: str, value: Json, *, line: int) -> None:
        if not bot.updates.wants(kind):
            return
        way = "getUpdates" if bot.webhook is None else "webhook"
        copies = self._faults.copies(Occasion(path=f"{UPDATES}{way}", phone_id=str(bot.id)))
        if copies:
            bot.updates.push(kind, value, line=line, copies=copies)
            self._deliveries.wake(bot)

    def bots_in(self, chat: Chat) -> Iterator[Bot]:
        if chat.kind is Kind.PRIVATE:
            owner = self._bots.find(chat.owner_id)
            yield from () if owner is None else (owner,)
            return
        for member in list(chat.members.values()):
            if member.is_here and (bot := self._bots.find(member.user.id)) is not None:
                yield bot

    def _hears(self, bot: Bot, chat: Chat, message: Message) -> bool:
        if message.sender.is_bot and message.sender.id != ANONYMOUS.id:
            return message.is_service and (message.sender.id != bot.id or bool(_OWN_NEWS & message.content.keys()))
        if chat.kind is Kind.PRIVATE or message.is_service or not bot.has_privacy:
            return True
        return chat.member(bot.user).is_administrator or _concerns(bot, message)


def _concerns(bot: Bot, message: Message) -> bool:
    """What a bot with privacy hears: commands, its name, answers to it."""
    if message.reply_to is not None and message.reply_to.sender.id == bot.id:
        return True
    if message.via is not None and message.via.id == bot.id:
        return True
    mine = f"@{bot.user.username}".lower()
    for entity in message.entities:
        words = part(message.text, entity["offset"], entity["length"]).lower()
        if entity["type"] == "mention" and words == mine:
            return True
        if entity["type"] == "bot_command" and ("@" not in words or words.endswith(mine)):
            return True
    return False
