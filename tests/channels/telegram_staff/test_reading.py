"""Updates as Telegram writes them: each becomes what it says, and the oddest shape becomes nothing."""

import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.telegram_staff.reading import read
from channels.telegram_staff.updates import (
    ANONYMOUS,
    Edited,
    File,
    Migrated,
    Nothing,
    OurStanding,
    Person,
    Pressed,
    Reacted,
    Renamed,
    Replied,
    Room,
    RoomKind,
    Said,
    Spot,
    Standing,
    Told,
    TopicChange,
    TopicChanged,
    Typed,
)
from core.models.stream import MessageKind
from core.texts import Language

GROUP: Final = {"id": -1001234567890, "type": "supergroup", "title": "Equipe", "is_forum": True}
BIA: Final = {"id": 7000000001, "is_bot": False, "first_name": "Bia", "last_name": "Reis", "language_code": "pt-br"}
# The example of the sheet: a line in a topic, whose `reply_to_message` is the message that made the topic.
LINE: Final = {
    "message_id": 512,
    "date": 1790000000,
    "chat": GROUP,
    "from": BIA,
    "message_thread_id": 40,
    "is_topic_message": True,
    "text": "pode confirmar amanhã às 10h",
    "reply_to_message": {
        "message_id": 40,
        "message_thread_id": 40,
        "forum_topic_created": {"name": "Ana · 8765", "icon_color": 7322096},
    },
}
ROOM: Final = Room(id=GROUP["id"], kind=RoomKind.SUPERGROUP, title="Equipe", is_forum=True, topic=40)  # type: ignore[arg-type] # a literal above
WHO: Final = Person(id=7000000001, name="Bia Reis", language="pt-br")


def told(kind: str, value: Any) -> Told:
    update = read({"update_id": 900000001, kind: value})
    assert update is not None
    assert update.id == 900000001
    return update.told


def said(**more: Any) -> Said:
    found = told("message", LINE | more)
    assert isinstance(found, Said)
    return found


