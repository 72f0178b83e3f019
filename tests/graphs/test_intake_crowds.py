"""Many engines and many posts at once: a crowd of things that belong together is told apart by nobody."""

import asyncio
import random

import pytest
from sqlalchemy import text

from channels.contents import Json
from channels.stores import people
from core.db.sessions import TenantSession
from core.floor import Floor
from graphs import intake
from tests.fixtures.inbound import Customer, Inbox, later, message, open_inbox, someone


@pytest.fixture
async def inbox(floor: Floor) -> Inbox:
    return await open_inbox(floor)


async def post_and_take(inbox: Inbox, body: Json) -> None:
    await inbox.post(body)
    await inbox.take_in()


class TestAlbums:
    @pytest.mark.timeout(180)
    async def test_ten_posts_at_once_are_one_conversation_and_one_turn_fifty_times(self, floor: Floor) -> None:
        inbox = await open_inbox(floor)
        for number in range(50):
            ana = someone(name="Ana")
            album = [
                message(ana, f"w.{number}.{part}", image={"id": f"m.{number}.{part}", "mime_type": "image/jpeg"})
                for part in range(10)
            ]
            await asyncio.gather(*(post_and_take(inbox, inbox.body(part)) for part in album))

        rows = await inbox.rows(
            "SELECT c.message_seq, (SELECT count(*) FROM turns t WHERE t.conversation_id = c.id AND t.state = 'open'),"
            " (SELECT count(*) FROM messages m WHERE m.conversation_id = c.id),"
            " (SELECT count(DISTINCT m.seq) FROM messages m WHERE m.conversation_id = c.id) FROM conversations c"
        )
        assert len(rows) == 50
        assert {tuple(row) for row in rows} == {(10, 1, 10, 10)}
        assert await inbox.count("contacts") == 50
        assert await inbox.count("media_files") == 500


async def waiters(session: TenantSession, count: int) -> None:
    """Until so many transactions wait for a lock."""
    async with asyncio.timeout(10):
        while await session.scalar(text("SELECT count(*) FROM pg_locks WHERE NOT granted")) != count:
            await session.execute(text("SELECT pg_sleep(0.01)"))


class TestTwins:
    async def test_what_two_engines_hear_at_once_is_kept_once_and_leaves_no_gap(
        self, floor: Floor, inbox: Inbox
    ) -> None:
        ana = someone(name="Ana")
        same, more = message(ana, "w.1", text="oi"), message(ana, "w.2", text="tem pão?")
        async with inbox.session() as session:
            await people.hold(session)
            engines = []
            for number, things in enumerate([(same,), (same, more)], start=1):
                await inbox.post(inbox.body(*things))
                engines.append(asyncio.create_task(intake.take_in(floor, inbox.registry)))
                await waiters(session, number)
        await asyncio.gather(*engines)

        rows = await inbox.rows("SELECT seq, text FROM messages ORDER BY seq")
        assert [tuple(row) for row in rows] == [(1, "oi"), (2, "tem pão?")]


class TestOnePerson:
    @pytest.mark.parametrize("seed", range(5))
    async def test_known_by_three_names_in_turn_is_one_contact_one_turn_and_one_opt_out(
        self, inbox: Inbox, seed: int
    ) -> None:
        """Number, id and both, interleaved, by several engines at once."""
        shuffle = random.Random(seed)  # noqa: S311 - an order to be repeated
        faces = [
            Customer(number="551187650001"),
            Customer(number="5511987650001"),
            Customer(user_id="BR.1"),
            Customer(number="551187650001", user_id="BR.1"),
        ]
        things = [message(shuffle.choice(faces), f"w.{number}", text=f"{number}") for number in range(30)]
        things += [message(face, f"w.face.{number}", text="oi") for number, face in enumerate(faces)]
        shuffle.shuffle(things)

        await asyncio.gather(*(post_and_take(inbox, inbox.body(*things[part::6])) for part in range(6)))
        await inbox.take_in()

        assert await inbox.count("contacts WHERE merged_into IS NULL") == 1
        assert await inbox.count("conversations WHERE control <> 'closed'") == 1
        assert (
            await inbox.count("messages m JOIN conversations c ON c.id = m.conversation_id AND c.control = 'bot'") == 34
        )
        assert await inbox.count("turns WHERE state = 'open'") == 1
        await inbox.tell(message(faces[2], "w.out", text="SAIR", at=later(60)))
        assert await inbox.count("contacts WHERE merged_into IS NULL AND opted_out_at IS NOT NULL") == 1
        assert await inbox.count("suppressions") == 4

    async def test_who_is_merged_while_a_message_is_on_its_way_keeps_one_conversation(self, inbox: Inbox) -> None:
        number, user = Customer(number="5511987650001"), Customer(user_id="BR.1")
        await inbox.tell(message(number, "w.1", text="oi"), message(user, "w.2", text="oi"))
        async with inbox.session() as session:
            await session.execute(
                text("UPDATE turns SET state = 'running', lease_until = now() + interval '1 minute', fence = 1")
            )

        both = Customer(number="5511987650001", user_id="BR.1")
        await asyncio.gather(
            post_and_take(inbox, inbox.body(message(both, "w.3", text="sou eu"))),
            post_and_take(inbox, inbox.body(message(user, "w.4", text="alô"))),
        )

        assert await inbox.count("conversations WHERE control <> 'closed'") == 1
        assert await inbox.count("turns WHERE state = 'open'") == 1
        rows = await inbox.rows(
            "SELECT m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id WHERE c.control = 'bot'"
        )
        assert sorted(row[0] for row in rows) == ["alô", "oi", "oi", "sou eu"]
