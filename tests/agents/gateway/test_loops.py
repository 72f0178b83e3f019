"""A machine that answers ours is known by its pace or its words; a person is not taken for one."""

from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from agents.gateway.loops import Line, is_loop

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
WORDS = (
    "Olá, vocês têm vaga amanhã de manhã?",
    "Prefiro depois das dez, se der.",
    "Qual é o valor da consulta particular?",
    "Entendi. E aceita cartão de crédito?",
    "Pode marcar então, por favor.",
    "Meu nome é Ana Souza.",
    "Obrigada, até amanhã!",
)


def talk(*texts: str, seconds: float = 30.0, ours: str = "Certo! Em que mais posso ajudar? {}") -> list[Line]:
    """One of ours after each of theirs, which come so many seconds after it."""
    lines, at = [], START
    for number, text in enumerate(texts):
        lines.append(Line("customer", text, at))
        at += timedelta(seconds=2)
        lines.append(Line("bot", ours.format("abcdefghij"[number % 10] * 9), at))
        at += timedelta(seconds=seconds)
    return lines


class TestIsLoop:
    def test_a_person_who_talks_is_none(self) -> None:
        assert not is_loop(talk(*WORDS))

    def test_nothing_said_is_none(self) -> None:
        assert not is_loop([])
        assert not is_loop(talk("oi"))

    def test_f35_answers_at_once_again_and_again_are_one_within_six_exchanges(self) -> None:
        assert is_loop(talk(*WORDS[:6], seconds=1))

    def test_f35_an_echo_is_one_within_six_exchanges(self) -> None:
        lines: list[Line] = []
        text = "Oi! Sou a Lia, da Clínica Sol. Como posso ajudar?"
        for number in count():
            lines += [
                Line("bot", text, START + timedelta(minutes=number)),
                Line("customer", text.upper(), START + timedelta(minutes=number, seconds=40)),
            ]
            if is_loop(lines):
                break
        assert number < 6

    def test_f35_the_same_text_with_other_numbers_is_one(self) -> None:
        texts = [f"Recebemos sua mensagem. Protocolo {number}. Aguarde atendimento." for number in (17, 918, 4711)]
        assert is_loop(talk("oi", *texts))

    def test_f35_a_menu_that_goes_round_is_one(self) -> None:
        menu = "Digite 1 para vendas ou 2 para suporte técnico."
        sorry = "Desculpe, não entendi a opção escolhida, tente outra vez."
        assert is_loop(talk(menu, sorry, menu, sorry, menu, sorry))
        assert not is_loop(talk(menu, sorry, menu, sorry))

    def test_short_words_that_come_back_are_none(self) -> None:
        assert not is_loop(talk(*["sim"] * 8))

    def test_messages_in_a_row_are_one_answer(self) -> None:
        lines = [Line("bot", "Oi! Como posso ajudar?", START)]
        lines += [Line("customer", "quero marcar uma consulta", START + timedelta(seconds=n)) for n in range(9)]
        assert not is_loop(lines)

    def test_a_person_of_the_company_starts_it_anew(self) -> None:
        lines = talk(*WORDS[:6], seconds=1)
        assert not is_loop([*lines, Line("staff", "Oi, aqui é o Beto.", START + timedelta(hours=1))])

    @pytest.mark.parametrize("seconds", [4.0, 60.0])
    def test_one_who_reads_before_answering_is_none(self, seconds: float) -> None:
        assert not is_loop(talk(*WORDS, seconds=seconds))

    def test_bare_tuples_do_as_well(self) -> None:
        assert is_loop([tuple(line) for line in talk(*WORDS[:6], seconds=1)])  # type: ignore[misc] # a tuple is one

    def test_short_answers_of_a_quick_thumb_are_none(self) -> None:
        assert not is_loop(talk("sim", "Ana", "8 mil", "sexta", "ok", "pode ser", "isso", seconds=2))

    def test_longer_ones_that_fingers_can_type_are_none(self) -> None:
        assert not is_loop(talk(*WORDS, seconds=3.5))
