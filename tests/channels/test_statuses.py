"""What became of what we sent: the same end whatever order it is told in, and proof where no answer ever came."""

import asyncio
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import insert, text

from channels.contents import Text as Words
from channels.envelope import Identity, Person, ProviderError, Status, StatusChanged
from channels.stores import statuses
from channels.stores.conversations import Party, open_threads
from channels.stores.outbox import NewOutbound, queue
from channels.stores.people import Sighting, resolve
from channels.stores.statuses import Applied, Told, find, intent_of, join_parked
from channels.stores.thread import Entry, append
from core import telemetry
from core.floor import Floor
from core.ids import ContactId, ConversationId, new_id
from core.models.outbox import OutboundAttempt, OutboundState, Purpose
from core.models.people import ConnectionKind, IdentityKind
from core.models.stream import Author, Direction
from core.telemetry import InboundOutcome
from tests.fixtures.inbound import Inbox, later, open_inbox

MARK: Final = "0a1b2c3d"
REFUSED: Final = ProviderError(kind="undeliverable", code="131026", title="Undeliverable")


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """A message of ours, as the outbox has it."""

    inbox: Inbox
    contact: ContactId
    conversation: ConversationId
    outbound: UUID
    intent: str

    @property
    def tag(self) -> str:
        return f"{self.intent}.1.{MARK}"

    async def row(self) -> Any:
        [row] = await self.inbox.rows("SELECT * FROM outbound WHERE id = :id", id=self.outbound)
        return row

    async def set(self, assignment: str) -> None:
        async with self.inbox.session() as session:
            await session.execute(text(f"UPDATE outbound SET {assignment} WHERE id = :id"), {"id": self.outbound})  # noqa: S608 - ours


@pytest.fixture
async def inbox(floor: Floor) -> Inbox:
    return await open_inbox(floor)


@pytest.fixture
async def sent(inbox: Inbox) -> Sent:
    return await send(inbox, "answer:1")


async def send(inbox: Inbox, intent: str, *, state: OutboundState = OutboundState.ACCEPTED) -> Sent:
    """With one attempt, whose answer nobody has seen where no provider's id is set."""
    async with inbox.session() as session:
        person = Person(identities=(Identity(kind=IdentityKind.BSUID, value=f"BR.{intent}"),))
        [contact] = (await resolve(session, [Sighting(person=person, at=later(0))])).contacts
        assert contact is not None
        party = Party(connection=inbox.connection, contact=contact)
        conversation = (await open_threads(session, [party]))[party].id
        new = NewOutbound(conversation=conversation, intent=intent, content=Words(body="oi"), purpose=Purpose.REPLY)
        assert await queue(session, new)
        update = "UPDATE outbound SET state = :state, attempt = 1 WHERE intent_key = :intent RETURNING id"
        outbound = (await session.execute(text(update), {"state": state, "intent": intent})).scalar_one()
        attempt = {"tenant_id": inbox.company, "id": new_id(), "outbound_id": outbound, "number": 1}
        await session.execute(insert(OutboundAttempt).values(**attempt, tag=f"{intent}.1.{MARK}"))
    return Sent(inbox=inbox, contact=contact, conversation=conversation, outbound=outbound, intent=intent)


def change(status: Status, second: float, **about: Any) -> StatusChanged:
    return StatusChanged(**{"provider_id": "out.1", "status": status, "at": later(second), **about})


async def hear(inbox: Inbox, *changes: StatusChanged) -> Applied:
    told = [Told(connection=inbox.connection, change=one) for one in changes]
    async with inbox.session() as session:
        return await statuses.apply(session, told, await find(session, told))


async def join(inbox: Inbox) -> int:
    async with inbox.session() as session:
        return (await join_parked(session)).statuses


