"""What waits is said in order per topic, the urgent first, neighbours together where the group is behind."""

from typing import Final
from uuid import UUID

from sqlalchemy import select, text

from channels.contents import Text
from channels.stores.thread import Entry, append
from channels.telegram_staff.notes import About, React
from core.floor import Floor
from core.ids import ConversationId, new_id
from core.models.staff import NoteLane, StaffLine, StaffNote
from core.models.stream import Author, Conversation, Direction
from sandbox.faults import AcceptThenDrop
from sandbox.telegram.book import Act
from sandbox.telegram.faults import BadGateway, FloodWait
from tests.admin_api.staff.transport import Desk, open_desk, plain
from tests.fixtures.sizes import size

SEND: Final = "/telegram/send/sendMessage"


class TestOrder:
    async def test_the_urgent_goes_first_in_the_general(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            keys = [await desk.post(plain(f"novidade {number}")) for number in range(3)]
            keys.append(await desk.post(plain("resposta"), lane=NoteLane.ANSWER))
            async with desk.at_work():
                await desk.until_done(*keys)
            said = [text for text in desk.texts() if "novidade" in text or text == "resposta"]
            assert said.index("resposta") <= 1  # two speak at a time
            assert [text for text in said if "novidade" in text] == [f"novidade {n}" for n in range(3)]

    async def test_a_note_of_another_release_is_given_up_and_holds_up_nobody(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            odd = StaffNote(tenant_id=desk.company, id=new_id(), key="odd", group_id=desk.bound.id)
            odd.lane, odd.body = NoteLane.NEWS, {"type": "sing"}
            async with desk.floor.database.tenant_session(desk.company) as session:
                session.add(odd)
            async with desk.at_work():
                await desk.say(plain("depois dela"))
            assert (await desk.states())["odd"] == "failed"

    async def test_while_the_group_is_behind_neighbours_are_said_in_one(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            place = await desk.topic()
            abouts = [await message(desk) for _ in range(8)]
            keys = [
                await desk.post(plain(f"linha {number}", merges=True, about=About(said=about)), place)
                for number, about in enumerate(abouts)
            ]
            async with desk.at_work():
                await desk.until_done(*keys)
            [text] = [text for text in desk.texts() if "linha 0" in text]
            assert text == "\n\n".join(f"linha {number}" for number in range(8))
            lines = await desk.rows(select(StaffLine.said_id, StaffLine.message_id))
            assert {line.said_id for line in lines} == set(abouts)
            assert len({line.message_id for line in lines}) == 1

    async def test_a_topic_is_as_urgent_as_the_most_urgent_that_waits_in_it(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            hers, his = await desk.topic("Ana"), await desk.topic("Beto")
            keys = [await desk.post(React(message_id=desk.says("oi").id, sign="👍"), hers)]
            keys += [await desk.post(plain(f"Beto {number}"), his, lane=NoteLane.RELAY) for number in range(6)]
            keys.append(await desk.post(plain("Ana espera"), hers, lane=NoteLane.ALERT))
            async with desk.at_work():
                await desk.until_done(*keys)
            said = [text for text in desk.texts() if text.startswith(("Ana", "Beto"))]
            assert said.index("Ana espera") <= 2  # two speak at a time, and her topic has to be opened

    async def test_what_was_put_off_comes_before_what_was_said_after_it(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            place = await desk.topic()
            keys = [await desk.post(plain(f"<{number:03}>", merges=True), place) for number in range(8)]
            desk.sandbox.faults.add(FloodWait(times=1, seconds=1, path=SEND))
            async with desk.at_work():
                await desk.until(lambda: desk.accepted(Act.TOPIC_CREATED))
                keys += [await desk.post(plain(f"<{number:03}>", merges=True), place) for number in range(8, 12)]
                await desk.until_done(*keys)
            told = "".join(desk.texts(thread=await desk.thread_of(place)))
            assert [told.count(f"<{number:03}>") for number in range(12)] == [1] * 12
            assert sorted(range(12), key=lambda number: told.index(f"<{number:03}>")) == list(range(12))

    async def test_nothing_is_merged_past_a_note_that_somebody_is_at(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            place = await desk.topic()
            keys = [await desk.post(plain(f"<{number:03}>", merges=True), place) for number in range(8)]
            held = """
                UPDATE staff_notes SET state = 'sending', reason = 'x', lease_until = now() + interval '2 seconds'
                WHERE key = :key
            """
            async with desk.floor.database.tenant_session(desk.company) as session:
                await session.execute(text(held), {"key": keys[3]})
            async with desk.at_work():
                await desk.until_done(*keys[:3])
                assert (await desk.states())[keys[4]] == "queued"
                await desk.until_done(*keys)
            told = "".join(desk.texts(thread=await desk.thread_of(place)))
            assert sorted(range(8), key=lambda number: told.index(f"<{number:03}>")) == list(range(8))

    async def test_many_notes_under_fire_all_arrive_each_topic_in_its_order(self, floor: Floor) -> None:
        many, topics = size(40, chaos=300), 4
        async with open_desk(floor) as desk:
            await desk.be_bound()
            places = [await desk.topic(f"Cliente {number}") for number in range(topics)]
            keys = [
                await desk.post(plain(f"<{number:03}>", merges=number % 5 > 0), places[number % topics])
                for number in range(many)
            ]
            faults = FloodWait(times=1, seconds=1), BadGateway(times=2, path=SEND), AcceptThenDrop(times=2, path=SEND)
            for fault in faults:
                desk.sandbox.faults.add(fault)
            async with desk.at_work():
                await desk.until_done(*keys, seconds=size(10, chaos=60))
            states = await desk.states()
            assert {states[key] for key in keys} <= {"sent", "merged"}
            for first, place in enumerate(places):
                told = "".join(desk.texts(thread=await desk.thread_of(place)))
                firsts = [told.index(f"<{number:03}>") for number in range(first, many, topics)]
                assert firsts == sorted(firsts)


async def message(desk: Desk) -> UUID:
    """Something that a customer said."""
    async with desk.floor.database.tenant_session(desk.company) as session:
        [conversation] = (await session.scalars(select(Conversation.id))).all()
        entry = Entry(
            conversation=ConversationId(conversation),
            connection=desk.connection,
            direction=Direction.IN,
            author=Author.CUSTOMER,
            content=Text(body="oi"),
        )
        [added] = await append(session, [entry])
    return added.id
