"""Turns beside each other: loaded together, each its own affair, no more at a time than there are places."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest

from agents.gateway.gateway import Gateway, make_gateway
from agents.gateway.port import ModelReply, ModelRequest
from agents.personas.shipped import shipped
from core.embedded import Urls
from core.floor import Floor
from core.ids import new_id
from core.probe import Pulse
from graphs import turn_taking
from graphs.stores import spending
from graphs.turn_taking import TurnTaker
from tests.fixtures.inbound import Customer
from tests.fixtures.servers import Servers
from tests.graphs.turns.room import SALES, Room, open_room, taker_of

QUESTION: Final = "Vocês atendem padarias pequenas?"
LINES: Final = (QUESTION, "E quanto tempo demora a entrega?", "Vocês fazem a manutenção depois?", "Aceita cartão?")
CALLS: Final = 3  # of a day; a question that the model answers takes two


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    gateway = make_gateway(floor.settings)
    yield gateway
    await gateway.close()


@dataclass
class Thoughtful:
    """A model of which a test says when it answers, and to whom."""

    gateway: Gateway
    holds: str = ""  # whoever writes this is kept waiting
    let_go: asyncio.Event = field(default_factory=asyncio.Event)
    thinking: int = 0
    most_thinking: int = 0

    def for_turn(self, *_: Any, **__: Any) -> "Thoughtful":
        return self

    async def complete(self, request: ModelRequest) -> ModelReply:
        self.thinking += 1
        self.most_thinking = max(self.most_thinking, self.thinking)
        try:
            if self.holds in request.prompts[-1].content:
                await self.let_go.wait()
            return await self.gateway.complete(request)
        finally:
            self.thinking -= 1


@asynccontextmanager
async def at_work(taker: TurnTaker) -> AsyncIterator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(taker.run(stop, Pulse().loop("turns")))
    try:
        yield
    finally:
        stop.set()
        taker.wake.set()
        await running


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await holds():  # noqa: ASYNC110 - another connection writes it
            await asyncio.sleep(0.02)


async def write(room: Room, *lines: tuple[Customer, str]) -> None:
    await room.say(*lines)
    await room.hurry()
    room.taker.wake.set()


async def states(room: Room, *people: Customer) -> list[str]:
    return [(await room.turns(who))[-1].state for who in people]


class TestSets:
    async def test_one_that_cannot_begin_keeps_no_other_from_it(self, floor: Floor, gateway: Gateway) -> None:
        room = await open_room(floor, gateway)
        people = [room.person(f"Pessoa {number}") for number in range(3)]
        await write(room, *((who, QUESTION) for who in people))
        broken = new_id()
        await room.execute(BROKEN, id=broken)
        await room.execute(PIN, version=broken, conversation=(await room.conversation(people[1])).id)

        assert await room.taker.run_due() == 3
        assert await states(room, *people) == ["done", "running", "done"]
        [left] = await room.turns(people[1])
        assert left.attempts == 1
        await room.execute("UPDATE turns SET state = 'done'")

    async def test_one_that_thinks_keeps_nobody_waiting(self, floor: Floor, gateway: Gateway) -> None:
        model = Thoughtful(gateway, holds="padarias")
        room = await open_room(floor, model)
        slow, quick, late = (room.person(name) for name in ("Ana", "Beto", "Caio"))
        async with at_work(room.taker):
            await write(room, (slow, QUESTION), (quick, LINES[1]))
            await until(lambda: _is_done(room, quick))
            await write(room, (late, LINES[2]))
            await until(lambda: _is_done(room, late))
            assert await states(room, slow) == ["running"]
            model.let_go.set()
            await until(lambda: _is_done(room, slow))

    async def test_a_set_that_cannot_be_read_is_given_up_and_tried_again(
        self, floor: Floor, gateway: Gateway, servers: Servers, floor_urls: Urls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        room = await open_room(floor, gateway)
        people = [room.person(name) for name in ("Ana", "Beto")]
        await write(room, *((who, QUESTION) for who in people))
        monkeypatch.setattr(turn_taking, "_HARD_SECONDS", 0.3)
        async with servers.superuser(floor_urls) as superuser, superuser.transaction():
            await superuser.execute("LOCK TABLE contact_facts IN ACCESS EXCLUSIVE MODE")
            assert await room.taker.run_due() == 2
            assert await states(room, *people) == ["running"] * 2
        monkeypatch.undo()
        await room.settle()
        assert await states(room, *people) == ["done"] * 2

    async def test_no_more_run_at_a_time_than_there_are_places(
        self, floor: Floor, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(turn_taking, "SLOTS", 3)
        model = Thoughtful(gateway)
        room = await open_room(floor, model)
        people = [room.person(f"Pessoa {number}") for number in range(8)]
        await write(room, *((who, QUESTION) for who in people))
        async with at_work(room.taker):
            await until(lambda: _is_thinking(model, 3))
            counted = await room.inbox.rows("SELECT count(*) AS running FROM turns WHERE state = 'running'")
            model.let_go.set()
            await until(lambda: _is_done(room, *people))
        assert [row.running for row in counted] == [3]
        assert model.most_thinking == 3


class TestBudget:
    async def test_what_a_contact_may_use_holds_whichever_process_takes_the_turn(
        self, floor: Floor, gateway: Gateway
    ) -> None:
        room = await open_room(floor, gateway, source=frugal())
        ana, takers = room.person("Ana"), (room.taker, taker_of(floor, gateway))
        for number, words in enumerate(LINES):
            room.taker = takers[number % 2]
            await room.say((ana, words))
            await room.settle()
        turns = await room.turns(ana)
        assert [turn.state for turn in turns] == ["done"] * len(LINES)
        assert sum(turn.model_calls for turn in turns) == CALLS
        assert len(await room.answers(ana)) >= len(LINES)

    async def test_of_several_in_one_set_each_has_its_own(self, floor: Floor, gateway: Gateway) -> None:
        room = await open_room(floor, gateway, source=frugal())
        ana, beto = room.person("Ana"), room.person("Beto")
        await room.say((ana, QUESTION))
        await room.settle()
        await room.say((ana, LINES[1]), (beto, LINES[1]))
        await room.settle()
        assert [(await room.turns(who))[-1].model_calls for who in (ana, beto)] == [1, 2]

    async def test_what_a_company_may_use_holds_too(
        self, floor: Floor, gateway: Gateway, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(spending, "_KEPT_SECONDS", 0.0)
        room = await open_room(floor, gateway, source=frugal("company"))
        ana, beto = room.person("Ana"), room.person("Beto")
        for who in (ana, beto):
            await room.say((who, QUESTION))
            await room.settle()
        assert [turn.model_calls for who in (ana, beto) for turn in await room.turns(who)] == [2, CALLS - 2]
        assert len(await room.answers(beto)) > 0


def frugal(who: str = "contact") -> str:
    """Approved words where the calls of a day are used up, so that the bot goes on."""
    budget = f"budget: {{model_calls: {CALLS}, {who}_calls_per_day: {CALLS}, on_exceed: canned}}"
    return re.sub("^budget: .*$", budget, shipped()[SALES], flags=re.MULTILINE)


async def _is_done(room: Room, *people: Customer) -> bool:
    return await states(room, *people) == ["done"] * len(people)


async def _is_thinking(model: Thoughtful, count: int) -> bool:
    return model.thinking == count


BROKEN: Final = """
    INSERT INTO persona_versions (tenant_id, id, name, number, state, source, definition, sha256)
    SELECT tenant_id, :id, name, 99, 'retired', source, '{}', 'broken ' || tenant_id FROM persona_versions
"""
PIN: Final = "UPDATE conversations SET persona_version_id = :version WHERE id = :conversation"
