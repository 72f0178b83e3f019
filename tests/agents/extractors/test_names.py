"""Names of people."""

import pytest

from agents.extractors import names


def _read(text: str, *, asked: bool = False) -> list[tuple[str, str]]:
    return [(one.value["name"], text[one.start : one.end]) for one in names.find(text, asked=asked)]


class TestIntroduced:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("meu nome é Fernanda Lima", "Fernanda Lima"),
            ("oi, me chamo Jorge, tenho 30 anos", "Jorge"),
            ("sou o Paulo", "Paulo"),
            ("aqui é a Dra. Ana Paula", "Ana Paula"),
            ("I'm John Smith", "John Smith"),
            ("my name is Carl and I want a car", "Carl"),
            ("me llamo Lucía", "Lucía"),
        ],
    )
    def test_a_name_is_read_without_its_title(self, text: str, name: str) -> None:
        assert _read(text) == [(name, name)]

    def test_a_mumbled_name_gets_its_capitals_and_keeps_its_quote(self) -> None:
        assert _read("meu nome é joão da silva e moro em recife") == [("João da Silva", "joão da silva")]

    @pytest.mark.parametrize(
        "text", ["sou a gerente da loja", "i'm looking for a car", "sou o responsável", "eu sou vendedor"]
    )
    def test_what_somebody_is_is_no_name(self, text: str) -> None:
        assert _read(text) == []


class TestAsked:
    @pytest.mark.parametrize(
        ("text", "name"),
        [
            ("Ana", "Ana"),
            ("ana", "Ana"),
            ("MARIA DE SOUZA", "Maria de Souza"),
            ("Claro, é Ana Maria. Obrigada", "Ana Maria"),
            ("é o Beto", "Beto"),
            ("Sr. Osvaldo", "Osvaldo"),
            ("Jean-Luc D'Ávila", "Jean-Luc D'Ávila"),
        ],
    )
    def test_the_answer_is_the_name(self, text: str, name: str) -> None:
        assert [found for found, _ in _read(text, asked=True)] == [name]

    @pytest.mark.parametrize(
        "text",
        [
            "quero saber o preço",
            "sim",
            "prefiro não dizer",
            "quanto custa?",
            "Ana ou Maria quanto",
            "123",
            "bom dia",
            "não",
            "",
        ],
    )
    def test_a_sentence_is_no_name(self, text: str) -> None:
        assert _read(text, asked=True) == []
