"""Questions to which a persona has an approved answer, as they are compared: word for word."""

from agents.personas.definition import Persona
from agents.personas.derived import once
from core import lexicon


@once
def by_answer(persona: Persona) -> tuple[frozenset[str], ...]:
    """In the order of the answers."""
    return tuple(frozenset(map(lexicon.normalise, answer.any_of)) for answer in persona.answers)


@once
def every(persona: Persona) -> frozenset[str]:
    return frozenset[str]().union(*by_answer(persona))
