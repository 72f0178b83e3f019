"""Turns that come to nothing: which of it counts against them, and to whom they give way."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Any, Final

import pytest
from sqlalchemy import text
from sqlalchemy.exc import TimeoutError as PoolTimeout
from typing_extensions import override

from agents.gateway.gateway import make_gateway
from agents.ports import NoKnowledge, Passage, Retriever
from core.floor import Floor
from core.ids import CompanyId, ConversationId, new_id
from graphs import handoff
from graphs.handoff import Source, Taker
from graphs.turn_taking import TRIES
from tests.fixtures.gates import until
from tests.fixtures.inbound import Customer
from tests.graphs.turns.room import Room, open_room, taker_of

QUESTION: Final = "Qual plano vocês recomendam para uma padaria?"


@pytest.fixture
async def room(floor: Floor) -> AsyncIterator[Room]:
    gateway = make_gateway(floor.settings)
    yield await open_room(floor, gateway)
    await gateway.close()


class Trouble:
    """What happens instead of an answer, so many times."""

    def __init__(self, error: BaseException, *, times: int) -> None:
        self._error = error
        self._left = times

    def __call__(self, _: CompanyId) -> Retriever:
        if self._left:
            self._left -= 1
            raise self._error
        return NoKnowledge()


async def asked(room: Room, trouble: Trouble, *, rounds: int) -> Any:
    """The turn, after so many tries of it."""
    gateway = make_gateway(room.inbox.floor.settings)
    taker = taker_of(room.inbox.floor, gateway, trouble)
    who = room.person()
    await room.say((who, QUESTION))
    for _ in range(rounds):
        await room.hurry()
        await taker.run_due()
    await gateway.close()
    [turn] = await room.turns(who)
    return turn


class TestTries:
    @pytest.mark.parametrize("error", [PoolTimeout("no line is free"), OSError("the server is away")], ids=type)
    async def test_trouble_of_ours_is_no_try_of_the_turns(self, room: Room, error: BaseException) -> None:
        turn = await asked(room, Trouble(error, times=2 * TRIES), rounds=2 * TRIES + 1)
        assert (turn.state, turn.attempts) == ("done", 1)

    async def test_its_own_failures_are_counted(self, room: Room) -> None:
        turn = await asked(room, Trouble(KeyError("a bug"), times=99), rounds=TRIES)
        assert (turn.state, turn.reason, turn.attempts) == ("failed", "tried_out", TRIES)

    async def test_what_does_not_heed_its_deadline_is_its_own_failure(
        self, room: Room, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("graphs.turn_taking._HARD_SECONDS", 0.0)
        turn = await asked(room, Trouble(KeyError(), times=0), rounds=TRIES)
        assert (turn.state, turn.reason) == ("failed", "tried_out")


class Meanwhile(NoKnowledge):
    """Something happens while the turn looks for an answer, once."""

    def __init__(self, act: Callable[[], Awaitable[None]]) -> None:
        self._acts = [act]

    @override
    async def search(
        self, query: str, *, bases: Sequence[str], most: int = 5, persona: str | None = None
    ) -> Sequence[Passage]:
        if self._acts:
            await self._acts.pop()()
        return ()


async def overtaken(room: Room, who: Customer, act: Callable[[], Awaitable[None]]) -> list[Any]:
    """The conversation's turns after the one that this has happened to, oldest first."""
    await room.say((who, QUESTION))
    retriever = Meanwhile(act)
    room.taker.retriever_of = lambda _: retriever
    await room.hurry()
    await room.taker.run_due()
    return list(await room.turns(who))


class TestRestarts:
    async def test_a_change_of_control_is_none(self, room: Room) -> None:
        """However often people take over and give back, the customer has not written on."""
        who = await greeted(room)
        [*_, turn] = await overtaken(room, who, lambda: change_hands(room, who))
        assert (turn.state, turn.restarts) == ("open", 0)

    async def test_words_of_the_customer_are_one(self, room: Room) -> None:
        who = await greeted(room)
        [*_, first, turn] = await overtaken(room, who, lambda: room.say((who, "e quanto custa?")))
        assert (first.state, first.reason) == ("ignored", "overtaken")
        assert (turn.state, turn.restarts) == ("open", 1)

    async def test_a_turn_that_opens_in_that_very_moment_is_given_way_to(self, room: Room) -> None:
        """After nobody was found to give way to, and before this one waits again."""
        who, may_end = await greeted(room), asyncio.Event()
        openers: list[asyncio.Task[None]] = []

        async def act() -> None:
            await change_hands(room, who)
            is_open = asyncio.Event()
            openers.append(asyncio.create_task(open_another(room, who, is_open, may_end)))
            await is_open.wait()

        taking = asyncio.create_task(overtaken(room, who, act))
        await until(lambda: waits_for_a_lock(room))
        may_end.set()
        [_, *turns] = await taking
        await asyncio.gather(*openers)
        assert {(one.state, one.reason) for one in turns} == {("ignored", "taken"), ("open", None)}


async def greeted(room: Room) -> Customer:
    who = room.person()
    await room.say((who, "Oi"))
    await room.settle()
    return who


async def change_hands(room: Room, who: Customer) -> None:
    """A person takes over, and gives it back at once."""
    conversation = ConversationId((await room.conversation(who)).id)
    async with room.inbox.session() as session:
        await handoff.take_over(session, conversation, Taker(source=Source.STAFF))
        await handoff.give_back(session, conversation)


async def open_another(room: Room, who: Customer, is_open: asyncio.Event, may_end: asyncio.Event) -> None:
    bound = {"id": new_id(), "conversation": (await room.conversation(who)).id}
    async with room.inbox.session() as session:
        await session.execute(_OPEN, bound)
        is_open.set()
        await may_end.wait()


async def waits_for_a_lock(room: Room) -> bool:
    async with room.inbox.session() as session:
        return bool(await session.scalar(_WAITS))


_OPEN: Final = text("""
    INSERT INTO turns (tenant_id, id, conversation_id, trigger, due_at)
    VALUES (current_tenant(), :id, :conversation, 'inbound', app_now())
""")
_WAITS: Final = text("SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()")
