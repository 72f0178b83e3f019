"""Values in what a customer says: for the slot that was just asked for, then for those whose type they fit."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from agents.extractors import registry
from agents.extractors.found import Found, plain
from agents.personas.definition import Slot, SlotType
from agents.rehearsal.phrases import clauses, corrected, mention, wish, wish_of_message
from agents.rehearsal.questions import is_question, sentences
from agents.rehearsal.reading import Line, Reading, slots_of
from agents.rehearsal.words import word_set

Command = Mapping[str, Any]
# In a question these are still the customer's own; a day or a price in it is what they ask about.
_OWN: Final = frozenset({SlotType.EMAIL, SlotType.CPF, SlotType.CNPJ, SlotType.CEP, SlotType.PHONE})
_ARTICLES: Final = word_set("um uma un una a an one")
_WHOLE_ANSWERS: Final = frozenset({SlotType.TEXT, SlotType.PERSON_NAME, SlotType.YES_NO})


@dataclass(slots=True)
class _Filling:
    """What is found, slot by slot: a later value takes the place of an earlier one, and no word serves two slots."""

    line: Line
    found: dict[str, Command]
    taken: list[tuple[int, int]] = field(default_factory=list)

    def take(self, name: str, one: Found, text: str) -> bool:
        if any(one.start < end and start < one.end for start, end in self.taken):
            return False
        self.taken.append((one.start, one.end))
        quote = text[one.start : one.end].strip()
        self.found.pop(name, None)
        self.found[name] = {
            "type": "set_slot",
            "name": name,
            "value": quote,
            "quote": quote,
            "message": self.line.number,
        }
        return True


def filled(reading: Reading) -> Iterator[Command]:
    slots = slots_of(reading)
    found: dict[str, Command] = {}
    for line in reading.messages:
        for number, (start, end) in enumerate(corrected(line.text)):
            piece = _Piece(reading=reading, slots=slots, text=line.text[start:end], is_correction=number > 0)
            _fill(piece, _Filling(line=line, found=found))
    yield from found.values()


@dataclass(frozen=True, kw_only=True, slots=True)
class _Piece:
    """A run of a message, and what may be in it."""

    reading: Reading
    slots: Mapping[str, Slot]
    text: str
    is_correction: bool

    @property
    def candidates(self) -> list[str]:
        """What is missing, then what is known and may be corrected: in passing only where it says so."""
        missing = [str(one["slot"]) for one in self.reading.slots.get("missing", ())]
        known = list(self.reading.slots.get("known", {})) if self.is_correction else []
        return [name for name in dict.fromkeys([*missing, *known]) if name in self.slots]


def _fill(piece: _Piece, filling: _Filling) -> None:
    asked = str(piece.reading.slots.get("asked") or "")
    if asked in piece.slots and filling.line.who == "customer":
        _fill_asked(piece, filling, asked)
    for name in piece.candidates:
        slot = piece.slots[name]
        if name != asked and slot.type in registry.TELLING and _may_tell(piece.text, slot):
            _fill_in_passing(piece, filling, name)


def _fill_asked(piece: _Piece, filling: _Filling, name: str) -> None:
    slot = piece.slots[name]
    if slot.type in _WHOLE_ANSWERS and not _is_answer(piece.text):
        return
    one = registry.extract(slot, piece.text, today=piece.reading.today, known={})
    if isinstance(one, Found) and not _is_article(one, piece.text):
        filling.take(name, one, piece.text)


def _is_article(one: Found, text: str) -> bool:
    """The "um" of "um colchão": a number only where it is the whole answer."""
    quote = plain(text[one.start : one.end]).text.strip()
    return quote in _ARTICLES and plain(text).text.strip(" .!") != quote


def _fill_in_passing(piece: _Piece, filling: _Filling, name: str) -> None:
    for one in registry.find(piece.slots[name], piece.text, today=piece.reading.today, known={}):
        if isinstance(one, Found) and filling.take(name, one, piece.text):
            return


def _may_tell(text: str, slot: Slot) -> bool:
    return slot.type in _OWN or not any(map(is_question, sentences(text)))


def _is_answer(text: str) -> bool:
    """Not a question, a wish or a courtesy: any words at all would do for a name or a free text."""
    if any(map(is_question, sentences(text))) or wish_of_message(text) or mention(text):
        return False
    return not any(wish(text[start:end]) for start, end in clauses(text))
