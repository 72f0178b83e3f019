"""Amounts as people write them."""

import pytest

from agents.extractors import money


def _read(text: str, *, asked: bool = False) -> list[tuple[int, str, str]]:
    found = money.find(text, asked=asked)
    return [(one.value["cents"], one.value["currency"], text[one.start : one.end]) for one in found]


class TestMoney:
    @pytest.mark.parametrize(
        ("text", "cents"),
        [
            ("R$ 8.000,00", 800_000),
            ("R$8000", 800_000),
            ("r$ 1.234,5", 123_450),
            ("8 mil", 800_000),
            ("8mil", 800_000),
            ("8k", 800_000),
            ("8,5 mil", 850_000),
            ("mil e quinhentos", 150_000),
            ("5 mil e quinhentos", 550_000),
            ("5 mil e 500", 550_000),
            ("cem reais", 10_000),
            ("duzentos e cinquenta reais", 25_000),
            ("2 milhões e meio", 250_000_000),
            ("50 conto", 5_000),
            ("R$ ８００", 80_000),
            ("R$\u00a08.000", 800_000),
        ],
    )
    def test_a_brazilian_amount_is_all_of_what_was_written(self, text: str, cents: int) -> None:
        assert _read(text) == [(cents, "BRL", text)]

    def test_a_foreign_currency_is_kept(self) -> None:
        assert _read("US$ 30") == [(3000, "USD", "US$ 30")]
        assert _read("1,500.00 dollars") == [(150_000, "USD", "1,500.00 dollars")]
        assert _read("40 euros") == [(4000, "EUR", "40 euros")]

    def test_only_the_amount_is_quoted(self) -> None:
        assert _read("tenho uns 5 mil, por aí") == [(500_000, "BRL", "5 mil")]

    def test_a_bare_number_counts_only_where_it_was_asked_for(self) -> None:
        assert _read("300.000") == []
        assert _read("300.000", asked=True) == [(30_000_000, "BRL", "300.000")]

    @pytest.mark.parametrize("text", ["5 mil pessoas", "8km", "10%", "em 3 dias", "12x", "às 10h", "529.982.247-25"])
    def test_what_is_counted_is_no_money(self, text: str) -> None:
        assert _read(text, asked=True) == []
