"""The company's connections: how each one is, and pairing where a session needs it."""

import asyncio
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Final

from admin_api.staff import reading
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Picture, Word
from admin_api.staff.buttons import Choice
from admin_api.staff.folding import folded
from admin_api.staff.here import Here, here_of
from admin_api.staff.paging import Leaf
from admin_api.staff.pictures import qr
from admin_api.staff.stores import chats, vitals
from admin_api.staff.stores.vitals import LineVitals
from channels.stores import connections
from channels.telegram_staff.rich import Rich, bold, code, italic, join, lines
from core import audit
from core.errors import Conflict, NotFound
from core.ids import ConnectionId
from core.models.people import ConnectionKind, ConnectionState, Role
from core.texts import Text

CONNECTIONS: Final = "connections"
PAIRING: Final = "pairing"
_KINDS: Final[Mapping[ConnectionKind, Text]] = {
    ConnectionKind.WHATSAPP: Text("WhatsApp (API oficial)", "WhatsApp (official API)"),
    ConnectionKind.BAILEYS: Text("WhatsApp Web", "WhatsApp Web"),
    ConnectionKind.SMS: Text("SMS", "SMS"),
    ConnectionKind.VOICE_RETELL: Text("voz (Retell)", "voice (Retell)"),
    ConnectionKind.VOICE_VAPI: Text("voz (Vapi)", "voice (Vapi)"),
    ConnectionKind.TELEGRAM: Text("Telegram da equipe", "staff Telegram"),
}
STATES: Final[Mapping[ConnectionState, Text]] = {
    ConnectionState.ACTIVE: Text("🟢 no ar", "🟢 up"),
    ConnectionState.CREDENTIAL_REFUSED: Text("🔴 credencial recusada: troque o token", "🔴 refused: replace the token"),
    ConnectionState.NEEDS_PAIRING: Text("🟠 precisa ser pareada", "🟠 needs pairing"),
    ConnectionState.ACCOUNT_BLOCKED: Text("🔴 conta bloqueada pelo provedor", "🔴 account blocked by the provider"),
    ConnectionState.DISABLED: Text("⚪ desativada", "⚪ disabled"),
}
_QUALITIES: Final = {"GREEN": "🟢", "YELLOW": "🟡", "RED": "🔴"}
_SOON: Final = timedelta(days=14)
_NO_SESSION: Final = Text(
    "Ainda não há QR nem código: o pareamento do WhatsApp Web chega numa próxima versão.",
    "There is no QR and no code yet: pairing of WhatsApp Web arrives with a later release.",
)
_PAST: Final = Text(
    "Este QR e este código venceram: espere os próximos e peça de novo.",
    "This QR and this code have expired: wait for the next ones and ask again.",
)
_HOW_TO_PAIR: Final = Text(
    "No celular: WhatsApp › Aparelhos conectados › Conectar um aparelho.",
    "On the phone: WhatsApp › Linked devices › Link a device.",
)


async def _connections(ask: Ask) -> Answer:
    found, here = await vitals.lines(ask.session), await here_of(ask)
    if not found:
        nothing = Text("Nenhuma. Crie uma com `masteria connect`.", "None. Make one with `masteria connect`.")
        return Answer(text=Rich(ask.say(nothing)))
    leaf = Leaf.of_all(ask, found)
    pairing = [
        [Choice(text=f"🔗 {one.name}"[:40], action=PAIRING, arguments={"connection": one.name})]
        for one in leaf.items
        if one.state is ConnectionState.NEEDS_PAIRING and ask.asker.may(Role.ADMIN)
    ]
    shown = join("\n\n", [_line(one, ask, here) for one in leaf.items])
    return Answer(text=shown, choices=[*pairing, leaf.turns(CONNECTIONS)], replaces=True)


def _line(one: LineVitals, ask: Ask, here: Here) -> Rich:
    say = ask.say
    paused = (
        say(Text("⏸ bot desligado desde ", "⏸ bot off since ")) + here.moment(one.paused_at) if one.paused_at else None
    )
    trouble = say(Text("⚠️ o provedor está com problemas", "⚠️ the provider is in trouble")) if one.open_until else None
    heard = say(Text("última mensagem: ", "last message: ")) + here.moment(one.last_in) if one.last_in else None
    checked = say(Text("conferida: ", "checked: ")) + here.moment(one.checked_at) if one.checked_at else None
    facts = " · ".join(fact for fact in (one.persona, heard, checked) if fact)
    return lines(
        bold(one.name) + f" · {say(_KINDS[one.kind])}",
        say(STATES[one.state]) + (f" ({one.reason})" if one.reason else ""),
        trouble,
        paused,
        say(Text("na fila: ", "queued: ")) + str(one.queued) if one.queued else None,
        *_account(one, ask, here),
        italic(facts) if facts else None,
    )


