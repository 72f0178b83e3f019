"""Where no model answers: whether a person is called, as the persona says, and by which rule. Pure."""

from collections.abc import Iterable
from typing import Final

from agents.gateway.port import BudgetSpent, ModelGarbage
from agents.personas.definition import Persona
from core.models.stream import Control, Trigger
from graphs.conversation.rules import Rule
from graphs.conversation.state import Snapshot

_MODEL: Final = "model:"  # before the name of an error, among what a turn keeps of its claims and of its drafts


def calls_for_person(persona: Persona, snapshot: Snapshot, reasons: Iterable[str]) -> Rule | None:
    """None where a model answered, where approved texts are to do, and where a person is awaited already."""
    errors = {reason.removeprefix(_MODEL).strip() for reason in reasons if reason.startswith(_MODEL)}
    if not errors or snapshot.trigger is not Trigger.INBOUND or snapshot.control is Control.QUEUED:
        return None
    is_spent = BudgetSpent.__name__ in errors
    if (persona.budget.on_exceed if is_spent else persona.model.degrade) != "handoff":
        return None
    return Rule.MODEL_REFUSED if errors == {ModelGarbage.__name__} else Rule.MODEL_AWAY


def cause(rule: Rule) -> str:
    """As staff read it with the handover."""
    return rule.value.replace(".", "_")
