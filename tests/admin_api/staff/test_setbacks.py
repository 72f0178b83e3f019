"""What Telegram does not take is said again, elsewhere or in other words, and never lost."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

import pytest
from sqlalchemy import select, text

from admin_api.staff.stores.notes import NewNote, post
from channels.telegram_staff.notes import Button, Card, Say, Show, Unsay
from channels.telegram_staff.rich import Rich, bold
from core.floor import Floor
from core.models.people import Role
from core.models.staff import NoteLane, StaffPerson
from core.models.stream import MessageKind
from sandbox.faults import AcceptThenDrop, AcceptThenServerError, DropBefore
from sandbox.telegram.faults import BadGateway, FloodWait, Refused
from sandbox.telegram.members import USUAL_RIGHTS, Member, Right, Status
from sandbox.telegram.rooms import become, turn_topics
from tests.admin_api.staff.transport import Desk, open_bound_desk, plain

SEND: Final = "/telegram/send/sendMessage"


@pytest.fixture(scope="module")
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    async with open_bound_desk(floor) as desk:
        yield desk


@pytest.fixture
async def shaken(floor: Floor) -> AsyncIterator[Desk]:
    """One of its own, for what changes the group."""
    async with open_bound_desk(floor) as desk:
        yield desk


class TestSetbacks:
    async def test_a_flood_wait_is_obeyed_and_nothing_is_lost(self, shaken: Desk) -> None:
        shaken.sandbox.faults.add(FloodWait(times=1, seconds=1))
        await shaken.say(plain("depois"))
        assert shaken.texts().count("depois") == 1

    async def test_what_nobody_confirmed_is_said_again(self, desk: Desk) -> None:
        faults = BadGateway, DropBefore, AcceptThenServerError, AcceptThenDrop
        for fault in faults:
            desk.sandbox.faults.add(fault(times=1, path=SEND))
        keys = [await desk.post(plain(f"via {lane}"), lane=lane) for lane in NoteLane]
        await desk.until_done(*keys)

        states = await desk.states()
        assert {states[key] for key in keys} == {"sent"}
        assert all(desk.texts().count(f"via {lane}") >= 1 for lane in NoteLane)

    async def test_a_topic_that_somebody_deleted_is_made_again_with_its_card(self, desk: Desk) -> None:
        place = await desk.topic()
        await desk.say(Card(text=Rich("quem é")), place)
        first = await desk.thread_of(place)
        desk.forum.topics.pop(first or 0)
        await desk.say(plain("e aí?"), place)

        again = await desk.thread_of(place)
        assert again not in {None, first}
        assert desk.texts(thread=again) == ["quem é", "e aí?"]

    async def test_thrown_out_it_says_so_elsewhere_and_goes_on_when_it_is_back(self, shaken: Desk) -> None:
        desk, boss = shaken, shaken.owner
        await desk.link(boss, role=Role.OWNER)
        office = desk.sandbox.telegram.office
        become(office, desk.forum, Member(user=desk.bot.user, status=Status.KICKED), by=boss)
        key = await desk.post(plain("ninguém ouve"))
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
        key = await desk.post(plain("para a Ana"), await desk.topic())
        await desk.until_problem("no_topics")
        await desk.say(plain("para todos"))
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
        await desk.say(plain("segue"))
        await desk.until_done(key)
        await desk.until_problem(None)

    async def test_a_file_that_never_goes_through_is_told_in_words(self, desk: Desk) -> None:
        await desk.say(plain("tudo o mais chega"))
        desk.sandbox.faults.add(DropBefore(times=1, path="/telegram/send/sendDocument"))
        show = Show(storage_key=await desk.keep(b"x"), kind=MessageKind.DOCUMENT, mime="x/y", filename="grande.bin")
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
        key = await desk.post(plain("oi"), {"person": row.id})
        await desk.until_done(key)

        assert (await desk.states())[key] == "failed"
        [person] = await desk.rows(select(StaffPerson.chat_id))
        assert person.chat_id is None
