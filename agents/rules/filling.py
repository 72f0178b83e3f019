"""Slots that a message fills: first the one that was asked for, then those whose values show what they are."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Final

from agents.commands import Command, Confirm, Heard, Quote, RefuseSlot, SetSlot, Source, Value
from agents.extractors import registry
from agents.extractors.answers import find_yes_no
from agents.extractors.contacts import find_email, find_phone
from agents.extractors.documents import find_cnpj, find_cpf
from agents.extractors.found import Found, Refused, plain, without
from agents.extractors.values import same
from agents.personas.definition import Persona, Slot, SlotType
from agents.rules import questions
from agents.rules.sentences import Clause, clauses
from core.lexicon import is_bare_greeting

Spans = list[tuple[int, int]]


@dataclass(slots=True)
class Form:
    """What is known while a turn's messages are read one after the other."""

    persona: Persona
    today: date
    known: dict[str, Value]
    last_ask: str | None
    looked_up_by: frozenset[str] = frozenset()  # slots whose values a question may give: it is what they are for
    commands: list[Command] = field(default_factory=list)

    @property
    def asked(self) -> Slot | None:
        return self.persona.slots.get(self.last_ask) if self.last_ask else None

    @property
    def to_confirm(self) -> str | None:
        """What waits for a yes: `confirm:<slot>` or `effect:<tool>`."""
        return self.last_ask if self.last_ask and self.last_ask.startswith(("confirm:", "effect:")) else None


def fill(form: Form, heard: Heard, *, is_free: bool) -> Spans:
    """Where the values stand. `is_free`: the message says nothing else, so that all of it may be a text asked for."""
    said = _Text.of(heard)
    taken: Spans = []
    if form.to_confirm:
        taken.extend(_confirm(form, heard, said))
    elif form.asked is not None:
        taken.extend(_answer(form, heard, said, is_free=is_free))
    for name, one in _in_passing(form, said, taken, corrects=said.is_corrected):
        taken.append((one.start, one.end))
        _keep(form, heard, name, one)
    return [*taken, *said.marker]


def note(form: Form, heard: Heard) -> None:
    """From a line of our staff: what only the customer's matter can be, never a price or an address of the house."""
    taken: Spans = []
    for name, one in _in_passing(form, _Text.of(heard), taken, corrects=False):
        if isinstance(one, Found) and form.persona.slots[name].type in _OF_STAFF:
            taken.append((one.start, one.end))
            _keep(form, heard, name, one, source="staff")


@dataclass(frozen=True, slots=True)
class _Text:
    """A message for those who look for values: each at its place in all of these."""

    whole: str
    stated: str  # without the sentences that ask
    answered: str  # without what opens as a question: "8 mil, mas quanto custa o frete?" answers
    asks: bool
    is_corrected: bool
    marker: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, heard: Heard) -> "_Text":
        text, marker = heard.text, None
        for found in _CORRECTION.finditer(plain(text).text):
            marker = plain(text).span(found.start(), found.end())
        if marker:  # what was said before is what was meant otherwise
            text = " " * marker[1] + text[marker[1] :]
        parts = clauses(text)
        return cls(
            whole=text,
            stated=_blanked(text, [part for part in parts if part.asks]),
            answered=_blanked(text, [part for part in parts if questions.opens(part)]),
            asks=any(part.asks or questions.opens(part) for part in parts),
            is_corrected=bool(marker),
            marker=(marker,) if marker else (),
        )


def _blanked(text: str, parts: Sequence[Clause]) -> str:
    pieces, place = [], 0
    for part in parts:
        start, end = part.whole
        pieces.append(text[place:start] + " " * (end - start))
        place = end
    return "".join(pieces) + text[place:]


