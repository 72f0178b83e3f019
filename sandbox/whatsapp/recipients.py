"""To whom a message goes: by phone or by business-scoped user id, and under which name he is answered."""

import re
from dataclasses import dataclass
from typing import Any, Final

from sandbox.whatsapp.accounts import Number
from sandbox.whatsapp.errors import GraphError
from sandbox.whatsapp.fields import Json, invalid, missing, text
from sandbox.whatsapp.people import People, Person, is_user_id

_PHONE: Final = re.compile(r"\d{7,15}")
_COUNTRY: Final = slice(0, 2)


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipient:
    """`key` is the one name that all messages to him share."""

    input: str
    key: str
    is_by_phone: bool
    person: Person | None

    @property
    def names(self) -> tuple[str, ...]:
        return (self.input.lstrip("+"), self.key)

    def wire(self) -> dict[str, Any]:
        contact = {"input": self.input}
        if self.is_by_phone:
            contact["wa_id"] = self.key
        elif self.person is not None and self.person.is_known_by_phone:
            contact["wa_id"] = self.person.wa_id or ""
        if self.person is not None and self.person.user_id is not None:
            contact["user_id"] = self.person.user_id
        return contact


def recipient_of(payload: Json, number: Number, people: People) -> Recipient:
    """`to` wins over `recipient`."""
    if payload.get("to") is None and payload.get("recipient") is None:
        raise missing("to")
    found = _by_phone(payload, number, people) if payload.get("to") is not None else _by_user_id(payload, people)
    allowed = number.account.allowed_recipients
    if allowed is not None and not any(name in {each.lstrip("+") for each in allowed} for name in found.names):
        raise GraphError(131030, "Recipient phone number not in allowed list: add it to the test number's recipients.")
    return found


def _by_phone(payload: Json, number: Number, people: People) -> Recipient:
    to = text(payload, "to")
    own = number.metadata["display_phone_number"]
    wa_id = people.wa_id_of(to, country=own[_COUNTRY])
    if not _PHONE.fullmatch(wa_id):
        raise invalid("Param to is not a phone number.")
    if wa_id == people.wa_id_of(f"+{own}"):
        raise GraphError(131021, "Recipient phone number cannot be the sender's.")
    return Recipient(input=to, key=wa_id, is_by_phone=True, person=people.find(wa_id))


def _by_user_id(payload: Json, people: People) -> Recipient:
    user_id = text(payload, "recipient")
    if not is_user_id(user_id):
        raise invalid("Param recipient is not a business-scoped user id.")
    if (person := people.find(user_id)) is None:
        raise GraphError(131026, "No user has this business-scoped user id.")
    return Recipient(input=user_id, key=person.key, is_by_phone=False, person=person)
