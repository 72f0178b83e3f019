"""A talk frozen as it is, so that a regression case can be made of it."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from admin_api.staff import reading
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place
from admin_api.staff.buttons import Choice
from admin_api.staff.here import here_of
from admin_api.staff.paging import A_PAGE, Leaf, rows_of, skipped
from admin_api.staff.whom import CUSTOMER, Customer, named_before, of_customer
from channels.telegram_staff.rich import Rich, bold, italic, lines
from core import audit
from core.models.people import Role
from core.texts import Text
from core.vault import open_vault
from graphs.stores import cases
from graphs.stores.cases import NewCase

FREEZE: Final = "case_freeze"
LIST: Final = "cases"
DROP: Final = "case_drop"


async def _freeze(ask: Ask, customer: Customer) -> Answer:
    here = await here_of(ask)
    usual = Text(f"Conversa de {here.moment(here.now)}", f"Talk of {here.moment(here.now)}")
    title = str(ask.arguments.get("title", "")) or ask.say(usual)
    vault = await open_vault(ask.session, ask.floor.ring)
    new = NewCase(conversation=customer.talk.conversation, title=title, by=ask.asker.user)
    case = await cases.freeze(ask.session, vault, new)
    audit.record(ask.session, ask.asker.actor, "case.frozen", subject=case)
    head = bold(ask.say(Text("🧊 Caso guardado: ", "🧊 Case kept: ")) + title)
    sealed = Text(
        "Fica lacrado até alguém torná-lo anônimo. Veja /casos.",
        "It stays sealed until it is made anonymous. See /cases.",
    )
    return Answer(text=lines(head, italic(ask.say(sealed))))


async def _list(ask: Ask) -> Answer:
    here = await here_of(ask)
    leaf = Leaf(ask, await cases.every(ask.session, most=A_PAGE + 1, skip=skipped(ask)))
    head = bold(ask.say(Text("Casos guardados", "Cases kept")))
    if not leaf.items:
        nothing = Text("Nenhum. No tópico de um cliente: /caso", "None. In a customer's topic: /case")
        return Answer(text=lines(head, ask.say(nothing)), replaces=True)
    shown = [
        f"{number}. {one.title} · {here.moment(one.created_at)}" for number, one in enumerate(leaf.items, leaf.first)
    ]
    gone = [
        Choice(text=f"🗑 {number}", action=DROP, arguments={"case": str(one.id)})
        for number, one in enumerate(leaf.items, leaf.first)
    ]
    may = ask.asker.may(Role.AGENT)
    choices = [*(rows_of(gone) if may else ()), leaf.turns(LIST)]
    return Answer(text=lines(head, *shown), choices=choices, replaces=True)


async def _preview_drop(ask: Ask) -> Answer:
    told = Text("Descartar este caso? O que ele guarda é apagado.", "Drop this case? What it keeps is erased.")
    return Answer(text=bold(ask.say(told)))


async def _drop(ask: Ask) -> Answer:
    case = UUID(str(ask.arguments["case"]))
    await cases.drop(ask.session, case)
    audit.record(ask.session, ask.asker.actor, "case.dropped", subject=case)
    told = ask.say(Text("Caso descartado.", "Case dropped."))
    return Answer(text=Rich(f"🗑 {told}"), toast=told)


def read_freeze(words: str, place: Place) -> Mapping[str, Any]:
    """In a topic all of it is the title; elsewhere the customer comes first."""
    whose, title = named_before(words, place, is_all=True)
    return {**whose, **({"title": title} if title else {})}


ACTIONS: Final = (
    Action(
        name=FREEZE,
        about=Text("Guarda esta conversa como caso de teste.", "Keeps this conversation as a test case."),
        role=Role.AGENT,
        run=of_customer(FREEZE, _freeze),
        params=(Param(name="title", about=Text("Título do caso", "Title of the case"), is_required=False), CUSTOMER),
    ),
    Action(
        name=LIST,
        about=Text("Os casos guardados.", "The cases that were kept."),
        role=Role.VIEWER,
        run=_list,
    ),
    Action(
        name=DROP,
        about=Text("Descarta um caso.", "Drops a case."),
        role=Role.AGENT,
        run=_drop,
        preview=_preview_drop,
        params=(Param(name="case", about=Text("O caso", "The case")),),
        is_spoken=False,
    ),
)
COMMANDS: Final = (
    Command(
        name="caso",
        action=FREEZE,
        about=Text("Guardar esta conversa como caso de teste", "Keep this conversation as a test case"),
        usage=Text("/caso [título]  ·  fora do tópico: /caso Ana", "/case [title]  ·  outside a topic: /case Ana"),
        read=read_freeze,
        aliases=("case",),
    ),
    Command(
        name="casos",
        action=LIST,
        about=Text("Os casos guardados", "The cases that were kept"),
        usage=Text("/casos", "/cases"),
        read=reading.nothing,
        aliases=("cases",),
    ),
)