def _confirm(form: Form, heard: Heard, said: _Text) -> Spans:
    """A "não, é 10 mil" is a correction: a bare no would throw the new value away with the old one."""
    name = (form.last_ask or "").partition(":")[2]
    slot = form.persona.slots.get(name)
    answer = next(iter(find_yes_no(said.whole)), None) or _go_ahead(name, said.whole)
    if slot is not None and slot.type not in _WHOLE and not (answer and answer.value["yes"]):
        rest = said.stated if answer is None else _without(said.stated, answer)
        value = _single(registry.find(slot, rest, today=form.today, known=form.known, asked=True))
        if isinstance(value, Found) and not _is_known(form, name, slot, value):
            _keep(form, heard, name, value)
            return [(value.start, value.end), *([(answer.start, answer.end)] if answer else [])]
    if answer is None or said.asks:
        return []
    quote = Quote(text=heard.text[answer.start : answer.end], message=heard.message)
    form.commands.append(Confirm(is_yes=bool(answer.value["yes"]), quote=quote))
    form.last_ask = None
    return [(answer.start, answer.end)]


def _go_ahead(tool: str, text: str) -> Found | None:
    """Who is asked whether to cancel says yes by "pode cancelar", and by nothing of the kind to anything else."""
    verbs = _VERBS.get(tool)
    found = re.match(rf"\W*(?:pode|podem|quero|vamos|pode sim) (?:{verbs})\b", plain(text).text) if verbs else None
    return Found({"yes": True}, *plain(text).span(found.start(), found.end())) if found else None


def _without(text: str, found: Found) -> str:
    return text[: found.start] + " " * (found.end - found.start) + text[found.end :]


def _answer(form: Form, heard: Heard, said: _Text, *, is_free: bool) -> Spans:
    name, slot = form.last_ask or "", form.asked
    if slot is None or (slot.type in _WHOLE and _says_something_else(said, is_free=is_free)):
        return []
    text = said.whole if slot.type in _ASKABLE else said.answered
    found = registry.find(slot, text, today=form.today, known=_others(form, name), asked=True)
    is_apart = without(_elsewhere(text)) if slot.type in _COUNTED else None
    one = _single([each for each in found if is_apart is None or is_apart(each)])
    if one is None:
        return []
    _keep(form, heard, name, one)
    form.last_ask = None
    return [(one.start, one.end)]


def _says_something_else(said: _Text, *, is_free: bool) -> bool:
    """A question, a wish, "não sei ainda", or a greeting alone: no text that was asked for, and no name."""
    if said.asks or not is_free or _EVASION.search(plain(said.whole).text):
        return True
    return is_bare_greeting(said.whole)


def _elsewhere(text: str) -> Spans:
    """Digits that are no number of anything."""
    found = (*find_email(text), *find_cpf(text), *find_cnpj(text), *find_phone(text))
    return [(one.start, one.end) for one in found]


def _others(form: Form, name: str) -> Mapping[str, Value]:
    return {key: value for key, value in form.known.items() if key != name}


def _single(found: Sequence[Found | Refused]) -> Found | Refused | None:
    """None where several values were named: "sexta ou sábado" is for others to understand."""
    good = [one for one in found if isinstance(one, Found)]
    if len({repr(one.value) for one in good}) > 1:
        return None
    return next(iter(good or found), None)


def _in_passing(form: Form, said: _Text, taken: Spans, *, corrects: bool) -> Iterator[tuple[str, Found | Refused]]:
    """Values of slots still unknown, or of known ones where the customer corrects themselves."""
    for kind in registry.TELLING:
        names = [
            name
            for name, slot in form.persona.slots.items()
            if slot.type is kind and name != form.last_ask and (corrects or _may_change(form, name, said))
        ]
        if kind is not SlotType.CHOICE and len(names) > 1:
            names = [name for name in names if name in form.looked_up_by]
        if kind is not SlotType.CHOICE and len(names) != 1:
            continue  # of two dates nobody knows which one it is
        for name in names:
            slot = form.persona.slots[name]
            is_askable = kind in _ASKABLE - {SlotType.CHOICE} or _is_asked_with(form, name, taken)
            text = said.whole if is_askable else said.stated
            is_question = said.asks and name in form.looked_up_by and kind is not SlotType.CHOICE
            found = registry.find(slot, text, today=form.today, known=_others(form, name), asked=is_question)
            one = _single([each for each in found if without(taken)(each) and not _is_denied(text, each)])
            if (
                one is not None
                and _is_told(form, name, one, corrects=corrects or name in form.looked_up_by)
                and (isinstance(one, Found) or kind in _CHECKED)
            ):
                yield name, one


