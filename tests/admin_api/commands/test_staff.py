"""The staff group from the command line: its bot, its codes, and how it stands."""

from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text

from admin_api.commands import doctor_staff
from admin_api.commands.sandbox_staff import play, staff_of
from admin_api.staff import demo
from admin_api.staff.stores import bots, codes, groups, people
from admin_api.staff.stores.groups import Seen
from admin_api.staff.stores.notes import NewNote, post
from admin_api.tenants.store import add_member
from channels.stores import connections
from channels.stores.connections import Listing, open_lines
from channels.telegram_staff.client import Api, open_client
from channels.telegram_staff.notes import Say
from channels.telegram_staff.rich import Rich
from core.audit import OPERATOR
from core.ids import ConnectionId
from core.models.people import ConnectionKind, ConnectionState, Role
from core.models.staff import NoteLane
from sandbox.world import Sandbox
from tests.fixtures.shells import Shell

TOKEN: Final = "7000001:AAHzebrazebrazebrazebrazebrazebrazeb"
_TEN_MINUTES_AGO: Final = text("""
    UPDATE staff_notes SET created_at = app_now() - interval '10 minutes',
        not_before = app_now() - interval '10 minutes'
""")
_LEASE: Final = timedelta(seconds=30)
TELEGRAM: Final = ("connect", "telegram", "--company", "ana", "--token")


async def connect(shell: Shell, token: str = TOKEN) -> ConnectionId:
    told = (await shell.run(*TELEGRAM, token, "--json")).json()
    return ConnectionId(UUID(told["id"]))


class TestConnect:
    async def test_a_token_is_all_it_takes(self, shell: Shell) -> None:
        ran = await shell.run(*TELEGRAM, "-", "--json", told=f"{TOKEN}\n")

        assert (ran.json()["kind"], ran.json()["is_new"], ran.json()["callback_url"]) == ("telegram", True, None)
        async with shell.database.tenant_session(shell.company) as session:
            [line] = (await open_lines(session, shell.ring)).values()
        assert line.line.settings == {"bot_id": "7000001"}
        assert line.line.secrets["token"] == TOKEN
        assert len(line.line.secrets["webhook_secret"]) >= 32

    async def test_told_again_with_another_token_it_is_the_same_bot(self, shell: Shell) -> None:
        await connect(shell)
        async with shell.database.tenant_session(shell.company) as session:
            [before] = (await open_lines(session, shell.ring)).values()
        again = await shell.run(*TELEGRAM, TOKEN.replace("zebra", "gnu__"), "--json")
        async with shell.database.tenant_session(shell.company) as session:
            [after] = (await open_lines(session, shell.ring)).values()
        assert not again.json()["is_new"]
        assert after.line.secrets["webhook_secret"] == before.line.secrets["webhook_secret"]
        assert after.line.secrets["token"] != TOKEN

    @pytest.mark.parametrize("token", ["7000001", "abc:AAHzebrazebrazebrazebrazebra", "7000001:x y", "7000001:short"])
    async def test_what_is_no_token_is_refused_without_repeating_it(self, shell: Shell, token: str) -> None:
        ran = await shell.run(*TELEGRAM, token)
        assert ran.code == 2
        assert "@BotFather" in ran.err
        assert token not in ran.err

    async def test_it_says_what_comes_next(self, shell: Shell) -> None:
        ran = await shell.run(*TELEGRAM, TOKEN)
        assert "masteria staff code --company ana" in ran.out
        assert "zebra" not in ran.out


class TestCode:
    async def test_one_for_the_group(self, shell: Shell) -> None:
        await connect(shell)
        told = (await shell.run("staff", "code", "--company", "ana", "--json")).json()
        async with shell.database.tenant_session(shell.company) as session:
            found = await codes.peek(session, told["code"])
        assert found is not None
        assert (found.user, told["link"]) == (None, None)

    async def test_one_for_a_person_opens_the_chat_with_the_bot(self, shell: Shell) -> None:
        connection = await connect(shell)
        async with shell.database.tenant_session(shell.company) as session:
            joined = await add_member(session, email="bia@x.com", name="Bia", role=Role.AGENT, by=OPERATOR)
        [lease] = await bots.claim(shell.database, most=1, lease=_LEASE)
        async with shell.database.tenant_session(shell.company) as session:
            await bots.introduce(session, lease, telegram_id=7000001, username="EquipeBot")
        told = (await shell.run("staff", "code", "--company", "ana", "--user", "Bia@X.com", "--json")).json()
        assert told["link"] == f"https://t.me/EquipeBot?start={told['code']}"
        async with shell.database.tenant_session(shell.company) as session:
            found = await codes.peek(session, told["code"])
        assert found is not None
        assert found.user == joined.user
        assert connection == lease.connection

    async def test_without_a_bot_or_a_member_it_says_what_to_do(self, shell: Shell) -> None:
        ran = await shell.run("staff", "code", "--company", "ana")
        assert "masteria connect telegram --company ana" in ran.err
        await connect(shell)
        ran = await shell.run("staff", "code", "--company", "ana", "--user", "ze@x.com")
        assert "masteria user add ze@x.com" in ran.err


