"""Tests of domain events: numbered without a gap in commit order, and never skipped by whoever reads them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from core.db.sessions import Database, TenantSession
from core.embedded import Urls
from core.events import CHANNEL, Event, EventKind, emit, mark_read, read_new
from core.ids import CompanyId, new_id
from core.models.record import DomainEvent, EventCounter, EventProgress

SOMETHING = Event(kind=EventKind.API_KEY_CREATED)
WRITERS = 8
EACH = 15
CONSUMER = "rules"


@pytest.fixture
async def heard(urls: Urls) -> AsyncIterator["asyncio.Queue[str]"]:
    """The payloads of every notification, as somebody outside hears them."""
    heard: asyncio.Queue[str] = asyncio.Queue()
    connection: asyncpg.Connection[Any] = await asyncpg.connect(urls.app.replace("+asyncpg", ""))
    await connection.add_listener(CHANNEL, lambda *event: heard.put_nowait(str(event[-1])))
    yield heard
    await connection.close()


@pytest.fixture
async def fresh(database: Database, ana: CompanyId) -> CompanyId:
    """Ana's company with nothing left to read: its creation was an event, too."""
    async with database.tenant_session(ana) as session:
        await mark_read(session, CONSUMER, 1)
    return ana


class TestEmit:
    async def test_an_event_is_there_with_its_cause(self, database: Database, ana: CompanyId) -> None:
        subject = new_id()
        async with database.tenant_session(ana) as session:
            emit(session, Event(kind=EventKind.API_KEY_CREATED, subject_id=subject, payload={"role": "agent"}))
        async with database.tenant_session(ana) as session:
            event = await session.get_one(DomainEvent, (ana, 2))
        assert (event.kind, event.subject_id, event.payload) == ("api_key.created", subject, {"role": "agent"})

    async def test_events_of_one_block_keep_their_order(self, database: Database, ana: CompanyId) -> None:
        subjects = [new_id() for _ in range(5)]
        async with database.tenant_session(ana) as session:
            for subject in subjects:
                emit(session, Event(kind=EventKind.API_KEY_CREATED, subject_id=subject))
        async with database.tenant_session(ana) as session:
            rows = select(DomainEvent.subject_id).where(DomainEvent.seq > 1).order_by(DomainEvent.seq)
            assert list(await session.scalars(rows)) == subjects

    async def test_a_rollback_emits_nothing_and_takes_no_number(self, database: Database, ana: CompanyId) -> None:
        with pytest.raises(LookupError, match="planted"):
            await _emit_and_fail(database, ana)
        await _emit(database, ana)
        assert await _numbers(database, ana) == [1, 2]

    async def test_a_block_that_fails_after_the_numbers_were_taken_gives_them_back(
        self, database: Database, migrator: AsyncEngine, ana: CompanyId
    ) -> None:
        async with migrator.begin() as connection:
            await connection.execute(text("REVOKE INSERT ON domain_events FROM app"))
        with pytest.raises(ProgrammingError, match="permission denied"):
            await _emit(database, ana)
        async with migrator.begin() as connection:
            await connection.execute(text("GRANT INSERT ON domain_events TO app"))
        await _emit(database, ana)
        assert await _numbers(database, ana) == [1, 2]

    @pytest.mark.parametrize("before", [0, 1])
    async def test_what_a_last_write_emits_is_emitted(self, database: Database, ana: CompanyId, before: int) -> None:
        async def write(session: TenantSession) -> None:
            emit(session, SOMETHING)

        async with database.tenant_session(ana) as session:
            for _ in range(before):
                emit(session, SOMETHING)
            session.write_last("lead", write)
        async with database.tenant_session(ana) as session:
            numbers = await session.scalars(select(DomainEvent.seq).order_by(DomainEvent.seq))
            assert list(numbers) == list(range(1, 3 + before))

    async def test_the_company_is_not_locked_while_the_block_still_works(
        self, database: Database, ana: CompanyId
    ) -> None:
        """Whoever emits early and works on for long makes nobody wait."""
        async with database.tenant_session(ana) as slow:
            emit(slow, SOMETHING)
            await slow.execute(text("SELECT 1"))
            async with asyncio.timeout(5):
                await _emit(database, ana)
        assert await _numbers(database, ana) == [1, 2, 3]


