"""How the company wants things, changed from the group: quiet hours, the wait for more words, the group's own ways."""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import time
from typing import Any, Final

from admin_api.staff import amounts, reading
from admin_api.staff.arguments import Misused
from admin_api.staff.asking import Action, Answer, Ask, Command, Param, Place, Word
from admin_api.staff.folding import folded
from admin_api.staff.stores import settings as store
from admin_api.tenants.store import own_company
from channels.telegram_staff.rich import Rich, bold, italic, lines
from core import audit
from core.errors import Conflict
from core.models.people import Role
from core.texts import Text

SHOW: Final = "settings"
QUIET: Final = "set_quiet"
WAIT: Final = "set_wait"
PREFIX: Final = "set_prefix"
DIGEST: Final = "set_digest"
USUAL_PREFIX: Final = "//"
USUAL_DIGEST: Final = 3
MOST_DIGEST: Final = 50
MOST_WAIT: Final = 30.0
_LONGEST_PREFIX: Final = 10
_HOURS: Final = re.compile(r"(\d{1,2})(?:[:h](\d{2})?)?\s*(?:-|–|a|às|as|até|to)\s*(\d{1,2})(?:[:h](\d{2})?)?")
_SECONDS: Final = re.compile(r"(\d{1,2}(?:[.,]\d)?)\s*(?:s|seg|segundos?|seconds?)?")
_OFF: Final = frozenset({"nunca", "desligado", "desligar", "off", "never", "nao", "0"})
_AS_USUAL: Final = frozenset({"normal", "padrao", "usual", "default"})


async def _show(ask: Ask) -> Answer:
    company = await own_company(ask.session)
    group = await store.bound_group(ask.session)
    own = await store.of_group(ask.session, group) if group else {}
    is_quiet = company.quiet_from != company.quiet_until
    quiet = f"{company.quiet_from:%H:%M}–{company.quiet_until:%H:%M}" if is_quiet else ask.say(_NEVER)
    digest = int(own.get("digest_from", USUAL_DIGEST))
    return Answer(
        text=lines(
            bold(company.name),
            f"🌙 {ask.say(Text('Silêncio', 'Quiet hours'))}: {quiet} ({company.time_zone})",
            f"⏱ {ask.say(Text('Espera antes de responder', 'Wait before answering'))}: "
            + _wait_in_words(ask, company.answer_wait_seconds),
            f"📝 {ask.say(Text('Prefixo de nota interna', 'Prefix of an inner note'))}: "
            + str(own.get("prefix", USUAL_PREFIX)),
            f"🗂 {ask.say(Text('Resumo em vez de avisos', 'Digest instead of alerts'))}: "
            + _digest_in_words(ask, digest),
            "",
            italic(ask.say(_HOW)),
        )
    )


async def _quiet(ask: Ask) -> Answer:
    start, end = _read_hours(str(ask.arguments["hours"]))
    await store.set_quiet(ask.session, start=start, end=end)
    detail = {"quiet_from": f"{start:%H:%M}", "quiet_until": f"{end:%H:%M}"}
    _record(ask, detail)
    if start == end:
        return _done(
            ask, Text("Sem horário de silêncio: o que a empresa inicia sai a qualquer hora.", "No quiet hours.")
        )
    span = f"{start:%H:%M}–{end:%H:%M}"
    return _done(ask, Text(f"Silêncio: {span}. O que a empresa inicia espera o fim.", f"Quiet hours: {span}."))


async def _wait(ask: Ask) -> Answer:
    seconds = _read_seconds(str(ask.arguments["seconds"]))
    await store.set_answer_wait(ask.session, seconds)
    _record(ask, {"answer_wait_seconds": seconds})
    shown = _wait_in_words(ask, seconds)
    return _done(ask, Text(f"Espera antes de responder: {shown}.", f"Wait before answering: {shown}."))


async def _prefix(ask: Ask) -> Answer:
    prefix = str(ask.arguments["prefix"])
    if len(prefix) > _LONGEST_PREFIX or " " in prefix or (prefix.startswith("/") and prefix != USUAL_PREFIX):
        raise Misused(
            Text(
                f"O prefixo tem até {_LONGEST_PREFIX} caracteres, sem espaço, e não começa com uma barra só.",
                f"The prefix has up to {_LONGEST_PREFIX} characters, no space, and does not begin with a single slash.",
            )
        )
    await _change_group(ask, prefix=prefix)
    return _done(ask, Text(f"Nota interna começa com {prefix}", f"An inner note begins with {prefix}"))


async def _digest(ask: Ask) -> Answer:
    many = int(ask.arguments["many"])
    if not 0 <= many <= MOST_DIGEST:
        raise Misused(Text(f"Use um número de 0 a {MOST_DIGEST}.", f"Use a number from 0 to {MOST_DIGEST}."))
    await _change_group(ask, digest_from=many)
    shown = _digest_in_words(ask, many)
    return _done(ask, Text(f"Resumo em vez de avisos: {shown}.", f"Digest instead of alerts: {shown}."))


