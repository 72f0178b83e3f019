"""What is done at a later time: a message to a customer, and a reminder to oneself. Both are listed, and cancelled."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from admin_api.staff import reading, times
from admin_api.staff.arguments import LONGEST, Misused
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place
from admin_api.staff.buttons import Choice
from admin_api.staff.here import Here, here_of
from admin_api.staff.paging import A_PAGE, Leaf, rows_of, skipped
from admin_api.staff.stores import notes, reminders, scheduled
from admin_api.staff.stores.notes import NewNote
from admin_api.staff.whom import CUSTOMER, NAMELESS, Customer, named_before, of_customer
from admin_api.tenants.store import own_company
from channels.contents import Text as Words
from channels.policy import WINDOW, QuietHours, Reason
from channels.stores import outbox
from channels.stores.outbox import NewOutbound, Scope
from channels.telegram_staff.notes import Say, from_json
from channels.telegram_staff.rich import Rich, bold, lines, quote
from core import audit
from core.errors import Conflict, NotFound
from core.models.outbox import Purpose
from core.models.people import ConnectionKind, Role
from core.models.staff import NoteLane
from core.models.stream import Control
from core.texts import Text

SCHEDULE: Final = "schedule"
SCHEDULED: Final = "scheduled"
UNSCHEDULE: Final = "schedule_cancel"
REMIND: Final = "remind"
REMINDERS: Final = "reminders"
FORGET: Final = "reminder_cancel"
_SHORT: Final = 120
_PARTED: Final = re.compile(r"(?P<when>[^\n]{1,50}?):\s+(?P<text>.+)", re.DOTALL)
_WITH_WINDOW: Final = frozenset({ConnectionKind.WHATSAPP})
_WHEN: Final = Param(
    name="when", about=Text("Quando: amanhã 9h, em 30 min, sexta 14:30", "When: tomorrow 9h, in 30 min")
)


async def _preview(ask: Ask, customer: Customer) -> Answer:
    """A customer gets it: who, when and what are read once more. The moment that was shown is the one that counts."""
    here = await here_of(ask)
    timed = times.read(str(ask.arguments["when"]), here.now)
    if timed.text:
        raise Misused(Text("Não entendi para quando.", "The time was not understood."))
    if "text" not in ask.arguments:
        raise Misused(Text("Diga também o que enviar.", "Say what to send, too."))
    _refuse_outside_policy(customer, timed.at)
    head = "🕓 " + ask.say(Text("Enviar em", "Send on")) + f" {here.moment(timed.at)} · "
    late = await _quiet(ask, timed.at, here)
    text = lines(head + bold(customer.label), quote(str(ask.arguments["text"])), late)
    return Answer(text=text, pinned={"at": timed.at.isoformat()})


async def _schedule(ask: Ask, customer: Customer) -> Answer:
    here, at, words = await here_of(ask), datetime.fromisoformat(str(ask.arguments["at"])), str(ask.arguments["text"])
    if at <= here.now:
        raise Conflict("Esse horário já passou: agende de novo.", "That time has passed: schedule it again.")
    _refuse_outside_policy(customer, at)
    thread = customer.talk
    new = NewOutbound(
        conversation=thread.conversation,
        intent=f"{scheduled.PREFIX}{ask.key}",
        content=Words(body=words),
        purpose=Purpose.STAFF,
        not_before=at,
    )
    message = await outbox.queue(ask.session, new)
    if message is None:
        raise Conflict("Isto já foi agendado.", "This was scheduled already.")
    detail = {"message": str(message), "at": at.isoformat()}
    audit.record(ask.session, ask.asker.actor, "message.scheduled", subject=thread.conversation, detail=detail)
    told = ask.say(Text("Agendada para", "Scheduled for")) + f" {here.moment(at)} · "
    cancel = _cancel(ask, UNSCHEDULE, {"message": str(message)})
    return Answer(text=lines("🕓 " + told + bold(customer.name), quote(words)), choices=[[cancel]])


async def _quiet(ask: Ask, at: datetime, here: Here) -> str | None:
    """Whoever sets a time means it; they are told what time it is."""
    company = await own_company(ask.session)
    quiet = QuietHours(start=company.quiet_from, end=company.quiet_until)
    if quiet.end_after(at, here.zone) is None:
        return None
    return ask.say(
        Text("⚠️ É horário de silêncio; sai assim mesmo.", "⚠️ That is in the quiet hours; it leaves all the same.")
    )


def _refuse_outside_policy(customer: Customer, at: datetime) -> None:
    """What the sender would refuse then is refused now, with the reason."""
    thread = customer.talk
    if customer.known.row.opted_out_at is not None:
        raise Conflict("Esta pessoa pediu para não receber mensagens.", "This person asked not to be written to.")
    if thread.control is Control.CLOSED:
        raise Conflict("A conversa está encerrada.", "The conversation is closed.")
    if thread.kind not in _WITH_WINDOW:
        return
    if thread.last_inbound_at is None or at >= thread.last_inbound_at + WINDOW:
        raise Conflict(
            "Nessa hora a janela de 24 h do WhatsApp estará fechada: só um modelo aprovado sairia.",
            "By then WhatsApp's 24 h window will be closed: only an approved template could leave.",
        )


async def _scheduled(ask: Ask) -> Answer:
    about = ask.place.about
    contact = about.contact if about else None
    leaf = Leaf(ask, await scheduled.waiting(ask.session, contact=contact, most=A_PAGE + 1, skip=skipped(ask)))
    here = await here_of(ask)
    head = bold(ask.say(Text("Mensagens agendadas", "Scheduled messages")))
    if not leaf.items:
        nothing = Text("Nenhuma. Ex.: /agendar amanhã 9h: Bom dia!", "None. E.g. /schedule tomorrow 9h: Good morning!")
        return Answer(text=lines(head, ask.say(nothing)), replaces=True)
    shown = [
        f"{number}. {here.moment(one.at)} · {one.name or ask.say(NAMELESS)}: {_short(one.text)}"
        for number, one in enumerate(leaf.items, leaf.first)
    ]
    gone = [(number, {"message": str(one.message)}) for number, one in enumerate(leaf.items, leaf.first)]
    return Answer(text=lines(head, *shown), choices=[*_crosses(UNSCHEDULE, gone), leaf.turns(SCHEDULED)], replaces=True)


async def _unschedule(ask: Ask) -> Answer:
    found = await scheduled.one(ask.session, UUID(str(ask.arguments["message"])))
    if found is None or not await outbox.withdraw(ask.session, Scope(message=found.message), Reason.WITHDRAWN):
        raise NotFound("Esta mensagem já saiu ou foi cancelada.", "This message has left, or was cancelled.")
    detail = {"message": str(found.message)}
    audit.record(ask.session, ask.asker.actor, "message.unscheduled", subject=found.contact, detail=detail)
    told = ask.say(Text("Cancelada: não será enviada.", "Cancelled: it will not be sent."))
    return Answer(text=lines("🗑 " + told, quote(_short(found.text))), toast=told, replaces=True)


async def _remind(ask: Ask) -> Answer:
    here = await here_of(ask)
    timed = times.read(str(ask.arguments["when"]), here.now)
    place = ask.place
    of_topic = ask.say(Text("voltar a esta conversa", "come back to this conversation")) if place.about else ""
    words = str(ask.arguments.get("text", "")) or timed.text or of_topic
    if not words:
        raise Misused(Text("Diga também do que lembrar.", "Say what to be reminded of, too."))
    body = Say(text=lines(f"⏰ {ask.asker.name}, " + ask.say(Text("lembrete:", "a reminder:")), words))
    key = reminders.key_of(ask.asker.person, ask.key)
    new = NewNote(
        key=key,
        body=body,
        lane=NoteLane.ALERT,
        group=place.group,
        topic=place.about.topic if place.about and place.group else None,
        person=None if place.group else ask.asker.person,
        not_before=timed.at,
    )
    if not await notes.post(ask.session, new):
        raise Conflict("Este lembrete já existe.", "This reminder exists already.")
    audit.record(ask.session, ask.asker.actor, "reminder.made", detail={"at": timed.at.isoformat()})
    told = ask.say(Text("Vou lembrar", "I shall remind you"))
    return Answer(text=f"⏰ {told}: " + bold(here.moment(timed.at)) + f" · {_short(words)}")


async def _reminders(ask: Ask) -> Answer:
    found = await reminders.waiting(ask.session, ask.asker.person, most=A_PAGE + 1, skip=skipped(ask))
    leaf, here = Leaf(ask, found), await here_of(ask)
    head = bold(ask.say(Text("Seus lembretes", "Your reminders")))
    if not leaf.items:
        nothing = Text("Nenhum. Ex.: /lembrar 15h ligar para Ana", "None. E.g. /remind 15h call Ana")
        return Answer(text=lines(head, ask.say(nothing)), replaces=True)
    shown = [
        f"{number}. {here.moment(one.at)}{f' · {one.topic}' if one.topic else ''}: {_short(_words(one.body))}"
        for number, one in enumerate(leaf.items, leaf.first)
    ]
    gone = [(number, {"reminder": str(one.id)}) for number, one in enumerate(leaf.items, leaf.first)]
    return Answer(text=lines(head, *shown), choices=[*_crosses(FORGET, gone), leaf.turns(REMINDERS)], replaces=True)


async def _forget(ask: Ask) -> Answer:
    reminder = UUID(str(ask.arguments["reminder"]))
    if not await reminders.cancel(ask.session, ask.asker.person, reminder):
        raise NotFound("Este lembrete já foi dito ou não é seu.", "This reminder was said already, or is not yours.")
    audit.record(ask.session, ask.asker.actor, "reminder.cancelled", subject=reminder)
    told = ask.say(Text("Lembrete cancelado.", "Reminder cancelled."))
    return Answer(text=Rich(f"🗑 {told}"), toast=told, replaces=True)


def _words(body: dict[str, Any]) -> str:
    said = from_json(body)
    return said.text.text.partition("\n")[2] if isinstance(said, Say) else ""


def _cancel(ask: Ask, action: str, arguments: Mapping[str, Any]) -> Choice:
    return Choice(text=ask.say(Text("🗑 Cancelar", "🗑 Cancel")), action=action, arguments=arguments)


def _crosses(action: str, gone: list[tuple[int, dict[str, str]]]) -> list[list[Choice]]:
    return rows_of([Choice(text=f"🗑 {number}", action=action, arguments=arguments) for number, arguments in gone])


def _short(words: str) -> str:
    tidy = " ".join(words.split())
    return tidy if len(tidy) <= _SHORT else tidy[: _SHORT - 1] + "…"


def _read_schedule(words: str, place: Place) -> Mapping[str, Any]:
    """`quando: texto`; outside of a topic the customer comes before both. A time within the text stays there."""
    whom, rest = named_before(words, place)
    parted = _PARTED.fullmatch(rest)
    if parted is None:
        raise Misused(Text("Diga quando, dois-pontos, e o que enviar.", "Say when, a colon, and what to send."))
    return {**whom, "when": parted["when"], "text": parted["text"]}


_TEXT: Final = Param(
    name="text",
    about=Text(f"O texto, até {LONGEST} caracteres", f"The text, up to {LONGEST} characters"),
    is_required=False,
)
ACTIONS: Final = (
    Action(
        name=SCHEDULE,
        about=Text("Envia uma mensagem ao cliente numa hora marcada.", "Sends the customer a message at a set time."),
        role=Role.AGENT,
        run=of_customer(SCHEDULE, _schedule),
        preview=of_customer(SCHEDULE, _preview),
        params=(CUSTOMER, _WHEN, _TEXT),
    ),
    Action(
        name=SCHEDULED,
        about=Text("As mensagens agendadas, que se podem cancelar.", "Scheduled messages, which can be cancelled."),
        role=Role.AGENT,
        run=_scheduled,
    ),
    Action(
        name=UNSCHEDULE,
        about=Text("Cancela uma mensagem agendada.", "Cancels a scheduled message."),
        role=Role.AGENT,
        run=_unschedule,
        params=(Param(name="message", about=Text("A mensagem", "The message")),),
        is_spoken=False,
    ),
    Action(
        name=REMIND,
        about=Text("Lembra você de algo, aqui, numa hora marcada.", "Reminds you of something, here, at a set time."),
        role=Role.VIEWER,
        run=_remind,
        params=(_WHEN, _TEXT),
    ),
    Action(
        name=REMINDERS,
        about=Text("Seus lembretes, que se podem cancelar.", "Your reminders, which can be cancelled."),
        role=Role.VIEWER,
        run=_reminders,
    ),
    Action(
        name=FORGET,
        about=Text("Cancela um lembrete seu.", "Cancels a reminder of yours."),
        role=Role.VIEWER,
        run=_forget,
        params=(Param(name="reminder", about=Text("O lembrete", "The reminder")),),
        is_spoken=False,
    ),
)
COMMANDS: Final = (
    Command(
        name="agendar",
        action=SCHEDULE,
        about=Text("Enviar uma mensagem ao cliente mais tarde", "Send the customer a message later"),
        usage=Text(
            "/agendar amanhã 9h: Bom dia!  ·  fora do tópico: /agendar Ana: amanhã 9h: Bom dia!",
            "/schedule tomorrow 9h: Good morning!  ·  /schedule Ana: tomorrow 9h: Good morning!",
        ),
        read=_read_schedule,
        aliases=("schedule",),
    ),
    Command(
        name="agendados",
        action=SCHEDULED,
        about=Text("Mensagens agendadas", "Scheduled messages"),
        usage=Text("/agendados", "/scheduled"),
        read=reading.nothing,
        aliases=("scheduled",),
    ),
    Command(
        name="lembrar",
        action=REMIND,
        about=Text("Ser lembrado de algo", "Be reminded of something"),
        usage=Text("/lembrar 15h ligar para Ana  ·  /lembrar em 30 min ver o pagamento", "/remind 15h call Ana"),
        read=reading.all_as("when"),
        aliases=("remind",),
    ),
    Command(
        name="lembretes",
        action=REMINDERS,
        about=Text("Seus lembretes", "Your reminders"),
        usage=Text("/lembretes", "/reminders"),
        read=reading.nothing,
        aliases=("reminders",),
    ),
)
