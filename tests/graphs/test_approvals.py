"""Effects that wait for somebody of the company: decided once, by one person, in time, and told to the customer."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from agents.tools import registry
from core import clock
from core.audit import Actor
from core.errors import Conflict, Malformed, NotFound
from core.floor import Floor
from core.ids import new_id
from core.models.commerce import Appointment, OpeningHours
from core.models.record import ActorKind, AuditEntry
from core.models.service import Approver, Effect, EffectState
from core.models.stream import Control, Trigger
from graphs import effects
from graphs.conversation.state import ToolCall
from graphs.stores import effects as store
from graphs.stores.effects import EffectListing
from graphs.stores.endings import Ended
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import Salon, open_salon

CLARA: Final = Actor(ActorKind.USER, new_id())
DAVI: Final = Actor(ActorKind.USER, new_id())
BOOK: Final = "agenda.criar"
ZONE: Final = ZoneInfo("America/Sao_Paulo")


@pytest.fixture
async def salon(floor: Floor, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Salon]:
    """Where a booking waits for staff, which no tool of ours does by itself yet."""
    waits = replace(registry.TOOLS[BOOK], approver=Approver.STAFF)
    monkeypatch.setitem(registry.TOOLS, BOOK, waits)
    salon = await open_salon(floor)
    async with salon.world.session() as session:
        hours = {"service": "corte", "weekday": 0, "opens": time(9), "closes": time(12)}
        session.add(OpeningHours(tenant_id=salon.world.company, id=new_id(), **hours))
    yield salon
    await salon.finish()


@pytest.fixture
async def ana(salon: Salon) -> Somebody:
    return await salon.person(name="Ana")


async def proposed(salon: Salon, who: Somebody) -> UUID:
    today = clock.now().astimezone(ZONE).date()
    monday = datetime.combine(today + timedelta(days=7 - today.weekday()), time(9)).isoformat(timespec="minutes")
    arguments = {"at": {"at": monday}, "service": {"value": "corte", "label": "Corte"}}

    async def end(session: Any, turns: Sequence[Ended]) -> None:
        for one in turns:
            await store.propose(session, one.begun, [ToolCall(tool=BOOK, arguments=arguments, is_confirmed=True)])

    await salon.turn(who, end)
    [row] = await salon.rows(Effect)
    assert row.state is EffectState.PROPOSED
    return UUID(str(row.id))


async def approve(salon: Salon, effect: UUID, by: Actor = CLARA) -> None:
    async with salon.world.session() as session:
        await effects.approve(session, effect, by=by)


async def reject(salon: Salon, effect: UUID, reason: str = "sem agenda", by: Actor = CLARA) -> None:
    async with salon.world.session() as session:
        await effects.reject(session, effect, by=by, reason=reason)


async def row_of(salon: Salon, **values: Any) -> Effect:
    """After a change to it, where one is told."""
    if values:
        async with salon.world.session() as session:
            await session.execute(update(Effect).values(**values))
    [row] = await salon.rows(Effect)
    return row  # type: ignore[no-any-return] # the rows of this kind


async def acts(salon: Salon) -> list[tuple[str, UUID | None]]:
    return [(row.action, row.actor_id) for row in await salon.rows(AuditEntry) if row.action.startswith("effect.")]


class TestPropose:
    async def test_it_waits_and_staff_are_told(self, salon: Salon, ana: Somebody) -> None:
        await proposed(salon, ana)
        told = {"conversation": str(ana.conversation), "tool": BOOK}
        assert await salon.told("effect.") == [("effect.proposed", told)]
        await effects.run_due(salon.world.floor)
        assert await salon.rows(Appointment) == []

    async def test_wanted_again_it_is_told_once(self, salon: Salon, ana: Somebody) -> None:
        for _ in range(2):
            await proposed(salon, ana)
        assert len(await salon.told("effect.")) == 1


class TestApprove:
    async def test_it_is_done_next_and_the_customer_hears_of_it(self, salon: Salon, ana: Somebody) -> None:
        effect = await proposed(salon, ana)
        await approve(salon, effect)
        await effects.run_due(salon.world.floor)

        row = await row_of(salon)
        assert (row.state, row.approved_by) == (EffectState.SUCCEEDED, CLARA.id)
        assert len(await salon.rows(Appointment)) == 1
        [turn] = await salon.open_turns()
        assert (turn.trigger, turn.payload["effects"][0]["state"]) == (Trigger.ACTION_RESULT, "succeeded")
        assert [kind for kind, _ in await salon.told("effect.")] == [
            "effect.proposed",
            "effect.approved",
            "effect.ended",
        ]

    async def test_of_two_at_once_one_counts_and_the_other_is_told(self, salon: Salon, ana: Somebody) -> None:
        effect = await proposed(salon, ana)
        ends = await asyncio.gather(
            approve(salon, effect, CLARA), reject(salon, effect, by=DAVI), return_exceptions=True
        )
        assert sorted(type(end).__name__ for end in ends) == ["Conflict", "NoneType"]
        assert len(await acts(salon)) == 1

    async def test_twice_by_the_same_person_it_is_done_once(self, salon: Salon, ana: Somebody) -> None:
        effect = await proposed(salon, ana)
        for _ in range(2):
            await approve(salon, effect)
            await effects.run_due(salon.world.floor)
        assert (len(await salon.rows(Appointment)), await acts(salon)) == (1, [("effect.approved", CLARA.id)])

    async def test_one_whose_time_is_over_is_refused(self, salon: Salon, ana: Somebody) -> None:
        effect = await proposed(salon, ana)
        await row_of(salon, expires_at=clock.now() - timedelta(seconds=1))
        with pytest.raises(Conflict):
            await approve(salon, effect)
        assert (await row_of(salon)).state is EffectState.PROPOSED

    async def test_what_is_the_customers_to_confirm_is_not_for_staff(self, salon: Salon, ana: Somebody) -> None:
        effect = await proposed(salon, ana)
        await row_of(salon, approver=Approver.CUSTOMER)
        for decide in (approve, reject):
            with pytest.raises(Conflict):
                await decide(salon, effect)

    async def test_nothing_is_done_in_a_conversation_that_is_over(self, salon: Salon, ana: Somebody) -> None:
        effect = await proposed(salon, ana)
        await salon.set_control(ana, control=Control.CLOSED)
        with pytest.raises(Conflict):
            await approve(salon, effect)

    async def test_one_that_is_not_there_is_not_found(self, salon: Salon) -> None:
        with pytest.raises(NotFound):
            await approve(salon, new_id())


class TestReject:
    async def test_it_is_not_done_and_the_customer_hears_so(self, salon: Salon, ana: Somebody) -> None:
        effect = await proposed(salon, ana)
        await reject(salon, effect)
        await effects.run_due(salon.world.floor)

        row = await row_of(salon)
        assert (row.state, row.reason, row.approved_by) == (EffectState.REJECTED, "sem agenda", CLARA.id)
        assert row.ended_at is not None
        [turn] = await salon.open_turns()
        assert [one["state"] for one in turn.payload["effects"]] == ["rejected"]
        assert await salon.rows(Appointment) == []

    async def test_said_again_by_the_same_person_it_is_told_once(self, salon: Salon, ana: Somebody) -> None:
        effect = await proposed(salon, ana)
        for _ in range(2):
            await reject(salon, effect)
        [turn] = await salon.open_turns()
        assert len(turn.payload["effects"]) == 1
        with pytest.raises(Conflict):
            await approve(salon, effect)

    async def test_without_a_reason_it_waits_on(self, salon: Salon, ana: Somebody) -> None:
        effect = await proposed(salon, ana)
        with pytest.raises(Malformed):
            await reject(salon, effect, " ")
        assert (await row_of(salon)).state is EffectState.PROPOSED


class TestListing:
    async def test_those_whose_time_is_over_do_not_wait_any_more(self, salon: Salon, ana: Somebody) -> None:
        effect = await proposed(salon, ana)
        wanted = EffectListing(most=9, state=EffectState.PROPOSED, approver=Approver.STAFF, tool=BOOK)
        async with salon.world.session() as session:
            assert [row.id for row in await store.list_effects(session, wanted)] == [effect]
        await row_of(salon, expires_at=clock.now() - timedelta(seconds=1))
        async with salon.world.session() as session:
            assert await store.list_effects(session, wanted) == []
