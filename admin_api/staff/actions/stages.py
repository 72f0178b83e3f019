"""Where a customer's lead stands: moved by a person with a reason, taken back with a button, shown as a board."""

import asyncio
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from admin_api.staff import amounts
from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Picture, Place
from admin_api.staff.buttons import Choice
from admin_api.staff.folding import folded
from admin_api.staff.here import Here, here_of
from admin_api.staff.pictures import kanban
from admin_api.staff.whom import CUSTOMER, NAMELESS, Customer, named_before, of_customer
from channels.telegram_staff.rich import Rich, bold, italic, lines
from core.errors import NotFound
from core.models.people import Role
from core.models.personas import Board
from core.texts import Text
from graphs import leads
from graphs.stores import lead_cards
from graphs.stores.lead_cards import Card, Column, LeadListing

STAGE: Final = "stage"
UNDO: Final = "stage_undo"
BOARD: Final = "board"
_SHOWN: Final = 5
_MOST_BOARDS: Final = 20
_BECAUSE: Final = re.compile(r"^[\s,;:.–-]*(?:porque|pois|because|motivo:?|por)?\s*", re.IGNORECASE)


async def _stage(ask: Ask, customer: Customer) -> Answer:
    card = await _card_of(ask, customer)
    columns = (await lead_cards.columns_of(ask.session, [card.lead.board_id])).get(card.lead.board_id, [])
    wanted = str(ask.arguments.get("stage", ""))
    if not wanted:
        return await _standing(ask, customer, card, columns)
    stage, rest = _named(wanted, columns)
    reason = str(ask.arguments.get("reason", "")) or rest
    if not reason:
        raise Misused(Text("Diga também por quê.", "Say why, too."))
    return await _moved(ask, customer, card, columns, to=stage, reason=reason)


async def _moved(
    ask: Ask, customer: Customer, card: Card, columns: Sequence[Column], *, to: str, reason: str
) -> Answer:
    before, names = card.lead.stage, _names(columns)
    after = await leads.move(ask.session, card.lead.id, to=to, by=ask.asker.actor, reason=reason)
    if before == to:
        already = Text("já está em", "stands already in")
        return Answer(text=bold(customer.name) + f" {ask.say(already)} {names.get(to, to)}.")
    undo = Choice(
        text=ask.say(Text("↩️ Desfazer", "↩️ Undo")), action=UNDO, arguments={"lead": str(after.id), "seq": after.seq}
    )
    moved = bold(customer.name) + f": {names.get(before, before)} → " + bold(names.get(to, to))
    return Answer(text=lines("🔀 " + moved, italic(reason)), choices=[[undo]])


async def _undo(ask: Ask) -> Answer:
    """Only the newest move that still stands: another since then makes this button void."""
    lead, seq = UUID(str(ask.arguments["lead"])), int(ask.arguments["seq"])
    after = await leads.undo(ask.session, lead, seq=seq, by=ask.asker.actor)
    columns = (await lead_cards.columns_of(ask.session, [after.board_id])).get(after.board_id, [])
    card = await lead_cards.get_card(ask.session, lead)
    name, stage = card.contact_name or ask.say(NAMELESS), _names(columns).get(after.stage, after.stage)
    told = ask.say(Text("Desfeito: voltou para", "Undone: back to"))
    return Answer(text="↩️ " + bold(name) + f" · {told} {stage}", toast=f"{told} {stage}", replaces=True)


async def _standing(ask: Ask, customer: Customer, card: Card, columns: Sequence[Column]) -> Answer:
    here = await here_of(ask)
    stages = " · ".join(
        f"[{one.stage.name}]" if one.stage.key == card.lead.stage else one.stage.name for one in columns
    )
    since = here.moment(card.lead.stage_since)
    why = _why(card, ask)
    how = ask.say(Text("Para mover: /etapa NOME motivo", "To move it: /stage NAME reason"))
    return Answer(
        text=lines(bold(customer.name) + f" · {ask.say(Text('desde', 'since'))} {since}", stages, *why, italic(how))
    )


