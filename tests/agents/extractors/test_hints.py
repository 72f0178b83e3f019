"""Texts without any of the words of the calendar are not read form by form: no form may be missed for that."""

import re
from typing import Final

import pytest

from agents.extractors import dates, periods
from agents.extractors.found import plain

DAYS: Final = """
    2026-12-15, 15/12/2026, 15 de dezembro, primeiro de maio, dezembro 15, dia 15/12, 15/12, daqui a uma semana,
    em dois meses, within two days, depois d'amanhã, depois damanha, day after tomorrow, pasado mañana, amanhã, hj,
    na terça, no sábado que vem, segunda-feira, segundafeira, segunda de manhã, domingo, terça!, dia 15, the 15th,
    15-12, quarta, 15
"""
SPANS: Final = """
    próximo fim de semana, fds, this weekend, semana que vem, next week, essa semana, fim do mês que vem, fim de mês,
    the end of this month, começo do mês, mês que vem, next month, este mês, até o fim do ano, end of the year,
    nos próximos 10 dias, the next 10 days, em dezembro, no mês de maio, en marzo
"""


class TestEveryForm:
    @pytest.mark.parametrize("shape", [shape for shape, _ in (*dates._FORMS, *dates._WHEN_ASKED)])
    def test_of_a_day_has_its_hint(self, shape: re.Pattern[str]) -> None:
        fitting = [text for text in _each(DAYS) if shape.search(text)]

        assert fitting
        assert [text for text in fitting if not dates._HINT.search(text)] == []

    @pytest.mark.parametrize("shape", [shape for shape, _ in periods._SPANS])
    def test_of_a_span_has_its_hint(self, shape: re.Pattern[str]) -> None:
        fitting = [text for text in _each(SPANS) if shape.search(text)]

        assert fitting
        assert [text for text in fitting if not periods._HINT.search(text)] == []


class TestHints:
    @pytest.mark.parametrize("text", ["quanto custa o plano?", "quero mais um, e outro mesmo", "obrigada pela ajuda"])
    def test_most_messages_have_none(self, text: str) -> None:
        assert dates._HINT.search(text) is None
        assert periods._HINT.search(text) is None


def _each(texts: str) -> list[str]:
    return [plain(text.strip()).text for text in texts.split(",")]
