"""B18: what happens to conversations that are going on when their persona's version changes, is withdrawn, or goes."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from agents.gateway.gateway import make_gateway
from agents.personas.reading import PersonaBroken
from agents.personas.shipped import shipped
from core.audit import SYSTEM
from core.floor import Floor
from graphs.stores import personas
from tests.fixtures.inbound import Customer
from tests.graphs.turns.room import SALES, Room, open_room

SOURCE: Final = shipped()[SALES]
NEWER: Final = SOURCE.replace("name: Lia", "name: Nina").replace('version: "1.0"', 'version: "2.0"')


@pytest.fixture
async def room(floor: Floor) -> AsyncIterator[Room]:
    gateway = make_gateway(floor.settings)
    yield await open_room(floor, gateway)
    await gateway.close()


async def greeted(room: Room) -> Customer:
    who = room.person()
    await room.say((who, "Oi"))
    await room.settle()
    return who


async def publish(room: Room, source: str) -> Any:
    async with room.inbox.session() as session:
        row = await personas.publish(session, source, SYSTEM)
        version = await personas.get(session, row.id)
        await personas.activate(session, row, version.persona, SYSTEM)
        return row.id


async def versions(room: Room) -> list[Any]:
    return await room.inbox.rows("SELECT id, state FROM persona_versions ORDER BY number")


async def taken_by(room: Room, who: Customer) -> Any:
    """The version that answers next."""
    before = len(await room.answers(who))
    await room.say((who, "como funciona?"))
    await room.settle()
    assert len(await room.answers(who)) > before
    [*_, turn] = await room.turns(who)
    assert (await room.conversation(who)).persona_version_id == turn.persona_version_id
    return turn.persona_version_id


class TestUnderALiveConversation:
    async def test_a_newer_version_takes_the_next_turn(self, room: Room) -> None:
        who = await greeted(room)
        newer = await publish(room, NEWER)
        assert await taken_by(room, who) == newer

    async def test_a_pinned_version_stays_although_it_is_retired(self, room: Room) -> None:
        pinned = await publish(room, SOURCE.replace("locale: pt-BR", "locale: pt-BR\nmigrate: pin", 1))
        who = await greeted(room)
        await publish(room, NEWER)
        assert await taken_by(room, who) == pinned

    async def test_one_that_is_withdrawn_is_left_at_the_next_turn_even_where_it_is_pinned(self, room: Room) -> None:
        pinned = await publish(room, SOURCE.replace("locale: pt-BR", "locale: pt-BR\nmigrate: pin", 1))
        who = await greeted(room)
        newer = await publish(room, NEWER)
        await room.execute("UPDATE persona_versions SET state = 'withdrawn' WHERE id = :id", id=pinned)
        assert await taken_by(room, who) == newer

    async def test_one_that_is_withdrawn_answers_nobody_even_where_nothing_else_would(self, room: Room) -> None:
        who = await greeted(room)
        await room.execute("UPDATE persona_versions SET state = 'withdrawn'")
        before = await room.answers(who)
        await room.say((who, "como funciona?"))
        await room.settle()
        [*_, turn] = await room.turns(who)
        assert (turn.state, turn.reason) == ("ignored", "no_persona")
        assert await room.answers(who) == before

    async def test_what_is_forgotten_is_taken_from_the_turn_that_ended_last(self, room: Room) -> None:
        """Which need not be the one that was opened last."""
        who = await greeted(room)
        await room.say((who, "meu nome é Ana"))
        await room.settle()
        known = (await room.conversation(who)).dialogue
        assert "nome" in known["slots"]
        await room.execute(
            "UPDATE turns SET created_at = created_at + interval '1 hour' WHERE ended_at = ("
            "SELECT min(ended_at) FROM turns)"
        )
        await room.execute("UPDATE conversations SET dialogue = '{}'")
        await room.say((who, "obrigada"))
        await room.settle()
        assert (await room.conversation(who)).dialogue["slots"]["nome"] == known["slots"]["nome"]

    async def test_one_that_a_conversation_has_cannot_be_deleted(self, room: Room) -> None:
        await greeted(room)
        with pytest.raises(DBAPIError):
            await room.execute("DELETE FROM persona_versions")
        assert len(await versions(room)) == 1

    async def test_a_stage_that_is_gone_is_the_first_one(self, room: Room) -> None:
        who = await greeted(room)
        await room.execute("""UPDATE conversations SET dialogue = jsonb_set(dialogue, '{stage}', '"abolida"')""")
        assert await taken_by(room, who)
        assert (await room.turns(who))[-1].dialogue_after["stage"] == "novo"

    async def test_without_any_version_a_turn_is_closed_with_its_reason(self, room: Room) -> None:
        who = room.person()
        async with room.inbox.session() as session:
            await session.execute(text("UPDATE companies SET default_persona = 'ninguem'"))
        await room.say((who, "Oi"))
        await room.settle()
        [turn] = await room.turns(who)
        assert (turn.state, turn.reason) == ("ignored", "no_persona")


class TestDocuments:
    async def test_one_of_a_megabyte_is_refused_in_a_sentence(self, room: Room) -> None:
        with pytest.raises(PersonaBroken) as refused:
            await publish(room, SOURCE.replace("scope: >-", f"scope: >-\n  {'muito ' * 200_000}"))
        assert len(str(refused.value)) < 500
        assert len(await versions(room)) == 1

    @pytest.mark.parametrize(
        ("planted", "named"),
        [
            ("model: {understand: {primary: small}, base_url: 'http://evil.example'}", "base_url"),
            ("model: {understand: {primary: 'openai/gpt-4o'}}", "primary"),
            ("model: {understand: {primary: 'http://169.254.169.254/'}}", "primary"),
            ("api_key: sk-abcdefghijklmnopqrstuvwx", "api_key"),
            ("tools: [agenda.criar, agenda.criar]", "tools"),
        ],
    )
    async def test_what_a_persona_may_not_say_is_refused_by_its_name(
        self, room: Room, planted: str, named: str
    ) -> None:
        with pytest.raises(PersonaBroken) as refused:
            await publish(room, f"{SOURCE}\n{planted}\n")
        assert any(named in problem.field for problem in refused.value.problems)
