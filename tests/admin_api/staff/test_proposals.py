"""What waits for somebody's yes in a topic: drafts of a copilot, effects for staff, and moves of a lead."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from channels.telegram_staff.notes import Change, OpenTopic, React
from core import clock
from core.errors import AppError, Conflict
from core.ids import ConversationId, new_id
from core.models.service import Approver, Draft, Effect, EffectState
from core.models.stream import Control, Trigger, Turn, TurnState
from tests.admin_api.staff.scene import Group, Posted, kinds

WORDS = "O plano custa R$ 99,00."


@pytest.fixture
async def ana(group: Group) -> ConversationId:
    """The bot drafts for her."""
    ana = await group.customer("quanto custa?")
    await group.change(ana, to=Control.COPILOT)
    return ana


async def draft(group: Group, conversation: ConversationId) -> UUID:
    row = await group.thread(conversation)
    turn = Turn(
        tenant_id=group.world.company,
        id=new_id(),
        conversation_id=conversation,
        trigger=Trigger.INBOUND,
        state=TurnState.DONE,
        due_at=clock.now(),
        trace={"heard": row.message_seq},
    )
    drafted = Draft(
        tenant_id=group.world.company,
        id=new_id(),
        conversation_id=conversation,
        turn_id=turn.id,
        epoch=row.control_epoch,
        turn_seq=row.turn_seq,
        bubbles=[{"text": WORDS}],
    )
    async with group.world.session() as session:
        session.add(turn)
        await session.flush()
        session.add(drafted)
    await group.emit("draft.proposed", conversation, {})
    return drafted.id


async def effect(group: Group, conversation: ConversationId, **values: Any) -> UUID:
    thread = await group.thread(conversation)
    usual: dict[str, Any] = {
        "tool": "pedidos.reembolsar",
        "arguments": {"number": {"text": "4521"}, "order": {"number": "4521", "total_cents": 12990}},
        "approver": Approver.STAFF,
        "state": EffectState.PROPOSED,
        "epoch": thread.control_epoch,
        "expires_at": clock.now() + timedelta(days=1),
    }
    row = Effect(
        tenant_id=group.world.company,
        id=new_id(),
        conversation_id=conversation,
        contact_id=thread.contact_id,
        **{**usual, **values},
    )
    async with group.world.session() as session:
        session.add(row)
    await group.emit("effect.proposed", row.id, {"conversation": str(conversation), "tool": "pedidos.reembolsar"})
    return row.id


def shown(posted: list[Posted], kind: str) -> Posted:
    return next(one for one in posted if one.key.startswith(f"{kind}:"))


class TestDraft:
    async def test_it_is_shown_with_what_can_be_done(self, group: Group, ana: ConversationId) -> None:
        await draft(group, ana)

        told = shown(await group.follow(), "draft")

        assert WORDS in told.text
        assert [button.text for button in told.buttons] == ["✅ Enviar", "✏️ Editar", "🗑 Descartar"]

    async def test_sent_as_it_is_it_says_so_below(self, group: Group, ana: ConversationId) -> None:
        await draft(group, ana)
        told = shown(await group.follow(), "draft")

        assert await group.press("bia", ana, told.button("Enviar")) == "Enviado."

        [row] = await group.rows("SELECT content, purpose FROM outbound")
        assert (row.content["body"], row.purpose) == (WORDS, "staff")
        [end] = [one for one in await group.follow() if isinstance(one.body, Change)]
        assert isinstance(end.body, Change)
        assert (end.body.message_id, end.buttons) == (told.message, [])
        assert end.text.endswith("✅ Enviado como estava.")

    async def test_answered_with_other_words_these_go_out(self, group: Group, ana: ConversationId) -> None:
        await draft(group, ana)
        told = shown(await group.follow(), "draft")
        assert "no lugar" in await group.press("bia", ana, told.button("Editar"))

        number = await group.hear("bia", ana, "Custa 99 reais por mês.", replies=told.message)

        [row] = await group.rows("SELECT content, purpose FROM outbound")
        assert row.content["body"] == "Custa 99 reais por mês."
        [kept] = await group.rows("SELECT state, distance, decided_by FROM drafts")
        assert (kept.state, kept.decided_by) == ("edited", group.people["bia"].user)
        assert kept.distance > 0
        told_after = await group.follow()
        assert React(message_id=number, sign="✍") in [one.body for one in told_after]
        assert any(one.text.endswith("✏️ Enviado com outro texto.") for one in told_after)

    @pytest.mark.parametrize("words", ["ok", "Sim!", "pode enviar", "manda"])
    async def test_a_mere_yes_is_not_said_to_the_customer(self, group: Group, ana: ConversationId, words: str) -> None:
        await draft(group, ana)
        told = shown(await group.follow(), "draft")

        with pytest.raises(Conflict, match="press Send"):
            await group.hear("bia", ana, words, replies=told.message)

        assert await group.rows("SELECT id FROM outbound") == []

    async def test_what_begins_with_a_slash_is_not_said_to_the_customer(
        self, group: Group, ana: ConversationId
    ) -> None:
        await draft(group, ana)
        told = shown(await group.follow(), "draft")

        with pytest.raises(Conflict, match="with a slash is a command"):
            await group.hear("bia", ana, "/descartar", replies=told.message)

        assert await group.rows("SELECT id FROM outbound") == []

    async def test_dropped_it_is_not_sent(self, group: Group, ana: ConversationId) -> None:
        await draft(group, ana)
        told = shown(await group.follow(), "draft")

        await group.press("bia", ana, told.button("Descartar"))

        assert await group.rows("SELECT id FROM outbound") == []
        assert any("Descartado" in one.text for one in await group.follow() if isinstance(one.body, Change))

    async def test_the_conversation_has_gone_on_so_it_is_refused_and_kept(
        self, group: Group, ana: ConversationId
    ) -> None:
        await draft(group, ana)
        told = shown(await group.follow(), "draft")
        await group.write(ana, "e o prazo?")

        with pytest.raises(Conflict, match="has gone on"):
            await group.press("bia", ana, told.button("Enviar"))

        assert await group.rows("SELECT id FROM outbound") == []
        [row] = await group.rows("SELECT state FROM drafts")
        assert row.state == "proposed"

    async def test_of_two_who_send_it_at_once_it_leaves_once(self, group: Group, ana: ConversationId) -> None:
        await draft(group, ana)
        told = shown(await group.follow(), "draft")
        await group.press("bia", ana, told.button("Enviar"))

        assert await group.press("caio", ana, told.button("Enviar")) != "Enviado."

        assert len(await group.rows("SELECT id FROM outbound")) == 1


class TestEffect:
    @pytest.fixture
    async def beto(self, group: Group) -> ConversationId:
        """The bot answers him, and asks staff for a refund."""
        return await group.customer("quero meu dinheiro", name="Beto")

    async def test_it_opens_a_topic_although_the_bot_goes_on(self, group: Group, beto: ConversationId) -> None:
        await effect(group, beto)

        told = await group.follow()

        assert kinds(told)[0] is OpenTopic
        asked = shown(told, "effect")
        assert "Pedido: 4521 · R$ 129,90" in asked.text
        assert [button.text for button in asked.buttons] == ["✅ Aprovar", "❌ Recusar"]
        assert (await group.thread(beto)).control is Control.BOT

    async def test_approved_it_is_done_next(self, group: Group, beto: ConversationId) -> None:
        await effect(group, beto)
        asked = shown(await group.follow(), "effect")

        await group.press("dona", beto, asked.button("Aprovar"))

        [row] = await group.rows("SELECT id, state, approved_by FROM effects")
        assert tuple(row)[1:] == ("approved", group.people["dona"].user)
        told = await group.follow()
        [end] = [one for one in told if isinstance(one.body, Change)]
        assert end.text.endswith("✅ Aprovado: está sendo feito.")
        await group.rows("UPDATE effects SET state = 'failed', reason = 'not_refundable' RETURNING id")
        await group.emit("effect.ended", row.id, {"conversation": str(beto)})
        assert any("não deu certo (not_refundable)" in one.text for one in await group.follow())

    async def test_refused_for_one_of_the_usual_reasons(self, group: Group, beto: ConversationId) -> None:
        await effect(group, beto)
        asked = shown(await group.follow(), "effect")
        await group.press("dona", beto, asked.button("Recusar"))
        why = next(one for one in await group.deliver() if one.key.endswith(":answer"))

        await group.press("dona", beto, why.button("Dados errados"))

        [row] = await group.rows("SELECT state, reason FROM effects")
        assert tuple(row) == ("rejected", "Dados errados")
        told = await group.follow()
        assert any(one.text.endswith("❌ Recusado. Dados errados") for one in told if isinstance(one.body, Change))

    async def test_refused_by_an_answer_with_the_reason(self, group: Group, beto: ConversationId) -> None:
        await effect(group, beto)
        asked = shown(await group.follow(), "effect")

        await group.hear("dona", beto, "recusar: passou dos 7 dias", replies=asked.message)

        [row] = await group.rows("SELECT state, reason FROM effects")
        assert tuple(row) == ("rejected", "passou dos 7 dias")
        assert await group.rows("SELECT id FROM outbound") == []

    @pytest.mark.parametrize(
        "words", ["sim", "ok", "Aprovado, pode fazer", "pode", "quanto foi mesmo?", "não, espera", "recusar"]
    )
    async def test_no_other_answer_decides_about_it(self, group: Group, beto: ConversationId, words: str) -> None:
        await effect(group, beto)
        asked = shown(await group.follow(), "effect")

        with pytest.raises(Conflict, match="Nothing was decided"):
            await group.hear("dona", beto, words, replies=asked.message)

        assert [row.state for row in await group.rows("SELECT state FROM effects")] == ["proposed"]

    async def test_decided_elsewhere_it_says_so_and_the_topic_is_closed(
        self, group: Group, beto: ConversationId
    ) -> None:
        asked_for = await effect(group, beto)
        asked = shown(await group.follow(), "effect")
        await group.rows(
            "UPDATE effects SET state = 'succeeded', result = '{}', ended_at = app_now() WHERE id = :id RETURNING id",
            id=asked_for,
        )
        await group.emit("effect.ended", asked_for, {"conversation": str(beto)})

        told = await group.follow()

        assert any("Aprovado e feito" in one.text for one in told if isinstance(one.body, Change))
        with pytest.raises(AppError):
            await group.press("dona", beto, asked.button("Aprovar"))

    async def test_whose_time_is_over_is_not_shown(self, group: Group, beto: ConversationId) -> None:
        await effect(group, beto, expires_at=clock.now() - timedelta(minutes=1))

        assert await group.follow() == []


class TestShown:
    async def test_a_draft_that_was_proposed_before_the_group_was_bound_is_shown(
        self, group: Group, ana: ConversationId
    ) -> None:
        await group.rows("UPDATE staff_groups SET left_at = app_now() RETURNING id")
        await draft(group, ana)
        await group.follow()

        await group.rows("UPDATE staff_groups SET left_at = NULL RETURNING id")
        told = await group.follow()

        assert WORDS in shown(told, "draft").text
