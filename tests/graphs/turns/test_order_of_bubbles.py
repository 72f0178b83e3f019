"""What is typed slowly is not overtaken by what comes later, and is withdrawn where it has become pointless."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from agents.gateway.gateway import make_gateway
from core.floor import Floor
from tests.fixtures.inbound import Customer
from tests.fixtures.talking import Talk, open_talk
from tests.graphs.turns.room import Room, open_room

PRESSED: Final = "quero me matar. me tira dessa lista, não quero mais receber mensagens"


@pytest.fixture
async def room(floor: Floor) -> AsyncIterator[Room]:
    gateway = make_gateway(floor.settings)
    yield await open_room(floor, gateway)
    await gateway.close()


@pytest.fixture
async def talk(floor: Floor) -> AsyncIterator[Talk]:
    gateway = make_gateway(floor.settings)
    yield await open_talk(floor, gateway)
    await gateway.close()


async def spoken(room: Room, *lines: str) -> Customer:
    """One turn each, and all of it said before anything is sent."""
    who = room.person()
    for line in lines:
        await room.say((who, line))
        await room.settle()
    return who


async def outbox(room: Room, who: Customer) -> list[Any]:
    conversation = await room.conversation(who)
    sql = """
        SELECT o.seq, o.not_before, o.state, o.reason, o.purpose, o.content ->> 'body' AS body, m.turn_id
        FROM outbound o JOIN messages m ON m.id = o.message_id WHERE o.conversation_id = :id ORDER BY o.seq
    """
    return list(await room.inbox.rows(sql, id=conversation.id))


class TestOrder:
    async def test_what_a_later_turn_says_does_not_overtake_what_waits_to_be_typed(self, room: Room) -> None:
        rows = await outbox(room, await spoken(room, "Oi", "como funciona?", "meu nome é Ana"))
        assert len({row.turn_id for row in rows}) > 1
        assert sorted(rows, key=lambda row: row.not_before) == rows
        assert {row.state for row in rows} == {"queued"}

    async def test_it_takes_as_long_to_be_typed_as_if_nothing_waited(self, room: Room) -> None:
        rows = await outbox(room, await spoken(room, "Oi", "meu nome é Ana"))
        first, second = dict.fromkeys(row.turn_id for row in rows)
        last = max(row.not_before for row in rows if row.turn_id == first)
        assert all(row.not_before > last for row in rows if row.turn_id == second)

    async def test_what_is_held_back_for_long_holds_nothing_up(self, room: Room) -> None:
        who = await spoken(room, "Oi")
        await room.execute("UPDATE outbound SET not_before = app_now() + interval '9 hours', reason = 'quiet_hours'")
        await room.say((who, "meu nome é Ana"))
        await room.settle()
        [*_, row] = await outbox(room, who)
        [(in_minutes,)] = await room.inbox.rows("SELECT :at < app_now() + interval '2 minutes'", at=row.not_before)
        assert in_minutes


class TestWithdrawn:
    async def test_whoever_asks_for_a_person_is_told_of_nothing_else_any_more(self, room: Room) -> None:
        who = await spoken(room, "Oi")
        before = len(await outbox(room, who))
        await room.say((who, "quero falar com um atendente"))
        await room.settle()
        rows = await outbox(room, who)
        assert {(row.state, row.reason) for row in rows[:before]} == {("suppressed", "control_changed")}
        assert {row.state for row in rows[before:]} == {"queued"}

    async def test_whoever_opts_out_hears_the_confirmation_alone(self, room: Room) -> None:
        who = await spoken(room, "Oi", "me tira dessa lista, não quero mais receber mensagens")
        assert [row.purpose for row in await outbox(room, who) if row.state == "queued"] == ["notice"]

    async def test_another_subject_withdraws_what_was_about_the_one_before(self, room: Room) -> None:
        who = await spoken(room, "Oi", "meu nome é Ana")
        *_, old = await outbox(room, who)
        await switch(room, who)
        states = {row.seq: (row.state, row.reason) for row in await outbox(room, who)}
        assert states[old.seq] == ("suppressed", "withdrawn")

    async def test_who_writes_is_said_all_the_same(self, room: Room) -> None:
        who = await spoken(room, "Oi", "meu nome é Ana")
        await switch(room, who)
        [greeting] = [row for row in await outbox(room, who) if "inteligência artificial" in row.body]
        assert greeting.state == "queued"


async def switch(room: Room, who: Customer) -> None:
    """Whatever it was about, the customer now wants something else."""
    conversation = (await room.conversation(who)).id
    await room.execute(
        """UPDATE conversations SET dialogue = jsonb_set(dialogue, '{agenda}', '["nada"]') WHERE id = :id""",
        id=conversation,
    )
    await room.say((who, "quero marcar uma demonstração"))
    await room.settle()
    [*_, turn] = await room.turns(who)
    assert any(rule.startswith("goal.switched:") for rule in turn.trace["rules"]), turn.trace["rules"]


class TestCrisis:
    async def test_who_wants_to_hear_no_more_is_told_whom_to_call_all_the_same(self, talk: Talk) -> None:
        await talk.say("Oi")
        answers = await talk.say(PRESSED)
        [contact] = await talk.inbox.rows("SELECT opted_out_at FROM contacts")
        assert contact.opted_out_at is not None
        assert any("188" in answer for answer in answers)
        assert await helpline(talk) == ("notice", "queued")
        [asked] = await talk.inbox.rows("SELECT max(created_at) AS at FROM messages WHERE author = 'customer'")
        assert contact.opted_out_at < asked.at  # so that a person may answer, too

    async def test_nor_does_a_bare_stop_keep_it_from_them(self, talk: Talk) -> None:
        await talk.say("Oi")
        await talk.say("quero me matar", "PARE")
        assert await helpline(talk) == ("notice", "queued")


async def helpline(talk: Talk) -> tuple[str, str]:
    [row] = await talk.inbox.rows("SELECT purpose, state FROM outbound WHERE position('188' in content ->> 'body') > 0")
    return row.purpose, row.state
