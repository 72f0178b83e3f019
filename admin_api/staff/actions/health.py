"""How things run for this company: queues and their lag, unconfirmed sends, connections, a hold after a restore."""

from typing import Final

from admin_api.staff import amounts, reading
from admin_api.staff.actions.lines import STATES
from admin_api.staff.asking import Action, Answer, Ask, Command
from admin_api.staff.here import here_of
from admin_api.staff.stores import vitals
from admin_api.staff.stores.vitals import LineVitals, Vitals
from channels.stores import holds
from channels.telegram_staff.rich import Rich, bold, lines
from core.models.people import ConnectionState, Role
from core.texts import Text

HEALTH: Final = "health"
_LATE_SECONDS: Final = 60.0


async def _health(ask: Ask) -> Answer:
    now, found, here = await vitals.vitals(ask.session), await vitals.lines(ask.session), await here_of(ask)
    held = await holds.why_held(ask.floor.database)
    bad = [
        one for one in found if one.state not in {ConnectionState.ACTIVE, ConnectionState.DISABLED} or one.open_until
    ]
    is_well = not bad and held is None and not _is_late(now) and not now.quarantined
    head = Text("✅ Tudo em ordem", "✅ All is well") if is_well else Text("⚠️ Precisa de atenção", "⚠️ Needs attention")
    hold = f"⛔ {ask.say(Text('Envios parados', 'Sending is held'))}: {held}" if held else None
    return Answer(
        text=lines(
            bold(ask.say(head)) + f" · {amounts.moment(here.now, here.language)}",
            hold,
            *(_queue(ask, *one) for one in _queues(now)),
            *(_trouble(ask, one) for one in bad),
            *_oddities(ask, now),
        )
    )


def _queues(now: Vitals) -> tuple[tuple[Text, int, float], ...]:
    return (
        (Text("Turnos do bot", "Turns of the bot"), now.turns, now.turns_late),
        (Text("Mensagens para sair", "Messages to send"), now.outbox, now.outbox_late),
        (Text("Avisos deste grupo", "Notes of this group"), now.notes, now.notes_late),
    )


def _queue(ask: Ask, name: Text, many: int, late: float) -> str:
    mark = "⚠️" if late > _LATE_SECONDS else "🟢"
    shown = f" · {ask.say(Text('atraso', 'lag'))} {round(late)} s" if late >= 1 else ""
    return f"{mark} {ask.say(name)}: {amounts.number(many, ask.asker.language)}{shown}"


def _trouble(ask: Ask, one: LineVitals) -> Rich:
    paused = Text("provedor com problemas; tentaremos de novo", "provider in trouble; it will be tried again")
    state = ask.say(STATES[one.state]) if one.state is not ConnectionState.ACTIVE else f"⚠️ {ask.say(paused)}"
    return bold(one.name) + f": {state}"


def _oddities(ask: Ask, now: Vitals) -> list[str]:
    counts = (
        (now.incoming, Text("📥 Chegaram e esperam leitura: {}", "📥 Came in and wait to be read: {}")),
        (now.unconfirmed, Text("❔ Envios sem confirmação: {}", "❔ Sends without confirmation: {}")),
        (now.quarantined, Text("⚠️ Eventos que não conseguimos ler: {}", "⚠️ Events that we could not read: {}")),
        (now.failed_turns, Text("⚠️ Turnos que falharam em 24 h: {}", "⚠️ Turns that failed in 24 h: {}")),
        (now.waiting_people, Text("🔔 Esperam uma pessoa: {}", "🔔 Wait for a person: {}")),
    )
    language = ask.asker.language
    return [ask.say(text).format(amounts.number(many, language)) for many, text in counts if many]


def _is_late(now: Vitals) -> bool:
    return any(late > _LATE_SECONDS for _, _, late in _queues(now))


ACTIONS: Final = (
    Action(
        name=HEALTH,
        about=Text("Como estão filas, conexões e envios.", "How queues, connections and sends are."),
        role=Role.VIEWER,
        run=_health,
    ),
)
COMMANDS: Final = (
    Command(
        name="saude",
        action=HEALTH,
        about=Text("Filas, atrasos e conexões", "Queues, lags and connections"),
        usage=Text("/saude", "/health"),
        read=reading.nothing,
        aliases=("health",),
    ),
)
