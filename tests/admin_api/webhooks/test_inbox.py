"""Tests of the inbox as a whole: what it tells of itself, and how it begins and ends."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from admin_api.webhooks import inbox as inbox_module
from admin_api.webhooks.inbox import open_inbox
from admin_api.webhooks.keeping import Keeper
from core import clock
from core.db.server import turn_clock
from core.embedded import Urls
from core.errors import Misconfigured
from core.floor import Floor
from core.probe import Pulse
from core.servers.process import free_port
from tests.admin_api.webhooks.keepers import AWAY, until
from tests.admin_api.webhooks.place import open_shop, within
from tests.fixtures.api import environment_of
from tests.fixtures.processes import running
from tests.fixtures.servers import Servers


async def minutes(servers: Servers, urls: Urls) -> list[datetime]:
    async with servers.superuser(urls) as connection:
        return [row["minute"] for row in await connection.fetch("SELECT minute FROM inbox_minutes ORDER BY minute")]


@pytest.fixture
async def turned(floor: Floor) -> AsyncIterator[None]:
    """Whatever a test does to the clock, it is right again afterwards."""
    yield
    async with floor.database.crossing() as session:
        await turn_clock(await session.connection(), timedelta(0))
    clock.follow_shift(timedelta(0))


class TestOpenInbox:
    async def test_it_knows_every_connection_before_it_is_handed_out(self, floor: Floor) -> None:
        shop = await open_shop(floor)
        async with open_inbox(floor) as inbox:
            assert inbox.doors.knows_token(shop.verify_token)

    async def test_it_does_not_open_without_the_database(self, floor: Floor, tmp_path: Path) -> None:
        settings = floor.settings.model_copy(update={"database_url": SecretStr(AWAY), "masteria_home": tmp_path})
        with pytest.raises(OSError, match=r"refused|Connect call failed"):
            async with open_inbox(replace(floor, settings=settings)):
                pass

    async def test_it_is_watched_as_a_loop_that_may_be_stuck(self, floor: Floor) -> None:
        moment = [0.0]
        pulse = Pulse(limit=60, monotonic=lambda: moment[0])
        async with open_inbox(floor, pulse):
            moment[0] = 100.0
            assert [beat.name for beat in pulse.stuck] == ["inbox"]

    async def test_it_ends_within_a_moment_and_can_be_opened_again(self, floor: Floor) -> None:
        for _ in range(3):
            async with open_inbox(floor):
                pass

    async def test_an_error_of_whoever_holds_it_open_comes_out_as_it_is(self, floor: Floor) -> None:
        with pytest.raises(Misconfigured, match="the port is taken"):
            async with open_inbox(floor):
                raise Misconfigured("a porta está em uso", "the port is taken")

    async def test_a_bug_in_one_of_its_tasks_ends_whoever_holds_it_open(
        self, floor: Floor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def broken(_: Keeper) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(Keeper, "_replay", broken)
        with pytest.raises(ZeroDivisionError):
            async with open_inbox(floor):
                await asyncio.sleep(10)


class TestMinutes:
    async def test_the_minute_is_marked_as_one_in_which_something_could_be_heard(
        self, servers: Servers, floor: Floor, floor_urls: Urls
    ) -> None:
        async with servers.superuser(floor_urls) as connection:
            await connection.execute("DELETE FROM inbox_minutes")
        async with open_inbox(floor):
            await _until_marked(floor)
        async with servers.superuser(floor_urls) as connection:
            now = await connection.fetchval("SELECT date_trunc('minute', now())")
        [marked] = await minutes(servers, floor_urls)
        assert now - marked <= timedelta(minutes=1)

    async def test_it_is_marked_again_and_again(
        self, servers: Servers, floor: Floor, floor_urls: Urls, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(inbox_module, "_TICK_SECONDS", 0.05)
        async with open_inbox(floor):
            for _ in range(2):
                async with servers.superuser(floor_urls) as connection:
                    await connection.execute("DELETE FROM inbox_minutes")
                await _until_marked(floor)


class TestClock:
    @pytest.mark.usefixtures("turned")
    async def test_a_rehearsal_that_turns_the_clock_turns_it_here_too(
        self, floor: Floor, servers: Servers, floor_urls: Urls
    ) -> None:
        async with open_inbox(floor):
            real = clock.now()
            async with servers.superuser(floor_urls) as connection:
                await connection.execute("UPDATE clock_shift SET shift = '25 hours'")
                await connection.execute("NOTIFY clock")
            await within(5, lambda: clock.now() - real > timedelta(hours=24))


async def _until_marked(floor: Floor) -> None:
    async def is_marked() -> bool:
        async with floor.database.crossing() as session:
            return (await session.scalar(text("SELECT priv.last_inbox_minute()"))) is not None

    await until(is_marked)


class TestProcess:
    async def test_an_api_that_could_not_keep_events_on_disk_does_not_start_and_says_why_in_one_line(
        self, servers: Servers, floor_urls: Urls, tmp_path: Path
    ) -> None:
        (tmp_path / "spool").write_text("a file where the folder should be")
        environment = environment_of(servers, floor_urls, tmp_path)
        async with running("admin_api.serving", "--port", str(free_port()), environment=environment) as process:
            assert await process.child.wait() == 1
        [said] = [line for line in process.lines if not line.startswith("{")]
        assert str(tmp_path / "spool") in said
        assert "Traceback" not in "".join(process.lines)
