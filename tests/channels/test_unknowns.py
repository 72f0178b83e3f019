"""Sends that nobody confirmed: marked when their lease ends, settled by proof, else listed by name."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import Interval, bindparam, text

from channels import settling
from channels.contents import Template
from channels.envelope import Accepted, Status, StatusChanged
from channels.lines import Lines
from channels.policy import Patience, Reason
from channels.registry import Registry
from channels.stores import statuses
from channels.stores.claims import Claim
from channels.stores.results import Taken, record
from channels.stores.statuses import Told
from core import clock
from core.floor import Floor
from core.ids import MessageId
from core.models.outbox import Lane, OutboundState, Outcome, Purpose
from core.models.people import ConnectionKind
from core.telemetry import OutboundOutcome, outbound
from tests.fixtures.outbox import World, make_world

NOW: Final = Patience(silence=timedelta(0))
TEMPLATE: Final = Template(name="lembrete", language="pt_BR")


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    await world.finish()


@pytest.fixture
async def inbox_is_open(floor: Floor) -> None:
    """As if something could be received in every minute of the last half hour."""
    async with floor.database.crossing() as session:
        await session.execute(text("SELECT priv.mark_inbox_open()"))


async def abandoned(world: World, purpose: Purpose = Purpose.STAFF, **values: Any) -> tuple[MessageId, Claim]:
    """Claimed by a process that then died."""
    message = await world.queue(await world.person(), purpose=purpose, **values)
    [claimed] = (await world.claim(values.get("lane", Lane.REPLY))).claims
    await world.set(message, lease_until=text("now() - interval '1 second'"))
    return message, claimed


async def unknown(world: World, purpose: Purpose = Purpose.STAFF, **values: Any) -> tuple[MessageId, Claim]:
    message, claimed = await abandoned(world, purpose, **values)
    await settling.mark_lapsed(world.floor)
    return message, claimed


async def settle(world: World, patience: Patience = NOW) -> int:
    registry = Registry({ConnectionKind.WHATSAPP: world.provider})
    return await settling.settle_silence(world.floor, registry, Lines(world.floor.database, world.floor.ring), patience)


async def later_one_was_sent(world: World) -> None:
    """As a status told us, which came in on the same line."""
    await world.post()
    message = await world.queue(await world.person())
    [claimed] = (await world.claim()).claims
    async with world.session() as session:
        await record(session, [Taken(claim=claimed, accepted=Accepted(provider_id=f"w.{claimed.outbound}"))])
    await world.set(message, sent_at=text("app_now()"), state=OutboundState.SENT)


async def hear(world: World, *told: StatusChanged) -> None:
    news = [Told(connection=world.connection, change=change) for change in told]
    async with world.session() as session:
        await statuses.apply(session, news, await statuses.find(session, news))


def count_of(outcome: OutboundOutcome) -> float:
    value: float = outbound(channel=ConnectionKind.WHATSAPP, outcome=outcome)._value.get()
    return value


class TestLapsed:
    async def test_f6_an_attempt_whose_lease_ended_is_unknown(self, world: World) -> None:
        message, _ = await abandoned(world)
        before = count_of(OutboundOutcome.UNKNOWN)

        assert await settling.mark_lapsed(world.floor) == 1

        row = await world.row(message)
        [attempt] = await world.attempts(message)
        assert (row.state, row.reason, row.lease_until) == (OutboundState.UNKNOWN, Reason.LAPSED, None)
        assert (attempt.outcome, attempt.answer) == (Outcome.UNKNOWN, {"reason": "lapsed"})
        assert count_of(OutboundOutcome.UNKNOWN) - before == 1

    async def test_f45_a_lease_ends_by_the_databases_clock(self, world: World) -> None:
        message = await world.queue(await world.person())
        await world.claim()
        clock.follow_shift(timedelta(hours=2))
        try:
            assert await settling.mark_lapsed(world.floor) == 0
        finally:
            clock.follow_shift(timedelta(0))
        assert (await world.row(message)).state is OutboundState.SENDING

    async def test_f9_many_who_look_at_once_mark_it_once(self, world: World) -> None:
        await abandoned(world)
        assert sum(await asyncio.gather(*(settling.mark_lapsed(world.floor) for _ in range(6)))) == 1

    async def test_an_answer_that_came_meanwhile_stands(self, world: World) -> None:
        message, claimed = await abandoned(world)
        async with world.session() as recording:
            await record(recording, [Taken(claim=claimed, accepted=Accepted(provider_id="wamid.1"))])
            assert await settling.mark_lapsed(world.floor) == 0  # it does not wait either
        assert await settling.mark_lapsed(world.floor) == 0
        assert (await world.row(message)).state is OutboundState.ACCEPTED


class TestProof:
    async def test_f7_a_status_with_our_tag_settles_what_nobody_confirmed(self, world: World) -> None:
        message, claimed = await unknown(world)

        told = StatusChanged(provider_id="wamid.7", status=Status.SENT, at=clock.now(), tag=claimed.tag)
        await hear(world, told)

        row = await world.row(message)
        [attempt] = await world.attempts(message)
        assert (row.state, row.provider_id, row.unknown_since) == (OutboundState.SENT, "wamid.7", None)
        assert attempt.outcome == Outcome.ACCEPTED
        assert await settle(world) == 0

    async def test_f7_the_answer_itself_settles_it_when_it_comes_late(self, world: World) -> None:
        message, claimed = await unknown(world)
        async with world.session() as session:
            await record(session, [Taken(claim=claimed, accepted=Accepted(provider_id="wamid.1"))])
        assert (await world.row(message)).state is OutboundState.ACCEPTED

    async def test_a_tag_that_somebody_made_up_settles_nothing(self, world: World) -> None:
        message, claimed = await unknown(world)
        made_up = claimed.tag[:-1] + ("0" if claimed.tag[-1] != "0" else "1")
        other = await world.another_line("Outra")
        told = StatusChanged(provider_id="wamid.7", status=Status.SENT, at=clock.now(), tag=claimed.tag)
        await hear(other, told)
        assert (await world.row(message)).state is OutboundState.UNKNOWN
        assert made_up != claimed.tag


@pytest.mark.usefixtures("inbox_is_open")
class TestSilence:
    async def test_f6_what_is_proved_lost_is_sent_again_once(self, world: World) -> None:
        message, _ = await unknown(world)
        await later_one_was_sent(world)
        before = count_of(OutboundOutcome.REQUEUED)

        assert await settle(world) == 1
        assert (await world.row(message)).reason == Reason.PROVED_LOST
        async with world.sending():
            row = await world.until(message, OutboundState.ACCEPTED)

        assert row.attempt == 2
        assert len(world.provider.taken) == 1
        assert count_of(OutboundOutcome.REQUEUED) - before == 1

    async def test_before_patience_ends_nothing_is_settled(self, world: World) -> None:
        message, _ = await unknown(world)
        await later_one_was_sent(world)
        assert await settle(world, Patience()) == 0
        assert (await world.row(message)).state is OutboundState.UNKNOWN

    async def test_without_news_of_later_ones_silence_proves_nothing(self, world: World) -> None:
        message, _ = await unknown(world)
        before = count_of(OutboundOutcome.AMBIGUOUS)
        await settle(world)
        row = await world.row(message)
        assert (row.state, row.reason) == (OutboundState.AMBIGUOUS, Reason.NO_PROOF)
        assert count_of(OutboundOutcome.AMBIGUOUS) - before == 1

    @pytest.mark.parametrize("came_after", [timedelta(seconds=-1), timedelta(minutes=6)])
    async def test_f7_an_inbox_behind_a_broken_tunnel_hears_nothing(self, world: World, came_after: timedelta) -> None:
        message, _ = await unknown(world)
        await later_one_was_sent(world)
        async with world.session() as session:
            moved = text("UPDATE incoming_events SET received_at = app_now() + :after, state = 'done'")
            await session.execute(moved.bindparams(bindparam("after", type_=Interval)), {"after": came_after})
        await world.set(message, started_at=text("now()"))
        await settle(world)
        assert (await world.row(message)).state is OutboundState.AMBIGUOUS

    async def test_news_of_earlier_ones_is_not_news(self, world: World) -> None:
        await later_one_was_sent(world)
        message, _ = await unknown(world)
        await settle(world)
        assert (await world.row(message)).state is OutboundState.AMBIGUOUS

    async def test_a_minute_without_an_inbox_takes_the_proof_away(self, world: World) -> None:
        message, _ = await unknown(world)
        await later_one_was_sent(world)
        await world.set(message, started_at=text("now() - interval '2 hours'"))  # nobody received anything then
        await settle(world)
        assert (await world.row(message)).state is OutboundState.AMBIGUOUS

    @pytest.mark.parametrize("purpose", [Purpose.MARKETING, Purpose.NOTICE])
    async def test_marketing_is_never_sent_again_on_silence(self, world: World, purpose: Purpose) -> None:
        message, _ = await unknown(world, purpose, content=TEMPLATE)
        await later_one_was_sent(world)
        await settle(world)
        assert (await world.row(message)).state is OutboundState.AMBIGUOUS

    @pytest.mark.parametrize("state", [OutboundState.ACCEPTED, OutboundState.SENDING, OutboundState.UNKNOWN])
    async def test_a_successor_that_may_be_there_comes_first(self, world: World, state: OutboundState) -> None:
        ana = await world.person()
        message = await world.queue(ana)
        await world.claim()
        await world.set(message, lease_until=text("now() - interval '1 second'"))
        await settling.mark_lapsed(world.floor)
        successor = await world.queue(ana)
        accepted_at = text("app_now()") if state is OutboundState.ACCEPTED else None
        await world.set(successor, state=state, accepted_at=accepted_at, unknown_since=text("now()"))
        await later_one_was_sent(world)
        await settle(world)
        assert (await world.row(message)).state is OutboundState.AMBIGUOUS

    @pytest.mark.parametrize(("held", "state"), [("lembrete", "ambiguous"), ("outro", "queued")])
    async def test_a_template_that_is_held_back_may_still_arrive(self, world: World, held: str, state: str) -> None:
        message, _ = await unknown(world, Purpose.UTILITY, content=TEMPLATE)
        other = await world.queue(await world.person(), content=Template(name=held, language="pt_BR"))
        await world.set(other, state=OutboundState.ACCEPTED, is_held=True)
        await later_one_was_sent(world)
        await settle(world)
        assert (await world.row(message)).state == state

    async def test_f9_many_who_settle_at_once_settle_it_once(self, world: World) -> None:
        await unknown(world)
        assert sum(await asyncio.gather(*(settle(world) for _ in range(6)))) == 1

    async def test_a_channel_of_which_this_process_knows_nothing_is_listed(self, world: World) -> None:
        message, _ = await unknown(world)
        await later_one_was_sent(world)
        lines = Lines(world.floor.database, world.floor.ring)
        assert await settling.settle_silence(world.floor, Registry({}), lines, NOW) == 1
        assert (await world.row(message)).state is OutboundState.AMBIGUOUS
