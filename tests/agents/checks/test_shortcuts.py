"""The quick way to an answer and the long one lead to the same."""

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.checks import atoms, leaks, promises, tongues
from agents.checks.folding import folded, in_figures
from agents.prompts.rules import canary_of

_TEXTS = st.text(max_size=200) | st.text(alphabet="aAzZ09 .,-@`'áÇõé$%:/º\n", max_size=200)


class TestFolding:
    @given(text=_TEXTS)
    def test_plain_letters_take_no_other_way_than_accents(self, text: str) -> None:
        marked = folded(f"{text}\u0301")  # an accent, which is not seen, and sends all of it the long way

        assert folded(text) == marked

    @given(text=_TEXTS)
    def test_what_is_not_seen_is_gone(self, text: str) -> None:
        assert {unicodedata.category(letter) for letter in folded(text)}.isdisjoint({"Mn", "Me", "Cf"})


class TestAtoms:
    @given(text=_TEXTS)
    def test_what_has_neither_digit_nor_at_holds_none(self, text: str) -> None:
        plain = in_figures(folded(text), measured_only=False)
        bare = "".join(one for one in plain if not one.isdecimal() and one != "@")

        assert atoms._ATOM.search(bare) is None


class TestTongues:
    GOOD = "Sim, atendemos aos sábados pela manhã, e a equipe confirma o horário com você."

    def test_a_page_in_another_language_may_be_copied_and_not_talked_in(self) -> None:
        strange = "The delivery is included, and you can choose the day that is best for you."

        assert tongues.is_other(strange, "pt-BR", [])
        assert not tongues.is_other(strange, "pt-BR", [strange])
        assert not tongues.is_other(self.GOOD, "pt-BR", [])

    def test_another_script_may_be_repeated_and_not_made_up(self) -> None:
        assert tongues.is_no_known("Да, конечно", "pt-BR", [])
        assert not tongues.is_no_known("Sim, o modelo é Привет", "pt-BR", ["Vocês têm o Привет?"])
        assert not tongues.is_no_known(self.GOOD, "pt-BR", [])

    def test_words_of_no_language_are_none_that_we_know(self) -> None:
        nonsense = "brimblo drusto plenka vorti glasno trebul kimpra dosten frulka"

        assert tongues.is_no_known(nonsense, "pt-BR", [])
        assert not tongues.is_no_known(nonsense, "pt-BR", [nonsense])


class TestCanary:
    @pytest.mark.parametrize("way", [str, str.upper, lambda word: word[::-1], " ".join])
    def test_it_is_found_however_it_is_written(self, way: Callable[[str], str]) -> None:
        assert list(leaks.canaries(f"O código é {way(canary_of('x'))}."))

    def test_what_is_not_said_is_not_found(self) -> None:
        assert list(leaks.canaries("O código do cupom é o nome da loja.")) == []


class TestSentences:
    def test_each_knows_whether_it_asks(self) -> None:
        found = promises.sentences("Oi! Tudo bem? Custa R$ 1.299,90.")

        assert [one.text for one in found if one.asks] == ["tudo bem"]
        assert [one.text for one in found if not one.asks] == ["oi", "custa r$ 1.299,90"]
