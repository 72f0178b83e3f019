"""Codes and groups: who may bind and link, what is missing, and what becomes of groups that are not ours."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from admin_api.staff.acting import Acting
from admin_api.staff.binding import Binding
from admin_api.staff.stores import codes, groups, people
from admin_api.staff.stores.groups import Seen
from admin_api.staff.strangers import Strangers
from channels.telegram_staff.updates import Room, RoomKind
from core.clock import Deadline
from core.floor import Floor
from core.models.people import Role
from core.models.record import AuditEntry
from core.models.staff import StaffCode, StaffGroup, StaffPerson
from sandbox.telegram.book import Act
from sandbox.telegram.chats import Kind
from sandbox.telegram.members import USUAL_RIGHTS, Member, Right, Status
from sandbox.telegram.rooms import become, open_group, turn_topics, upgrade
from tests.admin_api.staff.transport import Desk, open_desk


@pytest.fixture(scope="module")
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    async with open_desk(floor) as desk, desk.at_work():
        await desk.bind()
        yield desk


@pytest.fixture
async def fresh(floor: Floor) -> AsyncIterator[Desk]:
    """Bound nowhere yet."""
    async with open_desk(floor) as desk, desk.at_work():
        yield desk


@pytest.fixture
async def idle(floor: Floor) -> AsyncIterator[tuple[Desk, Binding]]:
    """With no loop that acts by itself."""
    async with open_desk(floor) as desk, desk.by_hand() as bot:
        yield desk, Binding(bot=bot, strangers=Strangers(floor=desk.floor, connection=desk.connection))


class TestCodes:
    async def test_a_code_counts_once_however_it_is_typed(self, desk: Desk) -> None:
        async with desk.floor.database.tenant_session(desk.company) as session:
            code = await codes.make(session, None)
            typed = code.lower().replace("-", " ")
            assert await codes.use(session, typed, 1) is not None
            assert await codes.use(session, code, 1) is None

    async def test_a_newer_one_makes_the_older_void(self, desk: Desk) -> None:
        async with desk.floor.database.tenant_session(desk.company) as session:
            first, second = await codes.make(session, None), await codes.make(session, None)
            assert await codes.peek(session, first) is None
            assert await codes.peek(session, second) is not None

    async def test_after_an_hour_it_is_nothing(self, desk: Desk) -> None:
        async with desk.floor.database.tenant_session(desk.company) as session:
            code = await codes.make(session, None)
            past = StaffCode.expires_at - timedelta(hours=1, seconds=1)
            await session.execute(update(StaffCode).values(expires_at=past))
            assert await codes.peek(session, code) is None
            assert await codes.use(session, code, 1) is None

    async def test_only_a_digest_is_kept_and_it_is_the_companys_own(self, desk: Desk) -> None:
        async with desk.floor.database.tenant_session(desk.company) as session:
            code = await codes.make(session, None)
        rows = await desk.rows(select(StaffCode.digest))
        assert all(code.encode() not in row.digest and len(row.digest) == 32 for row in rows)


class TestLinking:
    async def test_a_member_is_linked_in_private_with_the_role_of_now(self, desk: Desk) -> None:
        nina = desk.user("Nina")
        await desk.link(nina, Role.ADMIN)

        async with desk.floor.database.tenant_session(desk.company) as session:
            found = await people.find(session, nina.id)
        assert found is not None
        assert (found.role, found.chat, found.name) == (Role.ADMIN, nina.id, "Nina")
        entries = await desk.rows(select(AuditEntry.action, AuditEntry.actor_id))
        assert ("staff.linked", found.user) in [(entry.action, entry.actor_id) for entry in entries]

    async def test_the_address_of_the_bot_carries_the_code(self, desk: Desk) -> None:
        caio = desk.user("Caio")
        desk.sandbox.telegram.acts.start(desk.bot, caio, await desk.code("caio@x.com"))
        await desk.until(lambda: [text for text in desk.texts(chat=caio.id) if "vinculada" in text])

    async def test_a_wrong_code_links_nobody_and_so_often_it_may_be_tried(self, desk: Desk) -> None:
        thief = desk.user("Zé")
        for number in range(9):
            desk.writes(f"/vincular AAAA{number}-BBBBB", thief)
        good = await desk.code("gil@x.com")
        desk.writes(f"/vincular {good}", thief)
        await desk.link(desk.user("Ida"))  # whoever comes after was not held up
        assert 0 < sum("não vale" in text for text in desk.texts(chat=thief.id)) <= 5
        people_now = await desk.rows(select(StaffPerson.telegram_id))
        assert thief.id not in {row.telegram_id for row in people_now}

    async def test_a_code_for_one_person_is_void_once_everybody_has_seen_it(self, desk: Desk) -> None:
        code = await desk.code("dora@x.com")
        desk.says(f"/vincular {code}", by=desk.bia)
        await desk.until_said("todos o viram")
        async with desk.floor.database.tenant_session(desk.company) as session:
            assert await codes.peek(session, code) is None

    async def test_an_account_is_one_persons_alone(self, desk: Desk) -> None:
        eva = desk.user("Eva")
        await desk.link(eva)
        desk.writes(f"/vincular {await desk.code('other@x.com')}", eva)
        await desk.until(lambda: [text for text in desk.texts(chat=eva.id) if "já está vinculada" in text])


class TestBinding:
    @pytest.mark.parametrize(
        ("rights", "status", "topics", "missing"),
        [
            (USUAL_RIGHTS, Status.MEMBER, "on", "não sou administrador"),
            (USUAL_RIGHTS - {Right.MANAGE_TOPICS}, Status.ADMINISTRATOR, "on", "gerenciar tópicos"),
            (USUAL_RIGHTS, Status.ADMINISTRATOR, "off", "tópicos deste grupo estão desligados"),
        ],
    )
    async def test_what_is_missing_is_told_and_the_code_stays_good(
        self, fresh: Desk, rights: frozenset[Right], status: Status, topics: str, missing: str
    ) -> None:
        desk, office = fresh, fresh.sandbox.telegram.office
        desk.bot.account = replace(desk.bot.account, has_privacy=False)
        become(office, desk.forum, Member(user=desk.bot.user, status=status, rights=rights), by=desk.owner)
        if topics == "off":
            turn_topics(office, desk.forum, by=desk.owner, are_on=False)
        code = await desk.code()
        desk.says(f"/vincular {code}", by=desk.owner)
        await desk.until_said(missing)
        assert await desk.rows(select(StaffGroup.id)) == []

        become(office, desk.forum, as_admin(desk), by=desk.owner)
        turn_topics(office, desk.forum, by=desk.owner, are_on=True)
        desk.says(f"/vincular {code}", by=desk.owner)
        await desk.until_said("Grupo vinculado")

    async def test_an_anonymous_administrator_binds_nothing(self, fresh: Desk) -> None:
        code = await fresh.code()
        fresh.says(f"/vincular {code}", by=fresh.owner, is_anonymous=True)
        await fresh.until_said("anônima")
        assert await fresh.rows(select(StaffGroup.id)) == []

    async def test_a_code_that_was_forwarded_binds_nothing(self, fresh: Desk) -> None:
        code = await fresh.code()
        fresh.says(f"/vincular {code}", by=fresh.owner, forwarded_from="Olga")
        fresh.says("/vincular", by=fresh.owner)
        await fresh.until_said("Diga o código")
        assert await fresh.rows(select(StaffGroup.id)) == []


class TestGroups:
    async def test_any_other_group_is_left_at_once_and_told_why(self, desk: Desk) -> None:
        office = desk.sandbox.telegram.office
        other = open_group(office, "Outro", creator=desk.owner, kind=Kind.SUPERGROUP)
        become(office, other, Member(user=desk.bot.user), by=desk.owner)

        await desk.until(lambda: desk.accepted(Act.CHAT_LEFT, chat_id=other.id))
        assert any("só lá" in text for text in desk.texts(chat=other.id))

    async def test_whoever_adds_it_is_told_in_the_language_of_their_telegram(self, desk: Desk) -> None:
        office, ann = desk.sandbox.telegram.office, desk.user("Ann", language_code="en")
        other = open_group(office, "Other", creator=ann, kind=Kind.SUPERGROUP)
        become(office, other, Member(user=desk.bot.user), by=ann)
        await desk.until(lambda: [text for text in desk.texts(chat=other.id) if "only there" in text])

    async def test_before_there_is_one_it_stays_to_be_bound(self, fresh: Desk) -> None:
        await fresh.until_said("/vincular CÓDIGO")
        fresh.says("oi", by=fresh.owner)
        await fresh.bind()
        assert fresh.accepted(Act.CHAT_LEFT) == []

    async def test_what_was_said_right_before_it_was_bound_ends_nothing(self, idle: tuple[Desk, Binding]) -> None:
        desk, binding = idle
        await desk.be_bound()
        await binding.outside(await acting(desk), room_of(desk, desk.forum.id))
        assert desk.accepted(Act.CHAT_LEFT) == []

        other = open_group(desk.sandbox.telegram.office, "Outro", creator=desk.owner, kind=Kind.SUPERGROUP)
        become(desk.sandbox.telegram.office, other, Member(user=desk.bot.user), by=desk.owner)
        await binding.outside(await acting(desk), room_of(desk, other.id))
        assert [one.done.chat_id for one in desk.accepted(Act.CHAT_LEFT)] == [other.id]

    @pytest.mark.parametrize("is_bound", [True, False])
    async def test_a_group_that_was_waited_for_is_left_unless_it_is_bound(
        self, idle: tuple[Desk, Binding], *, is_bound: bool
    ) -> None:
        desk, binding = idle
        await binding.outside(await acting(desk), room_of(desk, desk.forum.id))
        binding._waited_for[desk.forum.id] = Deadline.after(0)
        if is_bound:
            await desk.be_bound()
        await binding.check()
        assert bool(desk.accepted(Act.CHAT_LEFT, chat_id=desk.forum.id)) is not is_bound
        assert binding._waited_for == {}

    async def test_a_group_that_is_bound_again_is_the_same_with_its_topics(self, fresh: Desk) -> None:
        await fresh.be_bound()
        first = fresh.bound.id
        seen = Seen(chat=-1009, title="Outro", is_forum=True, rights={}, problem=None)
        async with fresh.floor.database.tenant_session(fresh.company) as session:
            assert (await groups.bind(session, fresh.connection, seen, 1)).id != first
        await fresh.be_bound()
        assert fresh.bound.id == first

    async def test_a_name_is_followed(self, desk: Desk) -> None:
        office = desk.sandbox.telegram.office
        desk.forum.title = "Time"
        office.tell(desk.forum, office.announce(desk.forum, desk.owner, {"new_chat_title": "Time"}))

        async def is_renamed() -> bool:
            return [row.title for row in await desk.rows(select(StaffGroup.title))] == ["Time"]

        await desk.until_so(is_renamed)

    async def test_a_group_that_becomes_a_supergroup_is_followed(self, floor: Floor) -> None:
        async with open_desk(floor, is_forum=False) as desk:
            office = desk.sandbox.telegram.office
            old = open_group(office, "Equipe", creator=desk.owner, kind=Kind.GROUP)
            become(office, old, as_admin(desk), by=desk.owner)
            desk.chat = old
            await desk.be_bound()
            async with desk.at_work():
                new = upgrade(office, old, by=desk.owner)

                async def has_moved() -> bool:
                    return [row.chat_id for row in await desk.rows(select(StaffGroup.chat_id))] == [new.id]

                await desk.until_so(has_moved)


def as_admin(desk: Desk) -> Member:
    return Member(user=desk.bot.user, status=Status.ADMINISTRATOR, rights=USUAL_RIGHTS)


async def acting(desk: Desk) -> Acting:
    taken = await desk.take()
    return Acting(
        database=desk.floor.database,
        company=desk.company,
        connection=desk.connection,
        claim=taken.claim,
        update_id=taken.update["update_id"] if taken.update else 0,
    )


def room_of(desk: Desk, chat: int) -> Room:
    return Room(id=chat, kind=RoomKind.SUPERGROUP, title=desk.forum.title, is_forum=True, topic=7)