class TestSaid:
    def test_a_line_in_a_topic_answers_nobody(self) -> None:
        assert said() == Said(
            room=ROOM,
            sender=WHO,
            message_id=512,
            at=datetime.fromtimestamp(1790000000, UTC),
            text="pode confirmar amanhã às 10h",
        )

    def test_an_answer_names_what_it_answers_and_the_part_that_was_picked_out(self) -> None:
        answered = {"message_id": 500, "from": {"id": 9, "is_bot": True, "first_name": "Bot"}, "text": "Oi, quero bolo"}
        line = said(reply_to_message=answered, quote={"text": "bolo", "position": 10})
        assert line.reply == Replied(message_id=500, sender=9, text="Oi, quero bolo", quote="bolo")

    def test_outside_of_topics_a_thread_is_only_a_reply(self) -> None:
        line = LINE | {"chat": GROUP | {"is_forum": False}}
        del line["is_topic_message"]
        found = told("message", line)
        assert isinstance(found, Said)
        assert found.room.topic is None

    @pytest.mark.parametrize(
        ("text", "typed"),
        [
            ("/fila", Typed(word="fila", rest="")),
            ("/fila@EquipeBot  3 últimas\n", Typed(word="fila", rest="3 últimas", addressee="equipebot")),
            ("/etapa ganho /fila", Typed(word="etapa", rest="ganho /fila")),
        ],
    )
    def test_a_command_is_what_begins_the_message(self, text: str, typed: Typed) -> None:
        mark = {"type": "bot_command", "offset": 0, "length": len(text.split(maxsplit=1)[0])}
        assert said(text=text, entities=[mark]).typed == typed

    @pytest.mark.parametrize("marks", [[], [{"type": "bot_command", "offset": 0, "length": 4}]])
    def test_a_word_with_an_accent_is_one_whatever_telegram_calls_it(self, marks: list[Any]) -> None:
        assert said(text="/saúde", entities=marks).typed == Typed(word="saúde", rest="")
        typed = Typed(word="histórico", rest="Ana", addressee="equipebot")
        assert said(text="/histórico@EquipeBot  Ana ", entities=marks).typed == typed

    def test_an_accented_word_in_a_code_or_within_a_text_is_none(self) -> None:
        assert said(text="/saúde", entities=[{"type": "code", "offset": 0, "length": 6}]).typed is None
        assert said(text="ei /saúde").typed is None
        assert said(text="/até amanhã/depois").typed == Typed(word="até", rest="amanhã/depois")
        assert said(text="/até/depois").typed is None

    def test_a_command_in_the_middle_or_in_a_code_is_none(self) -> None:
        later = {"type": "bot_command", "offset": 3, "length": 5}
        assert said(text="ei /fila", entities=[later]).typed is None
        assert said(text="/fila", entities=[{"type": "code", "offset": 0, "length": 5}]).typed is None
        assert said(text="/fila").typed is None

    def test_a_name_behind_an_emoji_is_found(self) -> None:
        mark = {"type": "mention", "offset": 3, "length": 10}
        assert said(text="😀 @EquipeBot pausa", entities=[mark]).mentions == ("equipebot",)

    @pytest.mark.parametrize(
        ("more", "file"),
        [
            (
                {
                    "voice": {
                        "file_id": "v1",
                        "file_unique_id": "u",
                        "duration": 3,
                        "mime_type": "audio/ogg",
                        "file_size": 9,
                    }
                },
                File(id="v1", unique="u", kind=MessageKind.VOICE, mime="audio/ogg", size=9, seconds=3),
            ),
            (
                {
                    "photo": [
                        {"file_id": "s", "file_unique_id": "a", "width": 90, "file_size": 1},
                        {"file_id": "l", "file_unique_id": "b", "width": 900, "file_size": 50},
                    ]
                },
                File(id="l", unique="b", kind=MessageKind.IMAGE, mime="image/jpeg", size=50),
            ),
            (
                {
                    "document": {
                        "file_id": "d",
                        "file_unique_id": "u",
                        "file_name": "tabela.pdf",
                        "mime_type": "application/pdf",
                    }
                },
                File(id="d", unique="u", kind=MessageKind.DOCUMENT, mime="application/pdf", name="tabela.pdf"),
            ),
            (
                {
                    "animation": {"file_id": "g", "file_unique_id": "u"},
                    "document": {"file_id": "g", "file_unique_id": "u"},
                },
                File(id="g", unique="u", kind=MessageKind.VIDEO, mime="video/mp4"),
            ),
            (
                {"sticker": {"file_id": "t", "file_unique_id": "u", "is_animated": True}},
                File(id="t", unique="u", kind=MessageKind.DOCUMENT),
            ),
        ],
    )
    def test_a_file_is_named_by_its_kind(self, more: dict[str, Any], file: File) -> None:
        line = {key: value for key, value in LINE.items() if key != "text"} | more | {"caption": "veja"}
        found = told("message", line)
        assert isinstance(found, Said)
        assert (found.file, found.text) == (file, "veja")

    def test_an_album_a_place_and_what_we_cannot_carry(self) -> None:
        assert said(media_group_id="77").album == "77"
        assert said(location={"latitude": -23.5, "longitude": -46.6}).spot == Spot(latitude=-23.5, longitude=-46.6)
        assert said(location={"latitude": 91, "longitude": 0}).spot is None
        assert said(text="", poll={"id": "1"}).other == "poll"

    def test_what_is_second_hand_says_so(self) -> None:
        assert said(forward_origin={"type": "hidden_user", "sender_user_name": "X"}).is_forwarded
        assert said(via_bot={"id": 5, "is_bot": True, "first_name": "gif"}).via_bot
        assert not said().is_forwarded

    def test_an_anonymous_administrator_is_nobody_we_know(self) -> None:
        line = said(**{"from": {"id": ANONYMOUS, "is_bot": True, "first_name": "Group"}, "sender_chat": GROUP})
        assert line.sender == Person(id=GROUP["id"], name="Equipe", is_anonymous=True)  # type: ignore[arg-type] # a literal above

    def test_what_a_column_cannot_hold_is_taken_out(self) -> None:
        assert said(text="a\x00b\ud800c").text == "ab\ufffdc"


