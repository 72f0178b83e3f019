"""Tests of the door to the database: one transaction, one company, and nobody calls commit."""

import asyncio
from collections.abc import Callable
from typing import cast

import pytest
from sqlalchemy import AsyncAdaptedQueuePool, func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InvalidRequestError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncEngine

from core.db.sessions import Database, LastWrite, Pool, TenantSession
from core.embedded import Urls
from core.errors import Unavailable
from core.ids import CompanyId, new_id
from core.models.people import Contact


class TestEndOfBlock:
    async def test_it_commits(self, database: Database, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as session:
            _add(session, "Carla")
        assert await _names(database, ana) == ["Carla"]

    async def test_what_was_loaded_can_still_be_read(self, database: Database, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as session:
            contact = _add(session, "Carla")
        assert contact.name == "Carla"

    async def test_an_error_takes_everything_back(self, database: Database, ana: CompanyId) -> None:
        with pytest.raises(LookupError, match="planted"):
            await _fail(database, ana, lambda session: _add(session, "Carla"))
        assert await _names(database, ana) == []

    async def test_a_cancelled_task_takes_everything_back(self, database: Database, ana: CompanyId) -> None:
        is_asleep = asyncio.Event()
        sleeping = asyncio.create_task(_fall_asleep(database, ana, is_asleep))
        await is_asleep.wait()
        sleeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sleeping
        assert await _names(database, ana) == []
        assert _lent(database) == 0

    async def test_a_connection_is_given_back_whatever_happened(self, database: Database, ana: CompanyId) -> None:
        for _ in range(12):  # more than the pool has
            with pytest.raises(IntegrityError):
                async with database.tenant_session(ana) as session:
                    await session.execute(insert(Contact).values(tenant_id=ana, id=new_id(), merged_into=new_id()))
        assert _lent(database) == 0


class TestWriteLast:
    async def test_writes_come_at_the_very_end_in_the_order_they_were_asked_for(
        self, database: Database, ana: CompanyId
    ) -> None:
        seen: list[str] = []
        async with database.tenant_session(ana) as session:
            session.write_last("second", _note(seen, "asked for first"))
            session.write_last("first", _note(seen, "asked for second"))
            seen.append("block")
        assert seen == ["block", "asked for first", "asked for second"]

    async def test_a_name_is_written_once(self, database: Database, ana: CompanyId) -> None:
        seen: list[str] = []
        async with database.tenant_session(ana) as session:
            session.write_last("events", _note(seen, "first"))
            session.write_last("events", _note(seen, "second"))
        assert seen == ["first"]

    async def test_a_write_is_in_the_same_transaction(self, database: Database, ana: CompanyId) -> None:
        async def write(session: TenantSession) -> None:
            _add(session, "Carla")

        async with database.tenant_session(ana) as session:
            session.write_last("contact", write)
            assert await session.scalar(select(func.count()).select_from(Contact)) == 0
        assert await _names(database, ana) == ["Carla"]

    async def test_a_write_that_fails_takes_the_block_back(self, database: Database, ana: CompanyId) -> None:
        async def write(_: TenantSession) -> None:
            raise LookupError("planted")

        seen: list[str] = []
        with pytest.raises(LookupError, match="planted"):
            await _end(database, ana, last=write, then=_say(seen, "left"))
        assert await _names(database, ana) == []
        assert seen == []

    async def test_an_error_in_the_block_drops_them(self, database: Database, ana: CompanyId) -> None:
        seen: list[str] = []
        with pytest.raises(LookupError, match="planted"):
            await _fail(database, ana, lambda session: session.write_last("contact", _note(seen, "written")))
        async with database.tenant_session(ana):
            pass
        assert seen == []


class TestAfterCommit:
    async def test_actions_leave_in_order_after_the_last_write(self, database: Database, ana: CompanyId) -> None:
        seen: list[str] = []
        async with database.tenant_session(ana) as session:
            session.after_commit(_say(seen, "first"))
            session.after_commit(_say(seen, "second"))
            session.write_last("contact", _note(seen, "written"))
            seen.append("block")
        assert seen == ["block", "written", "first", "second"]

    async def test_an_error_in_the_block_drops_them(self, database: Database, ana: CompanyId) -> None:
        seen: list[str] = []
        with pytest.raises(LookupError, match="planted"):
            await _fail(database, ana, lambda session: session.after_commit(_say(seen, "left")))
        async with database.tenant_session(ana):
            pass
        assert seen == []

    async def test_a_commit_that_fails_drops_them(
        self, database: Database, migrator: AsyncEngine, ana: CompanyId
    ) -> None:
        """The transaction ends between the last statement and the commit, as when a server goes down."""
        await _let_commits_fail(migrator)
        seen: list[str] = []
        with pytest.raises(DBAPIError, match="planted"):
            await _end(database, ana, last=_note(seen, "written"), then=_say(seen, "left"))
        assert seen == ["written"]
        assert await _names(database, ana) == []


class TestCompany:
    async def test_a_session_knows_its_company(self, database: Database, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as session:
            assert session.tenant_id == ana
            assert await session.scalar(select(func.current_tenant())) == ana

    async def test_two_companies_at_the_same_time_do_not_meet(
        self, database: Database, ana: CompanyId, beto: CompanyId
    ) -> None:
        async with database.tenant_session(ana) as hers, database.tenant_session(beto) as his:
            _add(hers, "Carla")
            _add(his, "Davi")
        assert await _names(database, ana) == ["Carla"]
        assert await _names(database, beto) == ["Davi"]

    async def test_a_row_of_another_company_is_refused(
        self, database: Database, ana: CompanyId, beto: CompanyId
    ) -> None:
        with pytest.raises(ProgrammingError, match="violates row-level security policy"):
            async with database.tenant_session(ana) as session:
                session.add(Contact(tenant_id=beto, id=new_id(), name="Davi"))

    async def test_a_session_of_no_company_is_an_error_and_not_a_view_of_all(
        self, database: Database, ana: CompanyId
    ) -> None:
        async with database.tenant_session(ana) as session:
            _add(session, "Carla")
        with pytest.raises(DBAPIError, match="invalid input syntax for type uuid"):
            await _names(database, cast("CompanyId", None))

    async def test_nothing_is_loaded_behind_the_callers_back_after_the_block(
        self, database: Database, ana: CompanyId
    ) -> None:
        async with database.tenant_session(ana) as session:
            contact = _add(session, "Carla")
        with pytest.raises(InvalidRequestError):
            await session.refresh(contact)


class TestCrossing:
    async def test_it_sees_no_row(self, database: Database, ana: CompanyId) -> None:
        async with database.tenant_session(ana) as session:
            _add(session, "Carla")
        async with database.crossing() as crossing:
            assert list(await crossing.scalars(select(Contact.name))) == []

    async def test_it_adds_no_row(self, database: Database, ana: CompanyId) -> None:
        with pytest.raises(ProgrammingError, match="violates row-level security policy"):
            async with database.crossing() as crossing:
                crossing.add(Contact(tenant_id=ana, id=new_id(), name="Carla"))

    async def test_it_may_call_the_functions_of_priv(self, database: Database, ana: CompanyId, beto: CompanyId) -> None:
        async with database.crossing() as crossing:
            assert list(await crossing.scalars(select(func.priv.companies()))) == sorted([ana, beto])


class TestCheck:
    async def test_a_database_that_answers_is_fine(self, database: Database) -> None:
        await database.check()

    async def test_one_that_is_away_is_one_line_with_the_variable_and_what_to_do(self) -> None:
        database = Database("postgresql+asyncpg://app:segredo@127.0.0.1:1/masteria")
        with pytest.raises(Unavailable) as refused:
            await database.check()
        detail = refused.value.detail
        for line, remedy in ((detail.pt, "apague DATABASE_URL"), (detail.en, "unset DATABASE_URL")):
            assert "DATABASE_URL (127.0.0.1:1: " in line
            assert remedy in line
            assert "\n" not in line
            assert "segredo" not in line

    @pytest.mark.parametrize("wrong", [("//app:", "//app:other"), ("//app:", "//nobody:"), ("/t", "/no_such")])
    async def test_one_that_refuses_us_is_one_line_too(self, urls: Urls, wrong: tuple[str, str]) -> None:
        database = Database(urls.app.replace(*wrong))
        with pytest.raises(Unavailable, match=r"DATABASE_URL.*(authentication failed|does not exist)") as refused:
            await database.check()
        assert "\n" not in refused.value.detail.en
        await database.close()

    async def test_a_statement_and_a_silent_transaction_have_a_limit(self, urls: Urls) -> None:
        """Roles are made with these limits, so that a forgotten transaction cannot hold locks for ever."""
        database = Database(urls.app)
        async with database.crossing() as crossing:
            assert await crossing.scalar(text("SHOW statement_timeout")) == "15s"
            assert await crossing.scalar(text("SHOW idle_in_transaction_session_timeout")) == "1min"
        await database.close()


class TestPool:
    async def test_behind_a_pooler_no_prepared_statement_has_the_name_of_another(self, urls: Urls) -> None:
        database = Database(urls.app, Pool(is_pooled=True))
        names: set[str] = set()
        for _ in range(3):
            async with database.crossing() as crossing:
                names |= set(await crossing.scalars(text("SELECT name FROM pg_prepared_statements")))
        await database.close()
        assert len(names) >= 3
        assert not [name for name in names if name.startswith("__asyncpg")]

    async def test_more_work_than_connections_waits_its_turn(self, urls: Urls) -> None:
        database = Database(urls.app, Pool(size=1, overflow=0))

        async def ask() -> object:
            async with database.crossing() as crossing:
                return await crossing.scalar(select(func.pg_backend_pid()))

        first = await ask()
        assert set(await asyncio.gather(*(ask() for _ in range(4)))) == {first}
        await database.close()


def _add(session: TenantSession, name: str) -> Contact:
    contact = Contact(tenant_id=session.tenant_id, id=new_id(), name=name)
    session.add(contact)
    return contact


async def _fail(database: Database, company: CompanyId, work: Callable[[TenantSession], object]) -> None:
    """A block that has done its work when the error comes."""
    async with database.tenant_session(company) as session:
        work(session)
        await session.flush()
        raise LookupError("planted")


async def _end(database: Database, company: CompanyId, *, last: LastWrite, then: Callable[[], None]) -> None:
    """A block that adds Carla and gets to its end."""
    async with database.tenant_session(company) as session:
        _add(session, "Carla")
        session.write_last("contact", last)
        session.after_commit(then)


async def _fall_asleep(database: Database, company: CompanyId, is_asleep: asyncio.Event) -> None:
    async with database.tenant_session(company) as session:
        _add(session, "Carla")
        await session.flush()
        is_asleep.set()
        await asyncio.sleep(30)


async def _names(database: Database, company: CompanyId) -> list[str | None]:
    async with database.tenant_session(company) as session:
        return list(await session.scalars(select(Contact.name).order_by(Contact.id)))


def _note(seen: list[str], word: str) -> LastWrite:
    async def write(_: TenantSession) -> None:
        seen.append(word)

    return write


def _say(seen: list[str], word: str) -> Callable[[], None]:
    return lambda: seen.append(word)


def _lent(database: Database) -> int:
    """How many connections are out."""
    pool = database.engine.pool
    assert isinstance(pool, AsyncAdaptedQueuePool)
    return pool.checkedout()


async def _let_commits_fail(migrator: AsyncEngine) -> None:
    """A constraint that is only looked at by the commit itself."""
    function = "CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'planted'; END $$"
    trigger = "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON contacts DEFERRABLE INITIALLY DEFERRED"
    async with migrator.begin() as connection:
        await connection.execute(text(function))
        await connection.execute(text(f"{trigger} FOR EACH ROW EXECUTE FUNCTION fail()"))
