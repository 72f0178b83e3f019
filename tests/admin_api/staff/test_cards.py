"""The card at the head of a topic: all that somebody needs to take a customer over, and nothing that is not so."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest

from admin_api.staff.cards import LONGEST, card, choices
from admin_api.staff.stores.desk import View, Waiting
from channels.telegram_staff.rich import units
from core.ids import ConnectionId, ContactId, ConversationId, UserId, new_id
from core.models.people import ConnectionKind
from core.models.service import HandoffState
from core.models.stream import Control
from core.texts import Language

NOW: Final = datetime(2026, 11, 22, 17, 30, tzinfo=UTC)
BIA: Final = UserId(new_id())
BRIEF: Final = {
    "summary": "quer trocar o plano básico pelo completo",
    "last_question": {"text": "quanto fica?"},
    "stage_label": "Proposta",
    "slots": [
        {"slot": "nome", "label": "Nome", "value": "Ana Souza", "is_confirmed": True},
        {"slot": "orcamento", "label": "Orçamento", "value": "R$ 8.000,00", "is_confirmed": False},
    ],
}


def waiting(brief: Mapping[str, Any] = BRIEF, **values: Any) -> Waiting:
    usual: dict[str, Any] = {
        "id": new_id(),
        "state": HandoffState.QUEUED,
        "queue": "vendas",
        "reason": "customer_asked",
        "brief": brief,
        "since": NOW - timedelta(minutes=5),
        "told_at": None,
        "category": None,
        "note": None,
    }
    return Waiting(**usual | values)


def view(**values: Any) -> View:
    usual: dict[str, Any] = {
        "conversation": ConversationId(new_id()),
        "contact": ContactId(new_id()),
        "connection": ConnectionId(new_id()),
        "name": "Ana",
        "digits": "4321",
        "line": "Loja",
        "kind": ConnectionKind.WHATSAPP,
        "control": Control.QUEUED,
        "epoch": 3,
        "reason": None,
        "since": NOW - timedelta(minutes=5),
        "assignee": None,
        "assignee_name": None,
        "stage": None,
        "quotes": ("oi", "quero trocar de plano", "quanto fica?"),
        "last_inbound_at": NOW - timedelta(minutes=5),
        "answered_at": NOW - timedelta(minutes=5),
        "opted_out_at": None,
        "waiting": waiting(),
        "zone": ZoneInfo("America/Sao_Paulo"),
        "language": Language.PT,
        "now": NOW,
    }
    return View(**usual | values)


class TestCard:
    def test_it_says_who_why_what_where_and_until_when(self) -> None:
        assert card(view()).text.splitlines() == [
            "🟠 Ana · WhatsApp Loja",
            "Ninguém assumiu ainda: espera desde 22/11 14:25.",
            "Motivo: pediu para falar com uma pessoa · fila vendas",
            "",
            "O que quer: quer trocar o plano básico pelo completo",
            "Etapa: Proposta",
            "Nome: Ana Souza",
            "Orçamento: R$ 8.000,00 (a confirmar)",
            "oi",
            "quero trocar de plano",
            "quanto fica?",
            "",
            "⏱ Janela aberta até 23/11 14:25.",
        ]

    def test_the_stage_of_now_goes_before_that_of_the_brief(self) -> None:
        assert "Etapa: Fechamento" in card(view(stage="Fechamento")).text

    def test_without_a_summary_the_last_question_is_what_they_want(self) -> None:
        assert "O que quer: quanto fica?" in card(view(waiting=waiting({**BRIEF, "summary": None}))).text

    def test_whoever_has_it_is_named_with_since_when(self) -> None:
        held = view(control=Control.HUMAN, assignee=BIA, assignee_name="Bia", waiting=None)

        assert card(held).text.splitlines()[:2] == [
            "🟢 Ana · WhatsApp Loja",
            "Bia está atendendo desde 22/11 14:25.",
        ]

    @pytest.mark.parametrize(
        ("written", "line"),
        [
            (NOW - timedelta(days=2), "🔕 Pediu para não receber mensagens."),
            (NOW, "🔕 Saiu da lista, mas escreveu depois: pode receber a sua resposta."),
        ],
    )
    def test_who_opted_out_is_said_to_have_and_whether_they_may_be_answered(self, written: datetime, line: str) -> None:
        assert line in card(view(opted_out_at=NOW - timedelta(days=1), answered_at=written)).text

    def test_a_closed_one_says_what_it_came_to(self) -> None:
        ended = waiting(state=HandoffState.ENDED, category="sem_interesse", note="achou caro")

        assert "Desfecho: Sem interesse: achou caro" in card(view(control=Control.CLOSED, waiting=ended)).text

    def test_however_much_is_known_it_is_one_message(self) -> None:
        slots = [{"label": "🧑‍💼" * 300, "value": "v" * 3000, "is_confirmed": True}] * 50
        full = view(name="n" * 300, quotes=("q" * 4000,) * 3, waiting=waiting({"summary": "s" * 9000, "slots": slots}))

        assert units(card(full).text) <= LONGEST


class TestChoices:
    @pytest.mark.parametrize(
        ("control", "labels"),
        [
            (Control.QUEUED, ["✋ Aceitar", "➡️ Transferir", "✅ Resolver", "🤖 Devolver"]),
            (Control.HUMAN, ["➡️ Transferir", "🤖 Devolver", "✅ Resolver"]),
            (Control.COPILOT, ["✋ Aceitar", "➡️ Transferir", "✅ Resolver", "🤖 Devolver"]),
            (Control.BOT, ["✋ Aceitar", "➡️ Transferir"]),
            (Control.CLOSED, []),
        ],
    )
    def test_what_can_be_done_depends_on_who_has_it(self, control: Control, labels: list[str]) -> None:
        shown = [one for row in choices(view(control=control, assignee=BIA)) for one in row]

        assert [one.text for one in shown] == labels
        assert {one.epoch for one in shown} <= {3}

    def test_one_that_nobody_of_the_group_has_can_be_taken(self) -> None:
        """It was answered on the business's phone."""
        shown = choices(replace(view(control=Control.HUMAN), reason="echo"))

        assert shown[0][0].text == "✋ Aceitar"