class TestOthers:
    def test_an_edit(self) -> None:
        found = told("edited_message", LINE | {"edit_date": 1790000001, "text": "às 11h"})
        assert isinstance(found, Edited)
        assert found.said.text == "às 11h"

    def test_a_press_with_the_data_of_its_button(self) -> None:
        query = {"id": "4382bfdwdsb323b2d9", "from": BIA, "chat_instance": "-315", "data": "b:xyz", "message": LINE}
        assert told("callback_query", query) == Pressed(
            query="4382bfdwdsb323b2d9", sender=WHO, data="b:xyz", room=ROOM, message_id=512
        )

    def test_a_press_on_a_message_too_old_to_show(self) -> None:
        query = {"id": "1", "from": BIA, "data": "x", "message": {"message_id": 3, "chat": GROUP, "date": 0}}
        found = told("callback_query", query)
        assert isinstance(found, Pressed)
        assert found.message_id == 3

    def test_a_reaction(self) -> None:
        new = [{"type": "emoji", "emoji": "👍"}, {"type": "custom_emoji", "custom_emoji_id": "1"}]
        found = told("message_reaction", {"chat": GROUP, "message_id": 9, "user": BIA, "new_reaction": new})
        assert isinstance(found, Reacted)
        assert (found.message_id, found.signs, found.sender) == (9, ("👍",), WHO)

    @pytest.mark.parametrize(
        ("code", "language"), [("en", Language.EN), ("en-GB", Language.EN), ("pt-br", Language.PT), ("es", Language.PT)]
    )
    def test_whoever_presses_is_answered_in_their_language(self, code: str, language: Language) -> None:
        found = told("callback_query", {"id": "1", "from": {**BIA, "language_code": code}, "data": "x"})
        assert isinstance(found, Pressed)
        assert found.sender.speaks is language

    def test_where_we_stand(self) -> None:
        change = {
            "chat": GROUP,
            "from": BIA,
            "old_chat_member": {"status": "administrator", "user": {"id": 1}},
            "new_chat_member": {"status": "kicked", "user": {"id": 1, "first_name": "B"}},
        }
        ours = told("my_chat_member", change)
        assert isinstance(ours, OurStanding)
        assert (ours.was, ours.now, ours.by.id) == (Standing.ADMINISTRATOR, Standing.KICKED, WHO.id)

    def test_whoever_is_restricted_and_gone_is_gone(self) -> None:
        new = {"status": "restricted", "is_member": False, "user": {"id": 1}}
        found = told("my_chat_member", {"chat": GROUP, "from": BIA, "old_chat_member": {}, "new_chat_member": new})
        assert isinstance(found, OurStanding)
        assert not found.now.is_there

    def test_a_group_that_becomes_another_or_is_called_otherwise(self) -> None:
        old = {"id": -44, "type": "group", "title": "Equipe"}
        assert told("message", LINE | {"chat": old, "migrate_to_chat_id": -1009}) == Migrated(
            room=Room(id=-44, kind=RoomKind.GROUP, title="Equipe", topic=40), to=-1009
        )
        found = told("message", LINE | {"new_chat_title": "Time"})
        assert isinstance(found, Renamed)
        assert found.title == "Time"

    @pytest.mark.parametrize(
        ("name", "value", "change"),
        [
            ("forum_topic_created", {"name": "Ana"}, TopicChange.CREATED),
            ("forum_topic_edited", {"name": "Bea"}, TopicChange.RENAMED),
            ("forum_topic_closed", {}, TopicChange.CLOSED),
            ("forum_topic_reopened", {}, TopicChange.REOPENED),
        ],
    )
    def test_what_people_do_with_topics(self, name: str, value: dict[str, Any], change: TopicChange) -> None:
        found = told("message", {key: of for key, of in LINE.items() if key != "text"} | {name: value})
        assert isinstance(found, TopicChanged)
        assert (found.change, found.name) == (change, value.get("name", ""))

    def test_a_service_message_is_nothing(self) -> None:
        line = {key: value for key, value in LINE.items() if key != "text"} | {"pinned_message": {"message_id": 1}}
        assert isinstance(told("message", line), Nothing)

    def test_without_a_number_it_is_no_update(self) -> None:
        assert read({"message": LINE}) is None
        assert read({"update_id": "7"}) is None
        assert read({"update_id": 2**63}) is None


EXAMPLES: Final = (
    {"update_id": 1, "message": LINE},
    {"update_id": 2, "callback_query": {"id": "1", "from": BIA, "data": "x", "message": LINE}},
    {
        "update_id": 3,
        "message_reaction": {"chat": GROUP, "message_id": 9, "user": BIA, "new_reaction": [{"emoji": "👍"}]},
    },
    {
        "update_id": 4,
        "my_chat_member": {"chat": GROUP, "from": BIA, "old_chat_member": {}, "new_chat_member": {"status": "left"}},
    },
)
ODD: Final = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield value, key
            yield from places(inner)


class TestOddShapes:
    @given(st.sampled_from(EXAMPLES), st.integers(min_value=0, max_value=60), ODD)
    @settings(max_examples=300, deadline=None)
    def test_anything_in_the_place_of_anything_raises_nothing(
        self, update: dict[str, Any], place: int, odd: Any
    ) -> None:
        update = copy.deepcopy(update)
        spots = list(places(update))
        holder, key = spots[place % len(spots)]
        holder[key] = odd
        read(update)

    @given(ODD)
    @settings(max_examples=100, deadline=None)
    def test_nor_does_anything_by_itself(self, odd: Any) -> None:
        read({"update_id": 1, "message": odd})
        if isinstance(odd, dict):
            read(odd)

    def test_it_is_the_same_however_often_it_is_read(self) -> None:
        for update in EXAMPLES:
            assert read(update) == read(json.loads(json.dumps(update)))
