"""The linter finds what was planted, on its line, and nothing else."""

import pytest

from agents.personas.lint import check, has_errors, lint
from agents.personas.problems import Level, Problem
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from agents.tools.registry import TOOLS
from tests.agents.personas.meant_wrong import MEANT_WRONG
from tests.agents.personas.planting import COLLECTION, SALES, SCHEDULING, Planted
from tests.agents.personas.written_wrong import WRITTEN_WRONG


def problems(text: str, *, bases: frozenset[str] | None = None) -> tuple[Problem, ...]:
    return check(text, bases=bases, tools=TOOLS)


def errors(text: str) -> list[Problem]:
    return [one for one in problems(text) if one.level is Level.ERROR]


def warnings(text: str, *, bases: frozenset[str] | None = None) -> list[Problem]:
    return [one for one in problems(text, bases=bases) if one.level is Level.WARNING]


def planted(persona: str, old: str, new: str) -> str:
    source = shipped()[persona]
    assert source.count(old) == 1
    return source.replace(old, new)


class TestPlantedDefects:
    def test_there_are_many_more_than_asked_for(self) -> None:
        assert len(MEANT_WRONG) + len(WRITTEN_WRONG) >= 25

    @pytest.mark.parametrize("defect", MEANT_WRONG, ids=lambda one: one.what)
    def test_each_is_found_on_its_line_and_nowhere_else(self, defect: Planted) -> None:
        found = errors(defect.text)
        assert {one.line for one in found} == {defect.line}, [(one.line, one.message.pt) for one in found]
        assert any(defect.says in one.message.pt for one in found), [one.message.pt for one in found]

    @pytest.mark.parametrize("defect", WRITTEN_WRONG, ids=lambda one: one.what)
    def test_each_that_cannot_be_read_is_found_on_its_line_too(self, defect: Planted) -> None:
        found = errors(defect.text)
        assert found[0].line == defect.line, [(one.line, one.message.pt) for one in found]
        assert defect.says in found[0].message.pt, [one.message.pt for one in found]

    @pytest.mark.parametrize("defect", [*MEANT_WRONG, *WRITTEN_WRONG], ids=lambda one: one.what)
    def test_each_is_told_in_both_languages(self, defect: Planted) -> None:
        for one in errors(defect.text):
            assert one.message.pt
            assert one.message.en
            assert one.message.pt != one.message.en

    def test_several_are_all_found_in_the_order_of_the_document(self) -> None:
        text = planted(SALES, "- slot:orcamento\n", "- slot:verba\n").replace("text: resposta_preco", "text: nada")
        lines = [one.line for one in errors(text)]
        assert len(lines) == 2
        assert lines == sorted(line for line in lines if line)


class TestWarnings:
    def test_a_base_that_is_not_there_is_one_where_somebody_knows(self) -> None:
        text = shipped()[SCHEDULING]
        found = warnings(text, bases=frozenset({"geral"}))
        assert {one.field for one in found} == {"stages[0].kb[1]", "stages[1].kb[1]"}
        assert all("`preparo`" in one.message.pt for one in found)
        assert warnings(text, bases=frozenset({"geral", "preparo"})) == []
        assert warnings(text, bases=None) == []

    def test_no_base_at_all_is_many(self) -> None:
        assert len(warnings(shipped()[SCHEDULING], bases=frozenset())) == 5

    @pytest.mark.parametrize(
        ("persona", "old", "new", "says"),
        [
            (SALES, "\n  ask_nome:\n", "\n  sobra: {pt-BR: Sobra.}\n  ask_nome:\n", "nada usa este texto"),
            (SALES, "\nslots:\n", "\nslots:\n  cidade: {type: text}\n", "nada usa `cidade`"),
            (SALES, "\nevidence:\n", "\nevidence:\n  pressa: {describe: tem pressa}\n", "nada usa `pressa`"),
            (SALES, "- slot:necessidade\n", "- slot:necessidade\n        - fact:compras\n", "o fato `compras`"),
            (SALES, "    objective: Despedir", "    enter: {all: [slot:nome]}\n    objective: Despedir", "só a equipe"),
            (SALES, "assistente virtual da {company}. Sou uma inteligência artificial", "Sou daqui", "não diz que é"),
            (SALES, 'allow: "09:00-19:00"', 'allow: "05:00-19:00"', "antes das 7h"),
            (SALES, "[tem desconto,", "[quanto custa, tem desconto,", "já é de `preco`"),
            (COLLECTION, "  invalid_cpf:\n", "  ivalid_cpf:\n", "invalid_cpf"),
            (SALES, "budget: {", "budget: {company_calls_per_day: 50, ", "um único contato pode usar (120)"),
        ],
    )
    def test_each_is_told_and_stops_nothing(self, persona: str, old: str, new: str, says: str) -> None:
        text = planted(persona, old, new)
        assert any(says in one.message.pt for one in warnings(text)), [one.message.pt for one in warnings(text)]
        assert not has_errors(problems(text))


class TestShortSms:
    def test_accents_are_no_hindrance(self) -> None:
        assert errors(planted(COLLECTION, "Obrigada por confirmar.", "Não há ação — “já” é você…")) == []

    def test_what_does_not_fit_its_segments_is_told(self) -> None:
        text = planted(COLLECTION, "max_segments: 2", "max_segments: 1").replace(
            "bubble_chars: 300", "bubble_chars: 500"
        )
        assert {"sms cabem 320" in one.message.pt for one in errors(text)} == {True}

    def test_without_the_plain_alphabet_less_fits(self) -> None:
        assert any("cabem 268" in one.message.pt for one in errors(planted(COLLECTION, "gsm7_only: true, ", "")))


class TestTools:
    def test_a_company_that_may_not_book_cannot_have_the_persona(self) -> None:
        allowed = {name: tool for name, tool in TOOLS.items() if name != "agenda.criar"}
        found = check(shipped()[SALES], bases=None, tools=allowed)
        assert any("não há ferramenta `agenda.criar`" in one.message.pt for one in found)

    def test_any_of_several_criteria_may_be_out_of_reach_but_not_all(self) -> None:
        one = planted(SALES, "any: [slot:prazo, evidence:urgencia]", "any: [slot:dia, evidence:urgencia]")
        both = planted(SALES, "any: [slot:prazo, evidence:urgencia]", "any: [slot:dia, slot:dia]")
        assert errors(one) == []
        assert ["nunca é alcançado" in problem.message.pt for problem in errors(both)] == [True]


class TestLint:
    def test_without_a_text_there_are_fields_and_no_lines(self) -> None:
        persona = read_persona(planted(SALES, "- slot:orcamento\n", "- slot:verba\n"))
        (found,) = [one for one in lint(persona, bases=None, tools=TOOLS) if one.level is Level.ERROR]
        assert found.line is None
        assert found.field == "stages[1].enter.all[2]"
