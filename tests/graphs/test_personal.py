"""What tells who somebody is, found in what is to be taught or kept."""

import pytest

from graphs.personal import Person, said_of

ANA = Person(
    names=["Ana Lúcia dos Santos"],
    numbers=["5511988887777", "88887777"],
    told=["Rua das Flores, 10", "bolo de chocolate", "2026-11-22"],
)


class TestSaidOf:
    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("Oi, ANA! Tudo certo.", ["Ana"]),
            ("a lucia já pagou", ["Lúcia"]),
            ("Família Santos, mesa 4", ["Santos"]),
            ("ligue 8888-7777", ["88887777"]),
            ("+55 (11) 98888-7777", ["5511988887777", "88887777"]),
            ("entregue na rua das flores, 10", ["Rua das Flores, 10"]),
        ],
    )
    def test_names_numbers_and_addresses_are_found(self, text: str, found: list[str]) -> None:
        assert said_of(ANA, text) == found

    @pytest.mark.parametrize(
        "text",
        [
            "Banana com canela",
            "Todos os dias, das 9h às 18h",
            "O bolo de chocolate custa R$ 80,00",
            "Ligue 3333-2222",
            "",
        ],
    )
    def test_what_is_the_company_s_is_not(self, text: str) -> None:
        assert said_of(ANA, text) == []

    def test_of_who_is_not_known_nothing_is(self) -> None:
        assert said_of(Person(names=[], numbers=[]), "Ana, 88887777") == []