def _why(card: Card, ask: Ask) -> Iterator[Rich | str]:
    """The words that led it there, or who moved it."""
    if card.newest is None:
        return
    quotes = [str(one["quote"]) for one in card.newest.criteria if one.get("quote")]
    for quote in quotes:
        yield italic(f"“{quote}”")
    if card.newest.is_forced and card.newest.reason:
        yield ask.say(Text("Movido por uma pessoa: ", "Moved by a person: ")) + card.newest.reason


async def _card_of(ask: Ask, customer: Customer) -> Card:
    """Of several boards the one where something changed last, unless one is named."""
    wanted = LeadListing(
        most=1, contact=customer.id, board=str(ask.arguments["board"]) if "board" in ask.arguments else None
    )
    found = await lead_cards.list_leads(ask.session, wanted)
    if not found:
        raise NotFound(f"{customer.name} ainda não é um lead.", f"{customer.name} is no lead yet.")
    return found[0]


def _named(words: str, columns: Sequence[Column]) -> tuple[str, str]:
    """The stage that the words begin with, by its name or key, and what is left: the reason."""
    said = folded(words)
    names = sorted(
        ((folded(name), one.stage.key) for one in columns for name in (one.stage.name, one.stage.key)),
        key=lambda pair: -len(pair[0]),
    )
    for name, key in names:
        if said == name or said.startswith((f"{name} ", f"{name},", f"{name};", f"{name}:", f"{name}.")):
            return key, _BECAUSE.sub("", words[len(name) :], count=1).strip()
    known = ", ".join(one.stage.name for one in columns)
    raise Misused(Text(f"Não há essa etapa. As que há: {known}.", f"There is no such stage. There are: {known}."))


def _names(columns: Sequence[Column]) -> Mapping[str, str]:
    return {one.stage.key: one.stage.name for one in columns}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shown:
    board: Board
    columns: Sequence[Column]
    newest: Mapping[str, Sequence[Card]]


async def _board(ask: Ask) -> Answer:
    boards = await lead_cards.list_boards(ask.session, most=_MOST_BOARDS, after=None)
    if not boards:
        nothing = Text("Ainda não há quadro: publique uma persona.", "There is no board yet: publish a persona.")
        return Answer(text=Rich(ask.say(nothing)))
    named = folded(str(ask.arguments.get("board", "")))
    found = [board for board in boards if named in {folded(board.key), folded(board.name)}] if named else boards
    if len(found) != 1:
        return _which(ask, boards, is_known=not named)
    shown = await _load(ask, found[0])
    here = await here_of(ask)
    if ask.arguments.get("picture"):
        return Answer(text=bold(shown.board.name), picture=await asyncio.to_thread(_picture, shown, here))
    picture = Choice(
        text=ask.say(Text("🖼 Imagem", "🖼 Picture")), action=BOARD, arguments={"board": shown.board.key, "picture": True}
    )
    return Answer(text=_as_text(ask, shown, here), choices=[[picture]])


async def _load(ask: Ask, board: Board) -> _Shown:
    columns = (await lead_cards.columns_of(ask.session, [board.id])).get(board.id, [])
    newest = {
        one.stage.key: await lead_cards.list_leads(
            ask.session, LeadListing(most=_SHOWN, board=board.key, stage=one.stage.key)
        )
        for one in columns
        if one.leads
    }
    return _Shown(board=board, columns=columns, newest=newest)


def _as_text(ask: Ask, shown: _Shown, here: Here) -> Rich:
    whole = bold(f"📋 {shown.board.name}")
    for one in shown.columns:
        worth = f" · {amounts.money(one.value_cents, here.language)}" if one.value_cents else ""
        whole = whole + "\n\n" + bold(f"{one.stage.name} ({amounts.number(one.leads, here.language)})") + worth
        cards = shown.newest.get(one.stage.key, ())
        for card in cards:
            whole = whole + f"\n• {card.contact_name or ask.say(NAMELESS)} · {here.age(card.lead.stage_since)}"
        if one.leads > len(cards):
            whole = whole + "\n" + italic(f"+ {one.leads - len(cards)}")
    return whole


