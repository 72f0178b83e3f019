"""The customers of a business: what they write reaches it as Meta would tell it, and opens the 24-hour window."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from sandbox.clock import VirtualClock
from sandbox.recent import Recent
from sandbox.strict import strict
from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.errors import reported
from sandbox.whatsapp.events import Events, contact
from sandbox.whatsapp.ids import Ids
from sandbox.whatsapp.inbound import (
    SYSTEM,
    Content,
    Context,
    LostInteractive,
    Media,
    NumberChanged,
    Referral,
    Simple,
    Text,
    UserIdChanged,
)
from sandbox.whatsapp.media import Shelf
from sandbox.whatsapp.people import People, Person

_MOST_KNOWN: Final = 200_000
_UNSUPPORTED: Final = 131051


@strict
@dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """What may go with any message. `age` seconds ago it was written, though it is told only now."""

    context: Context | None = None
    referral: Referral | None = None
    group_id: str | None = None
    age: float = 0.0


PLAIN: Final = Circumstances()


class Customers:
    def __init__(self, clock: VirtualClock, ids: Ids, *, people: People, shelf: Shelf, events: Events) -> None:
        self._clock = clock
        self._ids = ids
        self._people = people
        self._shelf = shelf
        self._events = events
        self._known: Recent[str, bool] = Recent(_MOST_KNOWN)

    def clear(self) -> None:
        self._known.clear()

    def wrote(self, message_id: str) -> bool:
        """Whether a customer's message has this id."""
        return message_id in self._known

    def write(self, number: Number, person: Person, content: Content, about: Circumstances = PLAIN) -> str:
        """Returns the id of the message."""
        at = self._clock.seconds() - about.age
        if isinstance(content, NumberChanged):
            content = replace(content, new_phone=self._people.wa_id_of(content.new_phone))
        message = {
            **_sender(person),
            "id": self._ids.wamid(person.key, inbound=True),
            "timestamp": str(int(at)),
            **self._wire(content),
            **_circumstances(about, number, person),
        }
        self._tell(number, person, content, message)
        if isinstance(content, SYSTEM):
            self._move(person, content)
        else:
            self._open_window(number, person, at, came_by_ad=about.referral is not None)
        return str(message["id"])

    def echo(self, number: Number, person: Person, content: Content) -> str:
        """The owner answers from the WhatsApp Business app on the telephone."""
        if not number.account.is_coexistence:
            raise ValueError("only a coexistence number has an app that echoes")
        names = {"to": person.wa_id if person.is_known_by_phone else None, "to_user_id": person.user_id}
        message = {
            "from": number.metadata["display_phone_number"],
            **{name: value for name, value in names.items() if value is not None},
            "id": self._ids.wamid(person.key),
            "timestamp": str(int(self._clock.seconds())),
            **self._wire(content),
        }
        self._events.tell_number(number, "smb_message_echoes", {"message_echoes": [message]}, key=message["id"])
        return str(message["id"])

    def _wire(self, content: Content) -> dict[str, Any]:
        if isinstance(content, Media):
            kept = self._shelf.get(content.media_id)
            return content.wire(kept, self._shelf.link(kept))
        return content.wire()

    def _tell(self, number: Number, person: Person, content: Content, message: Mapping[str, Any]) -> None:
        value: dict[str, Any] = {} if isinstance(content, SYSTEM) else {"contacts": [contact(person)]}
        if isinstance(content, LostInteractive):
            value["errors"] = [reported(_UNSUPPORTED, "Message type is currently not supported.")]
        self._known.put(message["id"], True)
        self._events.tell_number(number, "messages", value | {"messages": [message]}, key=message["id"])

    def _open_window(self, number: Number, person: Person, at: float, *, came_by_ad: bool) -> None:
        person.wrote_at[number.id] = max(at, person.wrote_at.get(number.id, at))
        if came_by_ad:
            person.came_by_ad_at[number.id] = at
        if number.per_second is not None:  # what comes in uses up the number's throughput too
            number.per_second.take("", time.monotonic())

    def _move(self, person: Person, content: Simple) -> None:
        match content:
            case NumberChanged(new_phone=wa_id, new_user_id=user_id):
                self._people.rename(person, wa_id=wa_id, user_id=user_id or person.user_id)
            case UserIdChanged(new_user_id=user_id):
                self._people.rename(person, wa_id=person.wa_id, user_id=user_id)


@dataclass(frozen=True, slots=True)
class Customer:
    """One person in the chat with one number."""

    person: Person
    number: Number
    _customers: Customers

    def says(self, body: str, about: Circumstances = PLAIN) -> str:
        return self.sends(Text(body=body), about)

    def sends(self, content: Content, about: Circumstances = PLAIN) -> str:
        return self._customers.write(self.number, self.person, content, about)

    def replies(self, message_id: str, body: str) -> str:
        return self.says(body, Circumstances(context=Context(message_id=message_id)))


def _sender(person: Person) -> dict[str, Any]:
    names = {"from": person.wa_id if person.is_known_by_phone else None, "from_user_id": person.user_id}
    return {name: value for name, value in names.items() if value is not None}


def _circumstances(about: Circumstances, number: Number, person: Person) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if about.context is not None:
        told["context"] = _context(about.context, number, person)
    if about.referral is not None:
        told["referral"] = about.referral.wire()
    if about.group_id is not None:
        told["group_id"] = about.group_id
    return told


def _context(context: Context, number: Number, person: Person) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if context.message_id is not None or context.referred_product is not None:
        told |= {"from": number.metadata["display_phone_number"]} if context.is_from_business else _sender(person)
    if context.message_id is not None:
        told["id"] = context.message_id
    if context.is_forwarded:
        told["forwarded"] = True
    if context.is_frequently_forwarded:
        told["frequently_forwarded"] = True
    if context.referred_product is not None:
        told["referred_product"] = dict(context.referred_product)
    return told
