"""What cannot be read or stored takes no neighbour along, is tried three times, and is never lost."""

import asyncio
import random
import string
from collections.abc import Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

import pytest
from sqlalchemy import text

from channels.contents import Text
from channels.envelope import Identity, InboundEvent, Person, Received
from channels.stores import people
from core import telemetry
from core.db.sessions import TenantSession
from core.embedded import Urls
from core.floor import Floor
from core.ids import ConversationId, new_id
from core.models.people import ConnectionKind, IdentityKind
from core.telemetry import InboundOutcome
from graphs import intake, store
from graphs.stores import incoming
from tests.fixtures.inbound import NOW, Inbox, Reader, message, open_inbox, someone
from tests.fixtures.servers import Servers

POISON: Final = {"poison": True, "entry": []}
OVER: Final = "UPDATE incoming_events SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL"


def break_down() -> list[InboundEvent]:
    raise KeyError("contacts")


def what_no_database_takes() -> list[InboundEvent]:
    """An adapter of ours would have cleaned it."""
    sender = Person(identities=(Identity(kind=IdentityKind.BSUID, value="BR.1"),))
    return [Received(provider_id="w.poison", at=NOW, sender=sender, content=Text(body="\x00"))]


def what_no_index_takes() -> list[InboundEvent]:
    sender = Person(identities=(Identity(kind=IdentityKind.BSUID, value="BR.1"),))
    name = "".join(random.Random(7).choices(string.ascii_letters, k=9_000))  # noqa: S311 - so that it does not compress
    return [Received(provider_id=name, at=NOW, sender=sender, content=Text(body="oi"))]


def what_no_code_takes() -> list[InboundEvent]:
    sender = Person(identities=(Identity(kind=IdentityKind.BSUID, value="BR.1"),), name="Ana")
    return [Received(provider_id="w.poison", at="yesterday", sender=sender, content=Text(body="oi"))]  # type: ignore[arg-type] # on purpose


async def open_with(floor: Floor, fault: Callable[[], list[InboundEvent]]) -> Inbox:
    return await open_inbox(floor, Reader({"poison": fault}))


async def state_of(inbox: Inbox, event: UUID) -> tuple[str, str | None, int]:
    [row] = await inbox.rows("SELECT state, reason, attempts FROM incoming_events WHERE id = :id", id=event)
    return row.state, row.reason, row.attempts


async def later_on(inbox: Inbox) -> None:
    """When the leases are over."""
    async with inbox.session() as session:
        await session.execute(text(OVER))
    await inbox.take_in()


def neighbours(inbox: Inbox, count: int) -> list[dict[str, object]]:
    return [dict(inbox.body(message(someone(), f"w.{number}", text="oi"))) for number in range(count)]


async def somebody_waits(session: TenantSession) -> None:
    """Until another transaction waits for a lock."""
    async with asyncio.timeout(10):
        while not await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            await session.execute(text("SELECT pg_sleep(0.01)"))


class TestWhatCannotBeTaken:
    @pytest.mark.parametrize(
        ("fault", "reason"),
        [
            (break_down, "KeyError"),
            (what_no_database_takes, "DBAPIError 22021"),
            (what_no_index_takes, "DBAPIError 54000"),
            (what_no_code_takes, "AttributeError"),
        ],
    )
    async def test_it_is_tried_three_times_and_then_kept_apart(
        self, floor: Floor, fault: Callable[[], list[InboundEvent]], reason: str
    ) -> None:
        inbox = await open_with(floor, fault)
        counter = telemetry.inbound(channel=ConnectionKind.WHATSAPP, outcome=InboundOutcome.QUARANTINED)
        before = counter._value.get()
        [poison] = await inbox.post(POISON)

        await inbox.take_in()
        assert await state_of(inbox, poison) == ("new", None, 1)
        await later_on(inbox)
        assert await state_of(inbox, poison) == ("new", None, 2)
        await later_on(inbox)

        state, why, tries = await state_of(inbox, poison)
        assert (state, tries) == ("quarantined", 3)
        assert why is not None
        assert why.split()[-1] == reason.rsplit(maxsplit=1)[-1]
        assert counter._value.get() == before + 1
        await later_on(inbox)
        assert await state_of(inbox, poison) == ("quarantined", why, 3)

    @pytest.mark.parametrize("fault", [break_down, what_no_database_takes, what_no_index_takes, what_no_code_takes])
    async def test_its_neighbours_are_stored(self, floor: Floor, fault: Callable[[], list[InboundEvent]]) -> None:
        inbox = await open_with(floor, fault)
        posts = neighbours(inbox, 100)
        await inbox.post(*posts[:50], POISON, *posts[50:])

        await inbox.take_in()
        await later_on(inbox)

        assert await inbox.count("messages") == 100
        assert await inbox.count("incoming_events WHERE state = 'done'") == 100

    async def test_in_another_company_nobody_notices(self, floor: Floor) -> None:
        inbox = await open_with(floor, what_no_database_takes)
        other = await open_inbox(floor)
        await inbox.post(POISON)
        await other.post(*neighbours(other, 3))

        await inbox.take_in()

        assert await other.count("messages") == 3

    async def test_nothing_of_it_is_stored_by_halves(self, floor: Floor) -> None:
        inbox = await open_with(floor, what_no_database_takes)
        await inbox.post(POISON)
        await inbox.take_in()

        assert await inbox.count("contacts") == await inbox.count("conversations") == 0

    async def test_without_a_connection_nobody_can_read_it(self, floor: Floor) -> None:
        inbox = await open_inbox(floor)
        [lost] = await inbox.post(inbox.body(message(someone(), "w.1", text="oi")), connection_id=None)
        for _ in range(3):
            await later_on(inbox)

        assert await state_of(inbox, lost) == ("quarantined", "no_connection", 3)


