"""How values are compared and read to people."""

import pytest

from agents.commands import Value
from agents.extractors.values import in_words, same
from agents.personas.definition import SlotType


class TestInWords:
    @pytest.mark.parametrize(
        ("kind", "value", "portuguese", "english"),
        [
            (SlotType.MONEY, {"cents": 800_000, "currency": "BRL"}, "R$ 8.000,00", "R$ 8,000.00"),
            (SlotType.MONEY, {"cents": 3050, "currency": "USD"}, "US$ 30,50", "US$ 30.50"),
            (SlotType.MOMENT, {"at": "2026-11-27T09:00"}, "sexta, 27/11 às 9h", "Friday, Nov 27 at 9:00 AM"),
            (SlotType.MOMENT, {"at": "2026-11-27T14:30"}, "sexta, 27/11 às 14h30", "Friday, Nov 27 at 2:30 PM"),
            (SlotType.DATE, {"date": "2026-11-27"}, "sexta, 27/11/2026", "Friday, Nov 27, 2026"),
            (SlotType.CPF, {"number": "52998224725"}, "***.982.247-**", "***.982.247-**"),
            (SlotType.CNPJ, {"number": "12ABC34501DE35"}, "12.ABC.345/01DE-35", "12.ABC.345/01DE-35"),
            (SlotType.CEP, {"cep": "01310100"}, "01310-100", "01310-100"),
            (SlotType.PHONE, {"phone": "+5511987654321"}, "(11) 98765-4321", "(11) 98765-4321"),
            (SlotType.YES_NO, {"yes": True}, "sim", "yes"),
            (SlotType.QUANTITY, {"number": 2.5, "unit": "metros"}, "2,5 metros", "2.5 metros"),
            (SlotType.CHOICE, {"value": "pro", "label": "Profissional"}, "Profissional", "Profissional"),
            (
                SlotType.PERIOD,
                {"from": "2026-11-21", "until": "2026-11-22", "words": "fim de semana"},
                *["fim de semana"] * 2,
            ),
            (SlotType.PERSON_NAME, {"name": "Ana"}, "Ana", "Ana"),
            (SlotType.TEXT, {"text": "em casa"}, "em casa", "em casa"),
            (SlotType.EMAIL, {"email": "ana@exemplo.com"}, "ana@exemplo.com", "ana@exemplo.com"),
        ],
    )
    def test_each_kind_is_read_in_both_languages(
        self, kind: SlotType, value: Value, portuguese: str, english: str
    ) -> None:
        assert in_words(kind, value, "pt-BR") == portuguese
        assert in_words(kind, value, "en") == english


class TestSame:
    def test_a_name_is_the_same_however_it_was_typed(self) -> None:
        assert same(SlotType.PERSON_NAME, {"name": "João  Silva"}, {"name": "joao silva"})
        assert not same(SlotType.PERSON_NAME, {"name": "João"}, {"name": "Joana"})

    def test_a_period_is_the_same_by_its_days(self) -> None:
        one = {"from": "2026-11-23", "until": "2026-11-29", "words": "semana que vem"}
        assert same(SlotType.PERIOD, one, {**one, "words": "next week"})

    def test_an_option_is_the_same_by_its_value(self) -> None:
        assert same(SlotType.CHOICE, {"value": "pro", "label": "Pro"}, {"value": "pro", "label": "Profissional"})

    def test_another_amount_is_another(self) -> None:
        assert not same(SlotType.MONEY, {"cents": 1, "currency": "BRL"}, {"cents": 1, "currency": "USD"})
