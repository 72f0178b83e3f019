"""What people do with a conversation from the group: by buttons, by words, and two at once."""

import asyncio

import pytest

from channels.telegram_staff.notes import Button, Card, Say
from core.errors import AppError, Conflict
from core.ids import ConversationId
from core.models.stream import Control
from graphs.handoff import Source
from tests.admin_api.staff.scene import Group, Posted


@pytest.fixture
async def ana(group: Group) -> ConversationId:
    """She waits, and the group knows it."""
    ana = await group.customer()
    await group.wait(ana)
    await group.follow()
    return ana


def card_of(group: Group) -> Posted:
    return [one for one in group.posted if isinstance(one.body, Card)][-1]


def answer_of(posted: list[Posted]) -> Posted:
    return next(one for one in posted if one.key.endswith(":answer"))


async def who(group: Group, conversation: ConversationId) -> tuple[Control, object]:
    row = await group.thread(conversation)
    return row.control, row.assignee_id


class TestTake:
    @pytest.mark.parametrize("words", ["aceitar", "Aceitar", "assumir", "/aceitar", "/accept", "button"])
    async def test_it_is_theirs_by_button_by_word_and_by_command(
        self, group: Group, ana: ConversationId, words: str
    ) -> None:
        if words == "button":
            assert await group.press("bia", ana, card_of(group).button("Aceitar")) == "Agora é com você."
        elif words.startswith("/"):
            await group.type("bia", ana, words)
        else:
            await group.hear("bia", ana, words)

        assert await who(group, ana) == (Control.HUMAN, group.people["bia"].user)
        told = await group.follow()
        assert [one.text for one in told if isinstance(one.body, Say)] == ["✋ Bia assumiu."]
        assert "Bia está atendendo desde" in next(one.text for one in told if isinstance(one.body, Card))

    async def test_it_is_on_record_as_theirs(self, group: Group, ana: ConversationId) -> None:
        await group.press("bia", ana, card_of(group).button("Aceitar"))

        [row] = await group.rows("SELECT * FROM audit_log WHERE action = 'conversation.control'")
        assert (row.actor_id, row.detail["to"]) == (group.people["bia"].user, "human")
        [event] = await group.rows("SELECT payload FROM domain_events WHERE kind = 'conversation.taken_over'")
        assert event.payload["source"] == Source.STAFF.value

    async def test_of_two_who_press_at_once_one_has_it_and_the_other_is_told(
        self, group: Group, ana: ConversationId
    ) -> None:
        button = card_of(group).button("Aceitar")

        toasts = await asyncio.gather(group.press("bia", ana, button), group.press("caio", ana, button))

        assert sorted(toast == "Agora é com você." for toast in toasts) == [False, True]
        winner = "bia" if toasts[0] == "Agora é com você." else "caio"
        assert await who(group, ana) == (Control.HUMAN, group.people[winner].user)

    async def test_who_comes_second_by_word_hears_who_was_first_and_may_take_their_place(
        self, group: Group, ana: ConversationId
    ) -> None:
        await group.hear("bia", ana, "aceitar")
        await group.hear("caio", ana, "aceitar")

        answer = answer_of(await group.deliver())
        assert "Bia está atendendo desde" in answer.text
        assert await who(group, ana) == (Control.HUMAN, group.people["bia"].user)
        await group.press("caio", ana, answer.button("Assumir no lugar"))
        assert await who(group, ana) == (Control.HUMAN, group.people["caio"].user)

    async def test_who_looks_on_takes_nothing(self, group: Group, ana: ConversationId) -> None:
        with pytest.raises(AppError, match=r"takes the role of agent"):
            await group.press("leo", ana, card_of(group).button("Aceitar"))

        assert (await who(group, ana))[0] is Control.QUEUED

    async def test_a_button_of_an_older_card_does_nothing(self, group: Group, ana: ConversationId) -> None:
        old = card_of(group).button("Devolver")
        await group.take_outside(ana, who="caio")

        toast = await group.press("bia", ana, old)

        assert toast != "O bot continua daqui."
        assert await who(group, ana) == (Control.HUMAN, group.people["caio"].user)

    @pytest.mark.parametrize("forge", ["other", "cut", "rubbish", "flipped"])
    async def test_a_forged_button_does_nothing(self, group: Group, ana: ConversationId, forge: str) -> None:
        data = card_of(group).button("Aceitar").data or ""
        forged = {
            "other": "b:" + "A" * (len(data) - 2),
            "cut": data[:-6],
            "rubbish": "take:91:3",
            "flipped": data[:10] + ("A" if data[10] != "A" else "B") + data[11:],
        }[forge]

        await group.press("bia", ana, Button(text="Aceitar", data=forged))

        assert (await who(group, ana))[0] is Control.QUEUED

    async def test_one_press_is_one_press(self, group: Group, ana: ConversationId) -> None:
        button = card_of(group).button("Aceitar")
        await group.press("bia", ana, button)
        await group.change(ana, to=Control.QUEUED)

        await group.press("bia", ana, button)

        assert (await who(group, ana))[0] is Control.QUEUED


