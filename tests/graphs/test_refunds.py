"""A refund, as support takes it to staff: asked of the customer, decided by a person, told in the right words."""

from collections.abc import AsyncIterator
from uuid import UUID

import pytest
from sqlalchemy import text

from admin_api.chatting.purchases import furnish
from core import clock
from core.audit import Actor
from core.floor import Floor
from core.ids import new_id
from core.models.commerce import OrderState
from core.models.record import ActorKind
from core.models.service import Approver, EffectState
from graphs import effects
from graphs.stores import effects as store
from graphs.stores import orders
from graphs.stores.effects import EffectListing
from graphs.stores.orders import NewOrder
from tests.fixtures.talking import Talk, gateway_of, open_talk

CLARA = Actor(ActorKind.USER, new_id())
TOLD = ("oi, quero meu dinheiro de volta", "é sobre a entrega", "o pedido é o 4521")
STORY = "comprei na semana passada e não recebi nada até agora"


@pytest.fixture
async def talk(floor: Floor) -> AsyncIterator[Talk]:
    async with gateway_of(floor) as gateway:
        talk = await open_talk(floor, gateway, "suporte")
        async with talk.inbox.session() as session:
            await furnish(session, phone=f"+{talk.customer.number}", name="Ana")
        yield talk


async def asked_for(talk: Talk, *lines: str) -> list[str]:
    said: list[str] = []
    for line in lines:
        said = await talk.say(line)
    return said


async def waiting(talk: Talk) -> UUID:
    """The one that staff see."""
    async with talk.inbox.session() as session:
        mine = EffectListing(most=5, state=EffectState.PROPOSED, approver=Approver.STAFF)
        [effect] = await store.list_effects(session, mine)
        assert effect.tool == "pedidos.reembolsar"
        return effect.id


async def decide(talk: Talk, *, is_yes: bool) -> list[str]:
    """What the customer hears of it."""
    effect = await waiting(talk)
    async with talk.inbox.session() as session:
        if is_yes:
            await effects.approve(session, effect, by=CLARA)
        else:
            await effects.reject(session, effect, by=CLARA, reason="fora do prazo")
    await effects.run_due(talk.taker.floor)
    return await talk.answered()


async def other_shop(talk: Talk) -> None:
    """Where the same contact has ordered since, under the same number."""
    async with talk.inbox.session() as session:
        [(contact, total)] = await session.execute(
            text("SELECT contact_id, total_cents FROM orders WHERE number='4521'")
        )
        new = NewOrder(
            contact_id=contact,
            source="outra",
            external_id="outra-1",
            number="4521",
            state=OrderState.PAID,
            total_cents=total,
            placed_at=clock.now(),
        )
        await orders.keep(session, orders=[new], charges=[])


