"""A persona and a turn to make prompts of, and a model that answers what it is told to."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from agents.commands import Heard, Said
from agents.gateway.port import ModelError, ModelReply, ModelRequest, Usage
from agents.personas.definition import Persona
from agents.ports import Passage
from agents.prompts.contract import Section, sections_of
from agents.prompts.layout import Slots, Tail

NOW: Final = datetime(2026, 11, 23, 12, 34, 56, tzinfo=UTC)  # a Monday, 9:34 in São Paulo
ZONE: Final = "America/Sao_Paulo"
USED: Final = Usage(input_tokens=900, output_tokens=40)

_PERSONA: Final[Mapping[str, Any]] = {
    "persona": "vendas-consultivas",
    "identity": {"name": "Lia", "role": "consultora da {company}"},
    "scope": "Tira dúvidas sobre planos, qualifica e agenda demonstração. Não fala de política, saúde ou concorrentes.",
    "tone": {"register": "informal_polite", "emoji": "sparse", "forbidden": ["garantido", "100% seguro"]},
    "goals": [{"id": "qualificar", "label": "conhecer a necessidade"}, "agendar_demo"],
    "slots": {
        "nome": {"type": "person_name", "ask": "ask_nome", "label": "nome"},
        "orcamento": {"type": "money", "ask": "ask_orcamento", "label": "orçamento"},
        "plano": {
            "type": "choice",
            "options": [
                {"value": "basico", "label": "Básico", "aliases": ["simples"]},
                {"value": "completo", "label": "Completo"},
            ],
        },
        "necessidade": {"type": "text", "label": "o que precisa"},
        "cpf": {"type": "cpf", "pii": "high"},
        "email": {"type": "email"},
        "prazo": {"type": "date"},
    },
    "evidence": {"urgencia": {"describe": "O cliente dá uma data ou diz que é urgente."}},
    "stages": [
        {
            "id": "novo",
            "label": "Novo",
            "objective": "Cumprimentar e entender o que a pessoa precisa.",
            "collect": ["nome", "orcamento"],
            "kb": ["geral"],
        },
        {
            "id": "qualificado",
            "objective": "Apresentar o plano que atende.",
            "enter": {"all": ["slot:nome", "slot:orcamento"]},
            "collect": ["plano"],
        },
    ],
    "examples": [{"customer": "Quanto custa?", "persona": "O Básico custa R$ 99 por mês."}],
    "texts": {"fallback": {"pt-BR": "Não consegui responder agora."}},
}


def persona(**changed: Any) -> Persona:
    return Persona.model_validate({**_PERSONA, **changed})


def heard(*texts: str, first: int = 11) -> tuple[Heard, ...]:
    return tuple(Heard(message=first + place, text=text) for place, text in enumerate(texts))


def conversation(length: int, *, words: str = "Oi, queria saber mais sobre o plano completo, por favor.") -> list[Said]:
    """Customer and bot by turns, from the first message on."""
    return [
        Said(author="customer" if number % 2 else "bot", text=f"{words} ({number})", message=number)
        for number in range(1, length + 1)
    ]


def passages(*texts: str) -> tuple[Passage, ...]:
    return tuple(
        Passage(id=f"p{number}", title="Planos", text=text, score=1 / number)
        for number, text in enumerate(texts, start=1)
    )


def tail(**changed: Any) -> Tail:
    values: dict[str, Any] = {
        "stage": "novo",
        "now": NOW,
        "time_zone": ZONE,
        "instruction": "Traduza.",
        "slots": Slots(missing=("nome",), asked="nome"),
        "heard": heard("Oi, sou a Ana"),
    }
    return Tail(**{**values, **changed})


@dataclass(slots=True)
class Answering:
    """A model that answers with these, in order, and remembers what it was asked. An error is raised."""

    answers: list[Mapping[str, Any] | ModelError]
    asked: list[ModelRequest] = field(default_factory=list)

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, ModelError):
            raise answer
        return ModelReply(text=json.dumps(answer), model="answering", usage=USED, data=answer)

    def stream(self, request: ModelRequest) -> AsyncIterator[str]:
        raise NotImplementedError(request.purpose)

    @property
    def sections(self) -> Mapping[Section, str]:
        return sections_of(self.asked[-1].prompts)


def lines(body: str) -> Sequence[Mapping[str, Any]]:
    return [json.loads(line) for line in body.split("\n") if line]