class TestTransfer:
    async def test_to_somebody_who_is_chosen_by_a_button(self, group: Group, ana: ConversationId) -> None:
        await group.press("bia", ana, card_of(group).button("Transferir"))
        answer = answer_of(await group.deliver())
        assert [button.text for button in answer.buttons][:3] == ["Bia", "Caio", "Dona"]  # Leo only looks on

        await group.press("bia", ana, answer.button("Caio"))

        assert await who(group, ana) == (Control.HUMAN, group.people["caio"].user)
        told = await group.follow()
        assert "➡️ Bia transferiu para Caio." in [one.text for one in told]
        [private] = [one for one in told if one.person is not None]
        assert (private.person, private.text) == (
            group.people["caio"].person,
            "Ana foi transferido para você por Bia",
        )

    @pytest.mark.parametrize("words", ["transferir caio", "transferir para Caio", "transferir: Caio", "/transfer ca"])
    async def test_to_somebody_by_name(self, group: Group, ana: ConversationId, words: str) -> None:
        await (group.type if words.startswith("/") else group.hear)("bia", ana, words)

        assert await who(group, ana) == (Control.HUMAN, group.people["caio"].user)

    async def test_to_a_queue(self, group: Group, ana: ConversationId) -> None:
        await group.hear("bia", ana, "aceitar")
        await group.hear("bia", ana, "transferir fila financeiro")

        assert (await who(group, ana))[0] is Control.QUEUED
        [row] = await group.rows("SELECT queue, state FROM handoffs WHERE state <> 'ended'")
        assert tuple(row) == ("financeiro", "queued")

    async def test_asking_to_whom_leaves_the_other_buttons_of_the_card_alive(
        self, group: Group, ana: ConversationId
    ) -> None:
        await group.press("bia", ana, card_of(group).button("Transferir"))
        await group.follow()

        assert await group.press("bia", ana, card_of(group).button("Aceitar")) == "Agora é com você."

    async def test_to_nobody_that_is_known(self, group: Group, ana: ConversationId) -> None:
        with pytest.raises(AppError, match="Nobody here is called"):
            await group.type("bia", ana, "/transferir zeferino")


class TestResolve:
    async def test_with_what_it_came_to(self, group: Group, ana: ConversationId) -> None:
        await group.press("bia", ana, card_of(group).button("Resolver"))
        answer = answer_of(await group.deliver())

        await group.press("bia", ana, answer.button("Vendido"))

        assert (await who(group, ana))[0] is Control.CLOSED
        [row] = await group.rows("SELECT category, closing_note, state FROM handoffs")
        assert tuple(row) == ("vendido", None, "ended")
        assert "Desfecho: Vendido" in next(one.text for one in await group.follow() if isinstance(one.body, Card))

    @pytest.mark.parametrize(
        ("words", "kept"),
        [
            ("resolver: pagou no PIX", ("outro", "pagou no PIX")),
            ("resolver vendido: pagou no PIX", ("vendido", "pagou no PIX")),
            ("/resolver vendido: pagou no PIX", ("vendido", "pagou no PIX")),
            ("/encerrar sem interesse", ("sem_interesse", None)),
        ],
    )
    async def test_with_a_note(
        self, group: Group, ana: ConversationId, words: str, kept: tuple[str, str | None]
    ) -> None:
        await (group.type if words.startswith("/") else group.hear)("bia", ana, words)

        [row] = await group.rows("SELECT category, closing_note FROM handoffs")
        assert tuple(row) == kept


class TestGiveBack:
    async def test_the_bot_goes_on_with_what_was_agreed(self, group: Group, ana: ConversationId) -> None:
        await group.hear("bia", ana, "aceitar")

        await group.hear("bia", ana, "devolver: entrega na sexta")

        assert (await who(group, ana))[0] is Control.BOT
        [turn] = await group.rows("SELECT payload FROM turns WHERE trigger = 'staff_return'")
        assert turn.payload["note"] == "entrega na sexta"
        assert "🤖 Bia devolveu ao bot. entrega na sexta" in [one.text for one in await group.follow()]

    async def test_a_closed_conversation_is_given_to_nobody(self, group: Group, ana: ConversationId) -> None:
        await group.change(ana, to=Control.CLOSED)

        for words in ("aceitar", "transferir caio", "devolver"):
            with pytest.raises(AppError, match="was closed"):
                await group.hear("bia", ana, words)


class TestConflicts:
    async def test_what_is_refused_leaves_nothing_behind(self, group: Group, ana: ConversationId) -> None:
        await group.take_outside(ana, who="caio")
        await group.follow()

        with pytest.raises(Conflict, match="Caio"):
            await group.hear("bia", ana, "posso ajudar?")

        assert await group.rows("SELECT id FROM outbound") == []
        assert await group.follow() == []
