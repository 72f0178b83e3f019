"""What people write in a topic reaches the customer, is kept as a note, or is refused with a reason."""

from datetime import timedelta

import pytest

from channels.contents import Location, Text
from channels.stores.templates import WindowClosed
from channels.telegram_staff.notes import React, Say
from core import clock
from core.errors import AppError, Conflict
from core.ids import ConversationId
from core.models.stream import Control
from tests.admin_api.staff.scene import SPOT, Group


class TestSend:
    async def test_a_line_goes_to_the_customer_once(self, group: Group, ana: ConversationId) -> None:
        number = await group.hear("bia", ana, "Pode confirmar amanhã às 10h")

        [row] = await group.queued()
        assert row.intent_key == f"staff:{group.group}:{number}"
        assert (row.purpose, row.content["body"]) == ("staff", "Pode confirmar amanhã às 10h")
        async with group.world.sending():
            await group.world.settle()
        assert [message.content for message in group.world.provider.taken] == [
            Text(body="Pode confirmar amanhã às 10h")
        ]

    async def test_it_is_not_shown_in_the_topic_again(self, group: Group, ana: ConversationId) -> None:
        await group.hear("bia", ana, "oi!")

        assert [one for one in await group.follow() if one.key.startswith("line:")] == []

    async def test_writing_takes_over_what_nobody_has_and_says_so(self, group: Group) -> None:
        beto = await group.customer(name="Beto")
        await group.wait(beto)
        await group.follow()

        await group.hear("caio", beto, "Oi Beto!")

        row = await group.thread(beto)
        assert (row.control, row.assignee_id) == (Control.HUMAN, group.people["caio"].user)
        assert "✋ Caio assumiu." in [one.text for one in await group.follow()]
        assert len(await group.queued()) == 1

    async def test_writing_where_a_copilot_drafts_takes_over_as_well(self, group: Group) -> None:
        beto = await group.customer(name="Beto")
        await group.wait(beto)
        await group.follow()
        await group.change(beto, to=Control.COPILOT)

        await group.hear("caio", beto, "Oi Beto!")

        assert (await group.thread(beto)).control is Control.HUMAN
        assert len(await group.queued()) == 1

    async def test_what_a_colleague_has_is_not_answered_by_another(self, group: Group, ana: ConversationId) -> None:
        with pytest.raises(Conflict, match="Bia"):
            await group.hear("caio", ana, "deixa comigo")

        assert await group.queued() == []

    async def test_an_answer_quotes_what_it_answers(self, group: Group, ana: ConversationId) -> None:
        message = await group.write(ana, "qual o prazo?")
        [line] = [one for one in await group.follow() if one.key.startswith("line:")]

        await group.hear("bia", ana, "dois dias", replies=line.message)

        [row] = await group.queued()
        [said] = await group.rows("SELECT provider_id FROM messages WHERE id = :id", id=message)
        assert row.reply_to == said.provider_id

    async def test_what_the_customer_answers_is_shown_below_it(self, group: Group, ana: ConversationId) -> None:
        number = await group.hear("bia", ana, "Pode ser às 10h?")
        async with group.world.sending():
            await group.world.settle()
        [sent] = await group.queued()
        message = await group.write(ana, "pode")
        await group.rows(
            "UPDATE messages SET reply_to = :to WHERE id = :id RETURNING id", to=sent.provider_id, id=message
        )

        [line] = [one for one in await group.follow() if one.key.startswith("line:")]

        assert isinstance(line.body, Say)
        assert line.body.reply_to == number

    async def test_a_place_is_sent_as_a_place(self, group: Group, ana: ConversationId) -> None:
        await group.hear("bia", ana, spot=SPOT)

        async with group.world.sending():
            await group.world.settle()
        assert [message.content for message in group.world.provider.taken] == [
            Location(latitude=-23.5, longitude=-46.6)
        ]


