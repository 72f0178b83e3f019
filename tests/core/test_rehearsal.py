"""Who may turn everybody's clock: an installation that says it is a rehearsal, and has one company."""

from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy.exc import DBAPIError

from admin_api.tenants.store import NewCompany, create_company
from core.audit import OPERATOR
from core.crypto import KeyRing
from core.db.server import begin_rehearsal, clock_shift, turn_clock
from core.db.sessions import Database
from core.errors import Conflict

DAY: Final = timedelta(days=1)
ZERO: Final = timedelta(0)


async def begin(database: Database) -> None:
    async with database.engine.begin() as connection:
        await begin_rehearsal(connection)


async def turn(database: Database, shift: timedelta) -> timedelta:
    async with database.engine.begin() as connection:
        await turn_clock(connection, shift)
        return await clock_shift(connection)


class TestBeginRehearsal:
    async def test_without_a_company_there_is_nothing_to_rehearse(self, database: Database) -> None:
        with pytest.raises(DBAPIError, match="a rehearsal has one company"):
            await begin(database)

    @pytest.mark.usefixtures("ana", "beto")
    async def test_of_two_companies_one_could_turn_the_clock_of_the_other(self, database: Database) -> None:
        with pytest.raises(DBAPIError, match="a rehearsal has one company"):
            await begin(database)

    @pytest.mark.usefixtures("ana")
    async def test_it_may_be_said_again(self, database: Database) -> None:
        for _ in range(2):
            await begin(database)
        assert await turn(database, DAY) == DAY


class TestTurnClock:
    @pytest.mark.usefixtures("ana")
    async def test_an_installation_that_is_no_rehearsal_keeps_its_time(self, database: Database) -> None:
        with pytest.raises(Conflict, match="rehearsals alone"):
            await turn(database, DAY)
        assert await turn(database, ZERO) == ZERO

    @pytest.mark.usefixtures("ana")
    async def test_a_second_company_ends_it_and_the_way_back_stays_open(
        self, database: Database, ring: KeyRing
    ) -> None:
        await begin(database)
        assert await turn(database, DAY) == DAY
        assert await turn(database, 2 * DAY) == 2 * DAY

        await create_company(database, ring, NewCompany(slug="beto", name="Oficina do Beto"), OPERATOR)
        with pytest.raises(Conflict, match="rehearsals alone"):
            await turn(database, DAY)
        assert await turn(database, 2 * DAY) == 2 * DAY  # as it is: a process that starts tells what it found
        assert await turn(database, ZERO) == ZERO