class TestWhatKillsTheProcess:
    async def die_with(self, floor: Floor, *, suspects: bool) -> None:
        """Claimed, and never heard of again."""
        await store.claim_incoming(floor.database, most=intake.MOST, lease=timedelta(seconds=-1), suspects=suspects)

    async def test_after_three_deaths_it_is_not_tried_again(self, floor: Floor) -> None:
        read = []

        def count() -> list[InboundEvent]:
            read.append(1)
            return []

        inbox = await open_with(floor, count)
        [killer] = await inbox.post(POISON)
        await self.die_with(floor, suspects=False)
        for _ in range(2):
            await self.die_with(floor, suspects=True)

        await inbox.take_in()

        assert await state_of(inbox, killer) == ("quarantined", "crashed", 4)
        assert read == []

    async def test_those_who_died_with_it_are_taken_one_by_one(self, floor: Floor) -> None:
        inbox = await open_inbox(floor)
        await inbox.post(*neighbours(inbox, 30))
        await self.die_with(floor, suspects=False)

        await inbox.take_in()

        assert await inbox.count("messages") == 30
        assert await inbox.count("incoming_events WHERE attempts = 2 AND state = 'done'") == 30

    async def test_who_comes_back_late_changes_nothing(self, floor: Floor) -> None:
        """Its lease ended, and another engine has claimed the event since."""
        inbox = await open_inbox(floor)
        [event] = await inbox.post(*neighbours(inbox, 1))
        [late] = await store.claim_incoming(floor.database, most=1, lease=timedelta(seconds=-1))
        [held] = await store.claim_incoming(floor.database, most=1, lease=timedelta(hours=1), suspects=True)

        async with inbox.session() as session:
            assert await incoming.load(session, [late]) == []
            assert await incoming.finish(session, [late]) == set()
            assert not await incoming.quarantine(session, late, "late")
            assert await incoming.finish(session, [held]) == {event}


class TestReplay:
    async def test_an_event_that_was_kept_apart_is_taken_again(self, floor: Floor) -> None:
        faults: dict[str, Callable[[], list[InboundEvent]]] = {"poison": break_down}
        inbox = await open_inbox(floor, Reader(faults))
        [event] = await inbox.post({**inbox.body(message(someone(), "w.1", text="oi")), "poison": True})
        for _ in range(3):
            await later_on(inbox)
        assert (await state_of(inbox, event))[0] == "quarantined"
        faults.clear()

        async with inbox.session() as session:
            assert await intake.replay(session, event)
        await inbox.take_in()

        assert await state_of(inbox, event) == ("done", None, 1)
        assert await inbox.count("messages") == 1

    async def test_one_that_is_not_apart_is_not_found(self, floor: Floor) -> None:
        inbox = await open_inbox(floor)
        [event] = await inbox.post(*neighbours(inbox, 1))
        await inbox.take_in()

        async with inbox.session() as session:
            assert not await intake.replay(session, event)
            assert not await intake.replay(session, new_id())

    async def test_that_of_another_company_is_not_found(self, floor: Floor) -> None:
        inbox = await open_with(floor, break_down)
        [event] = await inbox.post(POISON)
        for _ in range(3):
            await later_on(inbox)

        async with (await open_inbox(floor)).session() as session:
            assert not await intake.replay(session, event)


class TestTrouble:
    async def test_a_line_that_breaks_is_no_try_of_the_event(
        self, floor: Floor, servers: Servers, floor_urls: Urls
    ) -> None:
        inbox = await open_inbox(floor)
        [event] = await inbox.post(*neighbours(inbox, 1))
        for _ in range(5):
            async with inbox.session() as session:
                await people.hold(session)
                taking = asyncio.create_task(intake.take_in(floor, inbox.registry))
                await somebody_waits(session)
                async with servers.superuser(floor_urls) as superuser:
                    await superuser.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE datname = current_database() AND wait_event = 'advisory'"
                    )
                await taking
            async with inbox.session() as session:
                await session.execute(text(OVER))

        assert await state_of(inbox, event) == ("new", None, 0)
        await inbox.take_in()
        assert await state_of(inbox, event) == ("done", None, 1)


class TestDeadlock:
    async def test_whoever_is_chosen_to_give_way_tries_again(self, floor: Floor) -> None:
        """The test holds what intake wants, and wants what intake holds; who began to wait first finds it out."""
        inbox = await open_inbox(floor)
        ana, bia = someone(), someone()
        await inbox.tell(message(ana, "w.1", text="oi"), message(bia, "w.2", text="oi"))
        first, second = sorted([ConversationId(row.id) for row in await inbox.rows("SELECT id FROM conversations")])
        await inbox.post(*(inbox.body(message(one, f"w.{one.number}", text="e aí?")) for one in (ana, bia)))
        lock = text("SELECT FROM conversations WHERE id = :id FOR UPDATE")

        async with inbox.session() as session:
            await session.execute(lock, {"id": second})
            taking = asyncio.create_task(inbox.take_in())
            await somebody_waits(session)
            await session.execute(lock, {"id": first})
        await taking

        assert await inbox.count("messages WHERE text = 'e aí?'") == 2
        assert await inbox.count("incoming_events WHERE state = 'done'") == 4
