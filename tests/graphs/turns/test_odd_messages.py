"""B14: whatever a customer sends has its turn, or a reason for none, and what follows is answered as ever."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from agents.gateway.gateway import make_gateway
from core.floor import Floor
from tests.fixtures.inbound import Customer, edit, message, revoke
from tests.graphs.turns.odd_messages import ODD, UNANSWERED
from tests.graphs.turns.room import Room, open_room, wamid

AFTERWARDS = "meu nome é Ana"


@pytest.fixture(scope="module")
async def room(floor: Floor) -> AsyncIterator[Room]:
    gateway = make_gateway(floor.settings)
    yield await open_room(floor, gateway)
    await gateway.close()


@pytest.fixture(scope="module")
async def sent(room: Room) -> Mapping[str, Customer]:
    """Each by somebody of their own, and what people write after it."""
    people = {name: room.person() for name in ODD}
    await room.post(*(message(who, wamid(), **ODD[name]) for name, who in people.items()))
    await room.settle()
    await room.say(*((who, AFTERWARDS) for who in people.values()))
    await room.settle()
    return people


async def messages(room: Room, who: Customer) -> list[Any]:
    conversation = await room.conversation(who)
    return await room.inbox.rows(
        "SELECT seq, author, kind, text FROM messages WHERE conversation_id = :id ORDER BY seq", id=conversation.id
    )


class TestOddMessages:
    @pytest.mark.parametrize("name", ODD)
    async def test_b14_it_is_kept_and_heard(self, room: Room, sent: Mapping[str, Customer], name: str) -> None:
        who = sent[name]
        kept = [one for one in await messages(room, who) if one.author == "customer"]
        turns = await room.turns(who)
        assert len(kept) == 2
        assert {turn.state for turn in turns} == {"done"}
        assert len(turns) == (1 if name in UNANSWERED else 2)
        assert turns[-1].dialogue_after["heard"] == kept[-1].seq

    @pytest.mark.parametrize("name", ODD)
    async def test_what_is_said_of_it_is_short_and_shows_nothing_of_it(
        self, room: Room, sent: Mapping[str, Customer], name: str
    ) -> None:
        answers = await room.answers(sent[name])
        assert answers
        assert all(0 < len(answer) <= 500 for answer in answers)
        told = " ".join(answers)
        assert not any(
            mark in told for mark in ("390.533", "4111", "passwd", "DROP", "{{", "class__", "8659", "\u202e")
        )

    @pytest.mark.parametrize("name", ODD)
    async def test_the_next_sentence_is_understood(self, room: Room, sent: Mapping[str, Customer], name: str) -> None:
        conversation = await room.conversation(sent[name])
        if conversation.control == "bot":
            assert conversation.dialogue["slots"]["nome"][0]["name"] == "Ana"

    async def test_what_is_edited_before_it_is_answered_is_heard_as_it_is_now(self, room: Room) -> None:
        who, name = room.person(), wamid()
        await room.post(message(who, name, text="meu nome é Bia"))
        await room.post(edit(who, wamid(), name, "meu nome é Ana"))
        await room.settle()
        assert (await room.conversation(who)).dialogue["slots"]["nome"][0]["name"] == "Ana"

    async def test_what_is_deleted_before_it_is_answered_is_not_heard(self, room: Room) -> None:
        who, name = room.person(), wamid()
        await room.post(message(who, name, text="meu nome é Bia"))
        await room.post(revoke(who, wamid(), name))
        await room.settle()
        [turn] = await room.turns(who)
        assert turn.state in {"done", "ignored"}
        assert "nome" not in (await room.conversation(who)).dialogue.get("slots", {})
