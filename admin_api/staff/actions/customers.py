"""A customer's profile: who they are, what they said of themselves, where they stand, what is due."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, Final

from admin_api.staff import amounts, reading
from admin_api.staff.asking import Action, Answer, Ask, Command
from admin_api.staff.buttons import Choice
from admin_api.staff.here import Here, here_of
from admin_api.staff.stores import profiles
from admin_api.staff.stores.profiles import Owed
from admin_api.staff.whom import CUSTOMER, Customer, of_customer
from agents.ports import OrderNews
from channels.policy import WINDOW, window_is_open
from channels.telegram_staff.rich import Rich, bold, italic, lines, link
from core.models.commerce import ChargeMethod, OrderState
from core.models.people import ConnectionKind, ConsentKind, ConsentSource, IdentityKind, Role
from core.models.service import ContactFact
from core.models.stream import Control
from core.texts import Text
from graphs.stores import appointments, lead_cards, orders
from graphs.stores.lead_cards import LeadListing

CUSTOMER_SHOWN: Final = "customer"
_FEW: Final = 3
_QUOTE: Final = 80
_IDENTITIES: Final[Mapping[IdentityKind, Text]] = {
    IdentityKind.PHONE: Text("telefone", "phone"),
    IdentityKind.WA_ID: Text("WhatsApp", "WhatsApp"),
    IdentityKind.BSUID: Text("id do WhatsApp", "WhatsApp id"),
    IdentityKind.LID: Text("id interno", "internal id"),
    IdentityKind.USERNAME: Text("usuário", "username"),
    IdentityKind.EMAIL: Text("e-mail", "e-mail"),
}
_SHOWN_KINDS: Final = frozenset(
    {IdentityKind.PHONE, IdentityKind.WA_ID, IdentityKind.USERNAME, IdentityKind.EMAIL, IdentityKind.BSUID}
)
_ORDERS: Final[Mapping[OrderState, Text]] = {
    OrderState.PENDING: Text("aguardando pagamento", "awaiting payment"),
    OrderState.PAID: Text("pago", "paid"),
    OrderState.SHIPPED: Text("enviado", "shipped"),
    OrderState.DELIVERED: Text("entregue", "delivered"),
    OrderState.CANCELLED: Text("cancelado", "cancelled"),
    OrderState.REFUNDED: Text("reembolsado", "refunded"),
}
_METHODS: Final[Mapping[ChargeMethod, Text]] = {
    ChargeMethod.PIX: Text("PIX", "PIX"),
    ChargeMethod.BOLETO: Text("boleto", "boleto"),
    ChargeMethod.CARD: Text("cartão", "card"),
    ChargeMethod.LINK: Text("link", "link"),
}
_SOURCES: Final[Mapping[ConsentSource, Text]] = {
    ConsentSource.KEYWORD: Text("a pessoa escreveu", "they wrote"),
    ConsentSource.BUTTON: Text("pelo botão", "by a button"),
    ConsentSource.PROVIDER: Text("pelo provedor", "by the provider"),
    ConsentSource.STAFF: Text("pela equipe", "by staff"),
    ConsentSource.MODEL: Text("entendido pelo bot", "understood by the bot"),
    ConsentSource.LINK: Text("pelo link", "by a link"),
    ConsentSource.MERGE: Text("de outro cadastro da pessoa", "of another record of theirs"),
    ConsentSource.IMPORT: Text("de uma importação", "of an import"),
}


async def _profile(ask: Ask, customer: Customer) -> Answer:
    here = await here_of(ask)
    parts: list[Sequence[Rich | str]] = [
        [_title(ask, customer), *_identities(ask, customer)],
        _standing(ask, customer, here),
        await _tags(ask, customer),
        await _leads(ask, customer, here),
        await _facts(ask, customer, here),
        await _commerce(ask, customer, here),
        await _consent(ask, customer, here),
        await _notes(ask, customer, here),
    ]
    shown = [lines(*part) for part in parts if part]
    text = shown[0]
    for part in shown[1:]:
        text = text + "\n\n" + part
    return Answer(text=text, choices=[_buttons(ask, customer)])


def _title(ask: Ask, customer: Customer) -> Rich:
    stopped = ask.say(Text(" 🚫 não quer mensagens", " 🚫 wants no messages"))
    return bold(customer.name) + (stopped if customer.known.row.opted_out_at else "")


def _identities(ask: Ask, customer: Customer) -> Iterator[str]:
    seen: set[str] = set()
    for one in customer.known.identities:
        bare = one.value.lstrip("+")
        if one.kind in _SHOWN_KINDS and bare not in seen:
            seen.add(bare)
            yield f"{ask.say(_IDENTITIES[one.kind])}: {one.value}"


def _standing(ask: Ask, customer: Customer, here: Here) -> list[Rich | str]:
    thread = customer.thread
    if thread is None:
        return [ask.say(Text("Ainda não conversou.", "Has not talked with us yet."))]
    told: list[Rich | str] = [f"{ask.say(_CONTROLS[thread.control])} · {thread.line}"]
    if thread.kind is ConnectionKind.WHATSAPP and thread.last_inbound_at is not None:
        until = here.moment(thread.last_inbound_at + WINDOW)
        is_open = window_is_open(thread.last_inbound_at, here.now)
        now_open = Text(f"Janela do WhatsApp aberta até {until}", f"WhatsApp window open until {until}")
        now_closed = Text(f"Janela do WhatsApp fechou em {until}", f"WhatsApp window closed at {until}")
        told.append(ask.say(now_open if is_open else now_closed))
    if thread.link and ask.place.about is None:
        told.append(link(ask.say(Text("Abrir o tópico", "Open the topic")), thread.link))
    return told


async def _tags(ask: Ask, customer: Customer) -> list[str]:
    tags = await profiles.tags_of(ask.session, customer.id)
    return [ask.say(Text("Etiquetas: ", "Tags: ")) + ", ".join(tags)] if tags else []


async def _leads(ask: Ask, customer: Customer, here: Here) -> list[str]:
    cards = await lead_cards.list_leads(ask.session, LeadListing(most=_FEW, contact=customer.id))
    columns = await lead_cards.columns_of(ask.session, {card.lead.board_id for card in cards})
    names = {(board, column.stage.key): column.stage.name for board, every in columns.items() for column in every}
    told = []
    for card in cards:
        stage = names.get((card.lead.board_id, card.lead.stage), card.lead.stage)
        value = card.lead.value_cents
        worth = f" · {amounts.money(value, here.language)}" if value is not None else ""
        since = here.age(card.lead.stage_since)
        told.append(f"{ask.say(Text('Etapa', 'Stage'))} ({card.board}): {stage}, {since}{worth}")
    return told


async def _facts(ask: Ask, customer: Customer, here: Here) -> list[Rich | str]:
    facts = await profiles.facts_of(ask.session, customer.id)
    return (
        [bold(ask.say(Text("O que contou", "What they told"))), *(_fact(one, here) for one in facts)] if facts else []
    )


def _fact(row: ContactFact, here: Here) -> Rich:
    quote = row.quote or ""
    shown = quote if len(quote) <= _QUOTE else quote[: _QUOTE - 1] + "…"
    return f"• {row.key}: {_value(row.value, here)}" + (italic(f" “{shown}”") if shown else Rich(""))


def _value(value: Mapping[str, Any], here: Here) -> str:
    """What a slot of a persona holds, by the shape that its type gives it."""
    if "cents" in value:
        return amounts.money(int(value["cents"]), here.language, currency=str(value.get("currency", "BRL")))
    if "at" in value:
        return amounts.moment(datetime.fromisoformat(str(value["at"])), here.language)
    if "date" in value:
        return amounts.day(date.fromisoformat(str(value["date"])), here.language)
    return ", ".join(str(part) for part in value.values())


async def _commerce(ask: Ask, customer: Customer, here: Here) -> list[str]:
    session = ask.session
    return [
        *(_order(one, ask, here) for one in await orders.of_contact(session, customer.id, most=_FEW)),
        *(_charge(one, ask, here) for one in await profiles.owed_by(session, customer.id, most=_FEW)),
        *(
            f"📅 {one.place.service}: {here.moment(one.place.starts_at)}"
            for one in (await appointments.of_contact(session, customer.id))[:_FEW]
        ),
    ]


def _order(order: OrderNews, ask: Ask, here: Here) -> str:
    total = amounts.money(order.total_cents, here.language)
    return f"🛒 {ask.say(Text('Pedido', 'Order'))} {order.number}: {ask.say(_ORDERS[OrderState(order.state)])}, {total}"


def _charge(charge: Owed, ask: Ask, here: Here) -> str:
    due = f", {ask.say(Text('vence', 'due'))} {amounts.day(charge.due_on, here.language)}" if charge.due_on else ""
    amount = amounts.money(charge.amount_cents, here.language, currency=charge.currency)
    return f"💳 {charge.description or ask.say(_METHODS[ChargeMethod(charge.method)])}: {amount}{due}"


async def _consent(ask: Ask, customer: Customer, here: Here) -> list[str]:
    told = []
    for event in await profiles.consents_of(ask.session, customer.id):
        is_out = event.kind is ConsentKind.OPTED_OUT
        what = ask.say(Text("Pediu para parar", "Opted out") if is_out else Text("Voltou a aceitar", "Opted in"))
        told.append(
            f"{'🚫' if is_out else '✅'} {what} {here.moment(event.created_at)}, {ask.say(_SOURCES[event.source])}"
        )
    return told


async def _notes(ask: Ask, customer: Customer, here: Here) -> list[Rich | str]:
    notes = await profiles.notes_of(ask.session, customer.id, most=_FEW)
    shown = [f"📝 {here.moment(one.at)} {one.author or '—'}: {one.text}" for one in notes]
    return [bold(ask.say(Text("Notas", "Notes"))), *shown] if shown else []


def _buttons(ask: Ask, customer: Customer) -> Sequence[Choice]:
    whom = {"contact": str(customer.id)}
    shown = [Choice(text=ask.say(Text("Histórico", "History")), action="history", arguments=whom)]
    thread = customer.thread
    if thread is not None and ask.asker.may(Role.AGENT) and thread.control in _PAUSED_BY:
        action, text = _PAUSED_BY[thread.control]
        choice = Choice(
            text=ask.say(text), action=action, arguments=whom, conversation=thread.conversation, epoch=thread.epoch
        )
        shown.append(choice)
    return shown


_PAUSED_BY: Final = {
    Control.BOT: ("pause", Text("⏸ Pausar o bot", "⏸ Pause the bot")),
    Control.HUMAN: ("resume", Text("▶️ Devolver ao bot", "▶️ Give back to the bot")),
}
_CONTROLS: Final = {
    Control.BOT: Text("Com o bot", "With the bot"),
    Control.COPILOT: Text("Bot como copiloto", "Bot as copilot"),
    Control.QUEUED: Text("Espera uma pessoa", "Waits for a person"),
    Control.HUMAN: Text("Com uma pessoa", "With a person"),
    Control.CLOSED: Text("Conversa encerrada", "Conversation closed"),
}
ACTIONS: Final = (
    Action(
        name=CUSTOMER_SHOWN,
        about=Text("Tudo o que se sabe de um cliente.", "All that is known of a customer."),
        role=Role.VIEWER,
        run=of_customer(CUSTOMER_SHOWN, _profile),
        params=(CUSTOMER,),
    ),
)
COMMANDS: Final = (
    Command(
        name="cliente",
        action=CUSTOMER_SHOWN,
        about=Text("Quem é o cliente e em que pé está", "Who the customer is, and where things stand"),
        usage=Text(
            "/cliente  ou, fora do tópico: /cliente Ana · /cliente 99876",
            "/customer  or, outside a topic: /customer Ana · /customer 99876",
        ),
        read=reading.whom,
        aliases=("customer",),
    ),
)
