"""Several processes and many bots: each bot in the hands of one, taken over when that one ends."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from admin_api.staff.heard import Crew
from admin_api.staff.process import Shift
from admin_api.staff.stores.bots import Lease
from admin_api.staff.working import Office, Worker
from core.floor import Floor
from core.ids import CompanyId, ConnectionId, new_id
from core.probe import Pulse
from core.storage import open_storage
from tests.admin_api.staff.transport import HURRIED, Desk, Recorder, open_desk


@asynccontextmanager
async def shift(desk: Desk, recorder: Recorder) -> AsyncIterator[Shift]:
    one = Shift(_office(desk.floor, recorder))
    stop = asyncio.Event()
    running = asyncio.create_task(one.run(stop))
    try:
        yield one
    finally:
        stop.set()
        await running


class TestHints:
    async def test_of_what_is_posted_only_those_hear_whom_telegram_calls_and_once_for_many(self, floor: Floor) -> None:
        one = Shift(_office(floor, Recorder()))
        called, fetches = (Worker(one._office, _lease()) for _ in range(2))
        called.is_called = True
        one._workers |= {worker.lease.connection: worker for worker in (called, fetches)}

        hear = one._hints()["incoming"]
        hear("")
        due = one._posts
        hear("")
        assert one._posts is due
        await asyncio.wait_for(called.waker.received.wait(), 5)
        assert not fetches.waker.received.is_set()


class TestShift:
    async def test_two_share_the_bots_and_one_takes_over_what_the_other_lets_go(self, floor: Floor) -> None:
        first, second = Recorder(), Recorder()
        async with open_desk(floor) as desk:
            await desk.be_bound()
            async with shift(desk, second) as late:
                async with shift(desk, first) as early:
                    await desk.until(lambda: early._workers or late._workers)
                    assert len(early._workers) + len(late._workers) == 1
                    await desk.until(lambda: first.followed | second.followed)
                    assert not (first.followed & second.followed)
                await desk.until(lambda: late._workers, 8)
                await desk.link(desk.bia)
                desk.says("/fila")
                await desk.until(lambda: second.heard, 8)

    async def test_at_its_end_it_has_let_go_of_every_bot(self, floor: Floor) -> None:
        recorder = Recorder()
        async with open_desk(floor) as desk:
            async with shift(desk, recorder) as one:
                await desk.until(lambda: one._workers)
                await desk.until(lambda: desk.bot.commands)
            assert not one._workers
            assert (await desk.claim()).connection == desk.connection


def _office(floor: Floor, recorder: Recorder) -> Office:
    crew = Crew(service=recorder, desk=recorder, follower=recorder)
    storage = open_storage(floor.settings.storage_url)
    return Office(floor=floor, storage=storage, crew=crew, pulse=Pulse(), rates=HURRIED)


def _lease() -> Lease:
    return Lease(company=CompanyId(new_id()), connection=ConnectionId(new_id()), fence=1)
