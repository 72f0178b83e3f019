"""Rate tokens for the sender: never more than the rate, fair between lanes and lines, with Valkey or without."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import pytest

from channels.base import Line
from channels.envelope import Accepted
from channels.errors import RateLimited, Unfit
from channels.pacing import Paced, Pacing
from channels.registry import Registry
from channels.stores.claims import Due
from channels.stores.connections import OpenedLine
from channels.stores.results import NotTaken, Taken
from core.floor import Floor
from core.ids import ContactId, ConversationId, new_id
from core.models.outbox import Lane, OutboundState
from core.models.people import ConnectionKind, ConnectionState
from core.valkey import open_valkey
from tests.chaos.proxy import Proxy
from tests.fixtures.api import NOBODY
from tests.fixtures.outbox import World, make_world, some_claim


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    await world.finish()


def pacing_of(world: World, **changes: Any) -> Pacing:
    return Pacing(replace(world.floor, **changes), Registry({ConnectionKind.WHATSAPP: world.provider}))


def heads(world: World, count: int, contact: ContactId | None = None) -> list[Due]:
    return [
        Due(
            company=world.company,
            outbound=new_id(),
            conversation=ConversationId(new_id()),
            connection=world.connection,
            contact=contact or ContactId(new_id()),
        )
        for _ in range(count)
    ]


def opened(world: World, state: ConnectionState = ConnectionState.ACTIVE, **settings: Any) -> OpenedLine:
    line = Line(connection=world.connection, settings={"per_second": 100, **settings}, secrets={})
    return OpenedLine(kind=ConnectionKind.WHATSAPP, state=state, line=line)


async def take(
    pacing: Pacing, world: World, due: Sequence[Due], lane: Lane = Lane.REPLY, line: OpenedLine | None = None
) -> Paced:
    return await pacing.take(world.company, due, {world.connection: line or opened(world)}, lane)


async def rest(world: World) -> None:
    """Until the buckets of a line that is new are full."""
    await take(pacing_of(world), world, heads(world, 1))
    await asyncio.sleep(0.15)


class TestTokens:
    async def test_as_many_go_as_a_rested_line_may_send_at_once(self, world: World) -> None:
        await rest(world)
        due = heads(world, 40)
        paced = await take(pacing_of(world), world, due)
        assert 10 <= len(paced.go) <= 20  # a tenth of a second, and what came in meanwhile
        assert list(paced.go) == due[: len(paced.go)]
        assert not paced.waits

    async def test_a_line_that_gives_no_more_is_left_alone_for_a_moment(self, world: World) -> None:
        await rest(world)
        pacing = pacing_of(world)
        await take(pacing, world, heads(world, 40))
        assert pacing.resting(Lane.REPLY) == {world.connection}
        assert pacing.resting(Lane.BULK) == set()
        await asyncio.sleep(pacing.next_end())
        assert (await take(pacing, world, heads(world, 1))).go

    async def test_for_one_round_at_least_so_that_others_are_found(self, world: World) -> None:
        await rest(world)
        pacing = pacing_of(world)
        await take(pacing, world, heads(world, 40))
        await asyncio.sleep(pacing.next_end())
        pacing.look_again()
        assert pacing.resting(Lane.REPLY) == {world.connection}
        pacing.look_again()
        assert pacing.resting(Lane.REPLY) == set()

    async def test_bulk_leaves_something_to_replies(self, world: World) -> None:
        await rest(world)
        bulk = await take(pacing_of(world), world, heads(world, 40), Lane.BULK)
        replies = await take(pacing_of(world), world, heads(world, 2))
        assert 8 <= len(bulk.go) <= 16
        assert len(replies.go) == 2

    async def test_many_processes_share_one_rate(self, world: World) -> None:
        await rest(world)
        takes = await asyncio.gather(*(take(pacing_of(world), world, heads(world, 20)) for _ in range(4)))
        assert 10 <= sum(len(paced.go) for paced in takes) <= 25

    async def test_a_line_without_an_adapter_or_out_of_order_is_not_asked(self, world: World) -> None:
        for line in (
            opened(world, ConnectionState.CREDENTIAL_REFUSED),
            opened(world, ConnectionState.DISABLED),
            replace(opened(world), kind=ConnectionKind.SMS),
        ):
            pacing = pacing_of(world)
            assert await take(pacing, world, heads(world, 3), line=line) == Paced(has_rested=True)
            assert pacing.resting(Lane.REPLY) == pacing.resting(Lane.BULK) == {world.connection}

    async def test_one_that_is_not_known_is_looked_for_later(self, world: World) -> None:
        pacing = pacing_of(world)
        assert await pacing.take(world.company, heads(world, 3), {}, Lane.REPLY) == Paced(has_rested=True)
        assert 4.5 < pacing.next_end() <= 5.0


class TestPairs:
    async def test_who_gets_too_many_waits_and_nobody_else(self, world: World) -> None:
        world.provider.pair_seconds = 6
        line, ana = opened(world, per_second=1000), ContactId(new_id())
        await rest(world)
        pacing = pacing_of(world)
        to_ana = [await take(pacing, world, heads(world, 1, ana), line=line) for _ in range(46)]
        assert [len(paced.go) for paced in to_ana] == [1] * 45 + [0]
        [(head, seconds)] = to_ana[-1].waits.items()
        assert head.contact == ana
        assert 5 < seconds <= 6
        assert (await take(pacing, world, heads(world, 1), line=line)).go

    async def test_another_process_knows_of_regulars(self, world: World) -> None:
        world.provider.pair_seconds = 6
        line, ana = opened(world, per_second=1000), ContactId(new_id())
        await rest(world)
        one, other = pacing_of(world), pacing_of(world)
        for _ in range(45):
            await take(one, world, heads(world, 1, ana), line=line)
        later = [await take(other, world, heads(world, 1, ana), line=line) for _ in range(20)]
        assert sum(len(paced.go) for paced in later) == 8  # so many it need not ask for


class TestAskedToSlowDown:
    def refusal(self, world: World, retry_after: float | None) -> NotTaken:
        return NotTaken(
            claim=some_claim(connection=world.connection),
            state=OutboundState.QUEUED,
            reason="rate_limited",
            error=RateLimited("130429", retry_after=retry_after),
        )

    async def test_f23_every_process_leaves_the_line_alone(self, world: World) -> None:
        await rest(world)
        pacing, other = pacing_of(world), pacing_of(world)
        await pacing.note([self.refusal(world, 0.4)])

        assert pacing.resting(Lane.REPLY) == {world.connection}
        assert not (await take(other, world, heads(world, 1))).go
        await asyncio.sleep(0.45)
        assert (await take(other, world, heads(world, 1))).go

    @pytest.mark.parametrize(("asked", "seconds"), [(None, 1), (0.0, 1), (-1.0, 1), (1e9, 3600), (float("nan"), 1)])
    async def test_f23_whatever_it_asks_for(self, world: World, asked: float | None, seconds: float) -> None:
        pacing = pacing_of(world)
        await pacing.note([self.refusal(world, asked)])
        assert seconds - 1 < pacing.next_end() <= seconds

    async def test_f23_another_line_goes_on(self, world: World) -> None:
        other = await world.another_line("Outra")
        await rest(other)
        pacing = pacing_of(world)
        await pacing.note([self.refusal(world, 60)])
        assert (await take(pacing, other, heads(other, 1))).go

    async def test_no_other_answer_slows_anybody_down(self, world: World) -> None:
        pacing = pacing_of(world)
        accepted = Taken(claim=some_claim(), accepted=Accepted(provider_id="wamid.1"))
        unfit = replace(self.refusal(world, 60), error=Unfit("100"))
        await pacing.note([accepted, unfit])
        assert pacing.next_end() == float("inf")


class TestWithoutValkey:
    async def test_f16_the_database_counts_instead(self, world: World) -> None:
        async with open_valkey(f"redis://{NOBODY}/0") as nobody:
            pacing, gone = pacing_of(world, valkey=nobody), 0
            loop = asyncio.get_running_loop()
            begun = loop.time()
            while loop.time() < begun + 0.6:
                pacing.look_again()
                if not pacing.resting(Lane.REPLY):
                    gone += len((await take(pacing, world, heads(world, 40))).go)
                await asyncio.sleep(0.005)
        assert 30 <= gone <= (loop.time() - begun) * 100 + 10

    async def test_f16_a_valkey_that_hangs_is_not_asked_for_each_message(self, world: World) -> None:
        async with (
            Proxy.to(urlsplit(world.floor.settings.require("REDIS_URL")).port or 0) as proxy,
            open_valkey(f"redis://127.0.0.1:{proxy.port}/0", seconds=0.3) as slow,
        ):
            pacing = pacing_of(world, valkey=slow)
            proxy.up.is_silent = True
            assert (await take(pacing, world, heads(world, 1))).go
            async with asyncio.timeout(0.25):
                await take(pacing, world, heads(world, 1))

    async def test_f16_a_pause_that_was_asked_for_holds_here_all_the_same(self, world: World) -> None:
        async with open_valkey(f"redis://{NOBODY}/0") as nobody:
            pacing = pacing_of(world, valkey=nobody)
            await pacing.note([TestAskedToSlowDown().refusal(world, 60)])
        assert pacing.resting(Lane.BULK) == {world.connection}


class TestPassedOver:
    async def test_each_time_they_are_left_alone_for_longer(self, world: World) -> None:
        pacing, message = pacing_of(world), new_id()
        pauses = []
        for _ in range(6):
            pacing.pass_over([message])
            pauses.append(pacing.next_end())
        assert pauses == pytest.approx([0.02, 0.04, 0.08, 0.16, 0.3, 0.3], abs=0.02)
        assert pacing.is_passed_over(message)
        assert not pacing.is_passed_over(new_id())

    async def test_then_they_are_looked_at_again(self, world: World) -> None:
        pacing, message = pacing_of(world), new_id()
        pacing.pass_over([message])
        await asyncio.sleep(pacing.next_end() + 0.001)
        assert pacing.next_end() == 0.0  # until somebody has looked
        pacing.look_again()
        assert not pacing.is_passed_over(message)
        assert pacing.next_end() == float("inf")
