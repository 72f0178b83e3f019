"""Questions to be understood, and what a model that answers so is understood to say."""

from collections.abc import Mapping
from typing import Any, Final

from agents.commands import SetSlot, Understood
from agents.understanding import Question, understand
from core.clock import Deadline
from tests.agents.prompts.making import NOW, ZONE, Answering, heard, persona

NOTHING: Final[Mapping[str, Any]] = {"lang": "pt-BR", "commands": [], "query": None, "unsure": False}


def question_of(*texts: str, **changed: Any) -> Question:
    parts: dict[str, Any] = {
        "persona": persona(),
        "heard": heard(*texts),
        "history": (),
        "rules": Understood(),
        "last_ask": None,
        "known": {},
        "facts": {},
        "summary": None,
        "stage": "novo",
        "now": NOW,
        "time_zone": ZONE,
    }
    return Question(**{**parts, **changed})


async def understood_of(question: Question, *commands: Mapping[str, Any], **answer: Any) -> Understood:
    model = Answering([{**NOTHING, "commands": list(commands), **answer}])
    understood, _ = await understand(model, question, Deadline.after(5))
    return understood


def set_slot(name: str, value: str, quote: str, message: int = 11) -> Mapping[str, Any]:
    return {"type": "set_slot", "name": name, "value": value, "quote": quote, "message": message}


def values_of(understood: Understood) -> Mapping[str, Any]:
    return {one.name: one.value for one in understood.commands if isinstance(one, SetSlot)}
