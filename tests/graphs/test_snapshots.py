"""What turns begin with: read for many at once, and for each of them as if it were alone."""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Engine, event

from agents.gateway.gateway import Gateway, make_gateway
from agents.personas.shipped import shipped
from core.audit import SYSTEM
from core.floor import Floor
from graphs import store
from graphs.stores import personas, snapshots
from graphs.stores.personas import Wanted
from graphs.stores.snapshots import Missing
from graphs.stores.turns import Claim
from tests.fixtures.inbound import Customer
from tests.graphs.turns.room import SALES, Room, open_room

QUESTION: Final = "Vocês atendem padarias pequenas?"
TALK: Final = ("Oi", "Meu nome é Ana Souza", "Meu orçamento é de uns oito mil reais")
PIN: Final = "UPDATE conversations SET persona_version_id = :version WHERE id = :conversation"


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    gateway = make_gateway(floor.settings)
    yield gateway
    await gateway.close()


@pytest.fixture(scope="module")
async def room(floor: Floor, gateway: Gateway) -> Room:
    return await open_room(floor, gateway)


@pytest.fixture
async def own_room(floor: Floor, gateway: Gateway) -> Room:
    """Whose personas a test may change."""
    return await open_room(floor, gateway)


async def claim_for(room: Room, *people: Customer) -> list[Claim]:
    """Each has asked something, and their turns are ours; in the order of the people."""
    await room.say(*((who, QUESTION) for who in people))
    await room.hurry()
    claims = await store.claim_turns(room.taker.floor.database, most=100, lease=timedelta(minutes=1))
    of_turn = {claim.turn: claim for claim in claims}
    newest = [(await room.turns(who))[-1] for who in people]
    return [of_turn[turn.id] for turn in newest]


async def load(room: Room, claims: Sequence[Claim]) -> list[Any]:
    async with room.inbox.session() as session:
        return list(await snapshots.load(session, claims))


def timeless(found: Sequence[Any]) -> list[Any]:
    """But for the moment, which is another one each time."""
    return [replace(one, snapshot=replace(one.snapshot, now=None)) for one in found]


@contextmanager
def counting(engine: Engine) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        statements.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield statements
    event.remove(engine, "before_cursor_execute", note)


class TestSets:
    async def test_each_begins_with_what_it_would_begin_with_alone(self, room: Room) -> None:
        ana, beto, caio = (room.person(name) for name in ("Ana", "Beto", "Caio"))
        for words in TALK:
            await room.say((ana, words))
            await room.settle()
        await room.say((beto, "Oi"))
        await room.settle()
        claims = await claim_for(room, ana, beto, caio)

        together = timeless(await load(room, claims))
        assert together == [one for claim in claims for one in timeless(await load(room, [claim]))]
        of_ana, of_beto, of_caio = (one.snapshot for one in together)
        assert [fact.key for fact in of_ana.facts] == sorted(of_ana.dialogue.slots)
        assert {line.text for line in of_ana.history} >= set(TALK)
        assert (len(of_beto.facts), of_beto.dialogue.has_greeted) == (0, True)
        assert (of_caio.history, of_caio.dialogue.has_greeted) == ([], False)
        assert [[line.text for line in one.unanswered] for one in (of_ana, of_beto, of_caio)] == [[QUESTION]] * 3
        seqs = [line.seq for line in (*of_ana.history, *of_ana.unanswered)]
        assert seqs == list(range(1, len(seqs) + 1))

    async def test_one_that_is_not_ours_any_more_keeps_none_of_the_others_from_beginning(self, room: Room) -> None:
        ana, beto = await claim_for(room, room.person("Ana"), room.person("Beto"))
        lost, found = await load(room, [replace(ana, fence=ana.fence + 1), beto])
        assert (lost, found.claim) == (Missing.TURN, beto)

    async def test_an_emptied_memory_is_what_the_last_turn_left(self, room: Room) -> None:
        ana, beto = room.person("Ana"), room.person("Beto")
        await room.say((ana, TALK[1]), (beto, "Oi"))
        await room.settle()
        claims = await claim_for(room, ana, beto)
        before = timeless(await load(room, claims))
        await room.execute("UPDATE conversations SET dialogue = '{}'")
        assert timeless(await load(room, claims)) == before
        assert before[0].snapshot.dialogue.slots

    async def test_a_machine_in_one_is_none_in_the_other(self, room: Room) -> None:
        ana, machine = room.person("Ana"), room.person("URA")
        for words in TALK:
            await room.say((ana, words), (machine, QUESTION))
            await room.settle()
        of_ana, of_machine = await load(room, await claim_for(room, ana, machine))
        assert (of_ana.snapshot.is_loop, of_machine.snapshot.is_loop) == (False, True)

    async def test_many_take_no_more_statements_than_one(self, room: Room) -> None:
        people = [room.person(f"Pessoa {number}") for number in range(6)]
        claims = await claim_for(room, *people)
        engine = room.taker.floor.database.engine.sync_engine
        with counting(engine) as for_one:
            await load(room, claims[:1])
        with counting(engine) as for_all:
            assert len(await load(room, claims)) == len(people)
        assert len(for_all) == len(for_one)

    async def test_of_none_nothing_is_read(self, room: Room) -> None:
        assert await load(room, []) == []


class TestPersonas:
    async def test_each_line_is_answered_by_its_own(self, own_room: Room) -> None:
        async with own_room.inbox.session() as session:
            await personas.publish(session, shipped()["suporte"], SYSTEM)
            wanted = [Wanted(named="suporte"), Wanted(), Wanted(named="nobody")]
            found = await personas.answering(session, wanted)
        named, default, nobody = (found[one] for one in wanted)
        assert named is not None
        assert default is not None
        assert (named.name, default.name, nobody) == ("suporte", SALES, None)

    async def test_conversations_of_one_set_may_be_pinned_to_different_versions(self, own_room: Room) -> None:
        ana, beto = own_room.person("Ana"), own_room.person("Beto")
        claims = await claim_for(own_room, ana, beto)
        async with own_room.inbox.session() as session:
            first = (await personas.answering(session, [Wanted()]))[Wanted()]
            stays = await personas.publish(session, version("2.0", "pin"), SYSTEM)
            newest = await personas.publish(session, version("3.0", "follow"), SYSTEM)
            await personas.activate(session, newest, (await personas.get(session, newest.id)).persona, SYSTEM)
        assert first is not None
        for who, pinned in ((ana, stays.id), (beto, first.id)):
            conversation = (await own_room.conversation(who)).id
            await own_room.execute(PIN, version=pinned, conversation=conversation)
        assert [one.version.id for one in await load(own_room, claims)] == [stays.id, newest.id]

    async def test_where_nobody_answers_each_is_told_so(self, own_room: Room) -> None:
        claims = await claim_for(own_room, own_room.person("Ana"), own_room.person("Beto"))
        await own_room.execute("UPDATE persona_versions SET state = 'withdrawn'")
        assert await load(own_room, claims) == [Missing.PERSONA] * 2


def version(number: str, migrate: str) -> str:
    return shipped()[SALES].replace('version: "1.0"', f'version: "{number}"\nmigrate: {migrate}')
