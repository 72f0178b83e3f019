"""Side notes: what a turn learned and decided, in words."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from admin_api.chatting.queries import Note
from admin_api.terminal import text
from agents.extractors import values
from agents.personas.definition import Persona
from core.texts import language_of_terminal

_MOST_QUOTED: Final = 60


def lines_of(note: Note) -> Iterator[str]:
    for command in note.commands:
        if line := _claim(command, note.persona):
            yield line
    for move in note.moves:
        yield _move(move, note.persona)
    for rule in note.rules:
        if line := _rule(rule):
            yield line


def _claim(command: Mapping[str, Any], persona: Persona | None) -> str | None:
    words = _quoted((command.get("quote") or {}).get("text", ""))
    match command.get("type"):
        case "set_slot":
            told = _slot(command["name"], command["value"], persona)
            return text(f"soube {told} {words}", f"learned {told} {words}")
        case "clear_slot":
            return text(f"esqueceu {command['name']} {words}", f"forgot {command['name']} {words}")
        case "evidence":
            return text(f"percebeu {command['name']} {words}", f"noticed {command['name']} {words}")
        case "switch_goal":
            return text(f"assunto agora: {command['goal']}", f"about now: {command['goal']}")
        case "ask_knowledge":
            return text(f"pergunta: {command['query']}", f"question: {command['query']}")
    return None


def _slot(name: str, value: Mapping[str, Any], persona: Persona | None) -> str:
    slot = persona.slots.get(name) if persona else None
    if slot is None:
        return f"{name}: {', '.join(map(str, value.values()))}"
    return f"{slot.label or name}: {values.in_words(slot.type, value, language_of_terminal().value)}"


def _move(move: Mapping[str, Any], persona: Persona | None) -> str:
    """Why, in the customer's own words where there are any."""
    reasons = [_quoted(one["quote"]) if one.get("quote") else str(one.get("id")) for one in move["criteria"]]
    before = _stage(move["from"], persona) if move["from"] else text("nenhuma", "none")
    because = text(f", por {', '.join(reasons)}", f", for {', '.join(reasons)}") if reasons else ""
    after = _stage(move["to"], persona)
    return text(f"etapa: {before} → {after}{because}", f"stage: {before} → {after}{because}")


def _stage(key: str, persona: Persona | None) -> str:
    labels = {stage.id: stage.label or stage.id for stage in persona.stages} if persona else {}
    return labels.get(key, key)


def _quoted(words: str) -> str:
    return f"“{words if len(words) <= _MOST_QUOTED else words[: _MOST_QUOTED - 1] + '…'}”"


def _rule(rule: str) -> str | None:
    if rule == "human.requested" or rule.startswith(("safety.", "patience.repairs", "patience.checks")):
        return text(f"passou para uma pessoa: {rule}", f"handed over to a person: {rule}")
    if rule.startswith("effect.waits_for_staff:"):
        tool = rule.partition(":")[2]
        return text(f"espera o sim da equipe: {tool}", f"waits for a yes of staff: {tool}")
    if rule == "consent.opt_out":
        return text("pediu para não receber mais", "asked not to be written to")
    if rule == "close.silence":
        return text("decidiu não responder", "decided to stay silent")
    return None
