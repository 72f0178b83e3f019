"""Conversations, the queue of those who wait for a person, and what was said with one customer."""

from collections.abc import Mapping
from typing import Any, Final

from admin_api.inbox.reasons import in_words
from admin_api.staff import reading, reasons
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place
from admin_api.staff.buttons import Choice
from admin_api.staff.folding import folded
from admin_api.staff.here import Here, here_of
from admin_api.staff.paging import A_PAGE, Leaf, rows_of, skipped
from admin_api.staff.stores import talks
from admin_api.staff.stores.talks import Only, Spoken, Talk, Waiting, Wanted
from admin_api.staff.whom import CUSTOMER, NAMELESS, Customer, of_customer
from channels.telegram_staff.rich import Rich, bold, italic, join, lines, link, strike
from core.ids import ContactId
from core.models.outbox import OutboundState
from core.models.people import Role
from core.models.stream import Author, Control, MessageKind
from core.texts import Language, Text

CONVERSATIONS: Final = "conversations"
QUEUE: Final = "queue"
HISTORY: Final = "history"
_LONGEST: Final = 280
_ONLY: Final[Mapping[str, Only]] = {
    "abertas": Only.OPEN,
    "open": Only.OPEN,
    "bot": Only.BOT,
    "copiloto": Only.COPILOT,
    "copilot": Only.COPILOT,
    "fila": Only.QUEUED,
    "queue": Only.QUEUED,
    "pessoas": Only.HUMAN,
    "people": Only.HUMAN,
    "encerradas": Only.CLOSED,
    "closed": Only.CLOSED,
    "minhas": Only.MINE,
    "mine": Only.MINE,
    "pendentes": Only.UNANSWERED,
    "pending": Only.UNANSWERED,
}
_HEADS: Final = {
    Only.OPEN: Text("Conversas abertas", "Open conversations"),
    Only.BOT: Text("Conversas com o bot", "Conversations that the bot has"),
    Only.COPILOT: Text("Conversas com o bot de copiloto", "Conversations with the bot as copilot"),
    Only.QUEUED: Text("Conversas que esperam uma pessoa", "Conversations waiting for a person"),
    Only.HUMAN: Text("Conversas com uma pessoa", "Conversations that a person has"),
    Only.CLOSED: Text("Conversas encerradas", "Closed conversations"),
    Only.MINE: Text("Suas conversas", "Your conversations"),
    Only.UNANSWERED: Text("Conversas sem resposta", "Conversations without an answer"),
}
CONTROLS: Final[Mapping[Control, Text]] = {
    Control.BOT: Text("🤖 bot", "🤖 bot"),
    Control.COPILOT: Text("✍️ copiloto", "✍️ copilot"),
    Control.QUEUED: Text("🔔 na fila", "🔔 queued"),
    Control.HUMAN: Text("👤 pessoa", "👤 person"),
    Control.CLOSED: Text("✔️ encerrada", "✔️ closed"),
}
_AUTHORS: Final = {
    Author.CUSTOMER: Text("👤", "👤"),
    Author.BOT: Text("🤖", "🤖"),
    Author.STAFF: Text("🧑‍💼", "🧑‍💼"),
    Author.SYSTEM: Text("⚙️", "⚙️"),
}
_KINDS: Final[Mapping[MessageKind, Text]] = {
    MessageKind.IMAGE: Text("imagem", "picture"),
    MessageKind.VIDEO: Text("vídeo", "video"),
    MessageKind.AUDIO: Text("áudio", "audio"),
    MessageKind.VOICE: Text("mensagem de voz", "voice note"),
    MessageKind.DOCUMENT: Text("documento", "document"),
    MessageKind.STICKER: Text("figurinha", "sticker"),
    MessageKind.LOCATION: Text("localização", "location"),
    MessageKind.CONTACTS: Text("contato", "contact"),
    MessageKind.INTERACTIVE: Text("botões", "buttons"),
    MessageKind.TEMPLATE: Text("modelo", "template"),
    MessageKind.REACTION: Text("reação", "reaction"),
    MessageKind.ORDER: Text("pedido do catálogo", "order"),
    MessageKind.SYSTEM: Text("aviso", "notice"),
    MessageKind.UNSUPPORTED: Text("mensagem que não lemos", "message that we cannot read"),
}
_TICKS: Final = {
    OutboundState.QUEUED: "🕓",
    OutboundState.SENDING: "🕓",
    OutboundState.ACCEPTED: "✓",
    OutboundState.SENT: "✓",
    OutboundState.DELIVERED: "✓✓",
    OutboundState.READ: "✓✓",
}
_NOT_SENT: Final = frozenset(
    {OutboundState.FAILED, OutboundState.SUPPRESSED, OutboundState.EXPIRED, OutboundState.AMBIGUOUS}
)


