"""Tests of text as it is compared."""

import pytest

from knowledge.folding import folded, grams, meant, stem


class TestMeant:
    def test_case_accents_and_invisible_characters_make_no_difference(self) -> None:
        assert meant("AÇÃO de Troca\u200b")[0] == meant("acao  TROCA")[0] == ["acao", "troca"]

    def test_a_code_is_one_word_and_its_parts(self) -> None:
        assert meant("O modelo AB-1234/x") == (["modelo", "ab", "1234", "x"], ["ab1234x"])

    @pytest.mark.parametrize("written", ["1.299,90", "1299,90", "1,299.90", "1299.9"])
    def test_a_number_is_the_same_however_it_is_written(self, written: str) -> None:
        assert meant(f"custa R$ {written}") == (["custa", "r", "1299.9"], [])

    def test_thousands_and_leading_zeros_are_marks_only(self) -> None:
        assert meant("1.000 e 007")[0] == ["1000", "7"]

    def test_what_only_joins_words_is_left_out(self) -> None:
        assert meant("para as que o the of del")[0] == []

    def test_a_line_of_base64_is_no_word(self) -> None:
        assert meant("a" * 5_000) == ([], [])

    def test_other_scripts_are_words_too(self) -> None:
        assert meant("Привет мир")[0] == ["привет", "мир"]


class TestStem:
    @pytest.mark.parametrize(
        "family",
        [
            ("troca", "trocas", "trocar", "trocado", "trocando"),
            ("informacao", "informacoes", "informacion", "informaciones", "information"),
            ("entrega", "entregas", "entregamos", "entregar"),
            ("pagamento", "pagamentos", "pago", "pagar"),
            ("delivery", "deliveries"),
            ("shipped", "shipping"),
        ],
    )
    def test_words_of_a_family_have_one(self, family: tuple[str, ...]) -> None:
        assert len({stem(word) for word in family}) == 1

    def test_short_words_and_codes_keep_every_letter(self) -> None:
        assert [stem(word) for word in ("mes", "ab1234s", "2024")] == ["mes", "ab1234s", "2024"]


class TestFolded:
    def test_plain_text_and_other_text_are_folded_alike(self) -> None:
        assert folded("Ola") == folded("Olá") == "ola"

    def test_a_word_shares_most_of_its_letters_with_a_misspelt_one(self) -> None:
        assert len(set(grams("matricula")) & set(grams("matrícula".replace("í", "i")))) == len(grams("matricula"))
        assert "_mat" in set(grams("matricula")) & set(grams("matricola"))
