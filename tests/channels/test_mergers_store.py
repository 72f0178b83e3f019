"""Contacts that become one, and apart again; and the same contact under another number."""

from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from channels.contents import Text as Words
from channels.envelope import Identity, Person
from channels.stores import folds
from channels.stores.conversations import Party, open_threads
from channels.stores.mergers import Renumbering, merge, renumber, unmerge
from channels.stores.outbox import NewOutbound, queue
from channels.stores.people import Merger, Sighting, resolve
from channels.stores.thread import Entry, append
from core.errors import Conflict, NotFound
from core.floor import Floor
from core.ids import ContactId, ConversationId, new_id
from core.models.outbox import Purpose
from core.models.people import IdentityKind
from core.models.stream import Author, Direction
from tests.fixtures.inbound import Inbox, later, open_inbox


@pytest.fixture
async def inbox(floor: Floor) -> Inbox:
    return await open_inbox(floor)


def known_by(kind: IdentityKind, value: str, name: str | None = None) -> Person:
    return Person(identities=(Identity(kind=kind, value=value),), name=name)


def number(digits: str, name: str | None = None) -> Person:
    return known_by(IdentityKind.WA_ID, digits, name)


async def meet(inbox: Inbox, person: Person, *, seconds: float = 0) -> ContactId:
    async with inbox.session() as session:
        [contact] = (await resolve(session, [Sighting(person=person, at=later(seconds))])).contacts
    assert contact is not None
    return contact


async def talk(inbox: Inbox, contact: ContactId, *words: str, seconds: float = 0) -> ConversationId:
    async with inbox.session() as session:
        party = Party(connection=inbox.connection, contact=contact)
        thread = (await open_threads(session, [party]))[party].id
        entries = [
            Entry(
                conversation=thread,
                connection=inbox.connection,
                direction=Direction.IN,
                author=Author.CUSTOMER,
                content=Words(body=body),
                provider_id=f"w.{body}",
                provider_at=later(seconds),
            )
            for body in words
        ]
        await append(session, entries)
    return thread


async def answer(inbox: Inbox, conversation: ConversationId, intent: str) -> None:
    async with inbox.session() as session:
        new = NewOutbound(conversation=conversation, intent=intent, content=Words(body=intent), purpose=Purpose.REPLY)
        assert await queue(session, new)


async def unite(inbox: Inbox, kept: ContactId, gone: ContactId) -> UUID:
    """As intake does, but for closing what was folded, which is `graphs.handoff`'s."""
    merger = Merger(kept=kept, gone=gone)
    async with inbox.session() as session:
        done = []
        for pair in await folds.rivals(session, [merger]):
            done.append(await folds.fold(session, pair))
            await session.execute(text("UPDATE conversations SET control = 'closed' WHERE id = :id"), {"id": pair.gone})
        return await merge(session, merger, done)


async def undo(inbox: Inbox, event: UUID) -> ContactId:
    async with inbox.session() as session:
        return (await unmerge(session, event)).gone


async def said_in(inbox: Inbox, conversation: ConversationId) -> list[tuple[int, str]]:
    sql = "SELECT seq, text FROM messages WHERE conversation_id = :id ORDER BY seq"
    return [tuple(row) for row in await inbox.rows(sql, id=conversation)]


async def one(inbox: Inbox, sql: str, **bound: Any) -> Any:
    [row] = await inbox.rows(sql, **bound)
    return row


