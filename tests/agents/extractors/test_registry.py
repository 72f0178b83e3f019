"""The way from a slot to its extractor; and what holds for all of them, whatever they are given."""

import time
from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.extractors import registry
from agents.extractors.found import Found, Refused, plain
from agents.personas.definition import Option, Slot, SlotType
from tests.agents.extractors.days import TODAY

_OPTIONS: Final = (Option(value="basico", label="Básico"), Option(value="pro", label="Profissional"))
_LONG: Final = 10_000
_ADVERSARIAL: Final = (
    *(
        "a",
        "1",
        "1 ",
        "1.",
        "1,",
        "(11) 9",
        "a@",
        "a.",
        "a-",
        "mil e ",
        "não ",
        "sim ",
        "meu nome é ",
        "quero ",
        "15/",
        "R$ ",
    ),
    *(
        "sexta às 9h ",
        "11 98765-4321 ",
        "11222333000181 ",
        "a ponto ",
        "de manhã ",
        "da ",
        "Ana ",
        "daqui a ",
        "segunda ",
        "á",
        "\u0301",
    ),
    *("( ", "dia 1 ", "vinte e ", "0:0", "👍", "\u200b", " ", "\n", "basic ", "529.982.247-2", "às ", "ana@x."),
)


def _slot(kind: SlotType) -> Slot:
    return Slot(type=kind, options=_OPTIONS if kind is SlotType.CHOICE else ())


class TestExtract:
    def test_the_first_value_is_the_one(self) -> None:
        slot = _slot(SlotType.MONEY)
        assert registry.extract(slot, "8 mil, no máximo 10 mil", today=TODAY, known={}) == Found(
            {"cents": 800_000, "currency": "BRL"}, 0, 5
        )

    def test_a_value_that_passes_its_check_comes_before_one_that_fails(self) -> None:
        found = registry.extract(_slot(SlotType.CPF), "123.456.789-00 ou 529.982.247-25", today=TODAY, known={})
        assert isinstance(found, Found)

    def test_a_failed_check_is_told(self) -> None:
        found = registry.extract(_slot(SlotType.CPF), "123.456.789-00", today=TODAY, known={})
        assert found == Refused(0, 14, "check_digits")

    def test_two_options_are_none(self) -> None:
        assert registry.extract(_slot(SlotType.CHOICE), "básico ou profissional", today=TODAY, known={}) is None

    def test_nothing_is_nothing(self) -> None:
        for kind in SlotType:
            assert registry.extract(_slot(kind), "", today=TODAY, known={}) is None

    def test_text_numbers_and_yes_need_their_question(self) -> None:
        for kind in (SlotType.TEXT, SlotType.QUANTITY, SlotType.YES_NO):
            assert registry.find(_slot(kind), "sim, 3", today=TODAY, known={}) == ()


class TestAnyText:
    @pytest.mark.parametrize("kind", list(SlotType))
    @given(text=st.text(max_size=200) | st.text("0123456789 .,/-:()@áãçºª$RrhH\u0301\u200bsimnão", max_size=120))
    def test_what_is_found_lies_within_it(self, kind: SlotType, text: str) -> None:
        for one in registry.find(_slot(kind), text, today=TODAY, known={}, asked=True):
            assert 0 <= one.start < one.end <= len(text)
            assert text[one.start : one.end].strip()

    @given(st.text(max_size=100))
    def test_its_plain_form_leads_back_to_it(self, text: str) -> None:
        folded = plain(text)
        assert len(folded.places) == len(folded.text) + 1
        assert list(folded.places) == sorted(folded.places)

    @pytest.mark.parametrize("kind", list(SlotType))
    def test_ten_thousand_hostile_characters_take_no_time(self, kind: SlotType) -> None:
        slot = _slot(kind)
        for seed in _ADVERSARIAL:
            text = (seed * _LONG)[:_LONG]
            plain(text)  # shared by all extractors of a message
            # The best of three: the machine that runs this is not ours alone.
            assert min(_seconds(slot, text) for _ in range(3)) < 0.05, repr(seed)

    def test_a_longer_text_takes_longer_by_its_length_only(self) -> None:
        slot = _slot(SlotType.MOMENT)
        short, long = ("sexta às 9h 1 2:3 " * (size // 18) for size in (_LONG, 4 * _LONG))
        plain(short), plain(long)
        assert min(_seconds(slot, long) for _ in range(3)) < 12 * min(_seconds(slot, short) for _ in range(3)) + 0.01


def _seconds(slot: Slot, text: str) -> float:
    start = time.process_time()
    registry.find(slot, text, today=TODAY, known={}, asked=True)
    return time.process_time() - start
