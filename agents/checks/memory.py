"""What we know of a person, in the words in which a prompt may say it: documents are known, and never told."""

from collections.abc import Mapping
from typing import Final

from agents.commands import Value
from agents.extractors.values import in_words
from agents.personas.definition import Persona, SlotType
from agents.prompts.contract import as_json
from core.texts import Text

_GIVEN: Final = Text("(informado)", "(given)")
_DOCUMENTS: Final = frozenset({SlotType.CPF, SlotType.CNPJ})
_SECRET: Final = ("number", "phone")  # as the values of documents and telephones name them


def told(persona: Persona, values: Mapping[str, Value], language: str) -> Mapping[str, str]:
    return {name: _told(persona, name, value, language) for name, value in values.items()}


def _told(persona: Persona, name: str, value: Value, language: str) -> str:
    slot = persona.slots.get(name)
    given = _GIVEN.en if language.startswith("en") else _GIVEN.pt
    if slot is not None and (slot.pii == "high" or slot.type in _DOCUMENTS):
        return given
    if slot is not None:
        try:
            return in_words(slot.type, value, language)
        except (KeyError, ValueError, TypeError):  # kept by a version in which the slot was of another type
            return as_json(value)
    if any(isinstance(value.get(key), str) for key in _SECRET):  # of another persona's slot, whose type we do not know
        return given
    return str(next(iter(value.values()))) if len(value) == 1 else as_json(value)