def _is_asked_with(form: Form, name: str, taken: Spans) -> bool:
    """A question that names no time is about the thing itself: "quanto custa a consulta?" looks up no free times."""
    return name in form.looked_up_by and (form.persona.slots[name].type is not SlotType.CHOICE or bool(taken))


def _may_change(form: Form, name: str, said: _Text) -> bool:
    """What is unknown; a known choice may be named again; and what is looked up may be asked with another value."""
    is_choice = form.persona.slots[name].type is SlotType.CHOICE
    return name not in form.known or is_choice or (said.asks and name in form.looked_up_by)


def _is_told(form: Form, name: str, one: Found | Refused, *, corrects: bool) -> bool:
    """A choice that is known counts when it is said again; of the rest a known value is no news."""
    slot = form.persona.slots[name]
    if slot.type is not SlotType.CHOICE or name not in form.known:
        return name in form.looked_up_by or not _is_known(form, name, slot, one)
    return corrects or _is_known(form, name, slot, one)


def _is_denied(text: str, one: Found | Refused) -> bool:
    return bool(_DENIED.search(plain(text[max(0, one.start - 24) : one.start]).text))


def _is_known(form: Form, name: str, slot: Slot, one: Found | Refused) -> bool:
    return isinstance(one, Found) and name in form.known and same(slot.type, form.known[name], one.value)


def _keep(form: Form, heard: Heard, name: str, one: Found | Refused, *, source: Source = "rule") -> None:
    quote = Quote(text=heard.text[one.start : one.end], message=heard.message)
    if isinstance(one, Found):
        form.known[name] = one.value
        form.commands.append(SetSlot(name=name, value=one.value, quote=quote, source=source))
    else:
        form.commands.append(RefuseSlot(name=name, quote=quote, reason=one.reason))


_WHOLE: Final = frozenset({SlotType.TEXT, SlotType.PERSON_NAME})
_ASKABLE: Final = frozenset({SlotType.MOMENT, SlotType.DATE, SlotType.CHOICE})  # "pode ser sexta às 9h?" answers too
_COUNTED: Final = frozenset({SlotType.MONEY, SlotType.QUANTITY})
_CHECKED: Final = frozenset({SlotType.CPF, SlotType.CNPJ, SlotType.EMAIL})
_OF_STAFF: Final = frozenset(
    {SlotType.CPF, SlotType.CNPJ, SlotType.CEP, SlotType.MOMENT, SlotType.DATE, SlotType.CHOICE}
)
_CORRECTION: Final = re.compile(
    r"(?<!\w)(?:quer dizer|quero dizer|na verdade|digo|corrigindo|correcao|errei|me enganei|melhor dizendo|ou"
    r" melhor|alias|"
    r"i meant|i mean|actually|quise decir|perdon)(?!\w)[ ,:]*"
)
_EVASION: Final = re.compile(
    r"\A\W*(?:(?:eu )?(?:ainda )?nao sei|sei la|depois|prefiro nao|nao quero|pula|pular|skip|tanto faz|agora "
    r"nao|nao posso|"
    r"i dont know|i don't know|no se(?!\w)|espera|perai|calma|um minuto|um momento|ja volto|como assim|nao entendi)"
)
_VERBS: Final = {
    "agenda.criar": "marcar|agendar|reservar|confirmar",
    "agenda.cancelar": "cancelar|desmarcar|confirmar",
}
_DENIED: Final = re.compile(
    r"(?<!\w)(?:nao|nem|not|sem)(?: (?:e|eh|quero|pode ser|tenho|posso|da|is|de|em|na|no|a|o|mais))* ?\Z"
)
