"""A person who is erased: nothing says what they said, what happened has happened still, and others are there."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from admin_api.why.schemas import WhyOut
from channels.envelope import Identity, Person
from channels.stores import people
from channels.stores.people import Sighting
from core import clock
from core.audit import OPERATOR
from core.db.sessions import Database
from core.embedded import Urls
from core.errors import Conflict, NotFound
from core.ids import ContactId
from core.models.answers import ApprovedAnswer
from core.models.files import Erasure
from core.models.people import Contact, IdentityKind
from core.models.staff import StaffNote
from core.models.stream import MediaFile
from core.models.tables import TENANT_TABLES
from core.objects import Label, ObjectKey
from core.servers.postgres import SUPERUSER
from core.storage import open_storage
from graphs import unions
from graphs.erasure import Receipt, erase, remove_files
from graphs.stores.chains import of_message
from knowledge import approved
from knowledge.approved import NewAnswer
from tests.fixtures.planted import OF_NOBODY, another, as_company, places, places_of, plant
from tests.fixtures.rows import Filled, make_filled_company
from tests.fixtures.servers import Servers, as_asyncpg

ANA, BETO, ELSEWHERE = "jabuticaba", "pitangueira", "maracujazeiro"
NUMBERS = {ANA: "5511988887777", BETO: "5511955554444", ELSEWHERE: "5511933332222"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """Two people of a company, and one of another, each with their own word in every place."""

    database: Database
    everything: AsyncEngine  # sees all rows of all companies
    ana: Filled
    beto: Filled
    other: Filled

    @property
    def contact(self) -> ContactId:
        return ContactId(self.ana.id_of("contacts"))

    async def erase(self) -> Receipt:
        async with self.database.tenant_session(self.ana.company) as session:
            return await erase(session, self.contact, OPERATOR)

    async def places_of(self, word: str) -> dict[str, int]:
        async with self.everything.connect() as connection:
            return await places_of(connection, word)


@dataclass(frozen=True, kw_only=True, slots=True)
class Erased:
    """The scene after an erasure, with where the words stood before it and after."""

    scene: Scene
    before: dict[str, dict[str, int]]
    after: dict[str, dict[str, int]]
    receipt: Receipt


@dataclass(frozen=True, kw_only=True, slots=True)
class Planted:
    """The three, and the name of a database in which they stand as they were planted."""

    ana: Filled
    beto: Filled
    other: Filled
    backup: str


@asynccontextmanager
async def strong_engine(servers: Servers, urls: Urls) -> AsyncIterator[AsyncEngine]:
    postgres = servers.embedded.postgres
    strong = postgres.url(user=SUPERUSER, password=postgres.superuser_password, database=urls.app.rsplit("/", 1)[1])
    engine = create_async_engine(as_asyncpg(strong))
    yield engine
    await engine.dispose()


@pytest.fixture(scope="module")
async def planted(servers: Servers, floor_urls: Urls) -> Planted:
    database = Database(floor_urls.app)
    ana = await make_filled_company(database, "ana")
    other = await make_filled_company(database, "beto")
    async with strong_engine(servers, floor_urls) as everything, everything.begin() as connection:
        await as_company(connection, ana.company)
        beto = await another(connection, ana)
        await plant(connection, ana, ANA, NUMBERS[ANA])
        await plant(connection, beto, BETO, NUMBERS[BETO])
        await as_company(connection, other.company)
        await plant(connection, other, ELSEWHERE, NUMBERS[ELSEWHERE])
        await connection.execute(text("UPDATE event_counters SET last_seq = 10"))
    await database.close()
    return Planted(ana=ana, beto=beto, other=other, backup=await servers.back_up(floor_urls))


@asynccontextmanager
async def open_scene(servers: Servers, urls: Urls, planted: Planted) -> AsyncIterator[Scene]:
    database = Database(urls.app)
    async with strong_engine(servers, urls) as everything:
        yield Scene(database=database, everything=everything, ana=planted.ana, beto=planted.beto, other=planted.other)
    await database.close()


@pytest.fixture
async def scene(servers: Servers, urls: Urls, planted: Planted) -> AsyncIterator[Scene]:
    await servers.restore(urls, planted.backup)
    async with open_scene(servers, urls, planted) as scene:
        yield scene


@pytest.fixture(scope="module")
async def erased(servers: Servers, floor_urls: Urls, planted: Planted) -> AsyncIterator[Erased]:
    async with open_scene(servers, floor_urls, planted) as scene:
        async with scene.everything.begin() as connection:
            topic, numbers = scene.ana.id_of("staff_topics"), {"hers": NUMBERS[ANA], "his": NUMBERS[BETO]}
            await connection.execute(text("UPDATE staff_topics SET thread_id = 40 WHERE id = :topic"), {"topic": topic})
            await connection.execute(_SAID_IN_THE_GROUP, {"topic": topic, **numbers})
        words = (*NUMBERS, *NUMBERS.values())
        before = {word: await scene.places_of(word) for word in words}
        receipt = await scene.erase()
        after = {word: await scene.places_of(word) for word in words}
        yield Erased(scene=scene, before=before, after=after, receipt=receipt)


# Two messages outside of any topic name a number: hers, and somebody else's.
_SAID_IN_THE_GROUP = text("""
    INSERT INTO staff_notes (tenant_id, id, key, group_id, lane, state, message_ids, body)
    SELECT t.tenant_id, gen_random_uuid(), n.number, t.group_id, 'news', 'sent', n.messages,
        jsonb_build_object('type', 'say', 'text', jsonb_build_object('text', 'Liga: ' || n.number, 'marks', '[]'))
    FROM staff_topics t, (VALUES (:hers, ARRAY[7, 8]), (:his, ARRAY[9])) AS n (number, messages)
    WHERE t.id = :topic
