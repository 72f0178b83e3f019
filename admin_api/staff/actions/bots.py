"""The bot, switched off and on: on a connection or on all, and for one customer."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from admin_api.staff import reading
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place, Word
from admin_api.staff.buttons import Choice
from admin_api.staff.folding import folded
from admin_api.staff.here import here_of
from admin_api.staff.stores import vitals
from admin_api.staff.stores.vitals import LineVitals
from admin_api.staff.whom import CUSTOMER, Customer, named_before, of_customer
from channels.telegram_staff.rich import Rich, bold, lines
from core.errors import NotFound
from core.ids import ConnectionId
from core.models.people import ConnectionKind, Role
from core.models.stream import Control
from core.texts import Text
from graphs import control, pausing
from graphs.control import Wanted

BOT: Final = "bot"
OFF: Final = "bot_off"
ON: Final = "bot_on"
PAUSE: Final = "pause"
RESUME: Final = "resume"
_ALL: Final = frozenset({"", "todas", "todos", "tudo", "all"})
_SILENT: Final = frozenset({ConnectionKind.TELEGRAM})  # no customer is there
_LINE: Final = Param(
    name="connection",
    about=Text("Nome da conexão; sem ele, todas", "Name of the connection; else all"),
    is_required=False,
)


async def _show(ask: Ask) -> Answer:
    found, here = await _lines(ask), await here_of(ask)
    if not found:
        return Answer(text=Rich(ask.say(Text("Ainda não há conexões.", "There are no connections yet."))))
    shown, choices = [], []
    for one in found:
        since = f" {ask.say(Text('desde', 'since'))} {here.moment(one.paused_at)}" if one.paused_at else ""
        word = Text("⏸ desligado", "⏸ off") if one.paused_at else Text("🤖 ligado", "🤖 on")
        shown.append(bold(one.name) + f": {ask.say(word)}{since}")
        action, verb = (ON, Text("▶️ Ligar", "▶️ On")) if one.paused_at else (OFF, Text("⏸ Desligar", "⏸ Off"))
        choices.append([Choice(text=f"{ask.say(verb)} {one.name}", action=action, arguments={"connection": one.name})])
    may = ask.asker.may(Role.ADMIN)
    return Answer(text=lines(*shown), choices=choices if may else (), replaces=True)


async def _preview_off(ask: Ask) -> Answer:
    named = await _named(ask)
    names = ", ".join(one.name for one in named)
    queued = sum(one.queued for one in named)
    what = ask.say(Text("Desligar o bot em", "Switch the bot off on"))
    then = ask.say(
        Text(
            "Ele deixa de responder, e o que ele tem na fila não sai. Quem escrever fica sem resposta e não chama "
            "ninguém: olhe /conversas pendentes.",
            "It stops answering, and what it has queued does not leave. Who writes gets no answer and calls nobody: "
            "look at /conversations pending.",
        )
    )
    waits = ask.say(Text("Na fila agora", "Queued now")) + f": {queued}"
    pinned = {"connections": [str(one.id) for one in named]}
    return Answer(text=lines(bold(f"⏸ {what}: {names}"), then, waits), pinned=pinned)


async def _off(ask: Ask) -> Answer:
    by, told = ask.asker.actor, []
    for one in await _named(ask):
        withdrawn = await pausing.pause(ask.session, ConnectionId(one.id), by=by)
        already = ask.say(Text("já estava desligado", "was off already"))
        done = ask.say(Text("desligado", "off"))
        kept = ask.say(Text("retiradas da fila", "withdrawn"))
        told.append(bold(one.name) + (f": {already}" if withdrawn is None else f": {done} · {kept}: {withdrawn}"))
    watch = Text("Enquanto isso, olhe /conversas pendentes.", "Meanwhile look at /conversations pending.")
    return Answer(text=lines(*("⏸ " + one for one in told), ask.say(watch)))


async def _on(ask: Ask) -> Answer:
    by, told = ask.asker.actor, []
    for one in await _named(ask):
        is_new = await pausing.resume(ask.session, ConnectionId(one.id), by=by)
        word = Text("ligado", "on") if is_new else Text("já estava ligado", "was on already")
        told.append(bold(one.name) + f": {ask.say(word)}")
    hint = ask.say(
        Text(
            "Quem escreveu enquanto isso só é respondido quando escrever de novo: veja /conversas pendentes.",
            "Who wrote meanwhile is answered when they write again: see /conversations pending.",
        )
    )
    return Answer(text=lines(*("▶️ " + one for one in told), hint))


async def _pause(ask: Ask, customer: Customer) -> Answer:
    thread = customer.talk
    if thread.control is Control.HUMAN:
        silent = Text("O bot já está calado: uma pessoa atende.", "The bot is silent already: a person has it.")
        return Answer(text=bold(customer.name) + f" · {ask.say(silent)}", toast=ask.say(silent))
    wanted = Wanted(to=Control.HUMAN, by=ask.asker.actor, user=ask.asker.user, seen=thread.epoch)
    await control.change(ask.session, thread.conversation, wanted)
    told = ask.say(Text("O bot parou aqui; a conversa é sua.", "The bot stopped here; the conversation is yours."))
    return Answer(text="⏸ " + bold(customer.name) + f" · {told}", toast=told)


async def _resume(ask: Ask, customer: Customer) -> Answer:
    thread = customer.talk
    if thread.control is Control.BOT:
        there = Text("O bot já está com a conversa.", "The bot has this conversation already.")
        return Answer(text=bold(customer.name) + f" · {ask.say(there)}", toast=ask.say(there))
    reason = str(ask.arguments.get("note", ""))
    wanted = Wanted(to=Control.BOT, by=ask.asker.actor, reason=reason, seen=thread.epoch)
    await control.change(ask.session, thread.conversation, wanted)
    told = ask.say(Text("O bot voltou a atender.", "The bot answers again."))
    return Answer(text="▶️ " + bold(customer.name) + f" · {told}", toast=told)


async def _lines(ask: Ask) -> list[LineVitals]:
    return [one for one in await vitals.lines(ask.session) if one.kind not in _SILENT]


async def _named(ask: Ask) -> Sequence[LineVitals]:
    found, wanted = await _lines(ask), str(ask.arguments.get("connection", ""))
    if (shown := ask.arguments.get("connections")) is not None:
        found = [one for one in found if str(one.id) in shown]
    elif folded(wanted) not in _ALL:
        found = [one for one in found if folded(one.name) == folded(wanted)]
    if not found:
        raise NotFound(
            f"Não há conexão “{wanted}”: veja /bot." if wanted else "Ainda não há conexões.",
            f"There is no connection “{wanted}”: see /bot." if wanted else "There are no connections yet.",
        )
    return found


def _read_resume(words: str, place: Place) -> Mapping[str, Any]:
    whom, rest = named_before(words, place, is_all=True)
    return {**whom, "note": rest}


ACTIONS: Final = (
    Action(
        name=BOT,
        about=Text("Mostra onde o bot está ligado.", "Shows where the bot is on."),
        role=Role.VIEWER,
        run=_show,
    ),
    Action(
        name=OFF,
        about=Text("Desliga o bot numa conexão, ou em todas.", "Switches the bot off on a connection, or on all."),
        role=Role.ADMIN,
        run=_off,
        preview=_preview_off,
        params=(_LINE,),
    ),
    Action(
        name=ON,
        about=Text("Liga o bot numa conexão, ou em todas.", "Switches the bot on on a connection, or on all."),
        role=Role.ADMIN,
        run=_on,
        params=(_LINE,),
    ),
    Action(
        name=PAUSE,
        about=Text("O bot para de responder a um cliente.", "The bot stops answering one customer."),
        role=Role.AGENT,
        run=of_customer(PAUSE, _pause),
        params=(CUSTOMER,),
    ),
    Action(
        name=RESUME,
        about=Text("O bot volta a atender um cliente.", "The bot answers one customer again."),
        role=Role.AGENT,
        run=of_customer(RESUME, _resume),
        params=(
            CUSTOMER,
            Param(name="note", about=Text("O que ficou combinado", "What was agreed"), is_required=False),
        ),
    ),
)
COMMANDS: Final = (
    Command(
        name="bot",
        action=BOT,
        about=Text("Ligar e desligar o bot", "Switch the bot on and off"),
        usage=Text("/bot", "/bot"),
        read=reading.nothing,
        aliases=("persona",),
        subs=(
            Word(
                name="desligar",
                action=OFF,
                usage=Text("/bot desligar [conexão]", "/bot off [connection]"),
                read=reading.all_as("connection"),
                aliases=("off",),
            ),
            Word(
                name="ligar",
                action=ON,
                usage=Text("/bot ligar [conexão]", "/bot on [connection]"),
                read=reading.all_as("connection"),
                aliases=("on",),
            ),
        ),
    ),
    Command(
        name="pausar",
        action=PAUSE,
        about=Text("Calar o bot com este cliente", "Silence the bot with this customer"),
        usage=Text("/pausar  ·  fora do tópico: /pausar Ana", "/pause  ·  outside a topic: /pause Ana"),
        read=reading.whom,
        aliases=("pause",),
    ),
    Command(
        name="retomar",
        action=RESUME,
        about=Text("O bot volta a atender este cliente", "The bot answers this customer again"),
        usage=Text("/retomar [o que ficou combinado]  ·  /retomar Ana: nota", "/resume [what was agreed]"),
        read=_read_resume,
        aliases=("resume",),
    ),
)