async def _conversations(ask: Ask) -> Answer:
    only = Only(str(ask.arguments.get("only", Only.OPEN)))
    words = str(ask.arguments.get("words", ""))
    wanted = Wanted(only=only, words=words, user=ask.asker.user, most=A_PAGE + 1, skip=skipped(ask))
    leaf = Leaf(ask, await talks.list_talks(ask.session, wanted))
    here = await here_of(ask)
    head = bold(ask.say(_HEADS[only]) + (f" · “{words}”" if words else ""))
    if not leaf.items:
        nothing = Text("Nenhuma.", "None.") if leaf.number == 0 else Text("Não há mais.", "There are no more.")
        return Answer(text=lines(head, ask.say(nothing)), replaces=True)
    shown = [_talk(number, talk, ask, here) for number, talk in enumerate(leaf.items, leaf.first)]
    people = _people(leaf.first, [talk.contact for talk in leaf.items])
    return Answer(text=lines(head, *shown), choices=[*people, leaf.turns(CONVERSATIONS)], replaces=True)


async def _queue(ask: Ask) -> Answer:
    queue = str(ask.arguments["queue"]) if ask.arguments.get("queue") else None
    found = await talks.list_waiting(ask.session, queue=queue, most=A_PAGE + 1, skip=skipped(ask))
    leaf, here = Leaf(ask, found), await here_of(ask)
    head = bold(ask.say(Text("Esperando uma pessoa", "Waiting for a person")) + (f" · {queue}" if queue else ""))
    if not leaf.items:
        return Answer(text=lines(head, ask.say(Text("Ninguém espera. 🎉", "Nobody waits. 🎉"))), replaces=True)
    shown = [_waiting(number, one, ask, here) for number, one in enumerate(leaf.items, leaf.first)]
    people = _people(leaf.first, [one.contact for one in leaf.items])
    return Answer(text=lines(head, *shown), choices=[*people, leaf.turns(QUEUE)], replaces=True)


async def _history(ask: Ask, customer: Customer) -> Answer:
    found = await talks.history(ask.session, customer.id, most=A_PAGE + 1, skip=skipped(ask))
    leaf, here = Leaf(ask, found), await here_of(ask)
    head = bold(ask.say(Text("Histórico de ", "History of ")) + customer.name)
    if not leaf.items:
        return Answer(text=lines(head, ask.say(Text("Nada foi dito ainda.", "Nothing was said yet."))), replaces=True)
    shown = [_spoken(one, ask, here) for one in reversed(leaf.items)]
    turns = leaf.turns(HISTORY, arguments={"contact": str(customer.id)})
    return Answer(text=join("\n", [head, *shown]), choices=[turns], replaces=True)


def _talk(number: int, talk: Talk, ask: Ask, here: Here) -> Rich:
    who = f" ({talk.who})" if talk.who and talk.control is Control.HUMAN else ""
    parts = [ask.say(CONTROLS[talk.control]) + who, talk.line, talk.stage]
    mark = " ❗" if talk.is_unanswered and talk.control in {Control.HUMAN, Control.QUEUED} else ""
    return f"{number}. " + _linked(_name(talk, ask), talk.link) + mark + _after([*parts, here.age(talk.last_at)])


def _waiting(number: int, one: Waiting, ask: Ask, here: Here) -> Rich:
    said = reasons.in_words(one.reason, ask.asker.language)
    return f"{number}. " + _linked(_name(one, ask), one.link) + _after([here.age(one.since), one.queue, said])


