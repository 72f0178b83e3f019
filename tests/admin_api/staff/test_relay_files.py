"""Files that people send in a topic, what becomes of their lines, and how they react to those of the customer."""

from typing import Any

import pytest

from admin_api.staff.asking import Attached
from channels.contents import Media, Reaction
from channels.errors import Undeliverable
from channels.telegram_staff.notes import React, Say
from core.errors import Conflict
from core.ids import ConversationId
from core.models.outbox import OutboundState
from core.models.stream import MessageKind
from core.objects import Label, ObjectKey
from core.texts import Text as Words
from tests.admin_api.staff.scene import Group


class TestFiles:
    @pytest.mark.parametrize(
        ("kind", "mime"),
        [
            (MessageKind.IMAGE, "image/jpeg"),
            (MessageKind.VOICE, "audio/ogg"),
            (MessageKind.DOCUMENT, "application/pdf"),
            (MessageKind.VIDEO, "video/mp4"),
            (MessageKind.STICKER, "image/webp"),
        ],
    )
    async def test_it_is_given_to_the_provider_as_it_was_sent(
        self, group: Group, ana: ConversationId, kind: MessageKind, mime: str
    ) -> None:
        attached = await file_of(group, kind, mime)

        await group.hear("bia", ana, attached=attached)

        async with group.world.sending():
            await group.world.settle()
        [message] = group.world.provider.taken
        assert isinstance(message.content, Media)
        assert (message.content.kind, message.content.provider_media_id) == (kind.value, "media-1")
        assert group.world.provider.uploads == [b"bytes"]

    async def test_words_go_with_a_picture_and_after_a_voice_note(self, group: Group, ana: ConversationId) -> None:
        await group.hear("bia", ana, "olha só", attached=await file_of(group, MessageKind.IMAGE, "image/jpeg"))
        await group.hear("bia", ana, "ouve", attached=await file_of(group, MessageKind.VOICE, "audio/ogg"))

        contents = [row.content for row in await group.queued()]
        assert [content.get("caption") or content.get("body") for content in contents] == ["olha só", None, "ouve"]

    @pytest.mark.parametrize(
        ("kind", "changes", "why"),
        [
            (MessageKind.IMAGE, {"storage_key": None, "problem": Words("Grande demais.", "Too large.")}, "Too large"),
            (MessageKind.IMAGE, {"size": 6 * 1024 * 1024}, "5 MB"),
            (MessageKind.STICKER, {"mime": "application/x-tgsticker"}, "Animated"),
        ],
    )
    async def test_one_that_cannot_be_carried_is_said_and_not_sent(
        self, group: Group, ana: ConversationId, kind: MessageKind, changes: dict[str, Any], why: str
    ) -> None:
        values: dict[str, Any] = {"file_id": "f", "name": "x", "mime": None, "size": 5, "storage_key": "k", **changes}

        with pytest.raises(Conflict, match=why):
            await group.hear("bia", ana, attached=Attached(kind=kind, **values))

        assert await group.queued() == []


class TestAnswers:
    async def test_a_file_is_no_answer_to_an_approval(self, group: Group, ana: ConversationId) -> None:
        await group.rows(_ASKED, conversation=ana)
        await group.emit("effect.proposed", ana, {"conversation": str(ana)})
        [asked] = [one for one in await group.follow() if one.key.startswith("effect:")]

        picture = await file_of(group, MessageKind.IMAGE, "image/jpeg")

        with pytest.raises(Conflict, match="without replying"):
            await group.hear("bia", ana, "recusar: veja", attached=picture, replies=asked.message)

        assert await group.queued() == []


class TestInner:
    async def test_an_album_below_a_note_stays_inside_with_all_of_its_files(
        self, group: Group, ana: ConversationId
    ) -> None:
        picture = await file_of(group, MessageKind.IMAGE, "image/jpeg")
        await group.hear("bia", ana, "// comprovante, não mandar", attached=picture, album="a1")
        for _ in range(2):
            await group.hear("bia", ana, attached=picture, album="a1")

        assert await group.queued() == []
        assert [row.text for row in await group.rows("SELECT text FROM contact_notes")] == ["comprovante, não mandar"]
        assert any("nada foi enviado" in one.text for one in await group.deliver())
        await group.hear("bia", ana, attached=picture, album="a2")
        assert len(await group.queued()) == 1

    async def test_the_rest_of_a_note_that_was_cut_in_two_is_not_sent(self, group: Group, ana: ConversationId) -> None:
        await group.hear("bia", ana, "// " + "muito longo " * 340)

        with pytest.raises(Conflict, match="rest of the inner note"):
            await group.hear("bia", ana, "e o fim dela")
        await group.hear("bia", ana, "bom dia!")

        assert [row.content["body"] for row in await group.queued()] == ["bom dia!"]