""")


class TestErase:
    async def test_the_word_was_planted_in_every_table_that_is_about_people(self, erased: Erased) -> None:
        about = {table.name for table in TENANT_TABLES if table.name not in OF_NOBODY and places(table)}
        assert set(erased.before[ANA]) == about - {"contact_identities"}
        assert set(erased.before[NUMBERS[ANA]]) == {"contact_identities", "incoming_events", "staff_notes"}

    async def test_it_is_found_nowhere_afterwards(self, erased: Erased) -> None:
        assert (erased.after[ANA], erased.after[NUMBERS[ANA]]) == ({}, {})

    async def test_other_people_and_other_companies_are_untouched(self, erased: Erased) -> None:
        for word in (BETO, ELSEWHERE, NUMBERS[BETO], NUMBERS[ELSEWHERE]):
            assert erased.after[word] == erased.before[word] != {}

    async def test_the_receipt_names_every_store_with_how_much_was_there(self, erased: Erased) -> None:
        planted, stores = erased.before[ANA], erased.receipt.stores
        assert {store: stores[store] for store in planted} == planted | {"staff_notes": 2}
        async with erased.scene.database.tenant_session(erased.scene.ana.company) as session:
            [row] = await session.scalars(select(Erasure).where(Erasure.id == erased.receipt.id))
        assert row.receipt == stores

    async def test_erased_again_little_is_left_to_erase(self, erased: Erased) -> None:
        again = (await erased.scene.erase()).stores
        assert [again[store] for store in ("contact_facts", "contact_identities", "incoming_events")] == [0, 0, 0]

    async def test_the_chain_says_that_it_happened_and_not_what(self, erased: Erased) -> None:
        ana = erased.scene.ana
        async with erased.scene.database.tenant_session(ana.company) as session:
            bound = {"turn": ana.id_of("turns"), "id": ana.id_of("messages")}
            await session.execute(text("UPDATE messages SET turn_id = :turn WHERE id = :id"), bound)
            shown = WhyOut.of(await of_message(session, ana.id_of("messages")))
        assert shown.text is None
        assert shown.turn is not None
        assert (shown.turn.rules, shown.turn.commands) == (["human.asked"], [])
        assert shown.sent is not None
        assert shown.sent.attempts != []

    async def test_who_comes_back_is_somebody_new_and_still_opted_out(self, erased: Erased) -> None:
        known = Identity(kind=IdentityKind.PHONE, value=f"+{NUMBERS[ANA]}")
        async with erased.scene.database.tenant_session(erased.scene.ana.company) as session:
            seen = Sighting(person=Person(identities=(known,)), at=clock.now())
            [contact] = (await people.resolve(session, [seen])).contacts
            assert contact not in {None, erased.scene.contact}
            row = await session.get_one(Contact, (erased.scene.ana.company, contact))
            assert row.opted_out_at is not None

    async def test_the_topic_and_what_was_said_elsewhere_are_taken_back_in_the_group(self, erased: Erased) -> None:
        async with erased.scene.database.tenant_session(erased.scene.ana.company) as session:
            rows = await session.scalars(select(StaffNote).where(StaffNote.state == "queued").order_by(StaffNote.id))
            bodies = [row.body for row in rows if row.key.startswith("erased:")]
        assert {"type": "delete_topic"} in bodies
        assert [body for body in bodies if body["type"] == "unsay"] == [{"type": "unsay", "message_ids": [7, 8]}]

    @pytest.mark.parametrize(("right", "is_left"), [("true", False), ("false", True)])
    async def test_what_the_bot_cannot_take_back_is_named_to_those_who_can(
        self, scene: Scene, right: str, *, is_left: bool
    ) -> None:
        async with scene.everything.begin() as connection:
            topic, numbers = scene.ana.id_of("staff_topics"), {"hers": NUMBERS[ANA], "his": NUMBERS[BETO]}
            await connection.execute(_SAID_IN_THE_GROUP, {"topic": topic, **numbers})
            await connection.execute(text("UPDATE staff_notes SET sent_at = now() - interval '3 days'"))
            rights = "UPDATE staff_groups SET chat_id = -1001234, rights = CAST(:rights AS jsonb)"
            await connection.execute(text(rights), {"rights": f'{{"can_delete_messages": {right}}}'})
        receipt = await scene.erase()
        assert (receipt.stores["staff_messages"], receipt.stores["staff_messages_left"]) == (
            (0, 2) if is_left else (2, 0)
        )
        async with scene.database.tenant_session(scene.ana.company) as session:
            rows = await session.scalars(select(StaffNote.body).where(StaffNote.state == "queued"))
            said = json.dumps(list(rows))
        assert ("https://t.me/c/1234/7" in said) is is_left
        assert ("unsay" in said) is not is_left

    async def test_somebody_else_s_contact_cannot_be_erased(self, erased: Erased) -> None:
        async with erased.scene.database.tenant_session(erased.scene.ana.company) as session:
            with pytest.raises(NotFound):
                await erase(session, ContactId(erased.scene.other.id_of("contacts")), OPERATOR)

    async def test_what_was_merged_cannot_be_parted_any_more(self, erased: Erased) -> None:
        async with erased.scene.database.tenant_session(erased.scene.ana.company) as session:
            with pytest.raises(NotFound):
                await unions.part(session, erased.scene.ana.id_of("contact_events"))

    async def test_while_a_message_is_on_its_way_nothing_is_erased(self, scene: Scene) -> None:
        async with scene.everything.begin() as connection:
            bound = {"id": scene.ana.id_of("outbound")}
            sending = "UPDATE outbound SET state = 'sending', started_at = now() - interval '1 hour' WHERE id = :id"
            await connection.execute(text(sending), bound)
        before = await scene.places_of(ANA)
        with pytest.raises(Conflict):
            await scene.erase()
        assert await scene.places_of(ANA) == before

    async def test_who_was_merged_is_erased_with_whom_they_were_merged_into(self, scene: Scene) -> None:
        async with scene.everything.begin() as connection:
            bound = {"ana": scene.contact, "beto": scene.beto.id_of("contacts")}
            await connection.execute(text("UPDATE contacts SET merged_into = :ana WHERE id = :beto"), bound)
        await scene.erase()
        assert await scene.places_of(BETO) == {}


class TestTaught:
    @pytest.mark.parametrize(
        ("answer", "is_kept"),
        [("Abrimos aos domingos.", True), (f"Oi, {ANA.title()}! Abrimos.", False), ("Ligue 8888-7777, é ela", False)],
    )
    async def test_an_answer_that_names_them_goes_and_what_the_company_knows_stays(
        self, scene: Scene, answer: str, *, is_kept: bool
    ) -> None:
        async with scene.database.tenant_session(scene.ana.company) as session:
            origin = f"conversation:{scene.ana.id_of('conversations')}"
            made = await approved.approve(session, NewAnswer(question="Abrem domingo?", answer=answer, origin=origin))
        await scene.erase()
        async with scene.database.tenant_session(scene.ana.company) as session:
            found = await approved.find(session, "Abrem domingo?")
            row = await session.get_one(ApprovedAnswer, (scene.ana.company, made.id))
        assert (found is not None) is is_kept
        assert (row.answer == answer) is is_kept
        assert row.origin is None


class TestEvents:
    async def test_who_has_the_digits_of_their_landline_behind_a_9_is_somebody_else(self, scene: Scene) -> None:
        landline, mobile = "551133334444", "5511933334444"
        body = json.dumps({"messages": [{"from": landline}, {"from": mobile}]}).encode()
        async with scene.everything.begin() as connection:
            known = {"contact": scene.contact, "value": f"+{landline}"}
            await connection.execute(
                text("UPDATE contact_identities SET value = :value WHERE contact_id = :contact"), known
            )
            event = {"id": scene.ana.id_of("incoming_events"), "body": body}
            await connection.execute(text("UPDATE incoming_events SET body = :body WHERE id = :id"), event)
        await scene.erase()
        assert (await scene.places_of(mobile), await scene.places_of(landline)) == ({"incoming_events": 1}, {})

    async def test_one_that_waits_goes_on_without_them(self, scene: Scene) -> None:
        """Others wrote in the same one."""
        hers, his = NUMBERS[ANA], NUMBERS[BETO]
        body = json.dumps({"messages": [{"from": hers, "text": "a"}, {"from": his, "text": "b"}]}).encode()
        async with scene.everything.begin() as connection:
            event = scene.ana.id_of("incoming_events")
            bound = {"id": event, "body": body}
            await connection.execute(text("UPDATE incoming_events SET body = :body WHERE id = :id"), bound)
        await scene.erase()
        async with scene.everything.connect() as connection:
            query = text("SELECT body, state FROM incoming_events WHERE id = :id")
            row = (await connection.execute(query, {"id": event})).one()
        assert json.loads(row.body) == {"messages": [{"from": his, "text": "b"}]}
        assert row.state == "new"

    async def test_what_staff_wrote_in_the_topic_goes_as_well(self, scene: Scene) -> None:
        update = {"message": {"chat": {"id": -100}, "message_thread_id": 40, "text": "moro na Rua das Flores"}}
        async with scene.everything.begin() as connection:
            topic, group = scene.ana.id_of("staff_topics"), scene.ana.id_of("staff_groups")
            await connection.execute(text("UPDATE staff_topics SET thread_id = 40 WHERE id = :id"), {"id": topic})
            await connection.execute(text("UPDATE staff_groups SET chat_id = -100 WHERE id = :id"), {"id": group})
            bound = {"id": scene.ana.id_of("incoming_events"), "body": json.dumps(update).encode()}
            said = "UPDATE incoming_events SET body = :body, consumer = 'staff' WHERE id = :id"
            await connection.execute(text(said), bound)
        assert await scene.places_of("Rua das Flores") == {"incoming_events": 1}
        await scene.erase()
        assert await scene.places_of("Rua das Flores") == {}

    async def test_nobody_waits_for_what_is_done_in_another_topic(self, scene: Scene) -> None:
        """Even where the number of hers stands in it."""
        other = {"message": {"chat": {"id": -100}, "message_thread_id": 41, "text": "custa 40 reais"}}
        bound = {"id": scene.beto.id_of("incoming_events"), "body": json.dumps(other).encode()}
        async with scene.everything.begin() as connection:
            topic = {"id": scene.ana.id_of("staff_topics")}
            await connection.execute(text("UPDATE staff_topics SET thread_id = 40 WHERE id = :id"), topic)
            said = "UPDATE incoming_events SET body = :body, consumer = 'staff' WHERE id = :id"
            await connection.execute(text(said), bound)
        async with scene.everything.begin() as connection, asyncio.timeout(10):
            await connection.execute(text("SELECT FROM incoming_events WHERE id = :id FOR UPDATE"), {"id": bound["id"]})
            await scene.erase()
        assert await scene.places_of("custa 40 reais") == {"incoming_events": 1}


class TestRemoveFiles:
    async def test_the_bytes_go_and_those_of_others_stay(self, scene: Scene, tmp_path: Path) -> None:
        storage = open_storage(f"file://{tmp_path}")
        keys = [
            ObjectKey(company=scene.ana.company, kind="media", name=str(person.id_of("media_files")))
            for person in (scene.ana, scene.beto)
        ]
        for key, person in zip(keys, (scene.ana, scene.beto), strict=True):
            await storage.put(key, b"segredo", label=Label(content_type="audio/ogg"))
            async with scene.database.tenant_session(scene.ana.company) as session:
                file = await session.get_one(MediaFile, (scene.ana.company, person.id_of("media_files")))
                file.storage_key = key.path
        await scene.erase()
        assert await remove_files(scene.database, storage, scene.ana.company) == 1
        assert [await storage.exists(key) for key in keys] == [False, True]
        assert await remove_files(scene.database, storage, scene.ana.company) == 0
