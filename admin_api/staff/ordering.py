"""Which updates wait for which: those of one place keep their order, and wait for no other place. Pure."""

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from admin_api.staff.binding import START, WORDS
from channels.telegram_staff.updates import (
    Edited,
    Migrated,
    OurStanding,
    Person,
    Pressed,
    Reacted,
    Renamed,
    Room,
    Said,
    Told,
    TopicChanged,
)


class _Of(StrEnum):
    ROOM = "room"  # a topic, the General, a private chat
    LINE = "line"  # a reaction tells the message it is on, and not the topic
    CHAT = "chat"  # whose group it is
    PERSON = "person"  # who they are


_Key = tuple[_Of, int, int]
_GENERAL: Final = 0  # no topic has this number


@dataclass(frozen=True, kw_only=True, slots=True)
class Order:
    """It begins when no earlier one holds what it waits for."""

    waits_for: frozenset[_Key] = frozenset()
    holds: frozenset[_Key] = frozenset()
    is_slow: bool = False  # a file is fetched for it, or a model asked, as far as it shows


NONE: Final = Order()


def order_of(told: Told) -> Order:
    match told:
        case Said() | Edited(said=Said()):
            return _of_line(told.said if isinstance(told, Edited) else told)
        case Reacted(room=room, sender=sender, message_id=message_id):
            line = frozenset({(_Of.LINE, room.id, message_id)})
            return Order(waits_for=line | _settled(room, sender), holds=line)
        case Migrated(room=room, to=to):
            order = _in_room(room, None)
            return replace(order, holds=order.holds | {(_Of.CHAT, room.id, 0), (_Of.CHAT, to, 0)})
        case (
            Pressed(room=Room() as room, sender=by) | TopicChanged(room=room, sender=by) | OurStanding(room=room, by=by)
        ):
            return _in_room(room, by)
        case Renamed(room=room):
            return _in_room(room, None)
        case _:
            return NONE


def _of_line(said: Said) -> Order:
    order = _in_room(said.room, said.sender)
    holds = order.holds | {(_Of.LINE, said.room.id, said.message_id)}
    if _is_code(said):  # before it counts, nothing that is said behind it would
        holds |= _settled(said.room, said.sender)
    return replace(order, holds=holds, is_slow=_is_slow(said))


def _in_room(room: Room, sender: Person | None) -> Order:
    own = (_Of.ROOM, room.id, room.topic or _GENERAL)
    return Order(waits_for=frozenset({own, *_settled(room, sender)}), holds=frozenset({own}))


def _settled(room: Room, sender: Person | None) -> frozenset[_Key]:
    """What it has to be known for anything to be done: where, and who."""
    chat = (_Of.CHAT, room.id, 0)
    return frozenset({chat} if sender is None else {chat, (_Of.PERSON, sender.id, 0)})


def _is_code(said: Said) -> bool:
    return said.typed is not None and said.typed.word.casefold() in {*WORDS, START}


def _is_slow(said: Said) -> bool:
    """Plain words outside of a customer's topic may be for the bot; in one they are where they name it."""
    is_plain = said.typed is None and (said.room.topic is None or bool(said.mentions))
    return said.file is not None or is_plain
