"""Effects: once whatever happens, told in a turn, and no place in the calendar given to two."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text, update

from agents.ports import Booking
from core import clock
from core.floor import Floor
from core.ids import new_id
from core.models.commerce import (
    Appointment,
    AppointmentState,
    Charge,
    ChargeMethod,
    ChargeState,
    OpeningHours,
    Order,
    OrderState,
)
from core.models.service import Effect, EffectState, Timer, TimerKind
from core.models.stream import Control, Trigger, Turn
from graphs import effects
from graphs.conversation.state import EffectNews, ToolCall
from graphs.store import claim_effects
from graphs.stores import appointments
from graphs.stores import effects as store
from graphs.stores.appointments import ContactAppointments, Refusal, Wish
from graphs.stores.orders import ContactOrders
from tests.fixtures.gates import Somebody, until
from tests.fixtures.salon import Salon, open_salon

ZONE: Final = ZoneInfo("America/Sao_Paulo")
BOOK: Final = "agenda.criar"


def next_monday() -> date:
    today = clock.now().astimezone(ZONE).date()
    return today + timedelta(days=7 - today.weekday())


def at(hour: int, minute: int = 0) -> str:
    return datetime.combine(next_monday(), time(hour, minute)).isoformat(timespec="minutes")


def moment(local: str) -> datetime:
    return datetime.fromisoformat(local).replace(tzinfo=ZONE).astimezone(UTC)


def booking(local: str, service: str | None = "corte") -> ToolCall:
    arguments: dict[str, Any] = {"at": {"at": local}}
    if service:
        arguments["service"] = {"value": service, "label": service.title()}
    return ToolCall(tool=BOOK, arguments=arguments, is_confirmed=True)


CANCEL: Final = ToolCall(tool="agenda.cancelar", is_confirmed=True)


@pytest.fixture
async def salon(floor: Floor) -> AsyncIterator[Salon]:
    salon = await open_salon(floor)
    await offer(salon, "corte", places=1)
    yield salon
    await salon.finish()


@pytest.fixture
async def ana(salon: Salon) -> Somebody:
    return await salon.person(name="Ana")


async def offer(salon: Salon, service: str, *, places: int = 1, minutes: int = 60) -> None:
    """On Mondays, from nine to noon."""
    async with salon.world.session() as session:
        session.add(
            OpeningHours(
                tenant_id=salon.world.company,
                id=new_id(),
                service=service,
                weekday=0,
                opens=time(9),
                closes=time(12),
                minutes=minutes,
                places=places,
            )
        )


async def want(salon: Salon, who: Somebody, *calls: ToolCall) -> None:
    async with salon.world.session() as session:
        begun = await salon.begin(session, who)
        await store.propose(session, begun, calls)
        await session.execute(update(Turn).where(Turn.id == begun.claim.turn).values(state="done"))


async def do(salon: Salon, who: Somebody, *calls: ToolCall) -> list[EffectNews]:
    """What the next turn hears of it."""
    await want(salon, who, *calls)
    await effects.run_due(salon.world.floor)
    return await news(salon, who)


async def news(salon: Salon, who: Somebody) -> list[EffectNews]:
    """Of the turn that is open; it is closed."""
    [turn] = [turn for turn in await salon.open_turns() if turn.conversation_id == who.conversation]
    async with salon.world.session() as session:
        await session.execute(update(Turn).where(Turn.id == turn.id).values(state="done"))
    assert turn.trigger is Trigger.ACTION_RESULT
    return [
        EffectNews(tool=one["tool"], state=one["state"], result=one["result"], reason=one["reason"])
        for one in turn.payload["effects"]
    ]


async def booked(salon: Salon) -> list[tuple[str, datetime, int]]:
    rows = await salon.rows(Appointment, Appointment.starts_at, Appointment.place)
    return [(row.service, row.starts_at, row.place) for row in rows if row.state is AppointmentState.BOOKED]


async def waits_for_a_lock(salon: Salon) -> bool:
    waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND pid <> pg_backend_pid()"
    async with salon.world.session() as session:
        return bool(await session.scalar(text(waiting)))


class TestPropose:
    async def test_two_confirmations_of_the_same_are_one_effect(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, booking(at(9)))
        await want(salon, ana, booking(at(9)), booking(at(10)))

        rows = await salon.rows(Effect, Effect.created_at)
        assert [row.arguments["at"]["at"] for row in rows] == [at(9), at(10)]
        assert {row.state for row in rows} == {EffectState.APPROVED}

    async def test_the_same_for_another_person_is_another(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, booking(at(9)))
        await want(salon, await salon.person(), booking(at(9)))

        assert len(await salon.rows(Effect)) == 2

    async def test_what_the_customer_has_not_said_yes_to_waits_and_its_yes_lets_it_go(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await want(salon, ana, ToolCall(tool=BOOK, arguments=booking(at(9)).arguments))
        assert await effects.run_due(salon.world.floor) == 0
        await want(salon, ana, booking(at(9)))
        assert await effects.run_due(salon.world.floor) == 1

        [row] = await salon.rows(Effect)
        assert row.state is EffectState.SUCCEEDED

    async def test_what_nobody_has_to_approve_is_approved(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, ToolCall(tool="retorno.prometer", arguments={"at": {"at": at(9)}}))

        [row] = await salon.rows(Effect)
        assert row.state is EffectState.APPROVED

    async def test_what_succeeded_is_not_done_again_and_what_failed_may_be_wanted_again(
        self, salon: Salon, ana: Somebody
    ) -> None:
        beto = await salon.person()
        await do(salon, ana, booking(at(9)))
        assert [one.reason for one in await do(salon, beto, booking(at(9)))] == ["taken"]
        await do(salon, ana, CANCEL)

        assert [one.state for one in await do(salon, beto, booking(at(9)))] == ["succeeded"]
        await want(salon, beto, booking(at(9)))
        assert await effects.run_due(salon.world.floor) == 0

    async def test_what_only_reads_is_no_effect(self, salon: Salon, ana: Somebody) -> None:
        with pytest.raises(ValueError, match="only reads"):
            await want(salon, ana, ToolCall(tool="agenda.livre"))


class TestRun:
    async def test_its_result_is_kept_told_and_owed_to_the_customer(self, salon: Salon, ana: Somebody) -> None:
        [one] = await do(salon, ana, booking(at(9)))

        [row], [appointment] = await salon.rows(Effect), await salon.rows(Appointment)
        assert (row.state, row.result, row.reason) == (EffectState.SUCCEEDED, one.result, None)
        assert row.ended_at is not None
        assert (one.tool, one.state) == (BOOK, "succeeded")
        assert one.result == {
            "appointment": str(appointment.id),
            "service": "corte",
            "at": at(9),
            "items": f"segunda, {next_monday():%d/%m} às 9h",
        }
        assert await salon.told("effect.") == [
            (
                "effect.ended",
                {"conversation": str(ana.conversation), "tool": BOOK, "state": "succeeded", "reason": None},
            )
        ]

    async def test_run_by_two_at_once_it_is_done_once(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, booking(at(9)), booking(at(10)))

        claimed = await asyncio.gather(*(effects.run_due(salon.world.floor) for _ in range(4)))

        assert sum(claimed) == 2
        assert len(await booked(salon)) == 2

    async def test_who_lost_the_fence_does_nothing(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, booking(at(9)))
        [row] = await salon.rows(Effect)
        async with salon.world.session() as session:
            await session.execute(update(Effect).values(state=EffectState.RUNNING, fence=7))
        late = store.Claim(company=salon.world.company, effect=row.id, fence=6)

        await effects.run(salon.world.floor, [late])

        assert await booked(salon) == []
        await effects.run(salon.world.floor, [store.Claim(company=late.company, effect=row.id, fence=7)] * 2)
        assert len(await booked(salon)) == 1

    async def test_what_nobody_ran_to_its_end_is_run_when_the_lease_is_over(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, booking(at(9)))
        async with salon.world.session() as session:
            await session.execute(
                update(Effect).values(state=EffectState.RUNNING, lease_until=datetime(2020, 1, 1, tzinfo=UTC))
            )

        assert await effects.run_due(salon.world.floor) == 1
        assert len(await booked(salon)) == 1

    async def test_tried_too_often_it_has_failed(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, booking(at(9)))
        async with salon.world.session() as session:
            await session.execute(update(Effect).values(attempts=9))
        await effects.run_due(salon.world.floor)

        assert [one.reason for one in await news(salon, ana)] == ["tried_out"]

    async def test_one_that_waited_too_long_expires(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, booking(at(9)))
        async with salon.world.session() as session:
            await session.execute(update(Effect).values(expires_at=clock.now() - timedelta(seconds=1)))
        await effects.run_due(salon.world.floor)

        assert [one.state for one in await news(salon, ana)] == ["expired"]
        assert await booked(salon) == []

    async def test_one_that_nobody_said_yes_to_in_time_is_told_of_once_and_not_done(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await want(salon, ana, ToolCall(tool=BOOK, arguments=booking(at(9)).arguments))
        assert await effects.run_due(salon.world.floor) == 0
        async with salon.world.session() as session:
            await session.execute(update(Effect).values(expires_at=clock.now() - timedelta(seconds=1)))
        assert await effects.run_due(salon.world.floor) == 1
        assert await effects.run_due(salon.world.floor) == 0

        [row] = await salon.rows(Effect)
        assert (row.state, row.reason) == (EffectState.EXPIRED, "expired")
        assert [one.state for one in await news(salon, ana)] == ["expired"]
        assert await booked(salon) == []

    async def test_a_clock_that_is_turned_back_lets_nothing_go_that_nobody_said_yes_to(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await want(salon, ana, ToolCall(tool=BOOK, arguments=booking(at(9)).arguments))
        async with salon.world.session() as session:
            await session.execute(update(Effect).values(expires_at=clock.now() - timedelta(seconds=1)))
        claims = await claim_effects(salon.world.floor.database, most=9, lease=timedelta(seconds=30))
        async with salon.world.session() as session:
            await session.execute(update(Effect).values(expires_at=clock.now() + timedelta(hours=1)))
        await effects.run(salon.world.floor, claims)

        [row] = await salon.rows(Effect)
        assert row.state is EffectState.EXPIRED
        assert await booked(salon) == []

    async def test_whoever_waits_for_work_is_told_when_a_proposal_expires(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, ToolCall(tool=BOOK, arguments=booking(at(9)).arguments))
        async with salon.world.session() as session:
            await session.execute(update(Effect).values(expires_at=clock.now() + timedelta(seconds=40)))
            seconds = await session.scalar(text("SELECT seconds FROM priv.next_due() WHERE work = 'effects'"))

        assert 30 < float(seconds) < 45

    async def test_news_join_the_turn_that_waits_and_leave_it_the_customers(self, salon: Salon, ana: Somebody) -> None:
        due = clock.now() + timedelta(seconds=3)
        async with salon.world.session() as session:
            session.add(
                Turn(
                    tenant_id=salon.world.company,
                    id=new_id(),
                    conversation_id=ana.conversation,
                    trigger=Trigger.INBOUND,
                    payload={"effects": [{"tool": "x", "state": "failed"}], "other": 1},
                    due_at=due,
                )
            )
        await want(salon, ana, booking(at(9)))
        await effects.run_due(salon.world.floor)

        [turn] = await salon.open_turns()
        assert (turn.trigger, turn.due_at, turn.payload["other"]) == (Trigger.INBOUND, due, 1)
        assert [one["tool"] for one in turn.payload["effects"]] == ["x", BOOK]

    async def test_a_closed_conversation_owes_no_turn(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, booking(at(9)))
        await salon.set_control(ana, control=Control.CLOSED)
        await effects.run_due(salon.world.floor)

        assert await salon.open_turns() == []
        assert len(await booked(salon)) == 1


class TestBook:
    async def test_a_time_that_is_taken_fails_and_says_what_is_free(self, salon: Salon, ana: Somebody) -> None:
        await do(salon, await salon.person(), booking(at(9)))

        [one] = await do(salon, ana, booking(at(9)))

        assert (one.state, one.reason) == ("failed", "taken")
        day = f"segunda, {next_monday():%d/%m}"
        assert str(one.result["items"]).startswith(f"{day} às 10h; {day} às 11h")

    async def test_as_many_as_there_are_places_get_one(self, salon: Salon) -> None:
        await offer(salon, "grupo", places=3)
        crowd = [await salon.person() for _ in range(5)]
        for who in crowd:
            await want(salon, who, booking(at(9), "grupo"))

        await asyncio.gather(*(effects.run_due(salon.world.floor) for _ in range(3)))

        assert [place for _, _, place in await booked(salon)] == [0, 1, 2]
        states = [row.state for row in await salon.rows(Effect)]
        assert (states.count(EffectState.SUCCEEDED), states.count(EffectState.FAILED)) == (3, 2)

    async def test_a_place_that_is_taken_in_this_very_moment_is_nobody_elses(self, salon: Salon, ana: Somebody) -> None:
        await want(salon, ana, booking(at(9)))
        beto, [effect] = await salon.person(), await salon.rows(Effect)

        async def take(who: Somebody, *, before: asyncio.Event, seen: asyncio.Event) -> Booking | Refusal:
            wish = Wish(
                contact=who.contact,
                conversation=who.conversation,
                effect=effect.id,
                service="corte",
                starts_at=moment(at(9)),
            )
            async with salon.world.session() as session:
                booked = await appointments.book(session, wish)
                seen.set()
                await before.wait()
            return booked

        may_end, has_seen = asyncio.Event(), asyncio.Event()
        first = asyncio.create_task(take(ana, before=may_end, seen=has_seen))
        await has_seen.wait()
        second = asyncio.create_task(take(beto, before=may_end, seen=asyncio.Event()))
        await until(lambda: waits_for_a_lock(salon))
        may_end.set()

        assert isinstance(await first, Booking)
        assert await second is Refusal.TAKEN

    @pytest.mark.parametrize("local", [(12,), (8,), (9, 30)])
    async def test_a_time_that_nobody_offers_is_closed(
        self, salon: Salon, ana: Somebody, local: tuple[int, ...]
    ) -> None:
        assert [one.reason for one in await do(salon, ana, booking(at(*local)))] == ["closed"]

    async def test_what_lies_behind_is_not_booked(self, salon: Salon, ana: Somebody) -> None:
        past = datetime.combine(next_monday() - timedelta(days=14), time(9)).isoformat(timespec="minutes")
        assert [one.reason for one in await do(salon, ana, booking(past))] == ["past"]

    async def test_a_service_goes_by_any_spelling_and_the_only_one_by_none(self, salon: Salon, ana: Somebody) -> None:
        states = [(await do(salon, ana, call))[0].state for call in (booking(at(9), "CÓRTE"), booking(at(10), None))]
        assert states == ["succeeded", "succeeded"]

    async def test_among_several_services_one_has_to_be_named(self, salon: Salon, ana: Somebody) -> None:
        await offer(salon, "escova")
        assert [one.reason for one in await do(salon, ana, booking(at(9), None))] == ["which_service"]
        assert [one.reason for one in await do(salon, ana, booking(at(9), "banho"))] == ["no_service"]

    @pytest.mark.parametrize("said", [{}, {"at": "ontem"}, {"date": 3}])
    async def test_without_a_time_nothing_is_booked(self, salon: Salon, ana: Somebody, said: Any) -> None:
        call = ToolCall(tool=BOOK, arguments={"at": said}, is_confirmed=True)
        assert [one.reason for one in await do(salon, ana, call)] == ["no_time"]

    async def test_a_customer_far_away_means_the_clock_on_their_own_wall(self, salon: Salon) -> None:
        bia = await salon.person(time_zone="America/Manaus")
        [one] = await do(salon, bia, booking(at(9)))

        assert (await booked(salon))[0][1] == moment(at(10))
        assert one.result["at"] == at(9)


class TestCancel:
    async def test_the_next_appointment_is_cancelled_and_its_place_free_again(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await do(salon, ana, booking(at(11)))
        await do(salon, ana, booking(at(9)))

        [one] = await do(salon, ana, CANCEL)

        assert (one.state, one.result["at"]) == ("succeeded", at(9))
        assert [starts for _, starts, _ in await booked(salon)] == [moment(at(11))]
        assert [one.state for one in await do(salon, await salon.person(), booking(at(9)))] == ["succeeded"]

    async def test_nobody_cancels_another_persons(self, salon: Salon, ana: Somebody) -> None:
        await do(salon, await salon.person(), booking(at(9)))

        assert [one.reason for one in await do(salon, ana, CANCEL)] == ["nothing_booked"]
        assert len(await booked(salon)) == 1


class TestPromise:
    CALL: Final = "retorno.prometer"

    async def test_it_becomes_a_timer_of_that_moment(self, salon: Salon, ana: Somebody) -> None:
        [one] = await do(salon, ana, ToolCall(tool=self.CALL, arguments={"at": {"at": at(15)}}))

        [timer] = await salon.rows(Timer)
        assert (timer.kind, timer.due_at) == (TimerKind.PROMISE, moment(at(15)))
        assert one.result["items"] == f"segunda, {next_monday():%d/%m} às 15h"

    async def test_a_day_means_its_morning(self, salon: Salon, ana: Somebody) -> None:
        day = {"date": next_monday().isoformat()}
        await do(salon, ana, ToolCall(tool=self.CALL, arguments={"at": day}))

        [timer] = await salon.rows(Timer)
        assert timer.due_at == moment(at(9))

    async def test_who_opted_out_is_promised_nothing(self, salon: Salon) -> None:
        bia = await salon.person(opted_out_at=clock.now())
        [one] = await do(salon, bia, ToolCall(tool=self.CALL, arguments={"at": {"at": at(9)}}))

        assert (one.reason, await salon.rows(Timer)) == ("opted_out", [])


class TestPorts:
    async def test_free_places_are_those_that_nobody_has(self, salon: Salon, ana: Somebody) -> None:
        await do(salon, ana, booking(at(10)))
        port = ContactAppointments(salon.world.floor.database, salon.world.company, ana.contact)
        span: dict[str, Any] = {"since": moment(at(0)), "until": moment(at(23))}

        assert [place.starts_at for place in await port.free(None, **span)] == [moment(at(9)), moment(at(11))]
        assert [place.starts_at for place in await port.free("Corte", **span, most=1)] == [moment(at(9))]
        assert list(await port.free("banho", **span)) == []
        assert [one.place.starts_at for one in await port.of_contact()] == [moment(at(10))]

    async def test_a_part_of_a_place_is_none(self, salon: Salon, ana: Somebody) -> None:
        await offer(salon, "longo", minutes=100)
        port = ContactAppointments(salon.world.floor.database, salon.world.company, ana.contact)
        places = await port.free("longo", since=moment(at(0)), until=moment(at(23)))

        assert [(place.starts_at, place.ends_at) for place in places] == [(moment(at(9)), moment(at(10, 40)))]

    async def test_orders_and_charges_are_the_contacts_own(self, salon: Salon, ana: Somebody) -> None:
        beto = await salon.person()
        old = await salon.person(merged_into=ana.contact)
        own = {"tenant_id": salon.world.company, "source": "loja"}
        async with salon.world.session() as session:
            for number, who in (("#10", ana), ("11", beto), ("12", old)):
                values = {"external_id": number, "number": number, "state": OrderState.PAID, "total_cents": 100}
                session.add(Order(id=new_id(), contact_id=who.contact, **values, **own))
            for name, who, state in (("a", ana, ChargeState.PENDING), ("b", ana, ChargeState.PAID), ("c", beto, None)):
                charge = {"external_id": name, "description": name, "method": ChargeMethod.PIX, "amount_cents": 5}
                row = Charge(id=new_id(), contact_id=who.contact, **charge, **own)
                if state:
                    row.state = state
                session.add(row)
        port = ContactOrders(salon.world.floor.database, salon.world.company, ana.contact)

        assert {order.number for order in await port.orders()} == {"#10", "12"}
        assert [order.number for order in await port.orders(" 10 ")] == ["#10"]
        assert list(await port.orders("11")) == []
        assert [charge.description for charge in await port.charges()] == ["a"]
