"""Prompts as the product makes them, for a persona of a mattress shop: the brain is given nothing else."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from agents.commands import Heard
from agents.gateway.port import Prompt
from agents.personas.definition import Persona
from agents.ports import Passage
from agents.prompts import purposes
from agents.prompts.layout import Slots, Tail
from agents.rehearsal.brain import reply

NOW: Final = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)  # a Tuesday
Json = Mapping[str, Any]

PERSONA: Final = Persona.model_validate(
    {
        "persona": "vendas-bom-sono",
        "identity": {"name": "Lia", "role": "consultora da {company}"},
        "scope": "Escolher colchões e travesseiros. Não fala de saúde.",
        "tone": {"forbidden": ["baratinho"]},
        "goals": [
            {"id": "comprar", "label": "Comprar um colchão"},
            {"id": "remarcar", "label": "Remarcar uma entrega"},
        ],
        "slots": {
            "nome": {"type": "person_name", "ask": "ask_nome", "label": "Nome"},
            "orcamento": {"type": "money", "ask": "ask_orcamento", "label": "Orçamento"},
            "email": {"type": "email", "label": "E-mail"},
            "pessoas": {"type": "quantity", "label": "Pessoas na cama"},
            "modelo": {
                "type": "choice",
                "label": "Modelo",
                "options": [
                    {"value": "aurora", "label": "Aurora", "aliases": ["o macio"]},
                    {"value": "serra", "label": "Serra Firme"},
                ],
            },
            "visita": {"type": "moment", "label": "Visita"},
            "uso": {"type": "text", "label": "Como dorme"},
        },
        "evidence": {"decisor": {"describe": "O cliente decide a compra sozinho"}},
        "stages": [{"id": "novo", "objective": "Conhecer a pessoa", "collect": ["nome", "orcamento"]}],
        "texts": {"ask_nome": {"pt-BR": "Como você se chama?"}, "ask_orcamento": {"pt-BR": "Quanto pensa em gastar?"}},
    }
)


def heard(*texts: str, staff: bool = False) -> tuple[Heard, ...]:
    return tuple(Heard(message=number, text=text, by_staff=staff) for number, text in enumerate(texts, start=11))


def passages(*texts: tuple[str, str]) -> tuple[Passage, ...]:
    return tuple(
        Passage(id=f"p{number}", title=title, text=text, score=1.0)
        for number, (title, text) in enumerate(texts, start=1)
    )


def tail(*texts: str, slots: Slots = Slots(missing=tuple(PERSONA.slots)), **others: Any) -> Tail:  # noqa: B008 - it is frozen
    return Tail(
        **{
            "stage": "novo",
            "now": NOW,
            "time_zone": "America/Sao_Paulo",
            "instruction": "",
            "slots": slots,
            "heard": heard(*texts),
            **others,
        }
    )


def messages(prompts: Sequence[Prompt]) -> list[dict[str, Any]]:
    return [{"role": prompt.role, "content": prompt.content} for prompt in prompts]


def understanding(*texts: str, **others: Any) -> list[dict[str, Any]]:
    return messages(purposes.understand_prompt(PERSONA, tail(*texts, **others), cache_key="bom-sono:1"))


def responding(*texts: str, **others: Any) -> list[dict[str, Any]]:
    return messages(
        purposes.respond_prompt(PERSONA, tail(*texts, **others), company="Bom Sono", cache_key="bom-sono:1")
    )


def summarising(*texts: str, **others: Any) -> list[dict[str, Any]]:
    return messages(purposes.summarise_prompt(PERSONA, tail(*texts, **others), cache_key="bom-sono:1"))


def understood(*texts: str, asked: str | None = None, known: Mapping[str, str] | None = None, **others: Any) -> Json:
    missing = tuple(name for name in PERSONA.slots if name not in (known or {}))
    slots = Slots(asked=asked, known=known or {}, missing=missing)
    return data(reply(understanding(*texts, slots=slots, **others), schema_name="understand").text)


def said(*texts: str, question: str | None = None, ask: str | None = None, **others: Any) -> Json:
    slots = Slots(question=question, ask_after=ask)
    return data(reply(responding(*texts, slots=slots, **others), schema_name="respond").text)


def data(text: str) -> Json:
    read: Json = json.loads(text)
    return read


def set_slots(answer: Json) -> dict[str, str]:
    return {one["name"]: one["quote"] for one in answer["commands"] if one["type"] == "set_slot"}


def kinds(answer: Json) -> set[str]:
    """Of its commands; a mention by its name."""
    return {one.get("mention", one["type"]) for one in answer["commands"]}
