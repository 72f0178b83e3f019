"""Why the bot said something, told in the group."""

from typing import Any
from uuid import UUID

from core import clock
from core.ids import MessageId, new_id
from core.models.outbox import OutboundAttempt, Purpose
from core.models.staff import LineKind, StaffLine
from core.models.stream import Trigger, Turn, TurnOutcome, TurnState
from tests.admin_api.staff.counter import Counter
from tests.fixtures.gates import Somebody

_TRACE = {
    "rules": ["slot.set:nome", "answer.knowledge", "brand.new_rule"],
    "commands": [{"type": "set_slot", "name": "nome", "value": {"name": "Ana"}, "quote": {"text": "Sou a Ana"}}],
    "passages": [
        {"id": "p1", "title": "Preços", "score": 0.8125},
        {"id": "p2", "title": "Horários", "score": 0.3, "approved": True},
    ],
    "cited": ["p1"],
    "violations": [],
}


async def reply(counter: Counter, who: Somebody, **turn: Any) -> MessageId:
    """Of a turn that heard `Sou a Ana, quanto custa?`, delivered after one attempt."""
    heard = await counter.salon.say(who, "Sou a Ana, quanto custa?")
    values: dict[str, Any] = {
        "state": TurnState.DONE,
        "outcome": TurnOutcome.REPLIED,
        "trace": _TRACE,
        "dialogue_after": {"heard": heard},
        "model_calls": 2,
        "input_tokens": 1200,
        "output_tokens": 34,
        "cost_micros": 1500,
    }
    row = Turn(
        id=new_id(),
        conversation_id=who.conversation,
        trigger=Trigger.INBOUND,
        due_at=clock.now(),
        ended_at=clock.now(),
        persona_version_id=counter.salon.version.id,
        **(values | turn),
    )
    await counter.add(row)
    message: MessageId = await counter.world.queue(who.conversation, purpose=Purpose.REPLY)
    sent = await counter.world.row(message)
    await counter.add(OutboundAttempt(id=new_id(), outbound_id=sent.id, number=1, tag=f"t.{new_id()}"))
    await counter.set("messages", {"turn_id": row.id}, id=message)
    now = clock.now()
    fate = {"state": "delivered", "provider_id": f"wamid.{message}", "accepted_at": now, "delivered_at": now}
    await counter.set("outbound", fate, message_id=message)
    return message


async def line_of(counter: Counter, message: UUID) -> StaffLine:
    row = StaffLine(
        id=new_id(), group_id=counter.group, message_id=new_id().int % 10**9, kind=LineKind.SHOWN, said_id=message
    )
    await counter.add(row)
    return row


class TestWhy:
    async def test_the_whole_chain_in_words(self, counter: Counter) -> None:
        who = await counter.customer()
        message = await reply(counter, who)
        place = counter.place(who, replied=await line_of(counter, message))

        shown = (await counter.type("leo", "/porque", place=place)).text

        for words in (
            "Por quê?\nOi!",
            "👂 Ouviu\n• ",
            "“Sou a Ana, quanto custa?”",
            "🧠 Entendeu\n• set_slot nome “Sou a Ana”",
            "📏 Regras\n• soube um dado (nome) slot.set:nome\n• respondeu pela base de conhecimento answer.knowledge",
            "• brand.new_rule brand.new_rule",
            "📚 Trechos\n• ★ Preços (0,81)\n• Horários (0,30) · resposta aprovada",
            "🔎 Checagens\n• nada errado",
            "🎭 vendas v1 (",
            "💰 2 chamadas ao modelo · 1.234 tokens · US$ 0,0015",
            "📤 Envio: entregue",
            "tentativas: 1",
            f"wamid.{message}",
            "✓ ",
            "✓✓ ",
        ):
            assert words in shown

    async def test_without_a_reply_it_is_the_last_that_the_bot_said_there(self, counter: Counter) -> None:
        who = await counter.customer()
        message = await reply(counter, who)

        assert f"wamid.{message}" in (await counter.type("leo", "/porque", who)).text

    async def test_what_a_person_wrote_has_no_reasons_of_ours(self, counter: Counter) -> None:
        who = await counter.customer()
        message = await counter.world.queue(who.conversation, purpose=Purpose.STAFF)
        place = counter.place(who, replied=await line_of(counter, message))

        assert "uma pessoa da equipe" in (await counter.type("leo", "/porque", place=place)).text

    async def test_what_did_not_leave_says_why_not(self, counter: Counter) -> None:
        who = await counter.customer()
        message = await reply(counter, who)
        await counter.set("outbound", {"state": "suppressed", "reason": "bot_paused"}, message_id=message)

        shown = (await counter.type("leo", "/porque", who)).text

        assert "📤 Envio: não saiu\nO bot foi desligado nesta conexão" in shown

    async def test_a_cost_that_nobody_knows_is_not_zero(self, counter: Counter) -> None:
        who = await counter.customer()
        await reply(counter, who, cost_micros=None)

        assert "tokens · não se sabe" in (await counter.type("leo", "/porque", who)).text

    async def test_after_an_erasure_it_shows_that_and_not_what(self, counter: Counter) -> None:
        who = await counter.customer("Ida")
        message = await reply(counter, who)
        await counter.confirm("caio", "/apagar Ida")
        place = counter.place(replied=await line_of(counter, message))

        shown = (await counter.type("leo", "/porque", place=place)).text

        assert "Por quê?\n(o texto foi apagado)" in shown
        assert "Sou a Ana" not in shown
        assert "💰 2 chamadas ao modelo" in shown

    async def test_in_reply_to_nothing_of_ours_it_is_asked_for(self, counter: Counter) -> None:
        assert "Responda com isto a uma mensagem do bot" in (await counter.type("leo", "/porque")).text
        who = await counter.customer()
        assert "Responda a uma mensagem do bot com /porque" in (await counter.type("leo", "/porque", who)).text