class TestOrder:
    @pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
    async def test_every_order_ends_alike(self, sent: Sent, order: Sequence[int]) -> None:
        await sent.set("provider_id = 'out.1'")
        told = [
            change(Status.SENT, 1, pricing={"billable": True}),
            change(Status.FAILED, 2, error=REFUSED),
            change(Status.DELIVERED, 3),
            change(Status.READ, 4, pricing={"category": "service"}),
        ]
        for number in order:
            await hear(sent.inbox, told[number])

        row = await sent.row()
        assert (row.state, row.reason) == ("read", None)
        assert (row.sent_at, row.failed_at, row.delivered_at, row.read_at) == tuple(map(later, (1, 2, 3, 4)))
        assert row.error == {"kind": "undeliverable", "code": "131026", "title": "Undeliverable"}
        assert row.pricing == {"billable": True, "category": "service"}

    async def test_all_at_once_ends_as_one_by_one(self, sent: Sent) -> None:
        await sent.set("provider_id = 'out.1'")

        await hear(sent.inbox, change(Status.READ, 4), change(Status.SENT, 1), change(Status.DELIVERED, 3))

        row = await sent.row()
        assert (row.state, row.sent_at, row.delivered_at, row.read_at) == ("read", later(1), later(3), later(4))

    @pytest.mark.parametrize(
        ("told", "state"),
        [
            ((Status.SENT,), "sent"),
            ((Status.DELIVERED,), "delivered"),
            ((Status.READ,), "read"),
            ((Status.PLAYED,), "read"),
            ((Status.FAILED,), "failed"),
            ((Status.FAILED, Status.SENT), "failed"),
            ((Status.FAILED, Status.DELIVERED), "delivered"),
            ((Status.DELIVERED, Status.FAILED), "delivered"),
            ((Status.READ, Status.SENT), "read"),
        ],
    )
    async def test_what_is_shown_never_goes_back(self, sent: Sent, told: Sequence[Status], state: str) -> None:
        await sent.set("provider_id = 'out.1'")
        for second, status in enumerate(told):
            await hear(sent.inbox, change(status, second, error=REFUSED if status is Status.FAILED else None))

        assert (await sent.row()).state == state

    async def test_each_status_keeps_its_earliest_moment(self, sent: Sent) -> None:
        await sent.set("provider_id = 'out.1'")
        for second in (5, 3, 9):
            await hear(sent.inbox, change(Status.DELIVERED, second))

        assert (await sent.row()).delivered_at == later(3)

    async def test_a_voice_note_that_was_heard_has_a_moment_of_its_own(self, sent: Sent) -> None:
        await sent.set("provider_id = 'out.1'")
        await hear(sent.inbox, change(Status.READ, 2), change(Status.PLAYED, 7))

        row = await sent.row()
        assert (row.read_at, row.played_at) == (later(2), later(7))

    async def test_a_failure_says_why(self, sent: Sent) -> None:
        await sent.set("provider_id = 'out.1'")
        await hear(sent.inbox, change(Status.FAILED, 2, error=REFUSED))

        row = await sent.row()
        assert (row.reason, row.error["code"]) == ("undeliverable", "131026")

    @pytest.mark.parametrize("order", [(0, 1), (1, 0)])
    async def test_of_two_failures_the_first_is_kept(self, sent: Sent, order: Sequence[int]) -> None:
        await sent.set("provider_id = 'out.1'")
        other = ProviderError(kind="not_now", code="131049")
        told = [change(Status.FAILED, 1, error=REFUSED), change(Status.FAILED, 2, error=other)]
        for number in order:
            await hear(sent.inbox, told[number])

        row = await sent.row()
        assert (row.failed_at, row.error["code"]) == (later(1), "131026")

    async def test_told_again_nothing_changes_and_nobody_is_told(self, sent: Sent) -> None:
        await sent.set("provider_id = 'out.1'")
        first = await hear(sent.inbox, change(Status.READ, 2))

        again = await hear(sent.inbox, change(Status.READ, 2), change(Status.READ, 2))

        assert (first.changed, again.changed) == (1, 0)
        assert await sent.inbox.count("domain_events WHERE kind = 'message.status'") == 1


class TestProof:
    @pytest.mark.parametrize("state", ["sending", "unknown", "ambiguous", "queued"])
    async def test_a_tag_that_comes_back_proves_that_the_provider_took_it(self, sent: Sent, state: str) -> None:
        await sent.set(f"state = '{state}', unknown_since = now(), lease_until = now(), retry_at = now()")

        await hear(sent.inbox, change(Status.SENT, 1, tag=sent.tag))

        row = await sent.row()
        assert (row.state, row.provider_id, row.sent_at, row.accepted_at) == ("sent", "out.1", later(1), later(1))
        assert (row.unknown_since, row.lease_until, row.retry_at) == (None, None, None)
        [attempt] = await sent.inbox.rows("SELECT outcome, done_at FROM outbound_attempts")
        assert attempt.outcome == "accepted"
        assert attempt.done_at is not None

    async def test_a_failure_that_carries_the_tag_proves_it_too(self, sent: Sent) -> None:
        await sent.set("state = 'unknown'")
        await hear(sent.inbox, change(Status.FAILED, 1, tag=sent.tag, error=REFUSED))

        assert (await sent.row()).state == "failed"

    async def test_a_database_that_forgot_the_attempt_knows_the_intent(self, sent: Sent) -> None:
        await sent.set("state = 'queued', attempt = 0")
        async with sent.inbox.session() as session:
            await session.execute(text("DELETE FROM outbound_attempts"))

        await hear(sent.inbox, change(Status.DELIVERED, 1, tag=sent.tag))

        row = await sent.row()
        assert (row.state, row.provider_id) == ("delivered", "out.1")

    async def test_a_tag_that_is_not_ours_proves_nothing(self, sent: Sent) -> None:
        await sent.set("state = 'unknown'")
        for tag in ("answer:1", "answer:1.1", f"answer:1.1.{MARK}x", f"answer:2.1.{MARK}", "lote-7"):
            await hear(sent.inbox, change(Status.SENT, 1, tag=tag))

        assert (await sent.row()).state == "unknown"

    async def test_a_tag_that_comes_back_on_another_line_proves_nothing(self, sent: Sent) -> None:
        await sent.set("state = 'unknown'")
        async with sent.inbox.session() as session:
            other = new_id()
            row = {"id": other, "company": sent.inbox.company}
            sql = "INSERT INTO connections (tenant_id, id, kind, name) VALUES (:company, :id, 'whatsapp', 'outra')"
            await session.execute(text(sql), row)
            told = [Told(connection=other, change=change(Status.SENT, 1, tag=sent.tag))]
            await statuses.apply(session, told, await find(session, told))

        assert (await sent.row()).state == "unknown"
        assert await join(sent.inbox) == 0

    async def test_the_name_that_it_had_first_stays(self, sent: Sent) -> None:
        await sent.set("provider_id = 'out.1'")
        await hear(sent.inbox, change(Status.READ, 1, provider_id="out.2", tag=sent.tag))

        row = await sent.row()
        assert (row.provider_id, row.state) == ("out.1", "read")

    async def test_many_statuses_of_many_messages_are_written_together(self, inbox: Inbox) -> None:
        crowd = [await send(inbox, f"answer:{number}") for number in range(5)]
        told = [
            change(status, second, provider_id=f"out.{one.intent}", tag=one.tag)
            for one in crowd
            for second, status in enumerate((Status.SENT, Status.DELIVERED, Status.READ))
        ]

        assert await hear(inbox, *told) == Applied(changed=5)
        assert {(await one.row()).state for one in crowd} == {"read"}

    async def test_sixteen_who_tell_of_the_same_messages_at_once_do_not_block_each_other(self, inbox: Inbox) -> None:
        crowd = [await send(inbox, f"answer:{number}") for number in range(6)]

        async def tell(number: int) -> None:
            order = crowd if number % 2 else crowd[::-1]
            status = list(Status)[number % 4]
            await hear(inbox, *(change(status, number, provider_id=f"o.{one.intent}", tag=one.tag) for one in order))

        await asyncio.gather(*(tell(number) for number in range(16)))

        assert {(await one.row()).state for one in crowd} == {"read"}

    def test_an_intent_may_have_dots_of_its_own(self) -> None:
        assert intent_of(f"camp.7:contact.9.12.{MARK}") == "camp.7:contact.9"
        assert intent_of(None) is None


