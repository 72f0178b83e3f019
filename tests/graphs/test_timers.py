"""Timers: what a turn arms, what dies with a change of control, and what each does when its time has come."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
from sqlalchemy import select, update

from agents.commands import Quote
from core import clock
from core.floor import Floor
from core.models.outbox import Outbound
from core.models.people import Contact
from core.models.service import Timer, TimerKind
from core.models.stream import Author, Control, Trigger
from graphs import office_hours, timers
from graphs.conversation.state import Handover, Route
from graphs.stores import timers as store
from graphs.stores.timers import NewTimer
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import ANA, EIGHT, Salon, filled, open_salon

HOUR: Final = timedelta(hours=1)
WEEKDAYS: Final = "08:00-18:00"
SP: Final = "America/Sao_Paulo"


@pytest.fixture
async def salon(floor: Floor) -> AsyncIterator[Salon]:
    salon = await open_salon(floor)
    yield salon
    await salon.finish()


@pytest.fixture
async def ana(salon: Salon) -> Somebody:
    return await salon.person(name="Ana")


async def waiting(salon: Salon) -> dict[TimerKind, Timer]:
    return {timer.kind: timer for timer in await salon.rows(Timer) if timer.done_at is None}


async def arm(salon: Salon, who: Somebody, kind: TimerKind, *, epoch: int = 0, **payload: Any) -> None:
    """One that is due."""
    async with salon.world.session() as session:
        due = clock.now() - timedelta(seconds=1)
        new = NewTimer(conversation=who.conversation, kind=kind, epoch=epoch, due_at=due, payload=payload)
        await store.arm(session, [new])


async def ring(salon: Salon) -> list[str | None]:
    """All that is due; what came of those that are done."""
    await timers.run_due(salon.world.floor)
    return [timer.outcome for timer in await salon.rows(Timer, Timer.done_at) if timer.done_at is not None]


async def make_due(salon: Salon) -> None:
    async with salon.world.session() as session:
        await session.execute(update(Timer).values(due_at=clock.now() - timedelta(seconds=1)))


def local(words: str) -> datetime:
    return office_hours.moment_of(datetime.fromisoformat(words), SP)


class TestOfficeHours:
    @pytest.mark.parametrize(
        ("start", "minutes", "due"),
        [
            ("2026-11-20T10:00", 5, "2026-11-20T10:05"),  # a Friday
            ("2026-11-20T17:58", 5, "2026-11-23T08:03"),
            ("2026-11-20T17:55", 5, "2026-11-20T18:00"),
            ("2026-11-21T12:00", 5, "2026-11-23T08:05"),
            ("2026-11-23T03:00", 15, "2026-11-23T08:15"),
            ("2026-11-23T09:00", 20 * 60, "2026-11-25T09:00"),
        ],
    )
    def test_only_time_in_which_people_answer_counts(self, start: str, minutes: int, due: str) -> None:
        span = timedelta(minutes=minutes)
        assert office_hours.after(local(start), span, hours=WEEKDAYS, zone=SP) == local(due)

    def test_hours_that_end_before_they_begin_never_close_on_weekdays(self) -> None:
        start = local("2026-11-20T23:50")
        assert office_hours.after(start, HOUR, hours="18:00-08:00", zone=SP) == local("2026-11-23T00:50")

    @pytest.mark.parametrize(
        ("moment", "sundays", "allowed"),
        [
            ("2026-11-20T10:00", "off", "2026-11-20T10:00"),
            ("2026-11-20T21:00", "off", "2026-11-21T08:00"),
            ("2026-11-21T21:00", "off", "2026-11-23T08:00"),
            ("2026-11-21T21:00", "on", "2026-11-22T08:00"),
            ("2026-11-20T03:00", "off", "2026-11-20T08:00"),
        ],
    )
    def test_nobody_is_written_to_at_night_or_on_a_sunday(self, moment: str, sundays: str, allowed: str) -> None:
        found = office_hours.allowed(local(moment), hours="08:00-20:00", sundays=sundays == "on", zone=SP)
        assert found == local(allowed)

    def test_a_summer_time_day_is_as_long_as_it_is(self) -> None:
        start = datetime(2026, 3, 6, 23, tzinfo=UTC)  # a Friday, 18:00 in New York; the clocks change on Sunday
        due = office_hours.after(start, timedelta(hours=2), hours="00:00-23:59", zone="America/New_York")
        assert due == datetime(2026, 3, 7, 1, tzinfo=UTC)


class TestFollowUp:
    async def test_a_lead_that_stays_where_it_is_is_followed_up(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, store.of_turns)

        timer = (await waiting(salon))[TimerKind.STALL_FOLLOW_UP]
        assert timedelta(0) <= clock.now() + 24 * HOUR - timer.due_at < timedelta(seconds=10)
        assert timer.payload == {"kickoff": "volta", "stage": "novo", "count": 1}

    async def test_the_stage_that_was_entered_counts(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, store.of_turns)
        await salon.turn(ana, store.of_turns, slots={"nome": filled(ANA), "orcamento": filled(EIGHT)})

        timer = (await waiting(salon))[TimerKind.STALL_FOLLOW_UP]
        assert timer.payload["stage"] == "qualificado"
        assert timer.due_at < clock.now() + 3 * HOUR

    async def test_when_it_rings_a_turn_is_owed(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, store.of_turns)
        await make_due(salon)
        assert await ring(salon) == ["followed_up"]

        [turn] = await salon.open_turns()
        assert turn.trigger is Trigger.TIMER
        assert turn.payload == {"kickoff": "volta", "stage": "novo", "count": 1, "timer": "stall_follow_up"}

    async def test_unanswered_it_comes_again_so_many_times_and_an_answer_starts_anew(
        self, salon: Salon, ana: Somebody
    ) -> None:
        for count, following in ((1, 2), (2, None)):
            await salon.turn(ana, store.of_turns, trigger=Trigger.TIMER, payload={"count": count})
            timer = (await waiting(salon)).get(TimerKind.STALL_FOLLOW_UP)
            assert (timer and timer.payload["count"]) == following
        await salon.turn(ana, store.of_turns)
        assert (await waiting(salon))[TimerKind.STALL_FOLLOW_UP].payload["count"] == 1

    @pytest.mark.parametrize(
        "told",
        [
            {"handover": Handover(reason="customer_asked"), "route": Route.HANDOFF},
            {"opt_out": Quote(text="parar", message=1)},
            {"slots": {"nome": filled(ANA), "orcamento": filled(EIGHT)}, "succeeded": ["agenda.criar"]},
        ],
    )
    async def test_it_is_called_off_where_a_person_comes_consent_ends_or_the_stage_has_none(
        self, salon: Salon, ana: Somebody, told: dict[str, Any]
    ) -> None:
        await salon.turn(ana, store.of_turns)
        await salon.turn(ana, store.of_turns, **told)

        assert await waiting(salon) == {}

    async def test_who_writes_in_that_very_moment_is_not_followed_up(self, salon: Salon, ana: Somebody) -> None:
        await arm(salon, ana, TimerKind.STALL_FOLLOW_UP, kickoff="volta", count=1)
        async with salon.world.session() as session:
            await salon.begin(session, ana)

        assert await ring(salon) == ["overtaken"]

    async def test_who_opted_out_is_left_alone(self, salon: Salon, ana: Somebody) -> None:
        await arm(salon, ana, TimerKind.STALL_FOLLOW_UP, kickoff="volta", count=1)
        async with salon.world.session() as session:
            await session.execute(update(Contact).values(opted_out_at=clock.now()))

        assert (await ring(salon), await salon.open_turns()) == (["opted_out"], [])


class TestRing:
    @pytest.mark.parametrize("kind", [kind for kind in TimerKind if kind is not TimerKind.PROMISE])
    async def test_one_of_an_older_control_dies(self, salon: Salon, ana: Somebody, kind: TimerKind) -> None:
        await arm(salon, ana, kind, epoch=0)
        await salon.set_control(ana, control_epoch=1)

        assert await ring(salon) == ["stale"]
        assert (await salon.open_turns(), await salon.told("handoff.")) == ([], [])

    async def test_rung_by_several_at_once_it_rings_once(self, salon: Salon, ana: Somebody) -> None:
        await arm(salon, ana, TimerKind.FIRST_RESPONSE, queue="vendas")

        claimed = await asyncio.gather(*(timers.run_due(salon.world.floor) for _ in range(4)))

        assert (sum(claimed), len(await salon.told("handoff."))) == (1, 1)

    async def test_one_that_was_armed_anew_while_claimed_does_not_ring(self, salon: Salon, ana: Somebody) -> None:
        await arm(salon, ana, TimerKind.FIRST_RESPONSE)
        [timer] = await salon.rows(Timer)
        old = store.Claim(company=salon.world.company, timer=timer.id, fence=timer.fence)
        await arm(salon, ana, TimerKind.FIRST_RESPONSE)

        await timers.run(salon.world.floor, [old])

        assert (await salon.rows(Timer))[0].done_at is None

    async def test_tried_too_often_it_is_given_up(self, salon: Salon, ana: Somebody) -> None:
        await arm(salon, ana, TimerKind.FIRST_RESPONSE)
        async with salon.world.session() as session:
            await session.execute(update(Timer).values(attempts=9))

        assert await ring(salon) == ["tried_out"]

    async def test_in_a_closed_conversation_nothing_rings(self, salon: Salon, ana: Somebody) -> None:
        await arm(salon, ana, TimerKind.STALL_FOLLOW_UP, kickoff="volta")
        await salon.set_control(ana, control=Control.CLOSED)

        assert await ring(salon) == ["closed"]


class TestLadder:
    @pytest.mark.parametrize(
        ("kind", "to"),
        [
            (TimerKind.FIRST_RESPONSE, "vendas"),
            (TimerKind.NEXT_RESPONSE, "vendas"),
            (TimerKind.ESCALATE, "gerente"),
        ],
    )
    async def test_who_has_to_know_is_told(self, salon: Salon, ana: Somebody, kind: TimerKind, to: str) -> None:
        await arm(salon, ana, kind, queue="vendas", escalate="gerente", handoff="h")
        assert await ring(salon) == ["late"]

        [(name, payload)] = await salon.told("handoff.")
        assert (name, payload["kind"], payload["to"], payload["handoff"]) == ("handoff.late", kind.value, to, "h")

    async def test_who_was_answered_meanwhile_does_not_wait(self, salon: Salon, ana: Somebody) -> None:
        await arm(salon, ana, TimerKind.NEXT_RESPONSE, queue="vendas")
        await salon.say(ana, "Oi, aqui é a Bia", Author.STAFF)

        assert (await ring(salon), await salon.told("handoff.")) == (["answered"], [])

    async def test_the_customer_hears_once_that_they_still_wait(self, salon: Salon, ana: Somebody) -> None:
        await salon.say(ana, "oi?")
        await salon.set_control(ana, control=Control.QUEUED)
        await arm(salon, ana, TimerKind.CUSTOMER_NOTICE, text="Já vamos, Ana.")
        assert await ring(salon) == ["told"]

        async with salon.world.session() as session:
            [row] = await session.scalars(select(Outbound))
        assert (row.content["body"], row.state) == ("Já vamos, Ana.", "queued")

    async def test_who_opted_out_or_has_somebody_by_now_does_not(self, salon: Salon, ana: Somebody) -> None:
        await arm(salon, ana, TimerKind.CUSTOMER_NOTICE, text="x")
        assert await ring(salon) == ["taken"]
        async with salon.world.session() as session:
            await session.execute(update(Contact).values(opted_out_at=clock.now()))
        await salon.set_control(ana, control=Control.QUEUED)
        await arm(salon, ana, TimerKind.CUSTOMER_NOTICE, text="x")
        assert (await ring(salon))[-1] == "opted_out"
        assert await salon.rows(Outbound) == []


class TestAwaitPerson:
    async def test_what_the_customer_writes_to_a_person_wants_an_answer_in_time(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await salon.set_control(ana, control=Control.HUMAN)
        await salon.say(ana, "e aí?")
        await salon.turn(ana, store.of_turns, route=Route.ABSORB)
        first = (await waiting(salon))[TimerKind.NEXT_RESPONSE]
        await salon.say(ana, "alô?")
        await salon.turn(ana, store.of_turns, route=Route.ABSORB)

        assert (await waiting(salon))[TimerKind.NEXT_RESPONSE].due_at == first.due_at
        assert set(await waiting(salon)) == {TimerKind.NEXT_RESPONSE}

    async def test_after_an_answer_the_next_question_has_its_own_time(self, salon: Salon, ana: Somebody) -> None:
        await salon.set_control(ana, control=Control.HUMAN)
        await salon.say(ana, "e aí?")
        await salon.turn(ana, store.of_turns, route=Route.ABSORB)
        await make_due(salon)
        await salon.say(ana, "Oi!", Author.STAFF)
        await salon.say(ana, "quanto custa?")
        await salon.turn(ana, store.of_turns, route=Route.ABSORB)

        timer = (await waiting(salon))[TimerKind.NEXT_RESPONSE]
        assert timer.due_at > clock.now()


class TestIdleReturn:
    async def hold(self, salon: Salon, who: Somebody, *, silent: timedelta) -> None:
        await salon.say(who, "Oi, sou a Bia", Author.STAFF)
        long_ago = clock.now() - silent
        await salon.set_control(who, control=Control.HUMAN, control_since=long_ago, last_message_at=long_ago)
        await arm(salon, who, TimerKind.IDLE_RETURN, idle_seconds=1800)

    async def test_after_long_silence_the_bot_goes_on_and_hears_what_was_said(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await self.hold(salon, ana, silent=HOUR)
        assert await ring(salon) == ["returned"]

        row, [turn] = await salon.conversation(ana), await salon.open_turns()
        assert (row.control, row.control_epoch, row.control_reason) == (Control.BOT, 1, "idle")
        assert turn.trigger is Trigger.STAFF_RETURN

    async def test_while_somebody_speaks_it_waits_for_the_end(self, salon: Salon, ana: Somebody) -> None:
        await self.hold(salon, ana, silent=timedelta(minutes=10))
        assert await ring(salon) == []

        timer = (await waiting(salon))[TimerKind.IDLE_RETURN]
        assert timedelta(minutes=19) < timer.due_at - clock.now() < timedelta(minutes=21)
        assert (await salon.conversation(ana)).control is Control.HUMAN

    async def test_whoever_owes_something_keeps_the_conversation(self, salon: Salon, ana: Somebody) -> None:
        await self.hold(salon, ana, silent=HOUR)
        promise = {"at": (clock.now() + HOUR).isoformat(), "by": "company"}
        async with salon.world.session() as session:
            await store.promise_later(session, ana.conversation, epoch=0, promises=[promise])

        assert await ring(salon) == []
        assert (await salon.conversation(ana)).control is Control.HUMAN

    async def test_what_the_bot_has_already_is_not_given_back(self, salon: Salon, ana: Somebody) -> None:
        await arm(salon, ana, TimerKind.IDLE_RETURN, idle_seconds=1800)

        assert (await ring(salon), await salon.open_turns()) == (["not_held"], [])


class TestPromises:
    async def test_a_day_that_was_promised_has_to_be_over(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, store.of_turns, promise={"when": "2030-01-04", "quote": "pago sexta", "message": 1})

        timer = (await waiting(salon))[TimerKind.PROMISE]
        assert timer.due_at == local("2030-01-05T09:00")
        [promise] = timer.payload["promises"]
        assert (promise["quote"], promise["by"]) == ("pago sexta", "customer")

    async def test_a_moment_is_meant_as_it_is_and_never_is_no_promise(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, store.of_turns, promise={"when": None, "quote": "um dia", "message": 1})
        assert TimerKind.PROMISE not in await waiting(salon)
        await salon.turn(ana, store.of_turns, promise={"when": "2030-01-04T15:00", "quote": "às 15h", "message": 1})
        assert (await waiting(salon))[TimerKind.PROMISE].due_at == local("2030-01-04T15:00")

    async def promise(self, salon: Salon, who: Somebody, *ats: datetime) -> None:
        async with salon.world.session() as session:
            promises = [{"at": at.isoformat(), "by": "company"} for at in ats]
            await store.promise_later(session, who.conversation, epoch=0, promises=promises)

    async def test_several_wait_beside_each_other(self, salon: Salon, ana: Somebody) -> None:
        past, future = clock.now() - HOUR, clock.now() + HOUR
        await self.promise(salon, ana, future)
        await self.promise(salon, ana, past, future)
        assert await ring(salon) == ["due"]

        [turn], [(_, told)] = await salon.open_turns(), await salon.told("promise.")
        assert [one["at"] for one in turn.payload["promises"]] == [past.isoformat()]
        assert told["promises"] == turn.payload["promises"]
        assert (await waiting(salon))[TimerKind.PROMISE].due_at == future

    async def test_it_outlives_a_change_of_control_and_is_told_to_whoever_answers(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await self.promise(salon, ana, clock.now() - HOUR)
        await salon.set_control(ana, control=Control.HUMAN, control_epoch=3)
        assert await ring(salon) == ["due"]

        assert [kind for kind, _ in await salon.told("promise.")] == ["promise.due"]
        assert await salon.open_turns() == []
