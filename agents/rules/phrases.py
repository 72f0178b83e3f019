"""Phrases that a persona names itself: they show a piece of evidence, or ask for one of its goals."""

from collections.abc import Sequence

from agents.commands import Command, GiveEvidence, Heard, Quote, SwitchGoal
from agents.personas.definition import Persona
from agents.rules import questions
from agents.rules.phrasing import Hit, is_conditional, is_negated
from agents.rules.sentences import Clause, clauses


def said(persona: Persona, heard: Heard, parts: Sequence[Clause]) -> list[Command]:
    """Evidence is something stated, but where its phrase is a question; a goal may be asked for by one too."""
    commands: list[Command] = []
    for name, evidence in persona.evidence.items():
        asked = tuple(phrase for phrase in evidence.any_of if any(map(questions.opens, clauses(phrase))))
        stated = tuple(phrase for phrase in evidence.any_of if phrase not in asked)
        hits = [hit for hit in _hits(parts, stated) if _is_stated(hit)]
        hits += [hit for hit in _hits(parts, asked) if not is_negated(hit)]
        hit = next(iter(hits), None)
        if hit is not None:
            start, end = hit.span
            quote = Quote(text=heard.text[start:end], message=heard.message)
            commands.append(GiveEvidence(name=name, quote=quote))
    wanted = [goal for goal in persona.goals if any(not is_negated(hit) for hit in _hits(parts, goal.any_of))]
    return [*commands, *(SwitchGoal(goal=goal.id) for goal in wanted[:1])]


def _is_stated(hit: Hit) -> bool:
    return not (hit.clause.asks or is_negated(hit) or is_conditional(hit))


def _hits(parts: Sequence[Clause], phrases: Sequence[str]) -> list[Hit]:
    found = []
    for phrase in phrases:
        wanted = "".join(clause.words for clause in clauses(phrase))
        for part in parts:
            place = f" {part.words}".find(f" {wanted}") if wanted and not part.is_quoted else -1
            if place >= 0:
                found.append(Hit(part, place, place + len(wanted)))
    return found
