"""What waits is said: in its place, as what it is. Against the sandbox's Telegram."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import select

from channels.telegram_staff.notes import (
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
from core.models.staff import StaffTopic
from core.models.stream import MessageKind
from core.objects import ObjectKey
from core.storage import open_storage
from sandbox.recordings import voice_note
from sandbox.telegram.book import Act
from sandbox.telegram.faults import Refused
from tests.admin_api.staff.transport import Desk, open_bound_desk, plain


@pytest.fixture(scope="module")
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    async with open_bound_desk(floor) as desk:
        yield desk


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
        await desk.post(plain("um"), place)
        await desk.say(plain("dois"), place)

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
        await desk.say(plain("oi"), await desk.topic("\u2060"))
        assert desk.accepted(Act.TOPIC_CREATED)[-1].done.text == "Cliente"

    async def test_what_is_too_long_comes_in_pieces_and_the_last_has_the_buttons(self, desk: Desk) -> None:
        buttons = ((Button(text="Fim", data="b:x"),),)
        await desk.say(plain("a" * 4000 + "\n\n" + "b" * 4000, buttons=buttons))

        first, second = (one.done for one in desk.accepted()[-2:])
        assert (first.text, first.reply_markup) == ("a" * 4000, None)
        assert (second.text, bool(second.reply_markup)) == ("b" * 4000, True)

    async def test_a_message_can_be_answered_changed_reacted_to_and_taken_back(self, desk: Desk) -> None:
        line = desk.says("oi")
        mine = await desk.say(plain("resposta", reply_to=line.id))
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
        life: tuple[Body, ...] = (plain("um"), CloseTopic(), CloseTopic(), OpenTopic(name="Ana Maria"), DeleteTopic())
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
        await desk.say(plain("voltou"), place)
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
        key = await desk.keep(data)
        done = await desk.say(Show(storage_key=key, kind=kind, mime=mime, filename="a.x", caption=bold("da Ana")))

        assert (done.kind, done.text) == (shown_as, "da Ana")
        assert done.sha256 is not None

    async def test_what_was_made_for_the_moment_is_gone_afterwards(self, desk: Desk) -> None:
        key = await desk.keep(b"\x89PNG")
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
        key = await desk.keep(b"x")
        show = Show(storage_key=key, kind=MessageKind.DOCUMENT, mime="x/y", filename="a.x", caption=Rich("c" * 2000))
        await desk.say(show)
        assert [len(one.done.text) for one in desk.accepted()[-2:]] == [0, 2000]
