"""A bot in the hands of a process: its lease, what keeps it from working, and how that is said."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import select, text

from admin_api.principals import Principal
from admin_api.staff.heard import Heard
from admin_api.staff.stores import bots, people
from admin_api.staff.working import LEASE
from admin_api.tenants import checking
from admin_api.tenants.store import add_member
from channels.adapters import open_registry
from channels.stores import connections
from channels.stores.connections import Change
from channels.telegram_staff import setup
from channels.telegram_staff.client import Api, open_client
from channels.telegram_staff.failures import Failed
from channels.telegram_staff.problems import SILENT, WORDS, Problem, words_of
from core.audit import OPERATOR
from core.floor import Floor
from core.models.people import Connection, Role
from core.models.staff import StaffBot, StaffNote
from sandbox.telegram.faults import BadGateway
from tests.admin_api.staff.transport import Desk, open_desk, token_of

OLD: Final = text("""
    SELECT 1 FROM staff_updates WHERE created_at < app_now() - interval '300 days'
    UNION ALL SELECT 1 FROM staff_notes WHERE created_at < app_now() - interval '300 days'
""")


@pytest.fixture
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    async with open_desk(floor) as desk:
        await desk.be_bound()
        yield desk


async def bot(desk: Desk) -> StaffBot:
    async with desk.floor.database.tenant_session(desk.company) as session:
        row = await bots.get(session, desk.connection)
    assert row is not None
    return row


async def until_bot_says(desk: Desk, problem: str | None, seconds: float = 8.0) -> None:
    async def is_so() -> bool:
        return (await bot(desk)).problem == problem

    await desk.until_so(is_so, seconds)


async def state_of(desk: Desk) -> tuple[str, str | None]:
    [row] = await desk.rows(select(Connection.state, Connection.state_reason))
    return row.state.value, row.state_reason


class TestLease:
    async def test_a_bot_is_in_the_hands_of_one(self, desk: Desk) -> None:
        await desk.claim()
        assert all(
            lease.connection != desk.connection
            for lease in await bots.claim(desk.floor.database, most=1000, lease=LEASE)
        )

    async def test_let_go_it_is_taken_at_once_and_the_one_before_may_write_no_more(self, desk: Desk) -> None:
        first = await desk.claim()
        async with desk.floor.database.tenant_session(desk.company) as session:
            await bots.release(session, first)
        second = await desk.claim()
        assert second.fence > first.fence
        async with desk.floor.database.tenant_session(desk.company) as session:
            assert not await bots.is_held(session, first)
            assert not await bots.renew(session, first, LEASE)
            assert not await bots.move_on(session, first, 99)
            assert not await bots.say_problem(session, first, Problem.TOKEN)
            assert await bots.renew(session, second, LEASE)

    async def test_what_died_is_taken_over_when_its_lease_ends(self, desk: Desk) -> None:
        first = await desk.claim()
        async with desk.floor.database.tenant_session(desk.company) as session:
            await bots.renew(session, first, timedelta(seconds=-1))
        assert (await desk.claim()).fence == first.fence + 1

    async def test_a_disabled_connection_is_nobodys_work(self, desk: Desk) -> None:
        async with desk.floor.database.tenant_session(desk.company) as session:
            row = await connections.hold(session, desk.connection)
            await connections.change(session, desk.floor.ring, row, Change(is_enabled=False), OPERATOR)
        with pytest.raises(IndexError):
            await desk.claim()

    async def test_it_ends_when_its_lease_is_somebody_elses(self, desk: Desk) -> None:
        async with desk.at_work() as worker:
            async with desk.floor.database.tenant_session(desk.company) as session:
                await session.execute(text("UPDATE staff_bots SET fence = fence + 1"))
            await worker._renew()
            assert worker._end.is_set()


class TestProblems:
    async def test_a_refused_token_is_told_on_the_connection_and_mended_by_a_new_one(self, desk: Desk) -> None:
        account = desk.bot.account
        desk.bot.is_revoked = True
        desk.sandbox.telegram.bots.remove(desk.bot.id)
        async with desk.floor.database.tenant_session(desk.company) as session:
            row = await connections.hold(session, desk.connection)
            row.settings = {**row.settings, "is_sandbox": False}
        desk.floor = _towards(desk)
        async with desk.at_work() as worker:
            await until_bot_says(desk, "token")
            assert await state_of(desk) == ("credential_refused", "credential_refused")
            new = token_of(account.bot_id)
            async with desk.floor.database.tenant_session(desk.company) as session:
                row = await connections.hold(session, desk.connection)
                await connections.change(session, desk.floor.ring, row, Change(secrets={"token": new}), OPERATOR)
            await worker.look_again()
            assert worker._end.is_set()

    async def test_a_second_poller_is_a_conflict_and_said_so(self, desk: Desk) -> None:
        async with desk.at_work(), open_client(desk.bot.account.token, Api(base=desk.sandbox.url)) as thief:

            async def steal() -> None:
                while True:
                    with suppress(Failed):  # whichever of the two is refused
                        await thief.updates(0, seconds=1)
                    await asyncio.sleep(0.01)

            stealing = asyncio.create_task(steal())
            await until_bot_says(desk, "conflict")
            assert not stealing.done()
            stealing.cancel()

    async def test_a_webhook_that_somebody_set_meanwhile_is_taken_away(self, desk: Desk) -> None:
        async with desk.at_work():
            await _link_at_once(desk)
            async with open_client(desk.bot.account.token, Api(base=desk.sandbox.url)) as other:
                await setup.be_called(other, "http://127.0.0.1:1/x", "s" * 32)
            desk.says("/ainda")
            await desk.until(lambda: desk.recorder.heard, 10)
        assert desk.bot.webhook is None

    async def test_what_a_day_without_telegram_may_have_lost_is_told(self, desk: Desk) -> None:
        async with desk.at_work():
            await desk.link(desk.owner, Role.OWNER)
        async with desk.floor.database.tenant_session(desk.company) as session:
            await session.execute(text("UPDATE staff_bots SET heard_at = now() - interval '25 hours'"))
        async with desk.at_work():
            await desk.until(lambda: [one for one in desk.texts(chat=desk.owner.id) if "24 h" in one])
            await desk.until(lambda: [one for one in desk.texts(chat=desk.forum.id) if "24 h" in one])

    async def test_after_a_week_of_silence_it_asks_from_the_beginning(self, desk: Desk) -> None:
        async with desk.at_work():
            await desk.link(desk.bia)
        async with desk.floor.database.tenant_session(desk.company) as session:
            await session.execute(text("UPDATE staff_bots SET next_update = 9000000000"))
            await session.execute(text("DELETE FROM incoming_events"))
        desk.says("/depois")
        async with desk.at_work():
            await desk.until(lambda: desk.recorder.heard)

    async def test_telegrams_bad_days_pass(self, desk: Desk) -> None:
        desk.sandbox.faults.add(BadGateway(times=3, path="/telegram/read/"))
        async with desk.at_work():
            await desk.link(desk.bia)
        assert (await bot(desk)).problem is None

    async def test_credentials_that_do_not_open_are_said(self, desk: Desk) -> None:
        async with desk.floor.database.tenant_session(desk.company) as session:
            await session.execute(text("UPDATE connections SET credentials = NULL"))
        async with desk.at_work():
            await until_bot_says(desk, "unreadable")

    @pytest.mark.parametrize("problem", Problem)
    def test_each_is_said_in_words(self, problem: Problem) -> None:
        assert all(WORDS[problem])
        assert words_of(problem.value) == WORDS[problem]

    def test_only_without_the_group_is_there_silence(self) -> None:
        assert {Problem.KICKED} == SILENT
        assert words_of(None) is None


class TestTrouble:
    async def test_a_first_update_that_breaks_is_fetched_once_and_got_over(self, desk: Desk) -> None:
        async def break_on(heard: Heard) -> None:
            if desk.recorder.heard[-1][2].word == "quebra":
                raise KeyError(heard.key)

        await _link_at_once(desk)
        desk.recorder.does = break_on
        desk.says("/quebra")
        desk.says("/depois")
        async with desk.at_work():
            await desk.until(lambda: desk.recorder.heard[-1:] and desk.recorder.heard[-1][2].word == "depois", 10)
        kept = await desk.rows(text("SELECT payload ->> 'update_id' AS number FROM incoming_events"))
        assert len({row.number for row in kept}) == len(kept)

    async def test_a_menu_that_telegram_refuses_keeps_nobody_from_working(self, desk: Desk) -> None:
        desk.sandbox.faults.add(BadGateway(times=50, path="/telegram/send/setMyCommands"))
        async with desk.at_work():
            await desk.link(desk.bia)
        assert (await bot(desk)).problem is None

    async def test_what_was_acted_on_is_followed_up_before_the_next_look_is_due(self, desk: Desk) -> None:
        async with desk.at_work():
            await desk.until(lambda: desk.recorder.followed)
            desk.recorder.followed.clear()
            await desk.link(desk.bia)
            await desk.until(lambda: desk.recorder.followed, 3.0)

    async def test_one_loop_that_breaks_stops_none_of_the_others(self, desk: Desk) -> None:
        async with desk.at_work() as worker:
            desk.recorder.follows = ExceptionGroup("several", [TypeError("a"), KeyError("b")])
            worker.waker.happened.set()
            await desk.link(desk.bia)

    async def test_a_bot_that_cannot_even_begin_leaves_its_process_alone(self, desk: Desk) -> None:
        async with desk.floor.database.tenant_session(desk.company) as session:
            row = await connections.hold(session, desk.connection)
            row.settings = {**row.settings, "is_sandbox": False}
        settings = desk.floor.settings.model_copy(update={"telegram_api_base": "http://[broken"})
        desk.floor = Floor(
            settings=settings, database=desk.floor.database, ring=desk.floor.ring, valkey=desk.floor.valkey
        )
        async with desk.at_work():
            await until_bot_says(desk, "unreachable", 12)


async def _link_at_once(desk: Desk) -> None:
    async with desk.floor.database.tenant_session(desk.company) as session:
        user = (await add_member(session, email="bia@x.com", name="Bia", role=Role.AGENT, by=OPERATOR)).user
        await people.link(session, user, people.Account(telegram_id=desk.bia.id, name="Bia", chat=None))


class TestSelf:
    async def test_it_introduces_itself_with_its_menu(self, desk: Desk) -> None:
        async with desk.at_work():
            await desk.until(lambda: desk.bot.commands)
            await desk.link(desk.bia)
        row = await bot(desk)
        assert (row.telegram_id, row.username) == (desk.bot.id, desk.bot.account.username)
        names = {command["command"] for listed in desk.bot.commands.values() for command in listed}
        assert names == {"ajuda", "help"}

    async def test_the_connection_is_tested_by_what_the_process_knows(self, desk: Desk) -> None:
        me = Principal(company=desk.company, role=Role.OWNER, actor=OPERATOR)
        async with open_registry(desk.floor.settings) as registry:
            before = await checking.check(desk.floor, registry, me, desk.connection)
            async with desk.at_work():
                await desk.link(desk.bia)
            after = await checking.check(desk.floor, registry, me, desk.connection)
        assert (before.code, after.is_ok) == ("no_answer", True)
        assert after.row.health["username"] == desk.bot.account.username

    async def test_what_is_old_is_forgotten(self, desk: Desk) -> None:
        async with desk.at_work():
            await desk.link(desk.bia)
        notes = await desk.rows(select(StaffNote.key))
        assert notes
        async with desk.floor.database.tenant_session(desk.company) as session:
            await session.execute(text("UPDATE staff_notes SET created_at = created_at - interval '1 year'"))
            await session.execute(text("UPDATE staff_updates SET created_at = created_at - interval '1 year'"))
        async with desk.at_work():

            async def are_gone() -> bool:
                return not await desk.rows(OLD)

            await desk.until_so(are_gone)


def _towards(desk: Desk) -> Floor:
    """As if the sandbox were Telegram itself."""
    settings = desk.floor.settings.model_copy(update={"telegram_api_base": desk.sandbox.url})
    return Floor(settings=settings, database=desk.floor.database, ring=desk.floor.ring, valkey=desk.floor.valkey)
