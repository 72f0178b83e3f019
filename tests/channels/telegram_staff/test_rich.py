"""Text with marks: whatever it is made of, Telegram gets what was meant, in pieces that it takes."""

from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.telegram_staff.rich import (
    LONGEST,
    MOST_MARKS,
    Mark,
    MarkKind,
    Rich,
    bold,
    code,
    join,
    lines,
    link,
    pieces,
    quote,
    shortened,
    units,
)
from channels.telegram_staff.sending import entities

LETTERS: Final = st.text(alphabet="aB 1.\n😀é👨‍👩‍👧<&*_`\u200b", max_size=120)


@st.composite
def riches(draw: st.DrawFn) -> Rich:
    whole = Rich("")
    for text, kind in draw(st.lists(st.tuples(LETTERS, st.sampled_from([None, *MarkKind])), max_size=12)):
        whole = whole + (Rich(text, (Mark(kind, 0, len(text)),)) if kind and text else Rich(text))
    return whole


def marked(rich: Rich) -> list[tuple[MarkKind, str]]:
    return [(mark.kind, rich.text[mark.start : mark.end]) for mark in rich.marks]


class TestBuilding:
    def test_marks_move_with_what_stands_before_them(self) -> None:
        assert marked("Oi, " + bold("Ana") + "! " + code("x")) == [(MarkKind.BOLD, "Ana"), (MarkKind.CODE, "x")]

    def test_a_name_that_looks_like_markup_is_only_a_name(self) -> None:
        name = "</b> *_[x](http://y)` & <a href='tg://user?id=1'>"
        assert marked(bold(name)) == [(MarkKind.BOLD, name)]

    def test_nothing_is_marked_where_there_is_nothing(self) -> None:
        assert bold("").marks == quote("").marks == link("", "https://x").marks == ()

    def test_lines_leave_out_what_is_none_and_keep_a_gap(self) -> None:
        assert lines("a", None, "", bold("b")).text == "a\n\nb"
        assert join(", ", ["a", bold("b")]).text == "a, b"

    @pytest.mark.parametrize(("text", "long"), [("abc", 3), ("😀", 2), ("é", 1), ("👨‍👩‍👧", 8)])
    def test_length_is_counted_as_telegram_counts(self, text: str, long: int) -> None:
        assert units(text) == long == len(text.encode("utf-16-le")) // 2


class TestEntities:
    @given(riches())
    @settings(max_examples=150, deadline=None)
    def test_each_covers_in_units_what_its_mark_covers_in_characters(self, rich: Rich) -> None:
        raw = rich.text.encode("utf-16-le")
        covered = [raw[2 * one.offset : 2 * (one.offset + one.length)].decode("utf-16-le") for one in entities(rich)]
        assert covered == [text for _, text in marked(rich)]


class TestPieces:
    @given(riches(), st.integers(min_value=4, max_value=60))
    @settings(max_examples=200, deadline=None)
    def test_nothing_is_lost_and_none_is_too_long(self, rich: Rich, longest: int) -> None:
        parts = list(pieces(rich, longest))

        assert all(0 < units(part.text) <= longest for part in parts)
        assert all(part.text == part.text.strip() for part in parts)
        assert "".join("".join(part.text for part in parts).split()) == "".join(rich.text.split())

    @given(riches(), st.integers(min_value=4, max_value=60))
    @settings(max_examples=200, deadline=None)
    def test_what_is_marked_stays_marked(self, rich: Rich, longest: int) -> None:
        def letters(one: Rich) -> list[str]:
            return sorted(f"{kind}{letter}" for kind, text in marked(one) for letter in text if not letter.isspace())

        whole = sorted(letter for part in pieces(rich, longest) for letter in letters(part))
        assert whole == letters(rich)
        assert all(mark.end <= len(part.text) for part in pieces(rich, longest) for mark in part.marks)

    def test_paragraphs_stay_together_where_they_can(self) -> None:
        text = "a" * 2500 + "\n\n" + "b" * 2500
        assert [part.text[0] for part in pieces(Rich(text))] == ["a", "b"]

    def test_more_marks_than_telegram_takes_go_on_in_the_next_message(self) -> None:
        rich = join(" ", [bold("x")] * (MOST_MARKS + 5))
        counts = [len(part.marks) for part in pieces(rich)]
        assert max(counts) <= MOST_MARKS
        assert sum(counts) == MOST_MARKS + 5

    def test_blank_is_no_message(self) -> None:
        assert list(pieces(Rich(" \n\t "))) == []

    def test_a_pair_is_never_cut_in_two(self) -> None:
        assert all(units(part.text) <= LONGEST for part in pieces(Rich("😀" * 3000)))
        assert "".join(part.text for part in pieces(Rich("😀" * 3000))) == "😀" * 3000


class TestShortened:
    def test_what_fits_stays(self) -> None:
        assert shortened(bold("curto"), 10) == bold("curto")

    @given(riches(), st.integers(min_value=2, max_value=40))
    @settings(max_examples=100, deadline=None)
    def test_it_never_grows_past_its_bound(self, rich: Rich, longest: int) -> None:
        assert units(shortened(rich, longest).text) <= longest
