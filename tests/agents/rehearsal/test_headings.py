"""Short lines above what is quoted: they say what it is about, and are no answer themselves."""

import pytest

from agents.rehearsal.answering import _quoted
from agents.rehearsal.finding import Known, find
from agents.rehearsal.lines import lines_in

PAGE = "Horário de atendimento\nAbrimos de segunda a sexta, das 9h às 18h.\nLoja física\nNão temos loja física."


def known(text: str) -> Known:
    return Known(id="p1", title="Sobre a empresa", text=text)


class TestHeadings:
    def test_a_heading_is_not_quoted_and_helps_to_find_what_stands_under_it(self) -> None:
        found = find("qual o horário de atendimento?", [known(PAGE)])
        assert found is not None
        assert found.text == "Abrimos de segunda a sexta, das 9h às 18h."

    @pytest.mark.parametrize("row", ["Plano: Essencial; Preço: R$ 149,00", "Preço do plano Essencial: R$ 149,00"])
    def test_a_row_of_a_table_is_quoted(self, row: str) -> None:
        found = find("qual o preço do plano Essencial?", [known(f"{row}\nOs preços valem para todo o ano de 2026.")])
        assert found is not None
        assert found.text == row

    def test_what_begins_a_line_begins_without_dots(self) -> None:
        found = find("vocês têm loja física?", [known(PAGE)])
        assert found is not None
        assert _quoted(found, lines_in("pt-BR")) == 'Segundo "Sobre a empresa": Não temos loja física.'

    def test_sentences_of_two_lines_are_not_joined(self) -> None:
        found = find(
            "qual o prazo de troca?", [known("O prazo de troca é de 30 dias.\nO prazo da troca conta da entrega.")]
        )
        assert found is not None
        assert "\n" not in found.text
