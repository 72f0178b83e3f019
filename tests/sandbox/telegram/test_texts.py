"""Texts as people see them: HTML in Telegram's words, entities counted in UTF-16, and what is found by itself."""

import html
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.telegram.entities import MOST_ENTITIES, Formatted, completed, formatted, found_in, length, part
from sandbox.telegram.errors import BotApiError
from sandbox.telegram.html_text import parsed

TAGS = ("b", "i", "u", "s", "code", "blockquote", "tg-spoiler")
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=60)


def spots(entities: Any) -> list[tuple[str, int, int]]:
    return [(each["type"], each["offset"], each["length"]) for each in entities]


class TestHtml:
    @pytest.mark.parametrize(
        ("source", "text", "entities"),
        [
            ("<b>a</b>", "a", [("bold", 0, 1)]),
            ("<strong>a</strong><em>b</em>", "ab", [("bold", 0, 1), ("italic", 1, 1)]),
            ("<B>a</b >", "a", [("bold", 0, 1)]),
            ("<b>a<i>b</i></b>", "ab", [("bold", 0, 2), ("italic", 1, 1)]),
            ("<b></b>x", "x", []),
            ("😀<b>a</b>", "😀a", [("bold", 2, 1)]),
            ("a &lt;b&gt; &amp; &quot;c&quot; &#233; &#xE7;", 'a <b> & "c" é ç', []),
            ("a &copy; & b &", "a &copy; & b &", []),
            ('<span class="tg-spoiler">x</span>', "x", [("spoiler", 0, 1)]),
            ("<blockquote expandable>x</blockquote>", "x", [("expandable_blockquote", 0, 1)]),
            ("<b>a</>", "a", [("bold", 0, 1)]),
        ],
    )
    def test_markup_becomes_text_and_entities(
        self, source: str, text: str, entities: list[tuple[str, int, int]]
    ) -> None:
        told, found = parsed(source)
        assert (told, spots(found)) == (text, entities)

    def test_links_and_code_keep_what_belongs_to_them(self) -> None:
        _, [link] = parsed("<a href='https://a.com/?x=1&amp;y=2'>x</a>")
        _, [block] = parsed('<pre><code class="language-python">x</code></pre>')
        _, nothing = parsed("<a>sem endereço</a>")
        _, [emoji] = parsed('<tg-emoji emoji-id="5368324170671202286">👍</tg-emoji>')

        assert (link["type"], link["url"]) == ("text_link", "https://a.com/?x=1&y=2")
        assert (block["type"], block["language"]) == ("pre", "python")
        assert nothing == []
        assert emoji["custom_emoji_id"] == "5368324170671202286"

    @pytest.mark.parametrize(
        ("source", "reason"),
        [
            ("<b>a", 'Can\'t find end tag corresponding to start tag "b"'),
            ("ã</b>", "Unexpected end tag at byte offset 2"),
            ("<b>a</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
            ("<ana>", 'Unsupported start tag "ana" at byte offset 0'),
            ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
            ("a <> b", 'Unsupported start tag "" at byte offset 2'),
            ("<b", "Unclosed start tag at byte offset 0"),
            ("<b x>a</b>", 'Expected equal sign in declaration of an attribute of the tag "b" at byte offset 0'),
            ('<a ="x">a</a>', 'Empty attribute name in the tag "a" at byte offset 0'),
            ('<a href="x>a</a>', "Unclosed start tag at byte offset 0"),
            ("<a href=x/y>a</a>", "Unexpected end of name token at byte offset 8"),
            ("<span>a</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
            ("<b>a</b", "Unclosed end tag at byte offset 4"),
        ],
    )
    def test_what_is_no_markup_is_refused_with_its_place(self, source: str, reason: str) -> None:
        with pytest.raises(BotApiError) as caught:
            parsed(source)
        assert caught.value.description == f"Bad Request: can't parse entities: {reason}"

    @given(TEXT)
    @settings(max_examples=60, deadline=None)
    def test_what_is_escaped_arrives_as_it_was(self, text: str) -> None:
        assert parsed(html.escape(text)) == (text, [])

    @given(st.lists(st.tuples(st.sampled_from(TAGS), TEXT), max_size=8))
    @settings(max_examples=60, deadline=None)
    def test_entities_cover_exactly_what_was_marked(self, pieces: list[tuple[str, str]]) -> None:
        source = "".join(f"<{tag}>{html.escape(words)}</{tag}>" for tag, words in pieces)
        text, entities = parsed(source)

        assert text == "".join(words for _, words in pieces)
        marked = [words for _, words in pieces if words]
        assert [part(text, each["offset"], each["length"]) for each in entities] == marked


class TestFormatted:
    def test_the_blank_around_a_text_goes_and_entities_move_along(self) -> None:
        told = formatted(
            "\n  oi 😀  ",
            "",
            [{"type": "bold", "offset": 3, "length": 2}, {"type": "italic", "offset": 0, "length": 2}],
        )
        assert (told.text, spots(told.entities)) == ("oi 😀", [("bold", 0, 2)])

    def test_beyond_a_hundred_entities_are_dropped(self) -> None:
        given_ones = [{"type": "bold", "offset": number, "length": 1} for number in range(150)]
        told = completed(formatted("x" * 150, "", given_ones))
        assert len(told.entities) == MOST_ENTITIES

    @pytest.mark.parametrize(
        ("given_ones", "words"),
        [
            ([1], "can't parse MessageEntity: expected an Object"),
            ([{"type": "bold", "offset": 0}], "can't parse MessageEntity: Can't find field \"length\""),
            ([{"type": "loud", "offset": 0, "length": 1}], "can't parse MessageEntity: Unsupported type specified"),
            ([{"offset": 0, "length": 1}], "can't parse MessageEntity: Type is not specified"),
        ],
    )
    def test_entities_that_are_none_are_refused(self, given_ones: list[Any], words: str) -> None:
        with pytest.raises(BotApiError, match=r"^Bad Request") as caught:
            formatted("x", "", given_ones)
        assert caught.value.description == f"Bad Request: {words}"

    def test_other_markup_than_html_is_not_played(self) -> None:
        with pytest.raises(BotApiError) as caught:
            formatted("*x*", "MarkdownV2", None)
        assert caught.value.description == "Bad Request: unsupported parse_mode"

    def test_more_than_32_kilobytes_are_too_long(self) -> None:
        with pytest.raises(BotApiError) as caught:
            formatted("ã" * 16_385, "", None)
        assert caught.value.description == "Bad Request: text is too long"


class TestFound:
    @pytest.mark.parametrize(
        ("text", "entities"),
        [
            ("/fila agora", [("bot_command", 0, 5)]),
            ("/fila@EquipeBot", [("bot_command", 0, 15)]),
            ("😀 /fila", [("bot_command", 3, 5)]),
            ("a/fila e 1/2", []),
            ("oi @EquipeBot!", [("mention", 3, 10)]),
            ("ana@exemplo.com.br", [("email", 0, 18)]),
            ("veja https://a.com/b?c=1, sim", [("url", 5, 19)]),
            ("#vip #1", [("hashtag", 0, 4)]),
        ],
    )
    def test_commands_names_and_addresses_are_found(self, text: str, entities: list[tuple[str, int, int]]) -> None:
        assert spots(found_in(text)) == entities

    def test_nothing_is_found_inside_what_was_given(self) -> None:
        link = {"type": "text_link", "offset": 0, "length": 5, "url": "https://a.com/"}
        assert completed(Formatted("/fila /caso", (link,))).entities == (
            link,
            {"offset": 6, "length": 5, "type": "bot_command"},
        )

    @given(TEXT)
    @settings(max_examples=60, deadline=None)
    def test_no_two_are_in_one_place_and_none_is_outside(self, text: str) -> None:
        found = found_in(text)
        ends = 0
        for each in found:
            assert each["offset"] >= ends
            ends = each["offset"] + each["length"]
        assert ends <= length(text)


class TestLength:
    @given(TEXT)
    @settings(max_examples=60, deadline=None)
    def test_it_is_that_of_utf_16(self, text: str) -> None:
        assert length(text) == len(text.encode("utf-16-le")) // 2

    @given(TEXT, TEXT)
    @settings(max_examples=60, deadline=None)
    def test_a_part_is_what_stands_there(self, before: str, text: str) -> None:
        assert part(before + text, length(before), length(text)) == text
