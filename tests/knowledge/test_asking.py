"""Tests of what a question looks for, and of what a passage is found by."""

import pytest

from knowledge import asking
from knowledge.asking import distance, spelt_nearly
from knowledge.contradictions import differing
from knowledge.features import of_passage
from knowledge.folding import triples
from knowledge.stemming import stem


class TestDistance:
    @pytest.mark.parametrize(
        ("one", "other", "slips"),
        [
            ("troca", "troca", 0),
            ("troca", "torca", 1),
            ("troca", "trocar", 1),
            ("garantia", "garamtia", 1),
            ("entrega", "enterga", 1),
            ("prazo", "preco", 2),
            ("a", "abcdef", 3),
        ],
    )
    def test_letters_added_left_out_changed_and_swapped_are_counted(self, one: str, other: str, slips: int) -> None:
        assert distance(one, other, 2) == distance(other, one, 2) == slips


class TestSpeltNearly:
    def test_the_words_that_are_a_slip_away_and_no_others(self) -> None:
        known = ["garantia", "entrega", "garagem", "trocar"]
        shared = [word for word in known for three in triples(word) if three in triples("garamtia")]
        assert set(spelt_nearly("garamtia", shared)) == {"garantia"}

    def test_nobody_guesses_at_a_short_word_or_a_code(self) -> None:
        assert not asking.may_be_misspelt("sol")
        assert not asking.may_be_misspelt("ab1234567")
        assert asking.may_be_misspelt("garamtia")


class TestRarity:
    def test_the_fewer_have_a_word_the_more_it_says_and_none_says_most(self) -> None:
        asked = asking.with_rarity(asking.read("troca prazo unicórnio"), {stem("troca"): 500, stem("prazo"): 5}, 1000)
        rarity = {concept.word: concept.rarity for concept in asked.concepts}
        assert rarity["troca"] < rarity["prazo"] < rarity["unicornio"]

    def test_what_only_wraps_a_question_says_little(self) -> None:
        asked = asking.with_rarity(asking.read("gostaria unicórnio"), {}, 1000)
        light, heavy = (concept.rarity for concept in asked.concepts)
        assert light < heavy / 3


class TestFeatures:
    def test_the_same_words_in_another_dress_have_the_same_features(self) -> None:
        assert of_passage("A TROCA é grátis!").vector == of_passage("a troca e gratis").vector
        assert of_passage("A TROCA é grátis!").likeness == of_passage("a troca e gratis").likeness

    def test_headings_are_found_too(self) -> None:
        assert of_passage("Em 7 dias.", ("Trocas",)).weights.keys() == {"7", "dia", "troc"}

    def test_a_longer_passage_weighs_the_same_word_less(self) -> None:
        short, long = of_passage("troca"), of_passage("troca " + " ".join(f"palavra{n}" for n in range(300)))
        assert short.weights["troc"] > long.weights["troc"]


class TestDiffering:
    ANSWER = "A troca pode ser pedida em até 15 dias."

    @pytest.mark.parametrize(
        ("answer", "passage"),
        [
            (ANSWER, "A troca pode ser pedida em até 30 dias depois da compra."),
            ("O frete custa R$ 25,00 na capital.", "O frete na capital custa R$ 19,90."),
            ("A loja abre às 9h no sábado.", "No sábado a loja abre às 10h."),
            ("O desconto no Pix é de 10%.", "O desconto no Pix é de 5%."),
            ("Não entregamos aos domingos no interior.", "Entregamos aos domingos no interior."),
        ],
    )
    def test_another_term_price_hour_share_or_the_contrary_is_one(self, answer: str, passage: str) -> None:
        assert differing(answer, f"Bem-vindo. {passage}") == passage

    @pytest.mark.parametrize(
        "passage",
        [
            "A troca pode ser pedida em até 15 dias depois da compra.",
            "A garantia dos relógios é de 30 dias.",
            "Trocamos qualquer produto com alegria.",
            "",
        ],
    )
    def test_what_agrees_or_speaks_of_something_else_is_none(self, passage: str) -> None:
        assert differing(self.ANSWER, passage) is None
