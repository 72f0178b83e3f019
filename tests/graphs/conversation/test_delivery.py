"""A reply cut into messages: nothing is lost, none is too long, and each comes after the time it takes to type."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.personas.definition import ChannelRules, TypingDelay
from graphs.conversation.delivery import bubbles, typing_seconds

RULES = ChannelRules(max_bubbles=3, bubble_chars=120)
SENTENCES = (
    "Temos três planos. O básico custa R$ 99,00 por mês. O completo inclui suporte aos sábados. Qual combina mais?"
)


class TestBubbles:
    def test_a_short_reply_is_one_message(self) -> None:
        assert [bubble.text for bubble in bubbles(["Oi! Tudo bem?"], RULES)] == ["Oi! Tudo bem?"]

    def test_each_part_and_each_paragraph_begins_a_message(self) -> None:
        assert [bubble.text for bubble in bubbles(["Oi!\n\nSou a Lia.", "Qual é o seu nome?"], RULES)] == [
            "Oi!",
            "Sou a Lia.",
            "Qual é o seu nome?",
        ]

    def test_what_is_too_long_is_cut_at_a_sentence(self) -> None:
        cut = [bubble.text for bubble in bubbles([SENTENCES], ChannelRules(max_bubbles=3, bubble_chars=80))]
        assert cut == [
            "Temos três planos. O básico custa R$ 99,00 por mês.",
            "O completo inclui suporte aos sábados. Qual combina mais?",
        ]

    def test_a_line_that_fits_is_never_cut_nor_joined_to_another(self) -> None:
        lines = [f"Cobrança {n}: 0002 BR EMPRESA DE DEMONSTRACAO SAO PAULO {n * 1111}" for n in range(1, 6)]
        sent = bubbles(["Em aberto:\n" + "\n".join(lines)], ChannelRules(max_bubbles=3, bubble_chars=150))
        assert [line for bubble in sent for line in bubble.text.split("\n") if line] == ["Em aberto:", *lines]

    def test_too_many_are_put_together_and_nothing_is_dropped(self) -> None:
        sent = bubbles(["um.", "dois.", "três.", "quatro.", "cinco."], RULES)
        assert len(sent) == 3
        assert " ".join(" ".join(bubble.text for bubble in sent).split()) == "um. dois. três. quatro. cinco."

    def test_nothing_to_say_is_no_message(self) -> None:
        assert bubbles([], RULES) == bubbles(["", " \n "], RULES) == ()

    def test_later_ones_come_later(self) -> None:
        delays = [bubble.delay_seconds for bubble in bubbles(["a" * 56, "b" * 56], RULES)]
        assert delays == [2.0, 4.0]

    @given(st.lists(st.text(alphabet="ab .!?\n", max_size=400), max_size=6))
    def test_no_word_is_lost(self, parts: list[str]) -> None:
        said = "".join(" ".join(parts).split())
        sent = bubbles(parts, RULES)
        assert "".join("".join(bubble.text.split()) for bubble in sent) == said
        assert len(sent) <= RULES.max_bubbles


class TestTyping:
    @pytest.mark.parametrize(("characters", "seconds"), [(1, 1.0), (56, 2.0), (5000, 8.0)])
    def test_it_takes_as_long_as_people_take_within_bounds(self, characters: int, seconds: float) -> None:
        assert typing_seconds("x" * characters, TypingDelay()) == seconds