class TestRefund:
    async def test_the_customer_says_yes_and_hears_that_somebody_looks_at_it(self, talk: Talk) -> None:
        asked = await asked_for(talk, *TOLD, STORY)
        assert asked[-1] == "Posso levar à equipe o pedido de reembolso desta compra: o pedido é o 4521?"
        [said] = await talk.say("sim, por favor")
        assert said.startswith("O seu pedido de reembolso já está com a equipe. Uma pessoa vai analisar")
        assert await effects.run_due(talk.taker.floor) == 0  # nothing is done before their yes
        proposed = "SELECT payload FROM domain_events WHERE kind = 'effect.proposed'"
        assert [row.payload["tool"] for row in await talk.inbox.rows(proposed)] == ["pedidos.reembolsar"]

    async def test_a_yes_of_the_company_is_told_as_one(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        assert "autorizou o reembolso" in (await decide(talk, is_yes=True))[0]

    async def test_a_no_of_the_company_is_no_failure(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        [said] = await decide(talk, is_yes=False)
        assert "não autorizou o reembolso" in said
        assert "fora do prazo" not in said  # why is for staff

    async def test_who_waits_for_a_person_hears_of_it_too(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim", "quero falar com um atendente")
        assert (await talk.conversation()).control == "queued"
        assert "autorizou o reembolso" in (await decide(talk, is_yes=True))[0]

    async def test_what_was_refused_may_be_asked_for_again(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        await decide(talk, is_yes=False)
        await asked_for(talk, "quero um reembolso", "sim")
        assert "autorizou o reembolso" in (await decide(talk, is_yes=True))[0]

    async def test_who_asks_again_after_a_yes_is_taken_to_staff_again(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        await decide(talk, is_yes=True)
        await asked_for(talk, "quero um reembolso", "sim")
        assert "não autorizou o reembolso" in (await decide(talk, is_yes=False))[0]

    async def test_an_order_is_refunded_once_though_staff_say_yes_twice(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        await decide(talk, is_yes=True)
        await asked_for(talk, "quero um reembolso", "sim")
        assert "Não consegui concluir" in (await decide(talk, is_yes=True))[0]
        ended = await talk.inbox.rows("SELECT state, reason FROM effects ORDER BY created_at")
        assert [(row.state, row.reason) for row in ended] == [("succeeded", None), ("failed", "already_refunded")]

    async def test_nobody_is_asked_about_an_order_of_nobodys(self, talk: Talk) -> None:
        said = await asked_for(talk, *TOLD[:2], "o pedido é o 9999", STORY, "sim")
        assert "Não encontrei pedido com esses dados" in said[0]
        assert "número do pedido" in said[-1]
        assert await talk.inbox.count("effects") == 0
        await asked_for(talk, "o pedido é o 4521", "sim")
        assert "autorizou o reembolso" in (await decide(talk, is_yes=True))[0]

    async def test_staff_see_which_order_it_is_and_what_it_cost(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        async with talk.inbox.session() as session:
            shown = (await store.get(session, await waiting(talk))).arguments
            [order] = await talk.inbox.rows("SELECT id FROM orders WHERE number = '4521'")
        assert shown["order"] == {"id": str(order.id), "number": "4521", "state": "shipped", "total_cents": 34900}
        await decide(talk, is_yes=True)
        told = await talk.inbox.rows("SELECT kind, payload FROM domain_events WHERE kind LIKE 'effect.%' ORDER BY seq")
        assert [row.kind for row in told] == ["effect.proposed", "effect.approved", "effect.ended"]
        assert {(row.payload["order"], row.payload["total_cents"]) for row in told} == {("4521", 34900)}

    async def test_a_no_tells_of_the_order_too(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        await decide(talk, is_yes=False)
        [told] = await talk.inbox.rows("SELECT payload FROM domain_events WHERE kind = 'effect.ended'")
        assert (told.payload["order"], told.payload["total_cents"]) == ("4521", 34900)

    async def test_another_amount_than_the_one_that_staff_saw_is_not_refunded(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        async with talk.inbox.session() as session:
            await session.execute(text("UPDATE orders SET total_cents = total_cents + 1"))
        await decide(talk, is_yes=True)
        [ended] = await talk.inbox.rows("SELECT state, reason FROM effects")
        assert (ended.state, ended.reason) == ("failed", "changed")

    async def test_the_same_number_of_another_shop_is_another_order(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        await decide(talk, is_yes=True)
        await other_shop(talk)
        await asked_for(talk, "quero um reembolso", "sim")
        assert "autorizou o reembolso" in (await decide(talk, is_yes=True))[0]

    async def test_the_order_that_staff_saw_is_refunded_and_no_newer_one_of_its_number(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        [seen] = await talk.inbox.rows("SELECT id FROM orders WHERE number = '4521'")
        await other_shop(talk)
        await decide(talk, is_yes=True)
        [ended] = await talk.inbox.rows("SELECT state, result FROM effects")
        assert (ended.state, ended.result["order_id"]) == ("succeeded", str(seen.id))

    async def test_what_was_refunded_before_ids_were_kept_is_not_refunded_again(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        await decide(talk, is_yes=True)
        async with talk.inbox.session() as session:
            await session.execute(text("UPDATE effects SET result = result - 'order_id'"))
        await asked_for(talk, "quero um reembolso", "sim")
        assert "Não consegui concluir" in (await decide(talk, is_yes=True))[0]

    async def test_the_same_order_said_in_other_words_is_the_same_wish(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "sim")
        await asked_for(talk, "o número é 4521", "sim")
        assert await talk.inbox.count("effects") == 1

    async def test_a_no_of_the_customers_asks_nobody(self, talk: Talk) -> None:
        await asked_for(talk, *TOLD, STORY, "não, deixa")
        assert await talk.inbox.count("effects") == 0

    async def test_it_is_never_offered_to_who_did_not_ask(self, talk: Talk) -> None:
        await asked_for(talk, "oi, cadê meu pedido?", "Ana", "é sobre a entrega", "4521", STORY, "tudo resolvido")
        assert (await talk.conversation()).dialogue["stage"] == "resolvido"
        assert not [
            row for row in await talk.inbox.rows("SELECT text FROM messages") if "reembolso" in (row.text or "")
        ]
