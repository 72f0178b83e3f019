"""A persona with a slot of each kind that matters to the rules, and short ways to have a message read for it."""

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from agents.commands import Command, Heard, Understood, Value
from agents.fast_rules import RuleContext, read
from agents.personas.definition import Persona
from tests.agents.extractors.days import TODAY

C = TypeVar("C", bound=Command)

EIGHT: Final[Mapping[str, Value]] = {"orcamento": {"cents": 800_000, "currency": "BRL"}}
PERSONA: Final = Persona.model_validate(
    {
        "persona": "vendas-teste",
        "identity": {"name": "Lia", "role": "consultora"},
        "scope": "Vende planos.",
        "goals": ["qualificar", {"id": "agendar", "any_of": ["agendar uma visita", "marcar visita"]}],
        "slots": {
            "nome": {"type": "person_name"},
            "orcamento": {"type": "money", "confirm": "always"},
            "cpf": {"type": "cpf"},
            "email": {"type": "email"},
            "quando": {"type": "moment"},
            "plano": {
                "type": "choice",
                "options": [
                    {"value": "basico", "label": "Básico"},
                    {"value": "pro", "label": "Profissional", "aliases": ["pro"]},
                ],
            },
            "uso": {"type": "text"},
            "tem_pet": {"type": "yes_no"},
            "pessoas": {"type": "quantity"},
        },
        "evidence": {"urgencia": {"describe": "tem pressa", "any_of": ["é urgente", "preciso pra ontem"]}},
        "stages": [{"id": "novo", "objective": "conhecer"}],
        "answers": [{"id": "preco", "any_of": ["Qual o preço?"], "text": "preco"}],
        "texts": {},
    }
)


def understood(
    *texts: str, ask: str | None = None, known: Mapping[str, Value] | None = None, **more: Any
) -> Understood:
    """`more` is of each message: a choice, or that it is of our staff."""
    heard = [Heard(message=number, text=text, **more) for number, text in enumerate(texts, start=1)]
    context = RuleContext(stage="novo", last_ask=ask, known=known or {}, today=TODAY)
    return read(heard, PERSONA, context)


def only(kind: type[C], commands: Understood) -> C:
    (found,) = (command for command in commands.commands if isinstance(command, kind))
    return found


def kinds(commands: Understood) -> list[str]:
    return [command.type for command in commands.commands]
