"""What a worker is told by ids alone: read a job on, and find those that nobody reads."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from queue import Empty
from typing import Any
from uuid import UUID

import pytest
from celery import Celery
from kombu import pools
from sqlalchemy import update

from admin_api.tenants.store import NewCompany, create_company
from core import clock
from core import queue as core_queue
from core.audit import OPERATOR
from core.clock import Deadline
from core.floor import Floor
from core.ids import CompanyId
from core.models.ingestion import IngestionJob, JobState
from core.objects import Label, ObjectKey
from core.queue import TaskName, make_app
from knowledge.handing_over import hand_over_text
from knowledge.stores import bases, jobs
from knowledge.tasks import carry_on, desk_of, forget_left, have_read, read_stretch


@pytest.fixture(autouse=True)
def broker(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> Iterator[Celery[Any]]:
    """What is sent goes to the broker of the test."""
    monkeypatch.setattr(core_queue, "_pause", Deadline.after(0))
    app = make_app(floor.settings)
    _sent(app)
    yield app
    pools.reset()


def _sent(broker: "Celery[Any]") -> list[tuple[str, list[Any]]]:
    """What waits there, taken out."""
    found = []
    with broker.connection_for_read() as line, suppress(Empty):
        box = line.SimpleQueue("celery")
        while True:
            message = box.get_nowait()
            found.append((message.headers["task"], message.payload[0]))
            message.ack()
    return found


@pytest.fixture
async def company(floor: Floor, request: pytest.FixtureRequest) -> CompanyId:
    slug = f"c{abs(hash(request.node.name)) % 10**9}"
    return await create_company(floor.database, floor.ring, NewCompany(slug=slug, name=slug), OPERATOR)


@pytest.fixture
def turned() -> Iterator[None]:
    yield
    clock.follow_shift(timedelta(0))


async def _job(floor: Floor, company: CompanyId) -> UUID:
    async with floor.database.tenant_session(company) as session:
        base = await bases.ensure(session, "loja")
    return await hand_over_text(desk_of(floor), company, base, name="a", text="Abrimos cedo.")


class TestReadStretch:
    async def test_a_job_is_read_to_its_end_and_nothing_more_is_sent(
        self, floor: Floor, company: CompanyId, broker: "Celery[Any]"
    ) -> None:
        job = await _job(floor, company)

        await read_stretch(floor, company, job, seconds=30)

        async with floor.database.tenant_session(company) as session:
            assert (await jobs.progress(session, job)).state is JobState.DONE
        assert _sent(broker) == []

    async def test_what_is_left_when_the_time_is_up_is_sent_on(
        self, floor: Floor, company: CompanyId, broker: "Celery[Any]"
    ) -> None:
        job = await _job(floor, company)

        await read_stretch(floor, company, job, seconds=0)

        assert _sent(broker) == [(TaskName.READ_SOURCES.value, [company, job])]


class TestCarryOn:
    async def test_a_job_that_was_left_is_sent_for_and_a_fresh_one_is_not(
        self, floor: Floor, company: CompanyId, broker: "Celery[Any]"
    ) -> None:
        left = await _job(floor, company)
        async with floor.database.tenant_session(company) as session:
            await session.execute(update(IngestionJob).values(updated_at=IngestionJob.updated_at - timedelta(hours=1)))
        fresh = await _job(floor, company)

        await carry_on(floor)

        asked = {arguments[1] for _, arguments in _sent(broker)}
        assert left in asked
        assert fresh not in asked


class TestHaveRead:
    async def test_it_is_asked_for_after_the_commit(
        self, floor: Floor, company: CompanyId, broker: "Celery[Any]"
    ) -> None:
        job = await _job(floor, company)
        async with floor.database.tenant_session(company) as session:
            have_read(session, job)
            before = _sent(broker)

        assert (before, _sent(broker)) == ([], [(TaskName.READ_SOURCES.value, [company, job])])


class TestForgetLeft:
    @pytest.mark.usefixtures("turned")
    async def test_only_what_is_old_and_waited_for_by_nobody_goes(self, floor: Floor, company: CompanyId) -> None:
        await _job(floor, company)
        desk = desk_of(floor)
        lost = ObjectKey(company=company, kind="knowledge", name="lost")
        await desk.storage.put(lost, b"x", label=Label(content_type="text/plain"))
        fresh = await forget_left(floor, company)
        clock.follow_shift(timedelta(days=2))

        assert (fresh, await forget_left(floor, company)) == (0, 1)
        assert not await desk.storage.exists(lost)
        assert len([one async for one in desk.storage.list(company, kind="knowledge")]) == 1
