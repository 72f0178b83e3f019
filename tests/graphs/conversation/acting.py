"""A small persona and the moments in which it has to decide."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from agents.commands import Command, Quote, SetSlot, Understood
from agents.personas.definition import SPINE_TEXTS, Persona
from core.ids import CompanyId, ContactId, ConversationId, TurnId, new_id
from core.models.people import ConnectionKind
from core.models.stream import Author, Control, MessageKind, Trigger
from graphs.conversation.state import Dialogue, Line, Snapshot

NOW: Final = datetime(2026, 3, 10, 13, 0, tzinfo=UTC)  # a Tuesday
WORDS: Final = "Quanto custa o plano?"
_TEXTS: Final = (
    *SPINE_TEXTS,
    *("ask_nome", "ask_orcamento", "ask_cpf", "invalid_cpf", "plano", "entrega", "seguimento"),
    *("agenda_criar_ask", "agenda_criar_started", "agenda_criar_done", "agenda_criar_failed"),
)
DOCUMENT: Final[Mapping[str, Any]] = {
    "persona": "lia",
    "label": "Lia",
    "identity": {"name": "Lia", "role": "consultora"},
    "scope": "Tira dúvidas sobre planos e marca demonstrações.",
    "goals": ["comprar", "marcar"],
    "slots": {
        "nome": {"type": "person_name", "ask": "ask_nome"},
        "orcamento": {"type": "money", "ask": "ask_orcamento"},
        "cpf": {"type": "cpf", "ask": "ask_cpf", "confirm": "always", "pii": "high"},
        "horario": {"type": "moment"},
    },
    "evidence": {"urgencia": {"describe": "tem pressa"}},
    "stages": [
        {"id": "novo", "objective": "conhecer", "collect": ["nome"]},
        {
            "id": "qualificado",
            "objective": "apresentar",
            "enter": {"all": ["slot:nome", {"any": ["slot:orcamento", "evidence:urgencia"]}]},
            "leave_back": ["slot_lost:orcamento"],
            "done": "plano",
            "tools": [{"tool": "agenda.criar", "arguments": {"at": "slot:horario"}}],
        },
        {
            "id": "ganho",
            "objective": "fechar",
            "enter": {"all": ["effect:agenda.criar:succeeded"]},
            "end": "won",
        },
    ],
    "handoff": {"on": ["customer_asked", "complaint", "repair>=2", "check_failed>=2", "slot:cpf:invalid>=2"]},
    "answers": [{"id": "entrega", "any_of": ["vocês entregam?"], "text": "entrega"}],
    "texts": {name: {"pt-BR": f"[{name}]"} for name in _TEXTS},
}
LIA: Final = Persona.model_validate(DOCUMENT)


def lia(**changes: Any) -> Persona:
    return Persona.model_validate({**DOCUMENT, **changes})


def line(seq: int, words: str = WORDS, author: Author = Author.CUSTOMER) -> Line:
    return Line(seq=seq, author=author, kind=MessageKind.TEXT, text=words, at=NOW)


def moment(dialogue: Dialogue | None = None, **values: Any) -> Snapshot:
    """A customer has just written, in a conversation that has been greeted already."""
    usual = Snapshot(
        company=CompanyId(new_id()),
        company_name="Loja",
        conversation=ConversationId(new_id()),
        contact=ContactId(new_id()),
        contact_name="Ana",
        turn=TurnId(new_id()),
        trigger=Trigger.INBOUND,
        payload={},
        channel=ConnectionKind.WHATSAPP,
        control=Control.BOT,
        epoch=0,
        turn_seq=1,
        last_inbound_seq=9,
        dialogue=dialogue or Dialogue(stage="novo", has_greeted=True),
        unanswered=[line(9)],
        history=[],
        now=NOW,
        time_zone="America/Sao_Paulo",
    )
    return replace(usual, **values)


def heard(*commands: Command) -> Understood:
    return Understood(commands=commands)


def quote(words: str = "sou a Ana", message: int = 9) -> Quote:
    return Quote(text=words, message=message)


def slot(slot: str, /, **value: Any) -> SetSlot:
    return SetSlot(name=slot, value=value, quote=quote(), source="rule")
