"""How well sentences are found in a shop's answers, and how rarely where there are none: these numbers set `ENOUGH`."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from agents.rehearsal.finding import LONGEST, Known, Quotation, find
from agents.rehearsal.words import fold, stem, words

FAQ: Final[Mapping[str, Any]] = yaml.safe_load((Path(__file__).parent / "faq.yaml").read_text(encoding="utf-8"))
MOST: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    ask: str
    has: str | None
    found: Quotation | None

    @property
    def is_right(self) -> bool:
        return self.found is not None and self.has is not None and self.has in self.found.text


@cache
def tried(language: str) -> tuple[Tried, ...]:
    pages = [
        Known(id=f"p{number}", title=page["title"], text=page["text"])
        for number, page in enumerate(FAQ[language]["passages"])
    ]
    return tuple(
        Tried(ask=one["ask"], has=one.get("has"), found=find(one["ask"], nearest(one["ask"], pages)))
        for one in FAQ[language]["questions"]
    )


def nearest(question: str, pages: Sequence[Known]) -> list[Known]:
    """By BM25, as a retriever without a model would."""
    bags = [Counter(stem(word.text) for word in words(fold(f"{page.title} {page.text}"))) for page in pages]
    average = sum(bag.total() for bag in bags) / len(bags)
    seen = Counter(word for bag in bags for word in bag)

    def score(bag: Counter[str]) -> float:
        length = 1.2 * (0.25 + 0.75 * bag.total() / average)
        asked = {stem(word.text) for word in words(fold(question))} & bag.keys()
        rare = {word: math.log(1 + (len(bags) - seen[word] + 0.5) / (seen[word] + 0.5)) for word in sorted(asked)}
        return math.fsum(rare[word] * bag[word] * 2.2 / (bag[word] + length) for word in rare)

    ranked = sorted(range(len(pages)), key=lambda place: (-score(bags[place]), place))
    return [pages[place] for place in ranked[:MOST]]


class TestShop:
    @pytest.mark.parametrize(("language", "least"), [("pt", 0.9), ("en", 0.9)])
    def test_most_questions_get_the_sentence_that_answers_them(self, language: str, least: float) -> None:
        answerable = [one for one in tried(language) if one.has]
        share = sum(one.is_right for one in answerable) / len(answerable)
        assert share >= least, [one.ask for one in answerable if not one.is_right]

    @pytest.mark.parametrize("language", ["pt", "en"])
    def test_hardly_any_answer_is_a_wrong_one(self, language: str) -> None:
        given = [one for one in tried(language) if one.found]
        wrong = [one.ask for one in given if not one.is_right]
        assert len(wrong) <= 0.05 * len(given), wrong

    @pytest.mark.parametrize("language", ["pt", "en"])
    def test_what_the_shop_does_not_say_is_not_answered(self, language: str) -> None:
        assert [one.ask for one in tried(language) if one.has is None and one.found] == []

    @pytest.mark.parametrize("language", ["pt", "en"])
    def test_every_answer_is_a_piece_of_its_passage_and_short(self, language: str) -> None:
        for one in tried(language):
            if one.found:
                assert one.found.text in one.found.passage.text
                assert len(one.found.text) <= LONGEST

    def test_the_other_languages_shop_is_not_quoted(self) -> None:
        pages = [Known(id="p1", title=page["title"], text=page["text"]) for page in FAQ["pt"]["passages"]]
        found = [one.ask for one in tried("en") if find(one.ask, nearest(one.ask, pages))]
        assert len(found) <= 1, found


class TestFind:
    def test_a_question_that_a_passage_asks_itself_is_no_answer(self) -> None:
        page = Known(id="p1", title="Trocas", text="Qual é o prazo para trocar? São 30 dias corridos.")
        found = find("qual o prazo para trocar?", [page])
        assert found is not None
        assert found.text == "São 30 dias corridos."

    def test_the_rarest_word_has_to_be_said(self) -> None:
        page = Known(id="p1", title="Garantia", text="A garantia do colchão é de 5 anos.")
        assert find("qual a garantia do liquidificador?", [page]) is None

    def test_of_two_sentences_the_one_of_the_right_kind_answers(self) -> None:
        page = Known(id="p1", title="Loja", text="Nossa loja de móveis é linda. A loja de móveis abre às 9h.")
        found = find("que horas abre a loja de móveis?", [page])
        assert found is not None
        assert "9h" in found.text

    def test_nothing_to_look_in_and_nothing_to_look_for_find_nothing(self) -> None:
        assert find("qual o frete?", []) is None
        assert find("o que é isso?", [Known(id="p1", title="Frete", text="Custa R$ 9.")]) is None
        assert find("???", [Known(id="p1", title="", text="")]) is None
