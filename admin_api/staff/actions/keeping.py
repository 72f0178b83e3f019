"""What the staff keep about a customer by hand: tags, and notes that no customer and no prompt ever sees."""

import re
from collections.abc import Mapping
from typing import Any, Final

from admin_api.staff import reading
from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place
from admin_api.staff.here import here_of
from admin_api.staff.paging import A_PAGE, Leaf, skipped
from admin_api.staff.stores import profiles
from admin_api.staff.whom import CUSTOMER, Customer, named_before, of_customer
from channels.telegram_staff.rich import bold, lines
from core import audit
from core.models.people import Role
from core.texts import Text

TAG: Final = "tag"
NOTE: Final = "note"
NOTES: Final = "notes"
MOST_TAGS: Final = 30
_LONGEST_TAG: Final = 40
_LONGEST_NOTE: Final = 2000
_PARTS: Final = re.compile(r"[,\s]+")


async def _tag(ask: Ask, customer: Customer) -> Answer:
    added, removed = _tags(ask.arguments.get("add", "")), _tags(ask.arguments.get("remove", ""))
    session = ask.session
    new = await profiles.tag(session, customer.id, added - removed, by=ask.asker.user)
    gone = await profiles.untag(session, customer.id, removed) if removed else []
    now = await profiles.tags_of(session, customer.id)
    if len(now) > MOST_TAGS:
        raise Misused(
            Text(f"Um cliente tem no máximo {MOST_TAGS} etiquetas.", f"A customer has {MOST_TAGS} tags at most.")
        )
    if new or gone:
        detail = {"added": sorted(new), "removed": sorted(gone)}
        audit.record(session, ask.asker.actor, "contact.tagged", subject=customer.id, detail=detail)
    nothing = ask.say(Text("nenhuma", "none"))
    shown = ask.say(Text("Etiquetas", "Tags"))
    return Answer(text=f"🏷 {shown}: {', '.join(now) or nothing} · " + bold(customer.name))


async def _note(ask: Ask, customer: Customer) -> Answer:
    words = str(ask.arguments["text"])
    if len(words) > _LONGEST_NOTE:
        raise Misused(
            Text(
                f"Uma nota tem no máximo {_LONGEST_NOTE} caracteres.", f"A note has {_LONGEST_NOTE} characters at most."
            )
        )
    where = customer.thread.conversation if customer.thread else None
    note = await profiles.note(ask.session, customer.id, words, conversation=where, by=ask.asker.user)
    audit.record(ask.session, ask.asker.actor, "contact.noted", subject=customer.id, detail={"note": str(note)})
    kept = ask.say(Text("Nota guardada; só a equipe vê.", "Note kept; only staff see it."))
    return Answer(text=f"📝 {kept} · " + bold(customer.name))


async def _notes(ask: Ask, customer: Customer) -> Answer:
    found = await profiles.notes_of(ask.session, customer.id, most=A_PAGE + 1, skip=skipped(ask))
    leaf, here = Leaf(ask, found), await here_of(ask)
    head = bold(ask.say(Text("Notas sobre ", "Notes on ")) + customer.name)
    if not leaf.items:
        nothing = Text("Nenhuma. Escreva /nota e o texto.", "None. Write /note and the text.")
        return Answer(text=lines(head, ask.say(nothing)), replaces=True)
    shown = [f"{here.moment(one.at)} {one.author or '—'}: {one.text}" for one in leaf.items]
    turns = leaf.turns(NOTES, arguments={"contact": str(customer.id)})
    return Answer(text=lines(head, *shown), choices=[turns], replaces=True)


def _tags(words: str) -> set[str]:
    found = {part.lstrip("#").casefold() for part in _PARTS.split(words) if part.strip("#")}
    if wrong := next((tag for tag in found if len(tag) > _LONGEST_TAG or not tag.isprintable()), None):
        shown = wrong[:_LONGEST_TAG]
        raise Misused(Text(f"Esta etiqueta não serve: {shown}", f"This tag will not do: {shown}"))
    return found


def _read_tags(words: str, place: Place) -> Mapping[str, Any]:
    """`+vip -frio`; a word without a sign is added."""
    whom, rest = named_before(words, place)
    parts = [part for part in _PARTS.split(rest) if part]
    if not parts:
        raise Misused(Text("Diga que etiquetas pôr ou tirar.", "Say which tags to add or remove."))
    removed = [part[1:] for part in parts if part[0] in "-–−"]
    added = [part.lstrip("+") for part in parts if part[0] not in "-–−"]
    return {**whom, "add": " ".join(added), "remove": " ".join(removed)}


def _read_note(words: str, place: Place) -> Mapping[str, Any]:
    whom, rest = named_before(words, place)
    return {**whom, "text": rest}


ACTIONS: Final = (
    Action(
        name=TAG,
        about=Text("Põe e tira etiquetas de um cliente.", "Adds and removes tags of a customer."),
        role=Role.AGENT,
        run=of_customer(TAG, _tag),
        params=(
            CUSTOMER,
            Param(name="add", about=Text("Etiquetas a pôr", "Tags to add"), is_required=False),
            Param(name="remove", about=Text("Etiquetas a tirar", "Tags to remove"), is_required=False),
        ),
    ),
    Action(
        name=NOTE,
        about=Text("Guarda uma nota sobre um cliente.", "Keeps a note on a customer."),
        role=Role.AGENT,
        run=of_customer(NOTE, _note),
        params=(CUSTOMER, Param(name="text", about=Text("O texto da nota", "The text of the note"))),
    ),
    Action(
        name=NOTES,
        about=Text("As notas sobre um cliente.", "The notes on a customer."),
        role=Role.VIEWER,
        run=of_customer(NOTES, _notes),
        params=(CUSTOMER,),
    ),
)
COMMANDS: Final = (
    Command(
        name="etiqueta",
        action=TAG,
        about=Text("Pôr e tirar etiquetas", "Add and remove tags"),
        usage=Text(
            "/etiqueta +vip -frio  ·  fora do tópico: /etiqueta Ana: +vip", "/tag +vip -cold  ·  /tag Ana: +vip"
        ),
        read=_read_tags,
        aliases=("tag", "etiquetas", "tags"),
    ),
    Command(
        name="nota",
        action=NOTE,
        about=Text("Guardar uma nota que só a equipe vê", "Keep a note that only staff see"),
        usage=Text(
            "/nota prefere de manhã  ·  fora do tópico: /nota Ana: prefere de manhã",
            "/note prefers mornings  ·  outside a topic: /note Ana: prefers mornings",
        ),
        read=_read_note,
        aliases=("note",),
    ),
    Command(
        name="notas",
        action=NOTES,
        about=Text("Ler as notas sobre o cliente", "Read the notes on the customer"),
        usage=Text("/notas  ·  fora do tópico: /notas Ana", "/notes  ·  outside a topic: /notes Ana"),
        read=reading.whom,
        aliases=("notes",),
    ),
)
