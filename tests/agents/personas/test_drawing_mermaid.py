"""A persona as Mermaid text: every stage, every step, and no character that Mermaid would take for its own."""

import pytest

from agents.personas.drawing_mermaid import mermaid, spine
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from tests.agents.personas.planting import COLLECTION, SALES, SCHEDULING


def drawn(name: str, old: str = "", new: str = "") -> list[str]:
    return [line.strip() for line in mermaid(read_persona(shipped()[name].replace(old, new, 1))).splitlines()]


class TestMermaid:
    @pytest.mark.parametrize("name", shipped())
    def test_it_has_every_stage_and_is_the_same_each_time(self, name: str) -> None:
        persona = read_persona(shipped()[name])
        text = mermaid(persona)
        assert text == mermaid(read_persona(shipped()[name]))
        assert text.startswith("stateDiagram-v2\n")
        assert [stage.id for stage in persona.stages if f'state "{stage.label}" as stage_{stage.id}' not in text] == []

    def test_a_step_carries_its_criteria(self) -> None:
        lines = drawn(SALES)
        assert (
            "stage_novo --> stage_qualificado : "
            "Nome + O que precisa + Orçamento por mês + Prazo ou diz “é urgente”" in lines
        )
        assert "stage_qualificado --> stage_novo : mudar ou retirar#58; Orçamento por mês" in lines
        assert "stage_proposta --> stage_demo : agenda.criar deu certo" in lines
        back = (
            "stage_marcado --> stage_pedido : falhar#58; agenda.criar, "
            "acabar, e a pessoa quiser outra vez#58; agenda.criar, agenda.cancelar deu certo"
        )
        assert back in drawn(SCHEDULING)

    def test_people_move_a_lead_where_no_criterion_does(self) -> None:
        lines = drawn(COLLECTION)
        assert "stage_promessa --> stage_recuperado : movido pela equipe" in lines
        assert "stage_promessa --> stage_sem_acordo : movido pela equipe, de qualquer estágio" in lines

    def test_it_begins_and_ends(self) -> None:
        lines = drawn(SALES)
        assert [line for line in lines if "[*]" in line] == [
            "[*] --> stage_novo",
            "stage_ganho --> [*]",
            "stage_perdido --> [*]",
        ]

    def test_what_mermaid_would_read_as_its_own_is_written_otherwise(self) -> None:
        lines = drawn(SALES, "label: Proposta", r'label: "A \"B\"; C #1: <b>\n--> D"')
        assert 'state "A #quot;B#quot;#59; C #35;1#58; #lt;b#gt; --#gt; D" as stage_proposta' in lines

    def test_an_english_persona_is_drawn_in_english(self) -> None:
        lines = drawn(SALES, "locale: pt-BR", "locale: en")
        assert "stage_proposta --> stage_demo : agenda.criar succeeded" in lines


class TestSpine:
    def test_every_stage_is_a_node_of_it(self) -> None:
        text = spine(read_persona(shipped()[SALES]))
        assert text.startswith("flowchart TD\n")
        for stage in ("novo", "qualificado", "proposta", "demo", "ganho", "perdido"):
            assert f"decide --> stage_{stage}\n" in text
            assert f"stage_{stage} --> respond\n" in text
        assert "commit --> END\n" in text
