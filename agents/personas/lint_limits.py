"""The linter's rules about numbers and hours: what is allowed can be kept, and somebody is there when it cannot."""

import math
import re
from collections.abc import Iterator
from datetime import time, timedelta
from typing import Final

from agents.personas.definition import SlotType
from agents.personas.lint_sheet import Sheet
from agents.personas.problems import Path, Problem
from core import lexicon

_SHORTEST_SCOPE: Final = 20
_FEWEST_WORDS: Final = 4
_FEWEST_OPTIONS: Final = 2
_DEFAULT_CALLS: Final = 2  # one to understand, one to answer
_SHORTEST_TURN: Final = timedelta(seconds=3)
_LONGEST_TURN: Final = timedelta(minutes=2)
_SHORTEST_STALL: Final = timedelta(minutes=5)
_SHORTEST_WINDOW: Final = timedelta(hours=1)
_LONGEST_TYPING: Final = timedelta(seconds=30)
_CHARACTERS_PER_TOKEN: Final = 4.85  # measured on Portuguese
_RULES_TOKENS: Final = 400  # of the platform, before anything of the persona
_CIVIL: Final = (time(7), time(22))  # outside of it one writes to nobody
_HOST: Final = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,}")


def scope(sheet: Sheet) -> Iterator[Problem]:
    text = lexicon.normalise(sheet.persona.scope)
    if len(text) < _SHORTEST_SCOPE or len(text.split()) < _FEWEST_WORDS:
        yield sheet.error(
            ("scope",),
            "diz pouco: conte do que a persona trata e o que ela recusa",
            "says too little: tell what the persona deals with, and what it refuses",
        )


def people(sheet: Sheet) -> Iterator[Problem]:
    """There is always a way to a person."""
    if "customer_asked" not in sheet.persona.handoff.on:
        yield sheet.error(
            ("handoff", "on"),
            "falta `customer_asked`: quem pede uma pessoa precisa ser atendido por uma",
            "`customer_asked` is missing: whoever asks for a person gets one",
        )
    sla = sheet.persona.handoff.sla
    for name, duration in (("first", sla.first), ("next", sla.next)):
        if duration <= timedelta(0):
            yield _too_short(sheet, ("handoff", "sla", name))
    if sheet.persona.handoff.return_.idle <= timedelta(0):
        yield _too_short(sheet, ("handoff", "return", "idle"))


def hours(sheet: Sheet) -> Iterator[Problem]:
    persona = sheet.persona
    yield from _window(sheet, ("handoff", "hours"), persona.handoff.hours)
    quiet: Path = ("quiet_hours", "allow")
    problems = list(_window(sheet, quiet, persona.quiet_hours.allow))
    yield from problems
    begin, end = _times(persona.quiet_hours.allow)
    if not problems and (begin < _CIVIL[0] or end > _CIVIL[1]):
        yield sheet.warning(quiet, "escreve antes das 7h ou depois das 22h", "writes before 7:00 or after 22:00")


def stalls(sheet: Sheet) -> Iterator[Problem]:
    for _, stage, path in sheet.stages():
        if stage.stall and stage.stall.after < _SHORTEST_STALL:
            yield sheet.error(
                (*path, "stall", "after"), "menos de 5m é insistir, não lembrar", "under 5m is pressing, not reminding"
            )


def budget(sheet: Sheet) -> Iterator[Problem]:
    allowed = sheet.persona.budget
    if allowed.model_calls < _DEFAULT_CALLS:
        yield sheet.error(
            ("budget", "model_calls"),
            f"com menos de {_DEFAULT_CALLS} não dá para entender e responder",
            f"fewer than {_DEFAULT_CALLS} cannot both understand and answer",
        )
    if not _SHORTEST_TURN <= allowed.turn_deadline <= _LONGEST_TURN:
        yield sheet.error(("budget", "turn_deadline"), "fica entre 3s e 2m", "has to lie between 3s and 2m")
    if allowed.contact_calls_per_day < allowed.model_calls:
        yield sheet.error(
            ("budget", "contact_calls_per_day"), "não cobre nem um turno", "does not even cover a single turn"
        )
    if allowed.company_calls_per_day < allowed.contact_calls_per_day:
        yield sheet.warning(
            ("budget", "company_calls_per_day"),
            f"é menos do que um único contato pode usar ({allowed.contact_calls_per_day})",
            f"is less than a single contact may use ({allowed.contact_calls_per_day})",
        )
    needed = _card_tokens(sheet)
    if allowed.input_tokens < needed:
        yield sheet.error(
            ("budget", "input_tokens"),
            f"só a persona ocupa uns {needed}",
            f"the persona by itself takes about {needed}",
        )
    if allowed.per_conversation_brl is not None and not math.isfinite(allowed.per_conversation_brl):
        yield sheet.error(("budget", "per_conversation_brl"), "não é um número", "is no number")


def typing(sheet: Sheet) -> Iterator[Problem]:
    for channel, rules in sheet.persona.channels.items():
        path: Path = ("channels", channel, "typing_delay")
        delay = rules.typing_delay
        if not math.isfinite(delay.characters_per_second):
            yield sheet.error((*path, "cps"), "não é um número", "is no number")
        if delay.min > delay.max:
            yield sheet.error((*path, "min"), "`min` passa de `max`", "`min` is over `max`")
        if delay.max > _LONGEST_TYPING:
            yield sheet.error((*path, "max"), "ninguém espera mais de 30s", "nobody waits longer than 30s")


def choices(sheet: Sheet) -> Iterator[Problem]:
    for name, slot in sheet.persona.slots.items():
        if slot.type is SlotType.CHOICE and len(slot.options) < _FEWEST_OPTIONS:
            yield sheet.error(
                ("slots", name),
                f"`{name}` é choice e precisa de `options`",
                f"`{name}` is a choice and needs `options`",
            )
        if slot.type is not SlotType.CHOICE and slot.options:
            yield sheet.error(
                ("slots", name, "options"), f"`options` só vale em choice, e `{name}` é {slot.type}", "only in a choice"
            )


def links(sheet: Sheet) -> Iterator[Problem]:
    for place, host in enumerate(sheet.persona.guardrails.links_allow):
        if not _HOST.fullmatch(host):
            yield sheet.error(
                ("guardrails", "links_allow", place),
                f"`{host}` não é um domínio, como loja.com.br",
                f"`{host}` is no domain, as shop.com",
            )


def _window(sheet: Sheet, path: Path, written: str) -> Iterator[Problem]:
    begin, end = (timedelta(hours=one.hour, minutes=one.minute) for one in _times(written))
    if end <= begin:
        yield sheet.error(path, "termina antes de começar", "ends before it begins")
    elif end - begin < _SHORTEST_WINDOW:
        yield sheet.error(path, "dura menos de uma hora", "is shorter than an hour")


def _times(written: str) -> tuple[time, time]:
    begin, _, end = written.partition("-")
    return time.fromisoformat(begin), time.fromisoformat(end)


def _too_short(sheet: Sheet, path: Path) -> Problem:
    return sheet.error(path, "precisa ser maior que zero", "has to be more than nothing")


def _card_tokens(sheet: Sheet) -> int:
    """What of a persona is in every prompt, whatever is said."""
    persona = sheet.persona
    shown = [persona.scope, persona.identity.role, *persona.tone.forbidden]
    shown += [one.customer + one.persona for one in persona.examples]
    shown += [one.describe for one in persona.evidence.values()]
    shown += [f"{name} {option.label}" for name, slot in persona.slots.items() for option in slot.options]
    return _RULES_TOKENS + round(sum(map(len, shown)) / _CHARACTERS_PER_TOKEN)
