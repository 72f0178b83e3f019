"""Take a conversation, transfer it, resolve it, return it to the bot."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from admin_api.staff import desk, reading
from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place, Run, Where
from admin_api.staff.buttons import Choice
from admin_api.staff.cards import CATEGORIES, GIVE_BACK, RESOLVE, TAKE, TRANSFER, who_has_it
from admin_api.staff.desk import Hand
from admin_api.staff.folding import folded
from admin_api.staff.stores import desk as store
from admin_api.staff.stores.desk import Colleague
from admin_api.staff.topics import Topics
from channels.telegram_staff.rich import Rich
from core.models.people import Role
from core.models.stream import Control
from core.texts import Text

_A_ROW: Final = 2
_QUEUE: Final = re.compile(r"[a-z][a-z0-9_]{0,39}")
_TO_QUEUE: Final = re.compile(r"(?:fila|queue)\s+(?P<name>\S+)", re.IGNORECASE)
_MARK: Final = "fila:"  # before the name of a queue, among the arguments of a button
_OTHER: Final = "outro"
_DONE: Final = Rich("")  # said in the topic by itself, whoever did it


async def _take(ask: Ask) -> Answer:
    hand = await desk.lay_hand(ask)
    if desk.is_theirs(hand):
        return _told(ask, Text("Esta conversa já está com você.", "You have this conversation already."))
    if desk.is_anothers(hand) and not ask.arguments.get("instead"):
        return _taken(ask, hand)
    _refuse_closed(hand)
    await desk.take(hand)
    return Answer(text=_DONE, toast=ask.say(Text("Agora é com você.", "It is yours now.")))


def _taken(ask: Ask, hand: Hand) -> Answer:
    """Who comes second is told who was first, and may still take their place, knowing it."""
    instead = Choice(
        text=ask.say(Text("Assumir no lugar", "Take their place")),
        action=TAKE,
        arguments={"instead": True},
        conversation=hand.view.conversation,
        epoch=hand.view.epoch,
        person=ask.asker.person,
    )
    who = who_has_it(hand.view)
    return Answer(text=Rich(f"✋ {who}"), choices=[[instead]], toast=who)


async def _transfer(ask: Ask) -> Answer:
    hand = await desk.lay_hand(ask)
    _refuse_closed(hand)
    to = str(ask.arguments.get("to", ""))
    if not to:
        return await _whom(ask, hand)
    if queue := _queue_in(to):
        await desk.put_in(hand, queue)
        return Answer(text=_DONE, toast=ask.say(Text(f"Está na fila {queue}.", f"It is in queue {queue}.")))
    colleague = await _colleague(ask, to)
    if hand.view.control is Control.HUMAN and hand.view.assignee == colleague.user:
        return _told(ask, Text(f"Já está com {colleague.name}.", f"{colleague.name} has it already."))
    await desk.pass_to(hand, colleague)
    toast = Text(f"Agora é com {colleague.name}.", f"It is with {colleague.name} now.")
    return Answer(text=_DONE, toast=ask.say(toast))


async def _whom(ask: Ask, hand: Hand) -> Answer:
    """Everybody who may answer but whoever has it, then the queues."""
    people = [one for one in await _able(ask) if one.user != hand.view.assignee]
    named = [_choice(hand, one.name, str(one.person)) for one in people]
    queued = [
        _choice(hand, ask.say(Text(f"Fila {name}", f"Queue {name}")), _MARK + name)
        for name in await store.queues(ask.session)
    ]
    if not named and not queued:
        return _told(
            ask,
            Text("Não há mais ninguém vinculado ao Telegram nesta empresa.", "Nobody else is linked to Telegram here."),
        )
    await _renew(ask, hand)
    ask_whom = ask.say(Text("Transferir para quem?", "Transfer to whom?"))
    return Answer(text=Rich(f"➡️ {ask_whom}"), choices=_in_rows([*named, *queued]))


def _choice(hand: Hand, label: str, to: str) -> Choice:
    return Choice(
        text=label[:40],
        action=TRANSFER,
        arguments={"to": to},
        conversation=hand.view.conversation,
        epoch=hand.view.epoch,
    )


def _in_rows(choices: Sequence[Choice]) -> list[list[Choice]]:
    return [list(choices[start : start + _A_ROW]) for start in range(0, len(choices), _A_ROW)]


def _queue_in(to: str) -> str | None:
    found = _TO_QUEUE.fullmatch(to.strip())
    name = to.removeprefix(_MARK) if to.startswith(_MARK) else found["name"] if found else None
    if name is None:
        return None
    queue = folded(name)
    if _QUEUE.fullmatch(queue) is None:
        raise Misused(Text("O nome da fila só tem letras, números e _.", "A queue has letters, digits and _ only."))
    return queue


async def _colleague(ask: Ask, to: str) -> Colleague:
    able = await _able(ask)
    wanted = folded(re.sub(r"^(?:para|to)\s+", "", to.strip(), flags=re.IGNORECASE)).lstrip("@")
    exact = [one for one in able if str(one.person) == to or folded(one.name) == wanted]
    found = exact or [one for one in able if folded(one.name).startswith(wanted)]
    if len(found) == 1:
        return found[0]
    names = ", ".join(one.name for one in found or able)
    if found:
        raise Misused(Text(f"Quem destes? {names}.", f"Which of these? {names}."))
    raise Misused(
        Text(
            f"Não conheço {to[:60]!r} na equipe. Há: {names}.",
            f"Nobody here is called {to[:60]!r}. There are: {names}.",
        )
    )


async def _able(ask: Ask) -> list[Colleague]:
    """Who only looks on cannot answer anybody."""
    return [one for one in await store.colleagues(ask.session) if one.role is not Role.VIEWER]


async def _resolve(ask: Ask) -> Answer:
    hand = await desk.lay_hand(ask)
    if hand.view.control is Control.CLOSED:
        return _told(ask, Text("Esta conversa já foi encerrada.", "This conversation was closed already."))
    category = ask.arguments.get("category")
    note = str(ask.arguments.get("note", ""))
    if category is None and not note:
        return await _how(ask, hand)
    await desk.resolve(hand, str(category or _OTHER), note)
    return Answer(text=_DONE, toast=ask.say(Text("Encerrada.", "Closed.")))


async def _how(ask: Ask, hand: Hand) -> Answer:
    await _renew(ask, hand)
    choices = [
        Choice(
            text=ask.say(label),
            action=RESOLVE,
            arguments={"category": key},
            conversation=hand.view.conversation,
            epoch=hand.view.epoch,
        )
        for key, label in CATEGORIES.items()
    ]
    words = Text(
        "✅ Como terminou? Para deixar uma nota, escreva: resolver: o que ficou combinado",
        "✅ How did it end? To leave a note, write: resolve: what was agreed",
    )
    return Answer(text=Rich(ask.say(words)), choices=_in_rows(choices))


async def _renew(ask: Ask, hand: Hand) -> None:
    """Whoever asked may change their mind: the card gets fresh buttons, for of the others one was pressed."""
    await Topics(ask.buttons).renew_card(hand.spot, hand.view)


async def _give_back(ask: Ask) -> Answer:
    hand = await desk.lay_hand(ask)
    _refuse_closed(hand)
    if hand.view.control is Control.BOT:
        return _told(ask, Text("O bot já está atendendo.", "The bot has it already."))
    note = str(ask.arguments.get("note", ""))
    if not note and await desk.demands_note(hand):
        words = Text(
            "Esta persona quer saber o que ficou combinado. Escreva aqui: devolver: o que ficou combinado",
            "This persona wants to know what was agreed. Write here: return: what was agreed",
        )
        return _told(ask, words)
    await desk.give_back(hand, note)
    return Answer(text=_DONE, toast=ask.say(Text("O bot continua daqui.", "The bot goes on from here.")))


def _told(ask: Ask, words: Text) -> Answer:
    said = ask.say(words)
    return Answer(text=Rich(said), toast=said)


def _refuse_closed(hand: Hand) -> None:
    if hand.view.control is Control.CLOSED:
        raise Misused(
            Text(
                "Esta conversa foi encerrada: quando a pessoa escrever, abre-se outra.",
                "This conversation was closed: when the person writes, another one opens.",
            )
        )


def _read_end(words: str, _: Place) -> Mapping[str, Any]:
    """`vendido: pagou no PIX`, `vendido`, or a note alone."""
    first, _colon, after = words.partition(":")
    category = folded(first).replace(" ", "_")
    return {"category": category, "note": after.strip()} if category in CATEGORIES else {"note": words}


def _action(name: str, about: Text, run: Run, *params: Param) -> Action:
    return Action(name=name, about=about, role=Role.AGENT, run=run, where=Where.TOPIC, params=params)


_TO: Final = Param(
    name="to",
    about=Text("Para quem: um nome, ou `fila vendas`", "To whom: a name, or `queue sales`"),
    is_required=False,
)
_CATEGORY: Final = Param(
    name="category", about=Text("Desfecho", "Outcome"), is_required=False, choices=tuple(CATEGORIES)
)
_NOTE: Final = Param(name="note", about=Text("O que ficou combinado", "What was agreed"), is_required=False)
ACTIONS: Final = (
    _action(TAKE, Text("Assumir a conversa do tópico", "Take the topic's conversation"), _take),
    _action(
        TRANSFER,
        Text("Passar a conversa a um colega ou a uma fila", "Pass the conversation to a colleague or a queue"),
        _transfer,
        _TO,
    ),
    _action(
        RESOLVE,
        Text("Encerrar a conversa, com o desfecho", "Close the conversation, with its outcome"),
        _resolve,
        _CATEGORY,
        _NOTE,
    ),
    _action(GIVE_BACK, Text("Devolver a conversa ao bot", "Give the conversation back to the bot"), _give_back, _NOTE),
)
COMMANDS: Final = (
    Command(
        name="aceitar",
        action=TAKE,
        about=Text("Assume a conversa deste tópico", "Takes this topic's conversation"),
        usage=Text("/aceitar", "/accept"),
        read=reading.nothing,
        aliases=("assumir", "accept", "take"),
    ),
    Command(
        name="transferir",
        action=TRANSFER,
        about=Text("Passa a conversa a um colega ou a uma fila", "Passes the conversation to a colleague or a queue"),
        usage=Text("/transferir Bia, ou /transferir fila vendas", "/transfer Bia, or /transfer queue sales"),
        read=reading.all_as("to"),
        aliases=("transfer",),
    ),
    Command(
        name="resolver",
        action=RESOLVE,
        about=Text("Encerra a conversa, com o desfecho", "Closes the conversation, with its outcome"),
        usage=Text("/resolver vendido: pagou no PIX", "/resolve vendido: paid by PIX"),
        read=_read_end,
        aliases=("encerrar", "resolve"),
    ),
    Command(
        name="devolver",
        action=GIVE_BACK,
        about=Text("Devolve a conversa ao bot", "Gives the conversation back to the bot"),
        usage=Text("/devolver a entrega ficou para sexta", "/return delivery is on Friday"),
        read=reading.all_as("note"),
        aliases=("return",),
    ),
)
