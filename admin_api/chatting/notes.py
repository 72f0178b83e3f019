"""Side notes: what a turn learned and decided, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from admin_api.chatting.queries import Note
from admin_api.terminal import text


def lines_of(note: Note) -> Iterator[str]:
    for command in note.commands:
        if line := _claim(command):
            yield line
    for move in note.moves:
        yield _move(move)
    for rule in note.rules:
        if line := _rule(rule):
            yield line


def _claim(command: Mapping[str, Any]) -> str | None:
    words = (command.get("quote") or {}).get("text", "")
    match command.get("type"):
        case "set_slot":
            value = ", ".join(str(part) for part in command["value"].values())
            return text(
                f"soube {command['name']}: {value} (“{words}”)", f"learned {command['name']}: {value} (“{words}”)"
            )
        case "evidence":
            return text(f"percebeu {command['name']} (“{words}”)", f"noticed {command['name']} (“{words}”)")
        case "ask_knowledge":
            return text(f"pergunta: {command['query']}", f"question: {command['query']}")
    return None


def _move(move: Mapping[str, Any]) -> str:
    why = ", ".join(str(criterion.get("id")) for criterion in move["criteria"])
    before = move["from"] or text("nenhuma", "none")
    because = f" ({why})" if why else ""
    return text(f"etapa: {before} → {move['to']}{because}", f"stage: {before} → {move['to']}{because}")


def _rule(rule: str) -> str | None:
    if rule == "human.requested" or rule.startswith(("safety.", "patience.repairs", "patience.checks")):
        return text(f"passou para uma pessoa: {rule}", f"handed over to a person: {rule}")
    if rule == "consent.opt_out":
        return text("pediu para não receber mais", "asked not to be written to")
    if rule == "close.silence":
        return text("decidiu não responder", "decided to stay silent")
    return None
