"""Tests of choosing between our two languages."""

import pytest

from core.texts import Language, Text, language_of_header, language_of_terminal

HELLO = Text("olá", "hello")


class TestText:
    def test_it_speaks_both_languages(self) -> None:
        assert (HELLO.in_(Language.PT), HELLO.in_(Language.EN)) == ("olá", "hello")


class TestLanguageOfTerminal:
    @pytest.mark.parametrize("name", ["", "C", "C.UTF-8", "c.utf8", "POSIX", "pt_BR.UTF-8", "pt_PT", "pt"])
    def test_it_is_portuguese_unless_the_locale_names_another(self, name: str) -> None:
        assert language_of_terminal({"LANG": name}) is Language.PT

    @pytest.mark.parametrize("name", ["en_US.UTF-8", "en", "en_GB@euro", "de_DE.UTF-8", "ja_JP", "EN_US"])
    def test_any_other_locale_reads_english(self, name: str) -> None:
        assert language_of_terminal({"LANG": name}) is Language.EN

    def test_no_locale_is_portuguese(self) -> None:
        assert language_of_terminal({}) is Language.PT

    @pytest.mark.parametrize(
        ("environment", "language"),
        [
            ({"LC_ALL": "en_US", "LC_MESSAGES": "pt_BR", "LANG": "pt_BR"}, Language.EN),
            ({"LC_ALL": "", "LC_MESSAGES": "en_US", "LANG": "pt_BR"}, Language.EN),
            ({"LC_ALL": "C.UTF-8", "LANG": "en_US"}, Language.PT),
            ({"LC_CTYPE": "en_US"}, Language.PT),
        ],
    )
    def test_the_strongest_variable_that_says_anything_decides(
        self, environment: dict[str, str], language: Language
    ) -> None:
        assert language_of_terminal(environment) is language


class TestLanguageOfHeader:
    @pytest.mark.parametrize("header", ["", "*", "de", "pt", "pt-BR,en;q=0.9", "de, pt;q=0.5", ";;,,", "PT-br"])
    def test_it_is_portuguese_unless_english_comes_first(self, header: str) -> None:
        assert language_of_header(header) is Language.PT

    @pytest.mark.parametrize("header", ["en", "en-US,en;q=0.9,pt;q=0.8", "de, en;q=0.5", " EN-gb ; q=1 "])
    def test_english_first_is_english(self, header: str) -> None:
        assert language_of_header(header) is Language.EN
