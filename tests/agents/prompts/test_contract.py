"""Sections are found again as they were written, and nothing within one can end it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from agents.prompts.contract import PARTS, ContractError, Section, as_json, clean, cut, defused, prompts_of, sections_of


def _messages(content: str) -> list[Mapping[str, Any]]:
    return [{"role": "user", "content": content}]


class TestSections:
    def test_what_was_written_is_read_again(self) -> None:
        bodies = {section: f"corpo de {section.value}\nem duas linhas" for section in Section}

        assert sections_of(prompts_of(bodies)) == bodies

    def test_an_empty_section_is_there_all_the_same(self) -> None:
        found = sections_of(prompts_of({}))

        assert list(found) == list(Section)
        assert set(found.values()) == {""}

    def test_every_section_is_in_one_message_in_the_order_of_its_number(self) -> None:
        assert [section for part in PARTS for section in part.sections] == list(Section)
        assert [section.value.split(".")[0] for section in Section] == [str(number) for number in range(1, 15)]

    def test_the_first_message_alone_stays_the_same(self) -> None:
        assert [prompt.is_stable for prompt in prompts_of({})] == [True, False, False, False]
        assert [prompt.role for prompt in prompts_of({})] == ["system", "system", "user", "user"]

    def test_messages_of_a_provider_are_read_too(self) -> None:
        made = prompts_of({Section.MESSAGE: "oi"})
        pieces = [{"role": one.role, "content": [{"type": "text", "text": one.content}]} for one in made]

        assert sections_of(pieces)[Section.MESSAGE] == "oi"


class TestBrokenPrompts:
    def test_a_missing_section_is_no_guess(self) -> None:
        with pytest.raises(ContractError, match=r"12\.message"):
            sections_of([prompt for prompt in prompts_of({}) if "12.message" not in prompt.content])

    @pytest.mark.parametrize(
        "content",
        [
            "",
            "oi",
            "[[2.persona_card]]\n[[/2.persona_card]]",
            "[[1.rules]]",
            "[[1.rules]]\n[[2.persona_card]]",
            "[[1.rules]]\n[[/2.persona_card]]",
            "[[1.rules]]\n[[/1.rules]]\n[[1.rules]]\n[[/1.rules]]",
            "antes\n[[1.rules]]\n[[/1.rules]]",
            "[[99.unknown]]\n[[/99.unknown]]",
            "[[/1.rules]]",
        ],
    )
    def test_fences_out_of_place_are_refused(self, content: str) -> None:
        with pytest.raises(ContractError):
            sections_of(_messages(content))

    def test_words_behind_the_last_section_are_refused(self) -> None:
        made = [{"role": one.role, "content": one.content} for one in prompts_of({})]
        made[-1]["content"] += "\nmais"

        with pytest.raises(ContractError):
            sections_of(made)


class TestBodies:
    @pytest.mark.parametrize(
        "hidden", ["\x00", "\x1b", "\u200b", "\u200d", "\u202e", "\u2066", "\ufeff", "\U000e0041", "\U000e0101"]
    )
    def test_what_cannot_be_seen_is_gone(self, hidden: str) -> None:
        assert clean(f"a{hidden}b") == "ab"

    @pytest.mark.parametrize("line", ["\r\n", "\r", "\u2028", "\u2029", "\x85", "\v", "\f"])
    def test_every_end_of_a_line_is_one(self, line: str) -> None:
        assert clean(f"a{line}b") == "a\nb"

    @pytest.mark.parametrize("text", ["[[", "[[[", "［［", "［[", "⟦", "〚", "[\u200b["])
    def test_no_two_brackets_are_left(self, text: str) -> None:
        assert "[[" not in defused(clean(text))

    def test_json_is_one_line_and_sorted(self) -> None:
        body = as_json({"b": "linha\nnova\u2028outra", "a": [[1]]})

        assert "\n" not in body
        assert json.loads(body) == {"a": [[1]], "b": "linha\nnova\noutra"}
        assert body.index('"a"') < body.index('"b"')

    def test_json_with_lists_of_lists_is_still_json(self) -> None:
        body = sections_of(prompts_of({Section.RESULTS: as_json({"a": [[1, 2], [3]]})}))[Section.RESULTS]

        assert json.loads(body) == {"a": [[1, 2], [3]]}

    def test_a_cut_ends_between_words(self) -> None:
        assert cut("custa R$ 1299 por mês", 12) == "custa R$…"

    def test_a_short_text_is_not_cut(self) -> None:
        assert cut("oi", 2) == "oi"
