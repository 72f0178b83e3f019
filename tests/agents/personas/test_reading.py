"""A persona comes out of its text as it was meant, or every reason why not."""

import json
import re
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.personas.definition import Persona
from agents.personas.lint import check
from agents.personas.problems import Problem
from agents.personas.reading import PersonaBroken, fingerprint, from_json, read_persona, read_with_lines, to_json
from agents.personas.shipped import shipped
from agents.tools.registry import TOOLS
from tests.agents.personas.planting import SALES

PERSONAS = tuple(shipped())


def broken(text: str) -> tuple[Problem, ...]:
    with pytest.raises(PersonaBroken) as refused:
        read_persona(text)
    return refused.value.problems


def sales(old: str = "", new: str = "") -> str:
    return shipped()[SALES].replace(old, new, 1)


class TestRoundTrip:
    @pytest.mark.parametrize("name", PERSONAS)
    def test_json_brings_back_the_very_same(self, name: str) -> None:
        persona = read_persona(shipped()[name])
        kept = json.loads(json.dumps(to_json(persona)))
        assert from_json(kept) == persona
        assert to_json(from_json(kept)) == kept
        assert fingerprint(from_json(kept)) == fingerprint(persona)

    def test_json_speaks_of_keys_as_the_file_does(self) -> None:
        kept = to_json(read_persona(sales()))
        assert kept["tone"]["register"] == "informal_polite"
        assert kept["handoff"]["return"]["requires_note"] is False
        assert kept["channels"]["whatsapp"]["typing_delay"]["cps"] == 28

    def test_json_that_is_no_persona_is_refused_by_its_fields(self) -> None:
        kept = to_json(read_persona(sales())) | {"stagess": [], "scope": ""}
        with pytest.raises(PersonaBroken) as refused:
            from_json(kept)
        assert {one.field for one in refused.value.problems} == {"stagess", "scope"}
        assert {one.line for one in refused.value.problems} == {None}


class TestFingerprint:
    def test_it_does_not_heed_how_a_persona_is_written(self) -> None:
        spaced = "# a comment\n" + sales("collect: [horario]", "collect:\n      - horario").replace("\n", "\r\n")
        assert fingerprint(read_persona(spaced)) == fingerprint(read_persona(sales()))

    def test_it_heeds_every_word(self) -> None:
        prints = {fingerprint(read_persona(text)) for text in (sales(), sales("Com quem eu falo?", "Quem fala?"))}
        assert len(prints) == 2


class TestWords:
    def test_on_off_yes_and_no_are_words(self) -> None:
        assert read_persona(sales("sunday: off", "sunday: on")).quiet_hours.sunday == "on"
        assert read_persona(sales("sunday: off", "sunday: off")).quiet_hours.sunday == "off"
        answer = read_persona(sales("any_of: [como funciona,", "any_of: [yes, no, on, off, como funciona,")).answers[1]
        assert answer.any_of[:4] == ("yes", "no", "on", "off")

    def test_hours_and_dates_are_words(self) -> None:
        answer = read_persona(sales("any_of: [como funciona,", "any_of: [10:30, 2026-11-27, como funciona,")).answers[1]
        assert answer.any_of[:2] == ("10:30", "2026-11-27")

    def test_only_true_and_false_are_truths(self) -> None:
        assert read_persona(sales("requires_note: false", "requires_note: true")).handoff.return_.requires_note
        (problem,) = broken(sales("requires_note: false", "requires_note: talvez"))
        assert "true ou false" in problem.message.pt

    @pytest.mark.parametrize(
        ("written", "meant"),
        [
            ("90s", timedelta(seconds=90)),
            ("5m", timedelta(minutes=5)),
            ("24h", timedelta(hours=24)),
            ("2d", timedelta(days=2)),
            ("1.5h", timedelta(minutes=90)),
        ],
    )
    def test_durations_are_read_as_the_documentation_shows_them(self, written: str, meant: timedelta) -> None:
        stall = read_persona(sales("after: 3d", f"after: {written}")).stages[3].stall
        assert stall is not None
        assert stall.after == meant

    @pytest.mark.parametrize("written", ["5", "1w", "5 m", "PT5M", "-5m", '""', "m"])
    def test_other_durations_are_refused(self, written: str) -> None:
        (problem,) = broken(sales("after: 3d", f"after: {written}"))
        assert "duração" in problem.message.pt


