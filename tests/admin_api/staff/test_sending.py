"""What waits is said: in its place, in its order, once it can be, and never lost. Against the sandbox's Telegram."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import select, text

from admin_api.staff.stores.notes import NewNote, post
from channels.contents import Text
from channels.stores.thread import Entry, append
from channels.telegram_staff.notes import (
    About,
    Body,
    Button,
    Card,
    Change,
    CloseTopic,
    DeleteTopic,
    Locate,
    OpenTopic,
    React,
    Say,
    Show,
    Unsay,
)
from channels.telegram_staff.rich import Rich, bold
from core.floor import Floor
from core.ids import ConversationId, new_id
from core.models.people import Role
from core.models.staff import NoteLane, StaffLine, StaffNote, StaffPerson, StaffTopic
from core.models.stream import Author, Conversation, Direction, MessageKind
from core.objects import Label, ObjectKey
from core.storage import open_storage
from sandbox.faults import AcceptThenDrop, AcceptThenServerError, DropBefore
from sandbox.recordings import voice_note
from sandbox.telegram.book import Act
from sandbox.telegram.faults import BadGateway, FloodWait, Refused
from sandbox.telegram.members import USUAL_RIGHTS, Member, Right, Status
from sandbox.telegram.rooms import become, turn_topics
from tests.admin_api.staff.transport import Desk, open_desk
from tests.fixtures.sizes import size

SEND: Final = "/telegram/send/sendMessage"


@pytest.fixture(scope="module")
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    async with open_desk(floor) as desk:
        await desk.be_bound()
        async with desk.at_work():
            yield desk


@pytest.fixture
async def shaken(floor: Floor) -> AsyncIterator[Desk]:
    """One of its own, for what changes the group."""
    async with open_desk(floor) as desk:
        await desk.be_bound()
        async with desk.at_work():
            yield desk


def say(text: str, **more: Any) -> Say:
    return Say(text=Rich(text), **more)


class TestPlaces:
    async def test_words_arrive_with_their_marks_and_their_buttons(self, desk: Desk) -> None:
        buttons = ((Button(text="Aceitar", data="b:1"), Button(text="Site", url="https://x.example/")),)
        done = await desk.say(Say(text=bold("😀 Ana") + " <b>espera", buttons=buttons))

        assert (done.text, done.thread_id) == ("😀 Ana <b>espera", None)
        assert [(one["type"], one["offset"], one["length"]) for one in done.entities] == [("bold", 0, 6)]
        assert done.reply_markup == {
            "inline_keyboard": [
                [{"text": "Aceitar", "callback_data": "b:1"}, {"text": "Site", "url": "https://x.example/"}]
            ]
        }

    async def test_a_topic_is_opened_by_the_first_note_for_it(self, desk: Desk) -> None:
        place = await desk.topic("Ana · 8765")
        await desk.post(say("um"), place)
        await desk.say(say("dois"), place)

        thread = await desk.thread_of(place)
        assert [one.done.text for one in desk.accepted(Act.TOPIC_CREATED, thread_id=thread)] == ["Ana · 8765"]
        assert desk.texts(thread=thread) == ["um", "dois"]
        [row] = await desk.rows(select(StaffTopic.state).where(StaffTopic.id == place["topic"]))
        assert row.state == "open"

    async def test_a_card_is_said_and_pinned_once_and_changed_from_then_on(self, desk: Desk) -> None:
        place = await desk.topic()
        for words in ("um", "dois", "dois"):
            await desk.until_done(await desk.post(Card(text=Rich(words)), place))

        thread = await desk.thread_of(place)
        acts = {act: desk.accepted(act, thread_id=thread) for act in (Act.MESSAGE, Act.EDIT, Act.PIN)}
        assert {act: [one.done.text for one in done] for act, done in acts.items() if act is not Act.PIN} == {
            Act.MESSAGE: ["um"],
            Act.EDIT: ["dois"],
        }
        assert len(acts[Act.PIN]) == 1

    async def test_a_customer_without_a_name_that_can_be_seen_gets_a_topic_too(self, desk: Desk) -> None:
        desk.sandbox.faults.add(
            Refused(
                times=1, path="/telegram/send/createForumTopic", code=400, description="Bad Request: TOPIC_TITLE_EMPTY"
            )
        )
        await desk.say(say("oi"), await desk.topic("\u2060"))
        assert desk.accepted(Act.TOPIC_CREATED)[-1].done.text == "Cliente"

    async def test_what_is_too_long_comes_in_pieces_and_the_last_has_the_buttons(self, desk: Desk) -> None:
        buttons = ((Button(text="Fim", data="b:x"),),)
        await desk.say(say("a" * 4000 + "\n\n" + "b" * 4000, buttons=buttons))

        first, second = (one.done for one in desk.accepted()[-2:])
        assert (first.text, first.reply_markup) == ("a" * 4000, None)
        assert (second.text, bool(second.reply_markup)) == ("b" * 4000, True)

    async def test_a_message_can_be_answered_changed_reacted_to_and_taken_back(self, desk: Desk) -> None:
        line = desk.says("oi")
        mine = await desk.say(say("resposta", reply_to=line.id))
        assert mine.details["reply_to"] == line.id
        number = mine.message_id or 0
        bodies: tuple[Body, ...] = (
            Change(message_id=number, text=Rich("mudou")),
            React(message_id=line.id, sign="👍"),
            Unsay(message_ids=(number, 999_999)),
        )
        keys = [await desk.post(body) for body in bodies]
        await desk.until_done(*keys)

        states = await desk.states()
        assert {states[key] for key in keys} == {"sent"}
        assert desk.accepted(Act.EDIT)[-1].done.text == "mudou"
        assert desk.accepted(Act.REACTION)[-1].done.message_id == line.id
        assert desk.accepted(Act.DELETION)[-1].done.message_id == number

    async def test_a_topic_is_closed_opened_again_renamed_and_deleted(self, desk: Desk) -> None:
        place = await desk.topic()
        life: tuple[Body, ...] = (say("um"), CloseTopic(), CloseTopic(), OpenTopic(name="Ana Maria"), DeleteTopic())
        keys = [await desk.post(body, place) for body in life]
        await desk.until_done(*keys)

        thread = desk.accepted(Act.TOPIC_CREATED)[-1].done.thread_id
        told = {
            act: [one.done.text for one in desk.accepted(act, thread_id=thread)]
            for act in (Act.TOPIC_CLOSED, Act.TOPIC_EDITED, Act.TOPIC_REOPENED, Act.TOPIC_DELETED)
        }
        assert [len(of) for of in told.values()] == [1, 1, 1, 1]
        assert told[Act.TOPIC_EDITED] == ["Ana Maria"]
        assert await desk.thread_of(place) is None
        await desk.say(say("voltou"), place)
        assert await desk.thread_of(place) not in {None, thread}

    async def test_a_place_is_shown_as_a_place(self, desk: Desk) -> None:
        assert (await desk.say(Locate(latitude=-23.5, longitude=-46.6))).kind == "location"


class TestFiles:
    @pytest.mark.parametrize(
        ("kind", "mime", "data", "shown_as"),
        [
            (MessageKind.VOICE, "audio/ogg; codecs=opus", voice_note("oi"), "voice"),
            (MessageKind.VOICE, "audio/ogg", b"no recording at all", "document"),
            (MessageKind.DOCUMENT, "application/pdf", b"%PDF-1.7", "document"),
            (MessageKind.AUDIO, "audio/amr", b"#!AMR", "document"),
        ],
    )
    async def test_a_file_is_shown_as_what_it_is(
        self, desk: Desk, kind: MessageKind, mime: str, data: bytes, shown_as: str
    ) -> None:
        key = await keep(desk, data)
        done = await desk.say(Show(storage_key=key, kind=kind, mime=mime, filename="a.x", caption=bold("da Ana")))

        assert (done.kind, done.text) == (shown_as, "da Ana")
        assert done.sha256 is not None

    async def test_what_was_made_for_the_moment_is_gone_afterwards(self, desk: Desk) -> None:
        key = await keep(desk, b"\x89PNG")
        show = Show(storage_key=key, kind=MessageKind.DOCUMENT, mime="image/png", filename="q.png", is_passing=True)
        await desk.say(show)
        storage = open_storage(desk.floor.settings.storage_url)

        async def is_gone() -> bool:
            return not await storage.exists(ObjectKey.parse(key))

        await desk.until_so(is_gone)

    async def test_a_file_that_is_not_there_is_told_in_words(self, desk: Desk) -> None:
        lost = f"{desk.company}/media/nothing"
        done = await desk.say(
            Show(storage_key=lost, kind=MessageKind.IMAGE, mime="image/png", filename="foto.png", caption=Rich("oi"))
        )
        assert done.text.startswith("oi\n\n📎 foto.png")

    async def test_another_companys_file_is_never_shown(self, desk: Desk) -> None:
        other = f"{desk.connection}/media/x"
        done = await desk.say(Show(storage_key=other, kind=MessageKind.IMAGE, mime="image/png", filename="foto.png"))
        assert (done.kind, done.sha256, done.text[:10]) == ("text", None, "📎 foto.png")

    async def test_a_long_caption_follows_its_file(self, desk: Desk) -> None:
        key = await keep(desk, b"x")
        show = Show(storage_key=key, kind=MessageKind.DOCUMENT, mime="x/y", filename="a.x", caption=Rich("c" * 2000))
        await desk.say(show)
        assert [len(one.done.text) for one in desk.accepted()[-2:]] == [0, 2000]


class TestSetbacks:
    async def test_a_flood_wait_is_obeyed_and_nothing_is_lost(self, shaken: Desk) -> None:
        shaken.sandbox.faults.add(FloodWait(times=1, seconds=1))
        await shaken.say(say("depois"))
        assert shaken.texts().count("depois") == 1

    async def test_what_nobody_confirmed_is_said_again(self, desk: Desk) -> None:
        faults = BadGateway, DropBefore, AcceptThenServerError, AcceptThenDrop
        for fault in faults:
            desk.sandbox.faults.add(fault(times=1, path=SEND))
        keys = [await desk.post(say(f"via {lane}"), lane=lane) for lane in NoteLane]
        await desk.until_done(*keys)

        states = await desk.states()
        assert {states[key] for key in keys} == {"sent"}
        assert all(desk.texts().count(f"via {lane}") >= 1 for lane in NoteLane)

    async def test_a_topic_that_somebody_deleted_is_made_again_with_its_card(self, desk: Desk) -> None:
        place = await desk.topic()
        await desk.say(Card(text=Rich("quem é")), place)
        first = await desk.thread_of(place)
        desk.forum.topics.pop(first or 0)
        await desk.say(say("e aí?"), place)

        again = await desk.thread_of(place)
        assert again not in {None, first}
        assert desk.texts(thread=again) == ["quem é", "e aí?"]

    async def test_thrown_out_it_says_so_elsewhere_and_goes_on_when_it_is_back(self, shaken: Desk) -> None:
        desk, boss = shaken, shaken.owner
        await desk.link(boss, role=Role.OWNER)
        office = desk.sandbox.telegram.office
        become(office, desk.forum, Member(user=desk.bot.user, status=Status.KICKED), by=boss)
        key = await desk.post(say("ninguém ouve"))
        await desk.until(lambda: [text for text in desk.texts(chat=boss.id) if "removido do grupo" in text])
        await desk.until_problem("kicked")
        assert (await desk.states())[key] in {"queued", "sending"}

        back = Member(user=desk.bot.user, status=Status.ADMINISTRATOR, rights=USUAL_RIGHTS)
        become(office, desk.forum, back, by=boss)
        await desk.until_said("ninguém ouve")
        await desk.until_problem(None)

    async def test_topics_that_are_off_hold_up_only_what_needs_a_new_one(self, shaken: Desk) -> None:
        desk = shaken
        turn_topics(desk.sandbox.telegram.office, desk.forum, by=desk.owner, are_on=False)
        key = await desk.post(say("para a Ana"), await desk.topic())
        await desk.until_problem("no_topics")
        await desk.say(say("para todos"))
        assert (await desk.states())[key] in {"queued", "sending"}

    async def test_what_telegram_does_not_take_is_said_plainly_or_given_up_with_the_reason(self, desk: Desk) -> None:
        refused = Refused(times=1, path=SEND, code=400, description="Bad Request: BUTTON_DATA_INVALID")
        desk.sandbox.faults.add(refused)
        done = await desk.say(Say(text=bold("sem enfeite"), buttons=((Button(text="x", data="y"),),)))
        assert (done.entities, done.reply_markup) == ((), None)

        desk.sandbox.faults.add(replace(refused, times=2))
        key = await desk.post(Say(text=bold("nunca")))
        await desk.until_done(key)
        assert (await desk.states())[key] == "failed"

    async def test_a_right_that_is_only_nice_to_have_stops_nothing(self, shaken: Desk) -> None:
        desk, office = shaken, shaken.sandbox.telegram.office
        few = Member(user=desk.bot.user, status=Status.ADMINISTRATOR, rights=frozenset({Right.MANAGE_TOPICS}))
        become(office, desk.forum, few, by=desk.owner)
        line = desk.says("de outra pessoa")
        key = await desk.post(Unsay(message_ids=(line.id,)))
        await desk.say(say("segue"))
        await desk.until_done(key)
        await desk.until_problem(None)

    async def test_a_file_that_never_goes_through_is_told_in_words(self, desk: Desk) -> None:
        await desk.say(say("tudo o mais chega"))
        desk.sandbox.faults.add(DropBefore(times=1, path="/telegram/send/sendDocument"))
        show = Show(storage_key=await keep(desk, b"x"), kind=MessageKind.DOCUMENT, mime="x/y", filename="grande.bin")
        async with desk.floor.database.tenant_session(desk.company) as session:
            await post(session, NewNote(key="grande", body=show, lane=NoteLane.RELAY, group=desk.bound.id))
            await session.execute(text("UPDATE staff_notes SET attempts = 4 WHERE key = 'grande'"))
        await desk.until_done("grande")
        assert "📎 grande.bin" in desk.texts()[-1]

    async def test_somebody_who_blocked_the_bot_is_not_tried_again(self, shaken: Desk) -> None:
        desk = shaken
        await desk.link(desk.bia)
        refused = Refused(times=1, path=SEND, code=403, description="Forbidden: bot was blocked by the user")
        desk.sandbox.faults.add(refused)
        [row] = await desk.rows(select(StaffPerson.id))
        key = await desk.post(say("oi"), {"person": row.id})
        await desk.until_done(key)

        assert (await desk.states())[key] == "failed"
        [person] = await desk.rows(select(StaffPerson.chat_id))
        assert person.chat_id is None


class TestOrder:
    async def test_the_urgent_goes_first_in_the_general(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            keys = [await desk.post(say(f"novidade {number}")) for number in range(3)]
            keys.append(await desk.post(say("resposta"), lane=NoteLane.ANSWER))
            async with desk.at_work():
                await desk.until_done(*keys)
            said = [text for text in desk.texts() if "novidade" in text or text == "resposta"]
            assert said.index("resposta") <= 1  # two speak at a time
            assert [text for text in said if "novidade" in text] == [f"novidade {n}" for n in range(3)]

    async def test_a_note_of_another_release_is_given_up_and_holds_up_nobody(self, desk: Desk) -> None:
        async with desk.floor.database.tenant_session(desk.company) as session:
            row = StaffNote(
                tenant_id=desk.company, id=new_id(), key="odd", group_id=desk.bound.id, body={"type": "sing"}
            )
            row.lane = NoteLane.NEWS
            session.add(row)
        await desk.say(say("depois dela"))
        assert (await desk.states())["odd"] == "failed"

    async def test_while_the_group_is_behind_neighbours_are_said_in_one(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            place = await desk.topic()
            abouts = [await message(desk) for _ in range(8)]
            keys = [
                await desk.post(say(f"linha {number}", merges=True, about=About(said=about)), place)
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
            keys += [await desk.post(say(f"Beto {number}"), his, lane=NoteLane.RELAY) for number in range(6)]
            keys.append(await desk.post(say("Ana espera"), hers, lane=NoteLane.ALERT))
            async with desk.at_work():
                await desk.until_done(*keys)
            said = [text for text in desk.texts() if text.startswith(("Ana", "Beto"))]
            assert said.index("Ana espera") <= 2  # two speak at a time, and her topic has to be opened

    async def test_what_was_put_off_comes_before_what_was_said_after_it(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            place = await desk.topic()
            keys = [await desk.post(say(f"<{number:03}>", merges=True), place) for number in range(8)]
            desk.sandbox.faults.add(FloodWait(times=1, seconds=1, path=SEND))
            async with desk.at_work():
                await desk.until(lambda: desk.accepted(Act.TOPIC_CREATED))
                keys += [await desk.post(say(f"<{number:03}>", merges=True), place) for number in range(8, 12)]
                await desk.until_done(*keys)
            told = "".join(desk.texts(thread=await desk.thread_of(place)))
            assert [told.count(f"<{number:03}>") for number in range(12)] == [1] * 12
            assert sorted(range(12), key=lambda number: told.index(f"<{number:03}>")) == list(range(12))

    async def test_nothing_is_merged_past_a_note_that_somebody_is_at(self, floor: Floor) -> None:
        async with open_desk(floor) as desk:
            await desk.be_bound()
            place = await desk.topic()
            keys = [await desk.post(say(f"<{number:03}>", merges=True), place) for number in range(8)]
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
                await desk.post(say(f"<{number:03}>", merges=number % 5 > 0), places[number % topics])
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


async def keep(desk: Desk, data: bytes) -> str:
    key = ObjectKey(company=desk.company, kind="media", name=f"f{abs(hash(data))}")
    await open_storage(desk.floor.settings.storage_url).put(key, data, label=Label(content_type="x/y"))
    return key.path


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