class TestNumbers:
    async def test_eight_writers_at_once_leave_no_gap(self, database: Database, ana: CompanyId) -> None:
        await _write_all(database, ana)
        assert await _numbers(database, ana) == list(range(1, 2 + WRITERS * EACH))
        async with database.tenant_session(ana) as session:
            assert await session.scalar(select(EventCounter.last_seq)) == 1 + WRITERS * EACH

    async def test_whoever_looks_while_they_write_sees_no_number_before_an_earlier_one(
        self, database: Database, ana: CompanyId
    ) -> None:
        """Numbers are in commit order: every snapshot is 1, 2, 3 and so on, with nothing left out."""
        writing = asyncio.create_task(_write_all(database, ana))
        snapshots = []
        while not writing.done():
            snapshots.append(await _numbers(database, ana))
        await writing
        assert all(numbers == list(range(1, len(numbers) + 1)) for numbers in snapshots)
        assert len({len(numbers) for numbers in snapshots}) > 5, "the reader saw the writers at work"

    async def test_each_company_counts_for_itself(self, database: Database, ana: CompanyId, beto: CompanyId) -> None:
        await asyncio.gather(_write_all(database, ana), _emit(database, beto))
        assert await _numbers(database, beto) == [1, 2]

    async def test_one_company_does_not_wait_for_another(
        self, database: Database, ana: CompanyId, beto: CompanyId
    ) -> None:
        async with database.tenant_session(ana) as session:
            await session.scalar(select(EventCounter).with_for_update())
            async with asyncio.timeout(5):
                await _emit(database, beto)


class TestNotification:
    async def test_it_carries_the_company_and_nothing_else(
        self, database: Database, ana: CompanyId, heard: "asyncio.Queue[str]"
    ) -> None:
        async with database.tenant_session(ana) as session:
            emit(session, SOMETHING)
            emit(session, SOMETHING)
        async with asyncio.timeout(5):
            assert await heard.get() == str(ana)
        assert await _nothing_more(database, heard)

    async def test_it_comes_after_the_commit_and_not_before(
        self, database: Database, ana: CompanyId, heard: "asyncio.Queue[str]"
    ) -> None:
        async with database.tenant_session(ana) as session:
            emit(session, SOMETHING)
            await session.execute(text("SELECT 1"))
            assert await _nothing_more(database, heard)
        async with asyncio.timeout(5):
            await heard.get()
        assert await _numbers(database, ana) == [1, 2]

    async def test_a_rollback_is_not_heard_of(
        self, database: Database, ana: CompanyId, heard: "asyncio.Queue[str]"
    ) -> None:
        with pytest.raises(LookupError, match="planted"):
            await _emit_and_fail(database, ana)
        assert await _nothing_more(database, heard)


class TestReadNew:
    async def test_a_consumer_gets_what_it_has_not_read_in_order(self, database: Database, fresh: CompanyId) -> None:
        for _ in range(3):
            await _emit(database, fresh)
        assert await _read(database, fresh) == [2, 3, 4]
        assert await _read(database, fresh) == []

    async def test_one_that_was_never_heard_of_starts_at_the_beginning(
        self, database: Database, ana: CompanyId
    ) -> None:
        assert await _read(database, ana, "newcomer") == [1]

    async def test_it_takes_no_more_than_it_asked_for(self, database: Database, fresh: CompanyId) -> None:
        for _ in range(3):
            await _emit(database, fresh)
        async with database.tenant_session(fresh) as session:
            assert [event.seq for event in await read_new(session, CONSUMER, most=2)] == [2, 3]

    async def test_what_was_not_marked_comes_again(self, database: Database, fresh: CompanyId) -> None:
        await _emit(database, fresh)
        for _ in range(2):
            async with database.tenant_session(fresh) as session:
                assert [event.seq for event in await read_new(session, CONSUMER)] == [2]

    async def test_a_reader_skips_nothing_while_eight_writers_commit(
        self, database: Database, fresh: CompanyId
    ) -> None:
        writing, read = asyncio.create_task(_write_all(database, fresh)), list[int]()
        while not writing.done():
            read += await _read(database, fresh)
        await writing
        read += await _read(database, fresh)
        assert read == list(range(2, 2 + WRITERS * EACH))

    async def test_two_of_a_kind_do_not_both_get_a_batch(self, database: Database, fresh: CompanyId) -> None:
        await _emit(database, fresh)
        async with database.tenant_session(fresh) as first, database.tenant_session(fresh) as second:
            assert [event.seq for event in await read_new(first, CONSUMER)] == [2]
            async with asyncio.timeout(5):
                assert await read_new(second, CONSUMER) == []

    async def test_two_newcomers_of_a_kind_do_not_both_get_the_first_batch(
        self, database: Database, ana: CompanyId
    ) -> None:
        async with database.tenant_session(ana) as first, database.tenant_session(ana) as second:
            assert [event.seq for event in await read_new(first, "newcomer")] == [1]
            async with asyncio.timeout(5):
                assert await read_new(second, "newcomer") == []

    async def test_two_of_a_kind_share_the_work_and_handle_each_event_once(
        self, database: Database, fresh: CompanyId
    ) -> None:
        writing, read = asyncio.create_task(_write_all(database, fresh)), list[int]()

        async def consume() -> None:
            while not writing.done():
                read.extend(await _read(database, fresh))
                await asyncio.sleep(0)

        await asyncio.gather(consume(), consume(), writing)
        read += await _read(database, fresh)
        assert sorted(read) == list(range(2, 2 + WRITERS * EACH))

    async def test_consumers_of_two_kinds_each_get_every_event(self, database: Database, fresh: CompanyId) -> None:
        await _emit(database, fresh)
        async with database.tenant_session(fresh) as first, database.tenant_session(fresh) as second:
            assert [event.seq for event in await read_new(first, CONSUMER)] == [2]
            assert [event.seq for event in await read_new(second, "webhooks")] == [1, 2]

    async def test_a_company_reads_its_own_events_alone(
        self, database: Database, ana: CompanyId, beto: CompanyId
    ) -> None:
        for company in (ana, beto):
            async with database.tenant_session(company) as session:
                assert {event.tenant_id for event in await read_new(session, CONSUMER)} == {company}


