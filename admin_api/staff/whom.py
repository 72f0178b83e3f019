"""The customer that an action is about: whose topic it is, or whom the words name."""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from admin_api.crm import queries
from admin_api.crm.queries import Known
from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Answer, Ask, Param, Place, Run
from admin_api.staff.buttons import Choice
from admin_api.staff.folding import folded
from admin_api.staff.stores import names, whereabouts
from admin_api.staff.stores.whereabouts import Thread
from channels.envelope import Identity
from channels.telegram_staff.rich import Rich
from core.errors import NotFound
from core.ids import ContactId
from core.models.people import IdentityKind
from core.texts import Text

CUSTOMER: Final = Param(
    name="customer",
    about=Text("Cliente: nome ou parte do número", "Customer: a name or a piece of the number"),
    is_required=False,
)
_NAMED: Final = re.compile(r"(?P<name>[^\n]{1,80}?):(?:\s+|\Z)(?P<rest>.*)", re.DOTALL)  # no time of day, such as 15:30
_MOST: Final = 8
_TAIL: Final = 4
_LONGEST_NAME: Final = 40
NAMELESS: Final = Text("Sem nome", "No name")


@dataclass(frozen=True, kw_only=True, slots=True)
class Customer:
    """`thread`: where they were last talked with, if anywhere."""

    id: ContactId
    name: str
    label: str  # tells them from others of the same name
    known: Known
    thread: Thread | None

    @property
    def talk(self) -> Thread:
        if self.thread is None:
            raise NotFound("Esta pessoa ainda não tem conversa.", "There is no conversation with this person yet.")
        return self.thread


Do = Callable[[Ask, Customer], Awaitable[Answer]]


def of_customer(action: str, do: Do) -> Run:
    """Where several are called so, or one only nearly so, each is a button that does it with that one."""

    async def run(ask: Ask) -> Answer:
        found = await _found(ask)
        if len(found) > 1 or not _is_called(found[0], str(ask.arguments.get("customer", ""))):
            return _which(ask, action, found)
        answer = await do(ask, await _customer(ask, found[0]))
        return replace(answer, pinned={**_pinned(ask, found[0]), **(answer.pinned or {})})

    return run


def named_before(words: str, place: Place, *, is_all: bool = False) -> tuple[dict[str, Any], str]:
    """In a topic all words are the rest. Elsewhere the customer comes first: `Ana: o resto`, or alone where it may."""
    if place.about is not None:
        return {}, words
    if (parted := _NAMED.match(words)) is not None:
        return {"customer": parted["name"].strip()}, parted["rest"].strip()
    if is_all:
        return {"customer": words.strip()}, ""
    raise Misused(
        Text(
            "Diga de quem, antes de dois-pontos, ou use no tópico.", "Name the customer before a colon, or use a topic."
        )
    )


def short_name(known: Known, ask: Ask) -> str:
    name = known.row.name or _tail(known.identities) or ask.say(NAMELESS)
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


async def _found(ask: Ask) -> list[Known]:
    if (contact := ask.arguments.get("contact")) is not None:
        return [await _survivor(ask, ContactId(UUID(str(contact))))]
    if words := str(ask.arguments.get("customer", "")):
        return await _named(ask, words)
    if ask.place.about is None:
        raise Misused(Text("De quem? Diga o nome, ou use no tópico.", "Whose? Say the name, or use a topic."))
    return [await _survivor(ask, ask.place.about.contact)]


async def _named(ask: Ask, words: str) -> list[Known]:
    """All of them, those of that very name first: what people call themselves proves nothing."""
    found = await names.called(ask.session, words, most=_MOST)
    if not found:
        raise NotFound(f"Não achei cliente “{words[:60]}”.", f"No customer “{words[:60]}” was found.")
    return [await queries.get_contact(ask.session, contact) for contact in found]


def _is_called(known: Known, words: str) -> bool:
    """By whole words of the name, or a piece of a number: who types Ana does not mean Mariana."""
    said, name = folded(words).split(), folded(known.row.name or "").split()
    is_number = not any(character.isalpha() for character in words)
    return is_number or any(name[start : start + len(said)] == said for start in range(len(name)))


async def _survivor(ask: Ask, contact: ContactId) -> Known:
    known = await queries.get_contact(ask.session, contact)
    return known if known.survivor is None else await queries.get_contact(ask.session, known.survivor)


async def _customer(ask: Ask, known: Known) -> Customer:
    contact = ContactId(known.row.id)
    about = ask.place.about
    is_here = about is not None and about.contact == contact
    thread = await whereabouts.thread_of(
        ask.session, contact, conversation=about.conversation if is_here and about else None
    )
    return Customer(id=contact, name=short_name(known, ask), label=_label(known, ask), known=known, thread=thread)


def _which(ask: Ask, action: str, found: list[Known]) -> Answer:
    choices = [[Choice(text=_label(one, ask), action=action, arguments=_pinned(ask, one))] for one in found]
    return Answer(text=Rich(ask.say(Text("De quem você fala?", "Whom do you mean?"))), choices=choices, replaces=True)


def _pinned(ask: Ask, known: Known) -> dict[str, Any]:
    kept = {name: value for name, value in ask.arguments.items() if name != CUSTOMER.name}
    return {**kept, "contact": str(known.row.id)}


def _label(known: Known, ask: Ask) -> str:
    name, tail = short_name(known, ask), _tail(known.identities)
    return name if name == tail or not tail else f"{name} · {tail}"


def _tail(identities: tuple[Identity, ...]) -> str:
    """Enough of a number to tell two people apart, and too little to write to them."""
    numbers = [one.value for one in identities if one.kind in {IdentityKind.PHONE, IdentityKind.WA_ID}]
    return f"…{numbers[0][-_TAIL:]}" if numbers else ""