class TestTicks:
    async def test_what_became_of_it_stands_on_the_staffs_own_message(self, group: Group, ana: ConversationId) -> None:
        number = await group.hear("bia", ana, "oi")
        assert [one.body for one in await group.follow() if isinstance(one.body, React)] == []
        async with group.world.sending():
            await group.world.settle()

        signs = [one.body for one in await group.follow() if isinstance(one.body, React)]
        assert signs == [React(message_id=number, sign="🕊")]
        [row] = await group.queued()
        for state, sign in ((OutboundState.DELIVERED, "👌"), (OutboundState.READ, "👀")):
            await group.world.set(row.message_id, state=state)
            await group.emit("message.status", group.group, {"messages": [str(row.message_id)]})
            signs = [one.body for one in await group.follow() if isinstance(one.body, React)]
            assert signs == [React(message_id=number, sign=sign)]

    async def test_a_failure_is_said_with_its_reason(self, group: Group, ana: ConversationId) -> None:
        group.world.provider.behave.append(group.world.provider.refuse(Undeliverable("131026")))
        number = await group.hear("bia", ana, "oi")
        async with group.world.sending():
            await group.world.settle()

        told = await group.follow()

        assert React(message_id=number, sign="👎") in [one.body for one in told]
        [why] = [one for one in told if one.text.startswith("⚠️")]
        assert isinstance(why.body, Say)
        assert "Não foi enviada." in why.text
        assert why.body.reply_to == number
        assert await group.follow() == []


class TestReact:
    async def test_a_reaction_of_whoever_has_it_reaches_the_customer(self, group: Group, ana: ConversationId) -> None:
        await group.write(ana, "obrigada!")
        [line] = [one for one in await group.follow() if one.key.startswith("line:")]

        await group.react("bia", ana, line.message, "❤")
        await group.react("caio", ana, line.message, "👍")
        await group.react("bia", ana, line.message)

        [said] = await group.rows("SELECT provider_id FROM messages WHERE text = 'obrigada!'")
        contents = [row.content for row in await group.queued()]
        assert [content["type"] for content in contents] == ["reaction", "reaction"]
        assert contents[0] == {"type": "reaction", "target": said.provider_id, "emoji": "❤"}
        async with group.world.sending():
            await group.world.settle()
        assert group.world.provider.taken[1].content == Reaction(target=said.provider_id, emoji="")

    async def test_an_edit_is_said_not_to_arrive(self, group: Group, ana: ConversationId) -> None:
        number = await group.hear("bia", ana, "as 10h")

        await group.edit("bia", ana, number, "às 10h")

        [told] = await group.deliver()
        assert isinstance(told.body, Say)
        assert "não chega ao cliente" in told.text
        assert told.body.reply_to == number

    async def test_an_edit_of_what_was_never_sent_is_nobodys_business(self, group: Group, ana: ConversationId) -> None:
        number = await group.hear("bia", ana, "// nota")
        await group.deliver()

        await group.edit("bia", ana, number, "// outra nota")

        assert await group.deliver() == []


async def file_of(group: Group, kind: MessageKind, mime: str) -> Attached:
    key = ObjectKey(company=group.world.company, kind="staff", name=f"f{len(group.posted)}{kind.value}")
    await group.relay.storage.put(key, b"bytes", label=Label(content_type=mime))
    return Attached(
        file_id="f", name="arquivo", mime=mime, size=5, kind=kind, storage_key=key.path, sha256=None, problem=None
    )


_ASKED = """
    INSERT INTO effects (tenant_id, id, conversation_id, contact_id, tool, arguments, approver, state, epoch)
    SELECT current_tenant(), gen_random_uuid(), id, contact_id, 'agenda.criar', '{}', 'staff', 'proposed', control_epoch
    FROM conversations WHERE id = :conversation RETURNING id
"""