class TestMerge:
    async def test_identities_conversations_and_messages_to_be_sent_move(self, inbox: Inbox) -> None:
        ana, same = await meet(inbox, number("5511987650001")), await meet(inbox, number("5511987650002"))
        conversation = await talk(inbox, same, "oi")
        await answer(inbox, conversation, "answer:1")

        await unite(inbox, ana, same)

        assert await meet(inbox, number("5511987650002")) == ana
        for table in ("conversations", "outbound", "contact_identities"):
            assert await inbox.count(f"{table} WHERE contact_id = :gone", gone=same) == 0
        assert (await one(inbox, "SELECT merged_into FROM contacts WHERE id = :id", id=same)).merged_into == ana

    @pytest.mark.parametrize("seconds", [1, 9])
    async def test_of_two_open_conversations_that_with_the_newest_inbound_stays(
        self, inbox: Inbox, seconds: int
    ) -> None:
        ana, same = await meet(inbox, number("5511987650001")), await meet(inbox, number("5511987650002"))
        first = await talk(inbox, ana, "um", "dois", seconds=5)
        second = await talk(inbox, same, "três", seconds=seconds)

        await unite(inbox, ana, same)

        kept, gone = (second, first) if seconds > 5 else (first, second)
        folded = [(1, "três"), (2, "um"), (3, "dois")] if seconds > 5 else [(1, "um"), (2, "dois"), (3, "três")]
        assert await said_in(inbox, kept) == folded
        assert await said_in(inbox, gone) == []
        row = await one(inbox, "SELECT * FROM conversations WHERE id = :id", id=kept)
        assert (row.message_seq, row.last_inbound_seq, row.contact_id) == (3, 3, ana)
        assert row.last_inbound_at == later(max(5, seconds))

    async def test_the_one_that_a_person_holds_stays_however_old(self, inbox: Inbox) -> None:
        ana, same = await meet(inbox, number("5511987650001")), await meet(inbox, number("5511987650002"))
        held = await talk(inbox, ana, "um", seconds=1)
        await talk(inbox, same, "dois", seconds=9)
        async with inbox.session() as session:
            await session.execute(text("UPDATE conversations SET control = 'human' WHERE id = :id"), {"id": held})

        await unite(inbox, ana, same)

        assert await said_in(inbox, held) == [(1, "um"), (2, "dois")]

    async def test_what_was_queued_in_the_other_is_sent_where_the_same_answers(self, inbox: Inbox) -> None:
        ana, same = await meet(inbox, number("5511987650001")), await meet(inbox, number("5511987650002"))
        kept, gone = await talk(inbox, ana, "um", seconds=9), await talk(inbox, same, "dois", seconds=1)
        async with inbox.session() as session:
            await session.execute(text("UPDATE conversations SET control_epoch = 3 WHERE id = :id"), {"id": kept})
        await answer(inbox, gone, "answer:1")

        await unite(inbox, ana, same)

        row = await one(inbox, "SELECT * FROM outbound")
        assert (row.conversation_id, row.contact_id, row.seq, row.control_epoch) == (kept, ana, 3, 3)

    async def test_what_a_bot_queued_is_void_where_a_person_answers_now(self, inbox: Inbox) -> None:
        ana, same = await meet(inbox, number("5511987650001")), await meet(inbox, number("5511987650002"))
        held, gone = await talk(inbox, ana, "um", seconds=1), await talk(inbox, same, "dois", seconds=9)
        async with inbox.session() as session:
            await session.execute(text("UPDATE conversations SET control = 'human' WHERE id = :id"), {"id": held})
        await answer(inbox, gone, "answer:1")

        await unite(inbox, ana, same)

        row = await one(
            inbox,
            "SELECT o.control_epoch, c.control_epoch AS now FROM outbound o, conversations c"
            " WHERE c.id = o.conversation_id",
        )
        assert row.control_epoch != row.now

    @pytest.mark.parametrize(
        ("kept", "gone", "named"),
        [
            (("Ana", 2), ("Aninha", 1), "Aninha"),
            (("Ana", 1), ("Aninha", 2), "Ana"),
            ((None, 1), ("Aninha", 2), "Aninha"),
            (("Ana", 1), (None, 2), "Ana"),
        ],
    )
    async def test_of_two_names_at_the_provider_the_first_stays(
        self, inbox: Inbox, kept: tuple[str | None, int], gone: tuple[str | None, int], named: str
    ) -> None:
        ana = await meet(inbox, number("5511987650001", kept[0]), seconds=kept[1])
        same = await meet(inbox, number("5511987650002", gone[0]), seconds=gone[1])

        await unite(inbox, ana, same)

        assert (await one(inbox, "SELECT name FROM contacts WHERE id = :id", id=ana)).name == named

    async def test_a_name_that_a_person_gave_to_either_wins(self, inbox: Inbox) -> None:
        ana, same = await meet(inbox, number("5511987650001", "Ana")), await meet(inbox, number("5511987650002"))
        async with inbox.session() as session:
            await session.execute(text("UPDATE contacts SET name = 'Dona Ana' WHERE id = :id"), {"id": same})

        await unite(inbox, ana, same)

        assert (await one(inbox, "SELECT name FROM contacts WHERE id = :id", id=ana)).name == "Dona Ana"

    async def test_fields_of_both_are_there_and_those_of_the_older_first(self, inbox: Inbox) -> None:
        ana, same = await meet(inbox, number("5511987650001")), await meet(inbox, number("5511987650002"))
        async with inbox.session() as session:
            set_fields = text("UPDATE contacts SET fields = CAST(:fields AS jsonb) WHERE id = :id")
            await session.execute(set_fields, {"id": ana, "fields": '{"cidade": "Santos"}'})
            await session.execute(set_fields, {"id": same, "fields": '{"cidade": "Rio", "cpf": "1"}'})

        await unite(inbox, ana, same)

        row = await one(inbox, "SELECT fields FROM contacts WHERE id = :id", id=ana)
        assert row.fields in ({"cidade": "Santos", "cpf": "1"}, '{"cpf": "1", "cidade": "Santos"}')