class TestBombs:
    def test_a_large_file_is_refused_unread(self) -> None:
        (problem,) = broken("a: " + "x" * 200_001)
        assert (problem.line, problem.message.pt) == (1, "o arquivo passa de 200 kB")

    def test_anchors_are_refused_before_they_multiply(self) -> None:
        bomb = "a: &a [x, x]\n" + "".join(f"b{n}: &b{n} [*a, *a]\n" for n in range(50))
        (problem,) = broken(bomb)
        assert problem.line == 1
        (problem,) = broken("a: [x]\nb: *a\n")
        assert problem.line == 2

    @pytest.mark.parametrize("opening", ["[", "{a: ", "- "])
    def test_depth_is_refused_before_it_hurts(self, opening: str) -> None:
        (problem,) = broken("a:\n  " + opening * 40_000)
        assert "níveis demais" in problem.message.pt

    def test_so_are_more_parts_than_anybody_writes(self) -> None:
        (problem,) = broken("a: [" + "[], " * 40_000 + "]")
        assert "partes demais" in problem.message.pt

    def test_a_merge_is_an_unknown_key(self) -> None:
        assert any(one.field == "<<" for one in broken("<<: {persona: x}\n" + sales()))

    def test_an_endless_list_of_problems_is_cut(self) -> None:
        assert len(broken(sales() + "".join(f"unknown{n}: 1\n" for n in range(500)))) == 100

    @pytest.mark.parametrize(
        "text",
        ["", "   \n", "# only a comment", "null", "~", "just words", "[a, list]", "42", "a: \x07", "a: \ud800", "\x00"],
    )
    def test_what_is_no_document_at_all_is_told(self, text: str) -> None:
        assert broken(text)[0].message.pt

    def test_two_documents_are_one_too_many(self) -> None:
        found = broken(sales() + "\n---\na: 1\n")
        assert "segundo documento" in found[0].message.pt

    def test_a_number_beyond_all_numbers_is_refused(self) -> None:
        for number in ("9" * 400, "9" * 400 + ".0", "inf", ".inf", "nan"):
            assert broken(sales("cps: 28", f"cps: {number}"))

    def test_a_tag_makes_no_object(self) -> None:
        (problem, *_) = broken(sales("name: Lia", "name: !!python/object/apply:os.getcwd []"))
        assert "marca" in problem.message.pt


class TestLines:
    def test_everything_has_its_line(self) -> None:
        read = read_with_lines(shipped()[SALES])
        rows = shipped()[SALES].splitlines()
        line = read.lines.of(("stages", 1, "enter", "all", 2))
        assert line is not None
        assert rows[line - 1].strip() == "- slot:orcamento"
        text = read.lines.of(("texts", "greeting", "en"))
        assert text is not None
        assert rows[text - 1].strip() == "en: >-"

    def test_what_is_not_there_has_the_line_around_it(self) -> None:
        lines = read_with_lines(shipped()[SALES]).lines
        assert lines.of(("texts", "missing", "pt-BR")) == lines.of(("texts",))


class TestError:
    def test_it_says_how_many_and_which_is_first(self) -> None:
        with pytest.raises(PersonaBroken) as refused:
            read_persona(sales("name: Lia", "nome: Lia"))
        assert "2 problema(s)" in refused.value.detail.pt
        assert [one.field for one in refused.value.errors] == ["identity.name", "identity.nome"]

    def test_it_shows_no_more_of_a_value_than_one_needs(self) -> None:
        (problem,) = broken(sales("- id: proposta", f"- id: {'Segredo ' * 30}"))
        assert len(problem.message.pt) < 200


class TestAnything:
    @settings(max_examples=150, deadline=None)
    @given(st.data())
    def test_a_persona_with_a_line_damaged_is_read_or_refused_and_nothing_else(self, data: st.DataObject) -> None:
        lines = shipped()[SALES].splitlines()
        place = data.draw(st.integers(0, len(lines) - 1))
        junk = data.draw(st.text(alphabet="ab:-[]{}&*!|>'\"#%@ \t\n,?é~0", max_size=12))
        cut = data.draw(st.integers(0, len(lines[place])))
        lines[place] = lines[place][:cut] + junk
        try:
            assert isinstance(read_persona("\n".join(lines)), Persona)
        except PersonaBroken as error:
            assert error.problems[0].line is not None  # noqa: PT017 - either outcome is fine, and this of one of them


class TestDocumentation:
    """What `docs/personas.md` shows is what is read."""

    PAGE = (Path(__file__).parents[3] / "docs" / "personas.md").read_text(encoding="utf-8")

    def test_its_persona_is_whole(self) -> None:
        (text,) = re.findall(r"```yaml\n(.*?)```", self.PAGE, re.DOTALL)
        assert check(text, bases=None, tools=TOOLS) == ()

    def test_its_durations_are_durations(self) -> None:
        shown = set(re.findall(r"`(\d+[a-z])`", self.PAGE))
        assert shown == {"90s", "5m", "24h", "2d"}
        for duration in shown:
            read_persona(sales("after: 3d", f"after: {duration}"))