class TestMarkRead:
    @pytest.mark.parametrize("earlier", [0, 3, 4])
    async def test_it_never_goes_back(self, database: Database, ana: CompanyId, earlier: int) -> None:
        for seq in (4, earlier):
            async with database.tenant_session(ana) as session:
                await mark_read(session, CONSUMER, seq)
        assert await _progress(database, ana) == 4

    async def test_it_goes_forward(self, database: Database, ana: CompanyId) -> None:
        for seq in (4, 9):
            async with database.tenant_session(ana) as session:
                await mark_read(session, CONSUMER, seq)
        assert await _progress(database, ana) == 9

    async def test_readers_that_finish_in_any_order_leave_the_furthest(
        self, database: Database, ana: CompanyId
    ) -> None:
        async def mark(seq: int) -> None:
            async with database.tenant_session(ana) as session:
                await mark_read(session, CONSUMER, seq)

        await asyncio.gather(*(mark(seq) for seq in (5, 9, 2, 7, 1, 8, 3, 6, 4)))
        assert await _progress(database, ana) == 9

    async def test_a_rollback_leaves_the_batch_to_be_read_again(self, database: Database, fresh: CompanyId) -> None:
        await _emit(database, fresh)

        async def read_and_fail(session: TenantSession) -> None:
            await mark_read(session, CONSUMER, (await read_new(session, CONSUMER))[-1].seq)
            raise LookupError("planted")

        with pytest.raises(LookupError, match="planted"):
            await _run(database, fresh, read_and_fail)
        assert await _read(database, fresh) == [2]

    async def test_each_company_has_a_progress_of_its_own(
        self, database: Database, ana: CompanyId, beto: CompanyId
    ) -> None:
        async with database.tenant_session(ana) as session:
            await mark_read(session, CONSUMER, 7)
        assert await _progress(database, beto) is None


async def _emit(database: Database, company: CompanyId) -> None:
    async with database.tenant_session(company) as session:
        emit(session, SOMETHING)


async def _emit_and_fail(database: Database, company: CompanyId) -> None:
    async with database.tenant_session(company) as session:
        emit(session, SOMETHING)
        await session.flush()
        raise LookupError("planted")


async def _write_all(database: Database, company: CompanyId) -> None:
    async def write() -> None:
        for _ in range(EACH):
            await _emit(database, company)

    async with asyncio.TaskGroup() as writers:
        for _ in range(WRITERS):
            writers.create_task(write())


async def _run(database: Database, company: CompanyId, work: Callable[[TenantSession], Awaitable[None]]) -> None:
    async with database.tenant_session(company) as session:
        await work(session)


async def _read(database: Database, company: CompanyId, consumer: str = CONSUMER) -> list[int]:
    """Read a batch and mark it, as a consumer does."""
    async with database.tenant_session(company) as session:
        numbers = [event.seq for event in await read_new(session, consumer)]
        if numbers:
            await mark_read(session, consumer, numbers[-1])
    return numbers


async def _numbers(database: Database, company: CompanyId) -> list[int]:
    async with database.tenant_session(company) as session:
        return list(await session.scalars(select(DomainEvent.seq).order_by(DomainEvent.seq)))


async def _progress(database: Database, company: CompanyId) -> int | None:
    async with database.tenant_session(company) as session:
        seq: int | None = await session.scalar(select(EventProgress.seq))
        return seq


async def _nothing_more(database: Database, heard: "asyncio.Queue[str]") -> bool:
    """Notifications come in commit order: one of our own that arrives next proves that none was before it."""
    async with database.crossing() as session:
        await session.execute(select(func.pg_notify(CHANNEL, "ours")))
    async with asyncio.timeout(5):
        return await heard.get() == "ours"