def _account(one: LineVitals, ask: Ask, here: Here) -> Iterator[str]:
    """What the provider says of it: its quality, how many people it may reach, until when its token holds."""
    quality, limit = one.health.get("quality"), one.health.get("messaging_limit")
    if quality:
        yield ask.say(Text("qualidade: ", "quality: ")) + _QUALITIES.get(str(quality), str(quality))
    if limit:
        yield ask.say(Text("limite de conversas: ", "messaging limit: ")) + str(limit)
    expires = one.health.get("token_expires_at")
    if expires and (at := datetime.fromisoformat(str(expires))) < here.now + _SOON:
        yield ask.say(Text("⚠️ o token vence em ", "⚠️ the token expires on ")) + here.moment(at)
    if missing := one.health.get("missing_scopes"):
        yield ask.say(Text("⚠️ faltam permissões: ", "⚠️ permissions missing: ")) + ", ".join(map(str, missing))


async def _pairing(ask: Ask) -> Answer:
    """What a session that waits for a phone has told us: a QR to scan, a code to type, or nothing yet."""
    wanted = str(ask.arguments["connection"])
    found = [one for one in await vitals.lines(ask.session) if folded(one.name) == folded(wanted)]
    if not found:
        raise NotFound(f"Não há conexão “{wanted}”.", f"There is no connection “{wanted}”.")
    if found[0].state is not ConnectionState.NEEDS_PAIRING:
        fine = Text("Esta conexão não precisa ser pareada.", "This connection needs no pairing.")
        return Answer(text=bold(found[0].name) + f" · {ask.say(fine)}")
    if ask.place.group is not None and not await chats.has_chat(ask.session, ask.asker.person):
        raise Conflict(
            "Isto eu só mostro no privado: abra uma conversa comigo e mande /start.",
            "This is shown in private alone: open a chat with me and send /start.",
        )
    row, here = await connections.get(ask.session, ConnectionId(found[0].id)), await here_of(ask)
    shown, typed, until = (row.health.get(name) for name in ("pairing_qr", "pairing_code", "pairing_expires_at"))
    if not shown and not typed:
        return Answer(text=bold(row.name) + f" · {ask.say(_NO_SESSION)}")
    expires = datetime.fromisoformat(str(until)).astimezone(here.zone) if until else None
    if expires is not None and expires <= here.now:
        return Answer(text=bold(row.name) + f" · {ask.say(_PAST)}")
    audit.record(ask.session, ask.asker.actor, "connection.pairing_shown", subject=row.id)
    how_to = ask.say(_HOW_TO_PAIR)
    text = lines(bold(row.name), how_to, code(str(typed)) if typed else None)
    drawn = qr.Pairing(
        title=row.name,
        data=str(shown),
        how=how_to,
        code=str(typed) if typed else None,
        expires_at=expires,
        language=here.language,
    )
    picture = Picture(png=await asyncio.to_thread(qr.png, drawn), name="qr.png") if shown else None
    return Answer(text=text, picture=picture, is_private=True)


ACTIONS: Final = (
    Action(
        name=CONNECTIONS,
        about=Text("Como está cada conexão.", "How each connection is."),
        role=Role.VIEWER,
        run=_connections,
    ),
    Action(
        name=PAIRING,
        about=Text(
            "O QR ou código para parear uma conexão, no privado.", "QR or code to pair a connection, in private."
        ),
        role=Role.ADMIN,
        run=_pairing,
        params=(Param(name="connection", about=Text("A conexão", "The connection")),),
    ),
)
COMMANDS: Final = (
    Command(
        name="conexoes",
        action=CONNECTIONS,
        about=Text("Como está cada conexão", "How each connection is"),
        usage=Text("/conexoes", "/connections"),
        read=reading.nothing,
        aliases=("connections",),
        subs=(
            Word(
                name="parear",
                action=PAIRING,
                usage=Text("/conexoes parear NOME", "/connections pair NAME"),
                read=reading.all_as("connection"),
                aliases=("pair",),
            ),
        ),
    ),
)
