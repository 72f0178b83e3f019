"""Side notes of a talk: in words that a person who wrote no code reads."""

from typing import Any

import pytest

from admin_api.chatting.notes import lines_of
from admin_api.chatting.queries import Note
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from core.ids import new_id

SALES = read_persona(shipped()["vendas-consultivas"])


@pytest.fixture(autouse=True)
def portuguese(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LC_ALL", "LC_MESSAGES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LANG", "pt_BR.UTF-8")


def notes(**parts: Any) -> list[str]:
    usual: dict[str, Any] = {"turn": new_id(), "persona": SALES, "rules": (), "commands": (), "moves": ()}
    return list(lines_of(Note(**(usual | {"is_rehearsal": True} | parts))))


def learned(name: str, value: dict[str, Any], words: str) -> dict[str, Any]:
    return {"type": "set_slot", "name": name, "value": value, "quote": {"text": words, "message": 1}}


class TestWhatWasLearned:
    def test_money_is_written_as_money(self) -> None:
        budget = learned("orcamento", {"cents": 600000, "currency": "BRL"}, "6 mil")
        assert notes(commands=[budget]) == ["soube Orçamento por mês: R$ 6.000,00 “6 mil”"]

    def test_it_follows_the_language_of_the_terminal(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("LANG", "en_US.UTF-8")
        budget = learned("orcamento", {"cents": 600000, "currency": "BRL"}, "6 mil")
        assert notes(commands=[budget]) == ["learned Orçamento por mês: R$ 6,000.00 “6 mil”"]

    def test_a_slot_of_a_version_that_is_not_known_is_shown_as_it_is(self) -> None:
        assert notes(persona=None, commands=[learned("nome", {"name": "Ana"}, "Ana")]) == ["soube nome: Ana “Ana”"]

    def test_a_long_quote_is_cut(self) -> None:
        [line] = notes(commands=[{"type": "evidence", "name": "urgencia", "quote": {"text": "é urgente " * 20}}])
        assert line.endswith("…”")
        assert len(line) < 100

    @pytest.mark.parametrize(
        ("command", "line"),
        [
            ({"type": "ask_knowledge", "query": "vocês entregam?"}, "pergunta: vocês entregam?"),
            ({"type": "switch_goal", "goal": "agendar_demo"}, "assunto agora: agendar_demo"),
            ({"type": "clear_slot", "name": "prazo", "quote": {"text": "esquece"}}, "esqueceu prazo “esquece”"),
        ],
    )
    def test_other_commands_have_words_too(self, command: dict[str, Any], line: str) -> None:
        assert notes(commands=[command]) == [line]

    def test_small_talk_is_no_note(self) -> None:
        assert notes(commands=[{"type": "say", "mention": "thanks"}]) == []


class TestWhereItStands:
    def test_a_move_shows_labels_and_the_words_that_justify_it(self) -> None:
        criteria = [{"id": "slot:nome", "quote": "Ana"}, {"id": "effect:agenda.criar:succeeded", "quote": None}]
        assert notes(moves=[{"from": "novo", "to": "qualificado", "criteria": criteria}]) == [
            "etapa: Novo → Qualificado, por “Ana”, effect:agenda.criar:succeeded"
        ]

    def test_the_first_stage_comes_from_nowhere(self) -> None:
        assert notes(moves=[{"from": None, "to": "novo", "criteria": []}]) == ["etapa: nenhuma → Novo"]


class TestWhatWasDecided:
    @pytest.mark.parametrize(
        ("rule", "line"),
        [
            ("human.requested", "passou para uma pessoa: human.requested"),
            ("safety.complaint", "passou para uma pessoa: safety.complaint"),
            ("consent.opt_out", "pediu para não receber mais"),
            ("effect.waits_for_staff:pedidos.reembolsar", "espera o sim da equipe: pedidos.reembolsar"),
            ("close.silence", "decidiu não responder"),
        ],
    )
    def test_it_is_said_in_words(self, rule: str, line: str) -> None:
        assert notes(rules=[rule]) == [line]

    def test_what_every_turn_does_is_no_note(self) -> None:
        assert notes(rules=["greeting.first", "answer.knowledge"]) == []
