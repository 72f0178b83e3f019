"""What hangs on a contact follows when two turn out to be one person, and goes back when they turn out to be two."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from channels.stores.people import Merger
from core import clock
from core.audit import SYSTEM
from core.db import locks
from core.db.locks import hold_until_commit, try_hold_until_commit
from core.db.sessions import TenantSession
from core.floor import Floor
from core.ids import new_id
from core.models.commerce import Appointment, Charge, ChargeMethod, Order, OrderState
from core.models.people import Connection
from core.models.personas import Cause, Lead, LeadStageEvent
from core.models.service import Approver, ContactFact, Effect, EffectState, Timer, TimerKind
from core.models.stream import Conversation
from graphs import leads, unions
from graphs.conversation import memory
from graphs.stores import belongings, facts, timers
from tests.fixtures.blocked import until_waiting
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import ANA, BEATRIZ, EIGHT, NAME, Salon, filled, open_salon

NAMED = {"slots": {"nome": filled(ANA, "sou a Ana")}}
QUALIFIED = {"slots": {"nome": filled(BEATRIZ, "Beatriz"), "orcamento": filled(EIGHT, "8 mil")}}


@pytest.fixture
async def salon(floor: Floor) -> AsyncIterator[Salon]:
    salon = await open_salon(floor)
    yield salon
    await salon.finish()


async def people(salon: Salon, *, same_line: bool = False) -> tuple[Somebody, Somebody]:
    """Two contacts; each on a line of their own, unless told otherwise."""
    kept, gone = await salon.person(name="Ana"), await salon.person(name="Ana B.")
    if not same_line:
        other = await salon.world.another_line(f"Linha {new_id()}")
        async with salon.world.session() as session:
            await session.execute(update(Connection).values(persona=NAME))
            theirs = update(Conversation).where(Conversation.id == gone.conversation)
            await session.execute(theirs.values(connection_id=other.connection))
    return kept, gone


async def unite(salon: Salon, kept: Somebody, gone: Somebody) -> UUID:
    async with salon.world.session() as session:
        await unions.unite(session, [Merger(kept=kept.contact, gone=gone.contact)])
    [told] = [payload for _, payload in await salon.told("contact.merged")]
    return UUID(told["merger"])


async def part(salon: Salon, gone: Somebody, event: UUID) -> None:
    async with salon.world.session() as session:
        assert await unions.part(session, event) == gone.contact


async def lead_of(salon: Salon, who: Somebody) -> Lead | None:
    async with salon.world.session() as session:
        return await session.scalar(select(Lead).where(Lead.contact_id == who.contact))


async def stands(salon: Salon, who: Somebody) -> tuple[str, dict[str, Any]] | None:
    lead = await lead_of(salon, who)
    return (lead.stage, lead.slots) if lead else None


async def known(salon: Salon, who: Somebody) -> dict[str, Any]:
    rows = await salon.rows(ContactFact)
    return {row.key: row.value for row in rows if row.contact_id == who.contact and row.valid_to is None}


async def promised(salon: Salon) -> dict[UUID, list[str]]:
    rows = [row for row in await salon.rows(Timer) if row.kind is TimerKind.PROMISE and row.done_at is None]
    return {row.conversation_id: [one["by"] for one in row.payload["promises"]] for row in rows}


async def promise(salon: Salon, who: Somebody, by: str, *, hours: int) -> None:
    async with salon.world.session() as session:
        one = {"at": (clock.now() + timedelta(hours=hours)).isoformat(), "by": by}
        await timers.promise_later(session, who.conversation, epoch=0, promises=[one])


async def effect(salon: Salon, who: Somebody, state: EffectState) -> UUID:
    row = {"tool": "retorno.prometer", "arguments": {}, "approver": Approver.NOBODY, "epoch": 0}
    async with salon.world.session() as session:
        made = Effect(
            tenant_id=salon.world.company,
            id=new_id(),
            conversation_id=who.conversation,
            contact_id=who.contact,
            state=state,
            next_at=clock.now() + timedelta(days=1),
            **row,
        )
        session.add(made)
    return made.id


class TestLeads:
    async def test_one_that_the_other_has_none_of_is_theirs_and_goes_back(self, salon: Salon) -> None:
        kept, gone = await people(salon)
        await salon.turn(gone, leads.apply, **QUALIFIED)
        before = await stands(salon, gone)
        united = await unite(salon, kept, gone)
        assert (await stands(salon, kept), await stands(salon, gone)) == (before, None)

        await part(salon, gone, united)
        assert (await stands(salon, kept), await stands(salon, gone)) == (None, before)

    async def test_of_two_on_one_board_the_one_that_stays_goes_where_the_other_is_further(self, salon: Salon) -> None:
        kept, gone = await people(salon)
        await salon.turn(kept, leads.apply, **NAMED)
        await salon.turn(gone, leads.apply, **QUALIFIED)
        before, united = await stands(salon, kept), await unite(salon, kept, gone)

        assert await stands(salon, kept) == ("qualificado", {"nome": BEATRIZ, "orcamento": EIGHT})
        lead = await lead_of(salon, kept)
        events = [
            row for row in await salon.rows(LeadStageEvent, LeadStageEvent.seq) if lead and row.lead_id == lead.id
        ]
        assert (events[-1].cause, events[-1].rule_id) == (Cause.IMPORT, "contact.merged")
        assert {one["id"] for one in events[-1].criteria} == {"slot:nome", "slot:orcamento"}
        remembered = (await salon.conversation(kept)).dialogue
        assert memory.from_json(remembered, first_stage="novo").stage == "qualificado"

        await part(salon, gone, united)
        assert await stands(salon, kept) == before
        assert await stands(salon, gone) == ("qualificado", {"nome": BEATRIZ, "orcamento": EIGHT})

    async def test_one_that_is_further_already_stays(self, salon: Salon) -> None:
        kept, gone = await people(salon)
        await salon.turn(kept, leads.apply, **QUALIFIED)
        await salon.turn(gone, leads.apply, **NAMED)
        before, united = await stands(salon, kept), await unite(salon, kept, gone)
        assert await stands(salon, kept) == before
        await part(salon, gone, united)
        assert await stands(salon, kept) == before

    async def test_one_that_moved_since_keeps_where_it_stands(self, salon: Salon) -> None:
        kept, gone = await people(salon)
        await salon.turn(kept, leads.apply, **NAMED)
        await salon.turn(gone, leads.apply, **QUALIFIED)
        united = await unite(salon, kept, gone)
        lead = await lead_of(salon, kept)
        assert lead is not None
        async with salon.world.session() as session:
            await leads.mark_lost(session, lead.id, by=SYSTEM, reason="sem verba")
        await part(salon, gone, united)
        assert (await stands(salon, kept) or ("", {}))[0] == "perdido"

    async def test_what_moved_in_a_conversation_that_was_folded_moves_on_in_the_other(self, salon: Salon) -> None:
        kept, gone = await people(salon, same_line=True)
        await salon.say(kept, "oi")
        await salon.turn(gone, leads.apply, **QUALIFIED)
        async with salon.world.session() as session:
            early = update(Conversation).where(Conversation.id == gone.conversation)
            await session.execute(early.values(last_inbound_at=clock.now() - timedelta(hours=1)))
        united = await unite(salon, kept, gone)
        lead = await lead_of(salon, kept)
        assert lead is not None
        assert lead.conversation_id == kept.conversation

        await part(salon, gone, united)
        lead = await lead_of(salon, gone)
        assert lead is not None
        assert lead.conversation_id == gone.conversation

    async def test_where_the_other_conversation_stays_each_gets_their_own_back(self, salon: Salon) -> None:
        kept, gone = await people(salon, same_line=True)
        await salon.turn(kept, leads.apply, **NAMED)
        async with salon.world.session() as session:
            early = update(Conversation).where(Conversation.id == kept.conversation)
            await session.execute(early.values(last_inbound_at=clock.now() - timedelta(hours=1)))
        united = await unite(salon, kept, gone)
        places = []
        for undo in (False, True):
            if undo:
                await part(salon, gone, united)
            lead = await lead_of(salon, kept)
            places.append(lead and lead.conversation_id)
        assert places == [gone.conversation, kept.conversation]


class TestFacts:
    async def test_what_was_told_last_is_known_and_each_gets_their_own_back(self, salon: Salon) -> None:
        kept, gone = await people(salon)
        await salon.turn(kept, facts.remember, **NAMED)
        await salon.turn(gone, facts.remember, **QUALIFIED)
        before = await known(salon, kept), await known(salon, gone)
        united = await unite(salon, kept, gone)
        assert (await known(salon, kept), await known(salon, gone)) == ({"nome": BEATRIZ, "orcamento": EIGHT}, {})

        await part(salon, gone, united)
        assert (await known(salon, kept), await known(salon, gone)) == before

    async def test_what_the_one_that_stays_told_later_stays(self, salon: Salon) -> None:
        kept, gone = await people(salon)
        await salon.turn(gone, facts.remember, **QUALIFIED)
        await salon.turn(kept, facts.remember, **NAMED)
        before = await known(salon, gone)
        united = await unite(salon, kept, gone)
        assert await known(salon, kept) == {"nome": ANA, "orcamento": EIGHT}
        await part(salon, gone, united)
        assert (await known(salon, kept), await known(salon, gone)) == ({"nome": ANA}, before)

    async def test_what_was_told_since_stays_with_whom_it_was_told_of(self, salon: Salon) -> None:
        kept, gone = await people(salon)
        await salon.turn(kept, facts.remember, **NAMED)
        united = await unite(salon, kept, gone)
        await salon.turn(kept, facts.remember, slots={"nome": filled(BEATRIZ), "orcamento": filled(EIGHT)})
        await part(salon, gone, united)
        assert await known(salon, kept) == {"nome": BEATRIZ, "orcamento": EIGHT}

    async def test_two_contacts_are_taken_in_the_order_in_which_turns_take_them(self, salon: Salon) -> None:
        """Which is not that of their ids: with these two it is the other way round."""
        async with salon.world.session() as session, salon.world.session() as uniting:
            names = [(new_id(), new_id()) for _ in range(64)]
            low, high = next(pair for pair in names if _key_of(session, max(pair)) < _key_of(session, min(pair)))
            await hold_until_commit(session, "facts", high)
            moving = asyncio.create_task(belongings.move_facts(uniting, kept=low, gone=high))
            await until_waiting(session)
            assert await try_hold_until_commit(session, "facts", low)
            await session.rollback()
            assert await moving == {"moved": [], "closed": []}


def _key_of(session: TenantSession, contact: UUID) -> int:
    return locks._key(session, ("facts", contact))


class TestPromises:
    async def test_what_was_promised_in_a_conversation_that_was_folded_is_kept_in_the_other(self, salon: Salon) -> None:
        kept, gone = await people(salon, same_line=True)
        await salon.say(kept, "oi")
        await promise(salon, kept, "company", hours=2)
        await promise(salon, gone, "customer", hours=1)
        async with salon.world.session() as session:
            early = update(Conversation).where(Conversation.id == gone.conversation)
            await session.execute(early.values(last_inbound_at=clock.now() - timedelta(hours=1)))
        united = await unite(salon, kept, gone)
        assert await promised(salon) == {kept.conversation: ["customer", "company"]}

        await part(salon, gone, united)
        assert await promised(salon) == {kept.conversation: ["company"], gone.conversation: ["customer"]}

    async def test_in_one_that_only_changes_hands_it_stays(self, salon: Salon) -> None:
        kept, gone = await people(salon)
        await promise(salon, gone, "company", hours=1)
        united = await unite(salon, kept, gone)
        assert await promised(salon) == {gone.conversation: ["company"]}
        await part(salon, gone, united)
        assert await promised(salon) == {gone.conversation: ["company"]}


class TestOwned:
    async def test_appointments_orders_charges_and_effects_follow_and_go_back(self, salon: Salon) -> None:
        kept, gone = await people(salon)
        at, common = clock.now(), {"tenant_id": salon.world.company, "contact_id": gone.contact}
        shop = {"source": "loja", "external_id": "1"}
        async with salon.world.session() as session:
            session.add_all(
                [
                    Appointment(
                        id=new_id(), service="corte", starts_at=at, ends_at=at + timedelta(hours=1), place=1, **common
                    ),
                    Order(id=new_id(), number="1", state=OrderState.PAID, total_cents=1, **shop, **common),
                    Charge(id=new_id(), method=ChargeMethod.PIX, amount_cents=1, **shop, **common),
                ]
            )
        await effect(salon, gone, EffectState.SUCCEEDED)
        kinds = (Appointment, Order, Charge, Effect)
        united = await unite(salon, kept, gone)
        assert [(await salon.rows(kind))[0].contact_id for kind in kinds] == [kept.contact] * 4
        await part(salon, gone, united)
        assert [(await salon.rows(kind))[0].contact_id for kind in kinds] == [gone.contact] * 4

    async def test_what_is_not_done_yet_is_told_where_the_conversation_goes_on(self, salon: Salon) -> None:
        kept, gone = await people(salon, same_line=True)
        async with salon.world.session() as session:
            early = update(Conversation).where(Conversation.id == gone.conversation)
            await session.execute(early.values(last_inbound_at=clock.now() - timedelta(hours=1)))
        waits, done = await effect(salon, gone, EffectState.APPROVED), await effect(salon, gone, EffectState.SUCCEEDED)
        united = await unite(salon, kept, gone)
        where = {row.id: row.conversation_id for row in await salon.rows(Effect)}
        assert where == {waits: kept.conversation, done: gone.conversation}

        await part(salon, gone, united)
        assert {row.conversation_id for row in await salon.rows(Effect)} == {gone.conversation}
