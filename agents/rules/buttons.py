"""What stands behind a button: `slot:<name>:<value>`, `confirm:yes|no`, `goal:<id>`, `human`."""

from collections.abc import Mapping
from datetime import date

from agents.commands import Command, Confirm, Heard, Quote, RequestHuman, SetSlot, SwitchGoal, Value
from agents.extractors import choices, registry
from agents.extractors.found import Found
from agents.personas.definition import Persona, Slot, SlotType


def pressed(heard: Heard, persona: Persona, *, today: date, known: Mapping[str, Value]) -> Command | None:
    """None where the persona of today knows no such button: then its title is read like any other text."""
    kind, _, rest = (heard.choice or "").partition(":")
    quote = Quote(text=heard.text.strip(), message=heard.message)
    if kind == "human" and not rest:
        return RequestHuman(quote=quote, source="button")
    if kind == "confirm" and rest in {"yes", "no"}:
        return Confirm(is_yes=rest == "yes", quote=quote)
    if kind == "goal" and any(goal.id == rest for goal in persona.goals):
        return SwitchGoal(goal=rest)
    name, _, written = rest.partition(":")
    if kind == "slot" and name in persona.slots:
        value = _value(persona.slots[name], written, today=today, known=known)
        return SetSlot(name=name, value=value, quote=quote, source="button") if value is not None else None
    return None


def _value(slot: Slot, written: str, *, today: date, known: Mapping[str, Value]) -> Value | None:
    if slot.type is SlotType.CHOICE:
        return choices.of(written, slot.options)
    found = registry.extract(slot, written, today=today, known=known)
    return found.value if isinstance(found, Found) else None
