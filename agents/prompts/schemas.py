"""What a model may answer: JSON schemas over the closed lists of a persona, so that nothing unknown can be named."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from typing import Any, Final

from agents.commands import Mention
from agents.gateway.port import Purpose, Schema
from agents.personas.definition import Persona, Slot, SlotType
from agents.personas.derived import once

MOST_COMMANDS: Final = 8
LANGUAGES: Final = ("pt-BR", "en", "es")
_Json = Mapping[str, Any]
_TEXT: Final[_Json] = {"type": "string"}
_QUOTE: Final[_Json] = {"quote": _TEXT}
_PLACED: Final[_Json] = {"quote": _TEXT, "message": {"type": "integer"}}


@once
def understand_schema(persona: Persona) -> Schema:
    commands = {"type": "array", "maxItems": MOST_COMMANDS, "items": {"anyOf": list(_commands(persona))}}
    fields = {
        "lang": _one_of(LANGUAGES),
        "commands": commands,
        "query": {"type": ["string", "null"]},
        "unsure": {"type": "boolean"},
    }
    return Schema(name=Purpose.UNDERSTAND.value, body=_record(fields))


@cache
def respond_schema() -> Schema:
    fields = {"say": _TEXT, "cited": {"type": "array", "items": _TEXT}}
    return Schema(name=Purpose.RESPOND.value, body=_record(fields))


@cache
def summarise_schema() -> Schema:
    return Schema(name=Purpose.SUMMARISE.value, body=_record({"summary": _TEXT}))


def closed_lists(persona: Persona) -> _Json:
    """Section 3 of understand: the same lists, with what they mean."""
    return {
        "slots": {name: slot_card(name, slot) for name, slot in persona.slots.items()},
        "evidence": {name: evidence.describe for name, evidence in persona.evidence.items()},
        "goals": {goal.id: goal.label or goal.id.replace("_", " ") for goal in persona.goals},
    }


def slot_card(name: str, slot: Slot) -> _Json:
    card: dict[str, Any] = {"type": slot.type.value, "label": slot.label or name.replace("_", " ")}
    if slot.type is SlotType.CHOICE:
        card["options"] = [
            {"value": option.value, "label": option.label, "aliases": list(option.aliases)} for option in slot.options
        ]
    return card


def _commands(persona: Persona) -> Iterator[_Json]:
    """One shape per command; a list that is empty has no command at all."""
    if persona.slots:
        slots = _one_of(persona.slots)
        yield _command("set_slot", {"name": slots, "value": _TEXT, **_PLACED})
        yield _command("clear_slot", {"name": slots, **_PLACED})
    if persona.evidence:
        yield _command("evidence", {"name": _one_of(persona.evidence), **_PLACED})
    yield _command("ask_knowledge", {"query": _TEXT})
    yield _command("switch_goal", {"goal": _one_of([goal.id for goal in persona.goals])})
    yield _command("confirm", {"yes": {"type": "boolean"}, **_QUOTE})
    yield _command("cancel", {})
    yield _command("request_human", _QUOTE)
    yield _command("opt_out", _QUOTE)
    yield _command("promise", {"when": {"type": ["string", "null"]}, **_QUOTE})
    yield _command("say", {"mention": _one_of([mention.value for mention in Mention])})


def _command(kind: str, fields: _Json) -> _Json:
    return _record({"type": _one_of([kind]), **fields})


def _one_of(values: Sequence[str] | Mapping[str, Any]) -> _Json:
    return {"type": "string", "enum": sorted(values)}


def _record(fields: _Json) -> _Json:
    """Every field is a must: what providers ask of a schema that they enforce."""
    return {"type": "object", "properties": dict(fields), "required": list(fields), "additionalProperties": False}