def _spoken(one: Spoken, ask: Ask, here: Here) -> Rich:
    label = f"[{ask.say(_KINDS[one.kind])}]" if one.kind in _KINDS else ""
    words = " ".join(part for part in (label, _short(one.text)) if part) or "—"
    said = strike(ask.say(Text("apagada", "deleted"))) if one.is_deleted else Rich(words)
    state = OutboundState(one.state) if one.state else None
    tick = f" {_TICKS[state]}" if state in _TICKS else ""
    later = ask.say(Text(" agendada para ", " scheduled for ")) + here.moment(one.leaves_at) if one.leaves_at else ""
    head = f"{ask.say(_AUTHORS[one.author])} {here.moment(one.at)} "
    edited = ask.say(Text(" (editada)", " (edited)")) if one.is_edited and not one.is_deleted else ""
    return head + said + edited + tick + later + _failure(one, state, ask.asker.language)


def _failure(one: Spoken, state: OutboundState | None, language: Language) -> Rich:
    told = in_words(state, one.reason, one.error) if state in _NOT_SENT and state is not None else None
    return "\n    " + italic(f"⚠️ {told.in_(language)}") if told else Rich("")


def _people(first: int, contacts: list[ContactId]) -> list[list[Choice]]:
    """A button for each number, which shows who it is."""
    return rows_of(
        [
            Choice(text=str(number), action="customer", arguments={"contact": str(contact)})
            for number, contact in enumerate(contacts, first)
        ]
    )


def _name(one: Talk | Waiting, ask: Ask) -> str:
    return one.name or (f"…{one.tail}" if one.tail else ask.say(NAMELESS))


def _linked(name: str, url: str | None) -> Rich:
    return link(name, url) if url else bold(name)


def _after(parts: list[str | None]) -> str:
    return "".join(f" · {part}" for part in parts if part)


def _short(text: str) -> str:
    tidy = " ".join(text.split())
    return tidy if len(tidy) <= _LONGEST else tidy[: _LONGEST - 1] + "…"


def _read_filter(words: str, _: Place) -> Mapping[str, Any]:
    """`minhas`, `pendentes Ana`, `sem resposta`, or just what to look for."""
    first, rest = (*words.split(maxsplit=1), "", "")[:2]
    if folded(words).startswith("sem resposta"):
        return {"only": Only.UNANSWERED.value, "words": words[len("sem resposta") :].strip()}
    only = _ONLY.get(folded(first))
    return {"words": words} if only is None else {"only": only.value, "words": rest}


ACTIONS: Final = (
    Action(
        name=CONVERSATIONS,
        about=Text("Lista as conversas, a mais recente primeiro.", "Lists conversations, the latest first."),
        role=Role.VIEWER,
        run=_conversations,
        params=(
            Param(
                name="only",
                about=Text("Quais conversas", "Which conversations"),
                is_required=False,
                choices=tuple(one.value for one in Only),
            ),
            Param(name="words", about=Text("Nome ou parte do número", "A name or number"), is_required=False),
        ),
    ),
    Action(
        name=QUEUE,
        about=Text("Quem espera uma pessoa, há mais tempo primeiro.", "Who waits for a person, the longest first."),
        role=Role.VIEWER,
        run=_queue,
        params=(Param(name="queue", about=Text("Só esta fila", "This queue only"), is_required=False),),
    ),
    Action(
        name=HISTORY,
        about=Text("O que foi dito com um cliente.", "What was said with a customer."),
        role=Role.VIEWER,
        run=of_customer(HISTORY, _history),
        params=(CUSTOMER,),
    ),
)
COMMANDS: Final = (
    Command(
        name="conversas",
        action=CONVERSATIONS,
        about=Text("Conversas, com filtros", "Conversations, with filters"),
        usage=Text(
            "/conversas [abertas|bot|copiloto|fila|pessoas|encerradas|minhas|pendentes] [nome ou número]",
            "/conversations [open|bot|copilot|queue|people|closed|mine|pending] [name or number]",
        ),
        read=_read_filter,
        aliases=("conversations",),
    ),
    Command(
        name="fila",
        action=QUEUE,
        about=Text("Quem espera uma pessoa", "Who waits for a person"),
        usage=Text("/fila [nome da fila]", "/queue [name of the queue]"),
        read=reading.all_as("queue"),
        aliases=("queue",),
    ),
    Command(
        name="historico",
        action=HISTORY,
        about=Text("O que foi dito com o cliente", "What was said with the customer"),
        usage=Text("/historico  ou, fora do tópico: /historico Ana", "/history  or, outside a topic: /history Ana"),
        read=reading.whom,
        aliases=("history",),
    ),
)