class TestStatus:
    async def test_it_shows_bot_group_people_and_what_is_wrong(self, shell: Shell) -> None:
        empty = await shell.run("staff", "status", "--company", "ana")
        assert "masteria connect telegram" in empty.out
        connection = await connect(shell)
        async with shell.database.tenant_session(shell.company) as session:
            user = (await add_member(session, email="bia@x.com", name="Bia", role=Role.AGENT, by=OPERATOR)).user
            seen = Seen(chat=-1001, title="Equipe", is_forum=True, rights={}, problem="no_right")
            await groups.bind(session, connection, seen, 1)
            await people.link(session, user, people.Account(telegram_id=5, name="Bia", chat=5))

        told = (await shell.run("staff", "status", "--company", "ana", "--json")).json()
        assert told["group"] == {"chat_id": -1001, "title": "Equipe", "is_forum": True, "problem": "no_right"}
        assert told["people"] == [{"name": "Bia", "role": "agent"}]
        shown = await shell.run("staff", "status", "--company", "ana")
        assert "gerenciar tópicos" in shown.out
        assert "Bia (atendente)" in shown.out


class TestDoctor:
    async def test_it_names_the_company_and_what_to_do(self, shell: Shell) -> None:
        assert await doctor_staff.troubles(shell.database) == []
        connection = await connect(shell)
        async with shell.database.tenant_session(shell.company) as session:
            seen = Seen(chat=-1001, title="Equipe", is_forum=True, rights={}, problem="kicked")
            group = await groups.bind(session, connection, seen, 1)
            note = NewNote(key="n", body=Say(text=Rich("x")), lane=NoteLane.ALERT, group=group.id)
            await post(session, note)
            await session.execute(_TEN_MINUTES_AGO)
        lines = [line.pt for line in await doctor_staff.troubles(shell.database)]
        assert len(lines) == 2
        assert all("`ana`" in line for line in lines)
        assert "removido do grupo" in lines[0]
        assert "1 avisos esperam há 10 min" in lines[1]


class TestDemo:
    async def test_a_newcomer_finds_a_bound_group_and_a_person_for_each_role(self, shell: Shell) -> None:
        for _ in range(2):
            async with shell.database.tenant_session(shell.company) as session:
                await demo.install(session, shell.ring)
        async with shell.database.tenant_session(shell.company) as session:
            group = await groups.bound(session)
            linked = await people.all_linked(session)
            lines = list((await open_lines(session, shell.ring)).values())
        assert group is not None
        assert [one.role for one in linked] == list(Role)
        assert all(one.chat == one.telegram_id for one in linked)
        assert [line.line.settings["is_sandbox"] for line in lines] == [True]

    async def test_after_a_restart_of_the_sandbox_the_same_group_and_people_are_there(self, shell: Shell) -> None:
        async with shell.database.tenant_session(shell.company) as session:
            await demo.install(session, shell.ring)
            [opened] = (await open_lines(session, shell.ring)).values()
            known = await staff_of(session, opened)
            group = await groups.bound(session)
        assert group is not None
        for _ in range(2):
            async with Sandbox.open() as sandbox:
                for _ in range(2):  # and asked for again nothing changes
                    play(sandbox.telegram, known)
                chat = sandbox.telegram.office.chats.group(group.chat_id)
                assert chat is not None
                [bot] = sandbox.telegram.bots
                assert chat.member(bot.user).status == "administrator"
                assert len([member for member in chat.members.values() if not member.user.is_bot]) == len(Role)
                async with open_client(bot.account.token, Api(base=sandbox.url)) as client:
                    await client.bot.send_message(known.linked[0].telegram_id, "oi")

    async def test_ones_own_bot_takes_its_place(self, shell: Shell) -> None:
        async with shell.database.tenant_session(shell.company) as session:
            await demo.install(session, shell.ring)
        for token in (TOKEN, TOKEN, TOKEN.replace("zebra", "gnu__")):
            async with shell.database.tenant_session(shell.company) as session:
                await demo.use_own_bot(session, shell.ring, token)
        async with shell.database.tenant_session(shell.company) as session:
            rows = await connections.list_some(session, Listing(kind=ConnectionKind.TELEGRAM))
            lines = await open_lines(session, shell.ring)
            assert await groups.bound(session) is None
        assert [row.state for row in rows] == [ConnectionState.DISABLED, ConnectionState.ACTIVE]
        assert lines[ConnectionId(rows[1].id)].line.secrets["token"] == TOKEN.replace("zebra", "gnu__")