async def _change_group(ask: Ask, **changes: Any) -> None:
    group = ask.place.group or await store.bound_group(ask.session)
    if group is None:
        raise Conflict("Nenhum grupo está ligado a esta empresa.", "No group is bound to this company.")
    await store.change_group(ask.session, group, **changes)
    _record(ask, changes)


def _record(ask: Ask, detail: Mapping[str, Any]) -> None:
    subject = ask.session.tenant_id
    audit.record(ask.session, ask.asker.actor, "settings.changed", subject=subject, detail=dict(detail))


def _done(ask: Ask, told: Text) -> Answer:
    return Answer(text=Rich(f"⚙️ {ask.say(told)}"))


def _wait_in_words(ask: Ask, seconds: float | None) -> str:
    if seconds is None:
        return ask.say(Text("a do canal", "that of the channel"))
    return f"{amounts.number(seconds, ask.asker.language, places=0 if seconds == int(seconds) else 1)} s"


def _digest_in_words(ask: Ask, many: int) -> str:
    if many == 0:
        return ask.say(_NEVER)
    return ask.say(Text(f"a partir de {many} esperando", f"once {many} wait"))


def _read_hours(words: str) -> tuple[time, time]:
    if folded(words) in _OFF:
        return time(0), time(0)
    if found := _HOURS.fullmatch(words.strip()):
        first, first_minute, last, last_minute = (int(part or 0) for part in found.groups())
        with suppress(ValueError):  # no clock shows it
            return time(first, first_minute), time(last, last_minute)
    raise Misused(Text("Escreva como 21:00-08:00, ou nunca.", "Write it as 21:00-08:00, or never."))


def _read_seconds(words: str) -> float | None:
    if folded(words) in _AS_USUAL:
        return None
    found = _SECONDS.fullmatch(folded(words))
    seconds = float(found[1].replace(",", ".")) if found else -1.0
    if not 0 <= seconds <= MOST_WAIT:
        raise Misused(Text("Escreva de 0 a 30 segundos, ou normal.", "Write 0 to 30 seconds, or default."))
    return seconds


def _read_digest(words: str, _: Place) -> Mapping[str, Any]:
    said = folded(words)
    return {"many": 0 if said in _OFF else int(said) if said.isdecimal() and said.isascii() else words or None}


_NEVER: Final = Text("nunca", "never")
_HOW: Final = Text(
    "/config silencio 21:00-08:00 · /config espera 3 · /config prefixo // · /config resumo 3",
    "/settings quiet 21:00-08:00 · /settings wait 3 · /settings prefix // · /settings digest 3",
)
ACTIONS: Final = (
    Action(
        name=SHOW,
        about=Text("Mostra as configurações.", "Shows the settings."),
        role=Role.VIEWER,
        run=_show,
    ),
    Action(
        name=QUIET,
        about=Text("Muda o horário em que a empresa não inicia conversas.", "Changes when the company starts nothing."),
        role=Role.ADMIN,
        run=_quiet,
        params=(Param(name="hours", about=Text("De quando a quando: 21:00-08:00", "From when to when: 21:00-08:00")),),
    ),
    Action(
        name=WAIT,
        about=Text("Quanto o bot espera por mais mensagens antes de responder.", "How long the bot waits for more."),
        role=Role.ADMIN,
        run=_wait,
        params=(Param(name="seconds", about=Text("Segundos, de 0 a 30, ou normal", "Seconds, 0 to 30, or default")),),
    ),
    Action(
        name=PREFIX,
        about=Text("Com que começa uma nota interna no tópico.", "What an inner note in a topic begins with."),
        role=Role.ADMIN,
        run=_prefix,
        params=(Param(name="prefix", about=Text("O prefixo", "The prefix")),),
    ),
    Action(
        name=DIGEST,
        about=Text("A partir de quantos esperando vem um resumo em vez de avisos.", "When a digest replaces alerts."),
        role=Role.ADMIN,
        run=_digest,
        params=(Param(name="many", about=Text("Quantos; 0 é nunca", "How many; 0 is never"), kind=int),),
    ),
)
COMMANDS: Final = (
    Command(
        name="config",
        action=SHOW,
        about=Text("Silêncio, espera, prefixo, resumo", "Quiet hours, wait, prefix, digest"),
        usage=Text("/config", "/settings"),
        read=reading.nothing,
        aliases=("settings",),
        subs=(
            Word(
                name="silencio",
                action=QUIET,
                usage=Text("/config silencio 21:00-08:00 | nunca", "/settings quiet 21:00-08:00 | never"),
                read=reading.all_as("hours"),
                aliases=("quiet",),
            ),
            Word(
                name="espera",
                action=WAIT,
                usage=Text("/config espera 3 | normal", "/settings wait 3 | default"),
                read=reading.all_as("seconds"),
                aliases=("wait",),
            ),
            Word(
                name="prefixo",
                action=PREFIX,
                usage=Text("/config prefixo //", "/settings prefix //"),
                read=reading.all_as("prefix"),
                aliases=("prefix",),
            ),
            Word(
                name="resumo",
                action=DIGEST,
                usage=Text("/config resumo 3 | nunca", "/settings digest 3 | never"),
                read=_read_digest,
                aliases=("digest",),
            ),
        ),
    ),
)