class TestUnmerge:
    async def test_everything_is_where_it_was(self, inbox: Inbox) -> None:
        ana, same = await meet(inbox, number("5511987650001", "Ana")), await meet(inbox, number("5511987650002", "Zé"))
        first, second = await talk(inbox, ana, "um", seconds=1), await talk(inbox, same, "dois", seconds=9)
        await answer(inbox, first, "answer:1")
        event = await unite(inbox, ana, same)

        assert await undo(inbox, event) == same

        assert await meet(inbox, number("5511987650002")) == same
        assert await said_in(inbox, first) == [(1, "um"), (2, "answer:1")]
        assert await said_in(inbox, second) == [(1, "dois")]
        owners = await inbox.rows("SELECT id, contact_id FROM conversations")
        assert {tuple(row) for row in owners} == {(first, ana), (second, same)}
        sent = await one(inbox, "SELECT conversation_id, contact_id, seq FROM outbound")
        assert tuple(sent) == (first, ana, 2)
        names = await inbox.rows("SELECT id, name, merged_into FROM contacts")
        assert {tuple(row) for row in names} == {(ana, "Ana", None), (same, "Zé", None)}
        assert await inbox.count("contact_events WHERE kind = 'unmerged'") == 1

    async def test_what_came_since_stays_with_whom_it_came_to(self, inbox: Inbox) -> None:
        ana, same = await meet(inbox, number("5511987650001")), await meet(inbox, number("5511987650002"))
        event = await unite(inbox, ana, same)
        async with inbox.session() as session:
            both = Person(
                identities=(*number("5511987650001").identities, Identity(kind=IdentityKind.BSUID, value="B"))
            )
            await resolve(session, [Sighting(person=both, at=later(0))])

        await undo(inbox, event)

        assert await meet(inbox, known_by(IdentityKind.BSUID, "B")) == ana

    async def test_it_is_undone_once(self, inbox: Inbox) -> None:
        ana, same = await meet(inbox, number("5511987650001")), await meet(inbox, number("5511987650002"))
        event = await unite(inbox, ana, same)
        await undo(inbox, event)

        with pytest.raises(Conflict):
            await undo(inbox, event)

    async def test_what_never_happened_is_not_there(self, inbox: Inbox) -> None:
        with pytest.raises(NotFound):
            await undo(inbox, new_id())

    async def test_that_of_another_company_is_not_there(self, inbox: Inbox, floor: Floor) -> None:
        ana, same = await meet(inbox, number("5511987650001")), await meet(inbox, number("5511987650002"))
        event = await unite(inbox, ana, same)

        with pytest.raises(NotFound):
            await undo(await open_inbox(floor), event)


class TestRenumber:
    async def change(self, inbox: Inbox, contact: ContactId, *, key: str = "k") -> None:
        change = Renumbering(
            contact=contact, old=number("5511987650001"), new=number("5568987650002"), at=later(0), key=key
        )
        async with inbox.session() as session:
            both = Person(identities=(*change.old.identities, *change.new.identities))
            await resolve(session, [Sighting(person=both, at=change.at)])
            await renumber(session, [change])

    async def test_the_new_number_is_the_one_to_write_to_and_the_old_still_finds_them(self, inbox: Inbox) -> None:
        ana = await meet(inbox, number("5511987650001"))

        await self.change(inbox, ana)

        newest = await inbox.rows("SELECT value FROM contact_identities WHERE kind = 'wa_id' ORDER BY created_at DESC")
        assert [row[0] for row in newest] == ["5568987650002", "5511987650001"]
        assert await meet(inbox, number("5511987650001")) == ana

    async def test_the_time_zone_moves_along_unless_a_person_set_it(self, inbox: Inbox) -> None:
        ana = await meet(inbox, number("5511987650001"))
        await self.change(inbox, ana)
        assert (await one(inbox, "SELECT time_zone FROM contacts")).time_zone == "America/Rio_Branco"

    async def test_a_time_zone_that_a_person_set_stays(self, inbox: Inbox) -> None:
        ana = await meet(inbox, number("5511987650001"))
        async with inbox.session() as session:
            await session.execute(text("UPDATE contacts SET time_zone = 'America/Manaus'"))

        await self.change(inbox, ana)

        assert (await one(inbox, "SELECT time_zone FROM contacts")).time_zone == "America/Manaus"

    async def test_told_twice_it_happened_once(self, inbox: Inbox) -> None:
        ana = await meet(inbox, number("5511987650001"))
        for key in ("k", "k", "another"):
            await self.change(inbox, ana, key=key)

        assert await inbox.count("contact_events WHERE kind = 'renumbered'") == 2
