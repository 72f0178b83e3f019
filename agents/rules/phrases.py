"""Phrases that a persona names itself: they show a piece of evidence, or ask for one of its goals."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from agents.commands import Command, GiveEvidence, Heard, Quote, SwitchGoal
from agents.personas.definition import Persona
from agents.personas.derived import once
from agents.rules import questions
from agents.rules.phrasing import Hit, is_conditional, is_negated
from agents.rules.sentences import Clause, clauses


def said(persona: Persona, heard: Heard, parts: Sequence[Clause]) -> list[Command]:
    """Evidence is something stated, but where its phrase is a question; a goal may be asked for by one too."""
    commands: list[Command] = []
    for shown in _evidence(persona):
        hits = [hit for hit in _hits(parts, shown.stated) if _is_stated(hit)]
        hits += [hit for hit in _hits(parts, shown.asked) if not is_negated(hit)]
        hit = next(iter(hits), None)
        if hit is not None:
            start, end = hit.span
            quote = Quote(text=heard.text[start:end], message=heard.message)
            commands.append(GiveEvidence(name=shown.name, quote=quote))
    goals = zip(persona.goals, _goals(persona), strict=True)
    wanted = [goal for goal, phrases in goals if any(not is_negated(hit) for hit in _hits(parts, phrases))]
    return [*commands, *(SwitchGoal(goal=goal.id) for goal in wanted[:1])]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Shown:
    """Phrases as clauses have them."""

    name: str
    stated: Sequence[str]
    asked: Sequence[str]


@once
def _evidence(persona: Persona) -> tuple[_Shown, ...]:
    return tuple(_shown(name, evidence.any_of) for name, evidence in persona.evidence.items())


def _shown(name: str, phrases: Sequence[str]) -> _Shown:
    asked = [phrase for phrase in phrases if any(map(questions.opens, clauses(phrase)))]
    stated = [phrase for phrase in phrases if phrase not in asked]
    return _Shown(name=name, stated=tuple(_plain(stated)), asked=tuple(_plain(asked)))


@once
def _goals(persona: Persona) -> tuple[Sequence[str], ...]:
    return tuple(tuple(_plain(goal.any_of)) for goal in persona.goals)


def _plain(phrases: Sequence[str]) -> Iterator[str]:
    written = ("".join(clause.words for clause in clauses(phrase)) for phrase in phrases)
    return (words for words in written if words)


def _is_stated(hit: Hit) -> bool:
    return not (hit.clause.asks or is_negated(hit) or is_conditional(hit))


def _hits(parts: Sequence[Clause], phrases: Sequence[str]) -> list[Hit]:
    found = []
    for words in phrases:
        for part in parts:
            place = f" {part.words}".find(f" {words}") if words in part.words and not part.is_quoted else -1
            if place >= 0:
                found.append(Hit(part, place, place + len(words)))
    return found