def _picture(shown: _Shown, here: Here) -> Picture:
    columns = [
        kanban.Column(
            name=one.stage.name,
            kind=one.stage.kind,
            count=one.leads,
            value_cents=one.value_cents,
            leads=[
                kanban.Standing(name=card.contact_name, value_cents=card.lead.value_cents, since=card.lead.stage_since)
                for card in shown.newest.get(one.stage.key, ())
            ],
        )
        for one in shown.columns
    ]
    drawn = kanban.Drawn(board=shown.board.name, at=here.now, columns=columns, language=here.language)
    return Picture(png=kanban.png(drawn), name="quadro.png")


def _which(ask: Ask, boards: Sequence[Board], *, is_known: bool) -> Answer:
    picture = {"picture": True} if ask.arguments.get("picture") else {}
    choices = [[Choice(text=board.name, action=BOARD, arguments={"board": board.key, **picture})] for board in boards]
    asked = (
        Text("Qual quadro?", "Which board?") if is_known else Text("Não há esse quadro. Qual?", "No such board. Which?")
    )
    return Answer(text=Rich(ask.say(asked)), choices=choices)


def _read_stage(words: str, place: Place) -> Mapping[str, Any]:
    whom, rest = named_before(words, place, is_all=True)
    return {**whom, "stage": rest}


def _read_board(words: str, _: Place) -> Mapping[str, Any]:
    parts = words.split()
    is_picture = any(folded(part) in {"imagem", "picture", "foto"} for part in parts)
    board = " ".join(part for part in parts if folded(part) not in {"imagem", "picture", "foto"})
    return {"board": board, "picture": is_picture or None}


ACTIONS: Final = (
    Action(
        name=STAGE,
        about=Text("Mostra ou muda a etapa de um cliente no funil.", "Shows or changes a customer's stage."),
        role=Role.AGENT,
        run=of_customer(STAGE, _stage),
        params=(
            CUSTOMER,
            Param(name="stage", about=Text("A nova etapa", "The new stage"), is_required=False),
            Param(name="reason", about=Text("Por que mudou", "Why it changed"), is_required=False),
        ),
    ),
    Action(
        name=UNDO,
        about=Text("Desfaz o último movimento de um lead.", "Takes back the last move of a lead."),
        role=Role.AGENT,
        run=_undo,
        params=(
            Param(name="lead", about=Text("O lead", "The lead")),
            Param(name="seq", about=Text("O movimento", "The move"), kind=int),
        ),
        is_spoken=False,
    ),
    Action(
        name=BOARD,
        about=Text("O quadro do funil: quem está em que etapa.", "The board: who stands in which stage."),
        role=Role.VIEWER,
        run=_board,
        params=(
            Param(name="board", about=Text("Qual quadro", "Which board"), is_required=False),
            Param(name="picture", about=Text("Como imagem", "As a picture"), kind=bool, is_required=False),
        ),
    ),
)
COMMANDS: Final = (
    Command(
        name="etapa",
        action=STAGE,
        about=Text("Ver ou mudar a etapa no funil", "See or change the stage"),
        usage=Text(
            "/etapa  ·  /etapa Fechamento pediu o contrato  ·  fora do tópico: /etapa Ana: Fechamento pediu o contrato",
            "/stage  ·  /stage Closing asked for the contract  ·  /stage Ana: Closing asked for the contract",
        ),
        read=_read_stage,
        aliases=("stage",),
    ),
    Command(
        name="quadro",
        action=BOARD,
        about=Text("O quadro do funil, em texto ou imagem", "The board, as text or as a picture"),
        usage=Text(
            "/quadro  ·  /quadro imagem  ·  /quadro vendas imagem", "/kanban  ·  /kanban picture  ·  /kanban sales"
        ),
        read=_read_board,
        aliases=("kanban", "board"),
    ),
)
