"""Conversations and what is said in them: numbered without a gap, once, and shown by when it was said."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from channels.contents import Content, Media, Notice, Reaction
from channels.contents import Text as Words
from channels.envelope import Identity, Person
from channels.stores.conversations import Party, Thread, open_threads
from channels.stores.edits import Changed, Edit, apply, join_edits
from channels.stores.people import Sighting, resolve
from channels.stores.thread import Appended, Entry, append
from core.db.sessions import TenantSession
from core.errors import NotFound
from core.floor import Floor
from core.ids import ConversationId, new_id
from core.models.people import IdentityKind
from core.models.stream import Author, Direction
from tests.fixtures.inbound import Inbox, later, open_inbox


@pytest.fixture
async def inbox(floor: Floor) -> Inbox:
    return await open_inbox(floor)


async def some_parties(inbox: Inbox, count: int) -> list[Party]:
    async with inbox.session() as session:
        people = [
            Person(identities=(Identity(kind=IdentityKind.BSUID, value=f"BR.{number}"),)) for number in range(count)
        ]
        resolved = await resolve(session, [Sighting(person=one, at=later(0)) for one in people])
        return [Party(connection=inbox.connection, contact=contact) for contact in resolved.contacts if contact]


async def open_some(inbox: Inbox, count: int = 1) -> list[ConversationId]:
    parties = await some_parties(inbox, count)
    async with inbox.session() as session:
        threads = await open_threads(session, parties)
        return [threads[party].id for party in parties]


def entry(inbox: Inbox, conversation: ConversationId, content: Content | str = "oi", **about: Any) -> Entry:
    customers = {"direction": Direction.IN, "author": Author.CUSTOMER, "connection": inbox.connection}
    said = Words(body=content) if isinstance(content, str) else content
    return Entry(**{**customers, "conversation": conversation, "content": said, **about})


async def add(inbox: Inbox, *entries: Entry) -> list[Appended]:
    async with inbox.session() as session:
        return await append(session, entries)


async def thread(inbox: Inbox, conversation: ConversationId) -> Any:
    [row] = await inbox.rows("SELECT * FROM conversations WHERE id = :id", id=conversation)
    return row


async def texts(inbox: Inbox) -> list[str]:
    return [row[0] for row in await inbox.rows("SELECT text FROM messages ORDER BY seq")]


async def somebody_waits(session: TenantSession) -> None:
    """Until another transaction waits for a lock."""
    async with asyncio.timeout(10):
        while not await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")):
            await session.execute(text("SELECT pg_sleep(0.01)"))


class TestOpenThreads:
    async def test_there_is_one_per_contact_and_line(self, inbox: Inbox) -> None:
        parties = await some_parties(inbox, 2)
        async with inbox.session() as session:
            first = await open_threads(session, [*parties, *parties])
        async with inbox.session() as session:
            again = await open_threads(session, parties)

        assert [thread.is_new for thread in first.values()] == [True, True]
        assert again == {party: replace(thread, is_new=False) for party, thread in first.items()}

    async def test_after_a_closed_one_another_is_opened(self, inbox: Inbox) -> None:
        [party] = await some_parties(inbox, 1)
        async with inbox.session() as session:
            first = (await open_threads(session, [party]))[party]
            await session.execute(text("UPDATE conversations SET control = 'closed'"))
        async with inbox.session() as session:
            second = (await open_threads(session, [party]))[party]

        assert second.is_new
        assert second.id != first.id

    async def test_ten_who_open_at_once_open_one(self, inbox: Inbox) -> None:
        [party] = await some_parties(inbox, 1)

        async def open_it() -> Thread:
            async with inbox.session() as session:
                return (await open_threads(session, [party]))[party]

        threads = await asyncio.gather(*(open_it() for _ in range(10)))

        assert len({thread.id for thread in threads}) == 1
        assert sum(thread.is_new for thread in threads) == 1

    async def test_one_that_is_closed_while_it_is_waited_for_is_not_written_in(self, inbox: Inbox) -> None:
        [party] = await some_parties(inbox, 1)
        async with inbox.session() as session:
            first = (await open_threads(session, [party]))[party]

        async def open_it() -> Thread:
            async with inbox.session() as session:
                return (await open_threads(session, [party]))[party]

        async with inbox.session() as closing:
            await closing.execute(text("UPDATE conversations SET control = 'closed'"))
            waiting = asyncio.create_task(open_it())
            await somebody_waits(closing)

        assert (await waiting).id != first.id

    async def test_nobody_to_talk_with_is_no_conversation(self, inbox: Inbox) -> None:
        async with inbox.session() as session:
            assert await open_threads(session, []) == {}


class TestAppend:
    async def test_each_conversation_numbers_its_own(self, inbox: Inbox) -> None:
        first, second = await open_some(inbox, 2)

        added = await add(inbox, entry(inbox, first), entry(inbox, second), entry(inbox, first))
        more = await add(inbox, entry(inbox, first))

        assert [(one.conversation, one.seq) for one in added] == [(first, 1), (second, 1), (first, 2)]
        assert [one.seq for one in more] == [3]
        assert (await thread(inbox, first)).message_seq == 3

    async def test_what_we_have_is_left_out_and_takes_no_number(self, inbox: Inbox) -> None:
        [conversation] = await open_some(inbox)
        await add(inbox, entry(inbox, conversation, "um", provider_id="w.1"))

        again = [
            entry(inbox, conversation, "um", provider_id="w.1"),
            entry(inbox, conversation, "dois", provider_id="w.2"),
            entry(inbox, conversation, "dois", provider_id="w.2"),
            entry(inbox, conversation, "três", provider_id="w.3"),
        ]
        added = await add(inbox, *again)

        assert [(one.id, one.seq) for one in added] == [(again[1].id, 2), (again[3].id, 3)]
        assert await texts(inbox) == ["um", "dois", "três"]

    async def test_what_has_no_name_at_the_provider_is_always_new(self, inbox: Inbox) -> None:
        [conversation] = await open_some(inbox)

        assert len(await add(inbox, entry(inbox, conversation), entry(inbox, conversation))) == 2

    async def test_one_name_on_two_lines_is_of_two_messages(self, inbox: Inbox, floor: Floor) -> None:
        other = await open_inbox(floor)
        [here], [there] = await open_some(inbox), await open_some(other)

        assert await add(inbox, entry(inbox, here, provider_id="w.1"))
        assert await add(other, entry(other, there, provider_id="w.1"))

    async def test_what_the_customer_said_moves_their_window_by_the_providers_clock(self, inbox: Inbox) -> None:
        [conversation] = await open_some(inbox)
        await add(inbox, entry(inbox, conversation, provider_id="w.2", provider_at=later(9)))
        await add(inbox, entry(inbox, conversation, provider_id="w.1", provider_at=later(1)))

        row = await thread(inbox, conversation)
        assert (row.last_inbound_at, row.last_message_at, row.last_inbound_seq) == (later(9), later(9), 2)

    @pytest.mark.parametrize(
        ("content", "author"),
        [
            (Reaction(target="w.0", emoji="👍"), Author.CUSTOMER),
            (Notice(kind="identity", body="mudou"), Author.SYSTEM),
            (Words(body="Oi!"), Author.BOT),
            (Words(body="Oi!"), Author.STAFF),
        ],
    )
    async def test_nothing_else_moves_it(self, inbox: Inbox, content: Content, author: Author) -> None:
        [conversation] = await open_some(inbox)
        await add(inbox, entry(inbox, conversation, content, author=author, provider_at=later(5)))

        row = await thread(inbox, conversation)
        assert (row.last_inbound_at, row.last_inbound_seq) == (None, 0)
        assert (row.last_message_at, row.message_seq) == (later(5), 1)

    async def test_it_is_kept_whole_and_as_people_read_it(self, inbox: Inbox) -> None:
        [conversation] = await open_some(inbox)
        image = Media(kind="image", provider_media_id="m.1", caption="olha", mime="image/jpeg")

        await add(inbox, entry(inbox, conversation, image, reply_to="w.0", context={"is_forwarded": True}))

        [row] = await inbox.rows(
            "SELECT kind, text, reply_to, content ->> 'provider_media_id' AS media,"
            " content ->> 'is_forwarded' AS forwarded FROM messages"
        )
        assert tuple(row) == ("image", "olha", "w.0", "m.1", "true")

    async def test_a_conversation_that_is_not_there_is_refused(self, inbox: Inbox) -> None:
        with pytest.raises(NotFound):
            await add(inbox, entry(inbox, ConversationId(new_id())))

    async def test_that_of_another_company_is_not_there(self, inbox: Inbox, floor: Floor) -> None:
        other = await open_inbox(floor)
        [there] = await open_some(other)

        with pytest.raises(NotFound):
            await add(inbox, entry(inbox, there))

    async def test_nothing_is_nothing(self, inbox: Inbox) -> None:
        assert await add(inbox) == []

    async def test_twenty_who_write_at_once_leave_no_gap_and_wait_for_each_other(self, inbox: Inbox) -> None:
        """Whatever order they name the conversations in."""
        conversations = await open_some(inbox, 3)

        async def write(number: int) -> list[Appended]:
            order = conversations if number % 2 else conversations[::-1]
            return await add(inbox, *(entry(inbox, one, f"{number}") for one in order))

        added = await asyncio.gather(*(write(number) for number in range(20)))

        for conversation in conversations:
            numbers = sorted(one.seq for some in added for one in some if one.conversation == conversation)
            assert numbers == list(range(1, 21))

    async def test_ten_who_add_the_same_message_at_once_add_it_once(self, inbox: Inbox) -> None:
        [conversation] = await open_some(inbox)

        added = await asyncio.gather(*(add(inbox, entry(inbox, conversation, provider_id="w.1")) for _ in range(10)))

        assert [len(some) for some in added].count(1) == 1
        assert (await thread(inbox, conversation)).message_seq == 1


class TestEdits:
    async def change(self, inbox: Inbox, *edits: tuple[str, str | None, float]) -> None:
        async with inbox.session() as session:
            await apply(
                session,
                [
                    Edit(
                        connection=inbox.connection,
                        target=target,
                        at=later(second),
                        content=Words(body=body) if body else None,
                    )
                    for target, body, second in edits
                ],
            )

    async def shown(self, inbox: Inbox) -> list[tuple[str, datetime | None, datetime | None]]:
        rows = await inbox.rows("SELECT text, edited_at, deleted_at FROM messages ORDER BY seq")
        return [tuple(row) for row in rows]

    @pytest.mark.parametrize("order", [(1, 2), (2, 1)])
    async def test_the_latest_edit_holds(self, inbox: Inbox, order: Sequence[int]) -> None:
        [conversation] = await open_some(inbox)
        await add(inbox, entry(inbox, conversation, "oi", provider_id="w.1", context={"is_forwarded": True}))

        for second in order:
            await self.change(inbox, ("w.1", f"oi {second}", second))

        assert await self.shown(inbox) == [("oi 2", later(2), None)]
        [row] = await inbox.rows("SELECT content ->> 'body', content ->> 'is_forwarded' FROM messages")
        assert tuple(row) == ("oi 2", "true")

    @pytest.mark.parametrize("order", [("a", "b"), ("b", "a")])
    async def test_of_two_in_one_second_it_is_the_same_one_whatever_came_first(
        self, inbox: Inbox, order: Sequence[str]
    ) -> None:
        [conversation] = await open_some(inbox)
        await add(inbox, entry(inbox, conversation, "oi", provider_id="w.1"))

        for body in order:
            await self.change(inbox, ("w.1", body, 1))

        assert await self.shown(inbox) == [("b", later(1), None)]

    async def test_the_first_removal_stays_and_takes_nothing_away(self, inbox: Inbox) -> None:
        [conversation] = await open_some(inbox)
        await add(inbox, entry(inbox, conversation, "oi", provider_id="w.1"))

        await self.change(inbox, ("w.1", None, 5), ("w.1", None, 3))
        await self.change(inbox, ("w.1", None, 4), ("w.1", "olá", 9))

        assert await self.shown(inbox) == [("olá", later(9), later(3))]

    async def test_what_comes_before_its_message_waits_for_it(self, inbox: Inbox) -> None:
        [conversation] = await open_some(inbox)
        await self.change(inbox, ("w.1", "olá", 2), ("w.1", "olá", 2), ("w.1", None, 3))
        assert await inbox.count("parked_news") == 2

        await add(inbox, entry(inbox, conversation, "oi", provider_id="w.1"))
        async with inbox.session() as session:
            joined = await join_edits(session, [(inbox.connection, "w.1")])

        assert joined == [Changed(conversation=conversation, seq=1)] * 2
        assert await self.shown(inbox) == [("olá", later(2), later(3))]
        assert await inbox.count("parked_news") == 0

    async def test_without_names_all_that_may_join_do(self, inbox: Inbox) -> None:
        [conversation] = await open_some(inbox)
        await self.change(inbox, ("w.1", "olá", 2), ("w.2", "tchau", 2))
        await add(inbox, entry(inbox, conversation, "oi", provider_id="w.1"))

        async with inbox.session() as session:
            assert await join_edits(session) == [Changed(conversation=conversation, seq=1)]
        assert await inbox.count("parked_news") == 1
