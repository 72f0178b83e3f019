"""What an update waits for: whatever is before it in its place, and what it needs to be known."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from admin_api.staff.ordering import NONE, order_of
from channels.telegram_staff.updates import (
    Edited,
    File,
    Migrated,
    Nothing,
    OurStanding,
    Person,
    Pressed,
    Reacted,
    Renamed,
    Room,
    RoomKind,
    Said,
    Standing,
    Told,
    TopicChange,
    TopicChanged,
    Typed,
)
from core.models.stream import MessageKind

GROUP = Room(id=-100, kind=RoomKind.SUPERGROUP, is_forum=True)
ANA, RUI = replace(GROUP, topic=7), replace(GROUP, topic=8)
BIA, LIA = Person(id=1, name="Bia"), Person(id=2, name="Lia")
BIAS = Room(id=1, kind=RoomKind.PRIVATE)


def said(room: Room = ANA, sender: Person = BIA, number: int = 50, **more: Any) -> Said:
    return Said(room=room, sender=sender, message_id=number, at=datetime(2026, 11, 22, tzinfo=UTC), **more)


def pressed(room: Room | None = ANA, sender: Person = BIA) -> Pressed:
    return Pressed(query="q", sender=sender, data="d", room=room, message_id=9)


def reacted(number: int = 50) -> Reacted:
    return Reacted(room=GROUP, sender=LIA, message_id=number)


def typed(word: str, room: Room, sender: Person = BIA) -> Said:
    return said(room, sender, typed=Typed(word=word, rest="ABCDE-FGHJK"))


def waits(later: Told, earlier: Told) -> bool:
    return not order_of(later).waits_for.isdisjoint(order_of(earlier).holds)


class TestPlaces:
    @pytest.mark.parametrize(
        "later",
        [
            said(sender=LIA),
            Edited(said=said(sender=LIA)),
            pressed(sender=LIA),
            TopicChanged(room=ANA, sender=LIA, message_id=60, change=TopicChange.CLOSED),
        ],
        ids=lambda told: type(told).__name__,
    )
    def test_what_is_of_one_topic_waits_and_what_is_of_another_does_not(self, later: Told) -> None:
        assert waits(later, said(ANA))
        assert waits(later, pressed(ANA))
        assert not waits(later, said(RUI))
        assert not waits(later, said(GROUP))
        assert not waits(later, said(BIAS))

    @pytest.mark.parametrize("room", [GROUP, BIAS], ids=["general", "private"])
    def test_the_general_and_a_private_chat_are_places_as_well(self, room: Room) -> None:
        assert waits(pressed(room), said(room))
        assert not waits(pressed(room), said(ANA))

    def test_a_reaction_waits_for_the_line_it_is_on_wherever_that_is(self) -> None:
        assert waits(reacted(), said())
        assert waits(reacted(), Edited(said=said()))
        assert waits(reacted(), reacted())
        assert not waits(reacted(), said(number=51))
        assert not waits(said(GROUP), reacted())

    @pytest.mark.parametrize("told", [Nothing(why="x"), pressed(None)], ids=["nothing", "an old button"])
    def test_what_is_of_no_place_waits_for_nothing(self, told: Told) -> None:
        assert order_of(told) == NONE


class TestSettled:
    def test_who_sends_a_code_is_not_heard_anywhere_before_it_counts(self) -> None:
        assert waits(said(ANA), typed("vincular", BIAS))
        assert waits(pressed(GROUP), typed("START", BIAS))
        assert not waits(said(ANA, LIA), typed("vincular", BIAS))

    def test_of_a_group_that_is_being_bound_nobody_is_heard_before(self) -> None:
        assert waits(said(ANA, LIA), typed("link", GROUP))
        assert waits(Renamed(room=GROUP, title="x"), typed("link", GROUP))
        assert not waits(pressed(BIAS, LIA), typed("link", GROUP))

    def test_any_other_command_holds_up_its_own_place_alone(self) -> None:
        assert not waits(said(ANA), typed("fila", GROUP))

    def test_a_group_goes_on_under_its_new_number_after_it_has_moved(self) -> None:
        moved = Migrated(room=Room(id=-5, kind=RoomKind.GROUP), to=-100)
        assert waits(pressed(ANA), moved)
        assert waits(moved, said(Room(id=-5, kind=RoomKind.GROUP)))

    def test_what_becomes_of_us_is_of_the_general(self) -> None:
        stands = OurStanding(room=GROUP, by=BIA, was=Standing.MEMBER, now=Standing.ADMINISTRATOR)
        assert waits(stands, stands)
        assert not waits(pressed(ANA), stands)


class TestSlow:
    @pytest.mark.parametrize(
        ("told", "is_slow"),
        [
            (said(text="oi"), False),
            (said(file=File(id="f", unique="f", kind=MessageKind.VOICE)), True),
            (said(text="@bot pausa", mentions=("bot",)), True),
            (said(GROUP, text="bot, pausa"), True),
            (said(BIAS, text="quantos?"), True),
            (typed("fila", GROUP), False),
            (pressed(), False),
        ],
    )
    def test_are_files_and_what_may_be_plain_words_to_the_bot(self, told: Told, *, is_slow: bool) -> None:
        assert order_of(told).is_slow is is_slow