class TestRefuse:
    async def test_outside_the_window_the_templates_that_fit_are_named(self, group: Group, ana: ConversationId) -> None:
        await group.age_message(ana, timedelta(hours=25))

        with pytest.raises(WindowClosed):
            await group.hear("bia", ana, "oi")

        assert await group.queued() == []

    async def test_who_opted_out_hears_nothing_until_they_write(self, group: Group, ana: ConversationId) -> None:
        await group.set_contact(ana, opted_out_at=clock.now())
        with pytest.raises(Conflict, match="asked not to be written to"):
            await group.hear("bia", ana, "oi")

        await group.write(ana, "ainda estão aí?")
        await group.hear("bia", ana, "sim!")

        assert len(await group.queued()) == 1

    @pytest.mark.parametrize("how", ["is_forwarded", "via_bot"])
    async def test_what_somebody_else_wrote_is_not_sent(self, group: Group, ana: ConversationId, how: str) -> None:
        with pytest.raises(Conflict, match="forwarded"):
            await group.hear("bia", ana, "aceitar", **{how: True})

        assert await group.queued() == []

    async def test_who_looks_on_writes_to_nobody(self, group: Group, ana: ConversationId) -> None:
        with pytest.raises(AppError, match="role of agent"):
            await group.hear("leo", ana, "oi")

    async def test_a_poll_cannot_be_carried(self, group: Group, ana: ConversationId) -> None:
        with pytest.raises(Conflict, match="poll"):
            await group.hear("bia", ana, other="poll")

    async def test_nothing_is_sent_in_a_closed_conversation(self, group: Group, ana: ConversationId) -> None:
        await group.change(ana, to=Control.CLOSED)

        with pytest.raises(Conflict, match="was closed"):
            await group.hear("bia", ana, "oi")


class TestNotes:
    @pytest.mark.parametrize("words", ["// cliente antigo", "nota: cliente antigo", "Nota : cliente antigo"])
    async def test_an_inner_note_is_kept_and_never_sent(self, group: Group, ana: ConversationId, words: str) -> None:
        number = await group.hear("bia", ana, words)

        assert await group.queued() == []
        [row] = await group.rows("SELECT text, author_id FROM contact_notes")
        assert tuple(row) == ("cliente antigo", group.people["bia"].user)
        [mark] = [one.body for one in await group.deliver()]
        assert mark == React(message_id=number, sign="✍")

    async def test_it_is_on_record_as_theirs_and_whole(self, group: Group, ana: ConversationId) -> None:
        await group.hear("bia", ana, "// " + "a" * 4090)

        [row] = await group.rows("SELECT id, text FROM contact_notes")
        assert len(row.text) == 4090
        [entry] = await group.rows("SELECT actor_id, detail FROM audit_log WHERE action = 'contact.noted'")
        assert tuple(entry) == (group.people["bia"].user, {"note": str(row.id)})

    async def test_the_mark_is_what_the_group_says_it_is(self, group: Group, ana: ConversationId) -> None:
        await group.set_group(prefix="#")

        await group.hear("bia", ana, "# só nosso")
        await group.hear("bia", ana, "// para ela")

        assert [row.content["body"] for row in await group.queued()] == ["// para ela"]

    async def test_a_colleague_may_note_in_a_conversation_that_is_not_theirs(
        self, group: Group, ana: ConversationId
    ) -> None:
        await group.hear("caio", ana, "// já comprou comigo")

        assert len(await group.rows("SELECT id FROM contact_notes")) == 1

    async def test_a_mark_without_words_is_no_note(self, group: Group, ana: ConversationId) -> None:
        with pytest.raises(Conflict, match="after the mark"):
            await group.hear("bia", ana, "//")

    @pytest.mark.parametrize(
        "words",
        [
            "devolver o produto é simples",
            "transferir o valor hoje",
            "transferir Zeferino",
            "resolver isso é fácil",
            "aceitar cartão",
        ],
    )
    async def test_a_line_that_begins_like_a_command_is_neither_done_nor_sent(
        self, group: Group, ana: ConversationId, words: str
    ) -> None:
        with pytest.raises(Conflict, match="begins like a command"):
            await group.hear("bia", ana, words)

        assert await group.queued() == []
        assert (await group.thread(ana)).control is Control.HUMAN

    @pytest.mark.parametrize("words", ["/fila", " /resolver vendido", "/ oi", "/conversas@outro_bot"])
    async def test_what_begins_with_a_slash_is_never_for_the_customer(
        self, group: Group, ana: ConversationId, words: str
    ) -> None:
        with pytest.raises(Conflict, match="with a slash is a command"):
            await group.hear("bia", ana, words)

        assert await group.queued() == []

    async def test_such_a_word_further_on_is_for_the_customer(self, group: Group, ana: ConversationId) -> None:
        await group.hear("bia", ana, "Vou resolver isso: é fácil")

        assert [row.content["body"] for row in await group.queued()] == ["Vou resolver isso: é fácil"]