class TestParked:
    async def test_what_we_do_not_know_yet_waits_and_joins(self, sent: Sent) -> None:
        told = [change(Status.READ, 4), change(Status.SENT, 1, pricing={"billable": True}), change(Status.READ, 4)]
        assert await hear(sent.inbox, *told) == Applied(parked=3)
        assert await join(sent.inbox) == 0
        await sent.set("provider_id = 'out.1'")

        assert await join(sent.inbox) == 2

        row = await sent.row()
        assert (row.state, row.sent_at, row.read_at, row.pricing) == ("read", later(1), later(4), {"billable": True})
        assert await sent.inbox.count("parked_news") == 0

    async def test_it_is_parked_with_all_that_it_said(self, sent: Sent) -> None:
        await hear(sent.inbox, change(Status.FAILED, 2, error=REFUSED))
        await sent.set("provider_id = 'out.1'")
        await join(sent.inbox)

        row = await sent.row()
        assert (row.state, row.failed_at, row.error["title"]) == ("failed", later(2), "Undeliverable")

    async def test_told_twice_it_is_parked_once(self, inbox: Inbox) -> None:
        for _ in range(2):
            await hear(inbox, change(Status.SENT, 1), change(Status.SENT, 1), change(Status.SENT, 2))

        assert await inbox.count("parked_news") == 2

    @pytest.mark.parametrize("first", ["message", "status"])
    async def test_those_of_a_message_from_the_business_phone_are_nobodys(self, sent: Sent, first: str) -> None:
        echo = Entry(
            conversation=sent.conversation,
            connection=sent.inbox.connection,
            direction=Direction.OUT,
            author=Author.STAFF,
            content=Words(body="oi"),
            provider_id="out.1",
        )
        async with sent.inbox.session() as session:
            if first == "message":
                await append(session, [echo])
        await hear(sent.inbox, change(Status.DELIVERED, 1))
        async with sent.inbox.session() as session:
            if first == "status":
                await append(session, [echo])
        await join(sent.inbox)

        assert await sent.inbox.count("parked_news") == 0

    async def test_after_a_week_it_is_given_up_and_counted(self, inbox: Inbox) -> None:
        counter = telemetry.inbound(channel=ConnectionKind.WHATSAPP, outcome=InboundOutcome.IGNORED)
        before = counter._value.get()
        await hear(inbox, change(Status.SENT, 1), change(Status.READ, 1))
        async with inbox.session() as session:
            age = "UPDATE parked_news SET created_at = now() - interval '169 hours' WHERE news ->> 'status' = 'sent'"
            await session.execute(text(age))

        await join(inbox)

        assert await inbox.count("parked_news") == 1
        assert counter._value.get() == before + 1

    async def test_another_company_joins_nothing_of_it(self, sent: Sent, floor: Floor) -> None:
        other = await open_inbox(floor)
        await hear(other, change(Status.SENT, 1, tag=sent.tag))
        await sent.set("provider_id = 'out.1'")

        assert await join(other) == 0
        assert await join(sent.inbox) == 0
