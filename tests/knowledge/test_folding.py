"""Tests of text as it is compared."""

import pytest

from knowledge.folding import folded, grams, meant


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

    @pytest.mark.parametrize("apostrophe", ["'", "’"])
    def test_what_english_clips_is_no_word(self, apostrophe: str) -> None:
        assert meant(f"the shop{apostrophe}s doors don{apostrophe}t open")[0] == ["shop", "doors", "open"]

    def test_a_name_with_an_apostrophe_keeps_its_parts(self) -> None:
        assert meant("Sant'Anna e copo d'agua")[0] == ["sant", "anna", "copo", "d", "agua"]

    def test_a_line_of_base64_is_no_word(self) -> None:
        assert meant("a" * 5_000) == ([], [])

    def test_other_scripts_are_words_too(self) -> None:
        assert meant("Привет мир")[0] == ["привет", "мир"]


class TestFolded:
    def test_plain_text_and_other_text_are_folded_alike(self) -> None:
        assert folded("Ola") == folded("Olá") == "ola"

    def test_a_word_shares_most_of_its_letters_with_a_misspelt_one(self) -> None:
        assert len(set(grams("matricula")) & set(grams("matrícula".replace("í", "i")))) == len(grams("matricula"))
        assert "_mat" in set(grams("matricula")) & set(grams("matricola"))
