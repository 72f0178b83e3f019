"""What came of attempts: written once, in whatever order it comes, and never over what is known better."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import pytest
from sqlalchemy import text

from channels.contents import Text, content_from_json
from channels.envelope import Accepted
from channels.errors import PairLimited, Undeliverable
from channels.stores.claims import Claim
from channels.stores.results import NotTaken, Result, Taken, Unconfirmed, record
from core.floor import Floor
from core.ids import MessageId
from core.models.outbox import OutboundState, Outcome
from tests.fixtures.outbox import World, make_world

ACCEPTED: Final = Accepted(provider_id="wamid.1")


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    await world.finish()


@pytest.fixture
async def message(world: World) -> MessageId:
    return await world.queue(await world.person())


@pytest.fixture
async def begun(world: World, message: MessageId) -> Claim:
    [claimed] = (await world.claim()).claims
    assert claimed.outbound == (await world.row(message)).id
    return claimed


async def write(world: World, *results: Result) -> None:
    async with world.session() as session:
        await record(session, results)


def refused(claim: Claim, state: OutboundState = OutboundState.QUEUED, **values: Any) -> NotTaken:
    return NotTaken(**{"claim": claim, "state": state, "reason": "pair_limited", **values})


class TestTaken:
    async def test_it_is_accepted_under_the_providers_id(self, world: World, message: MessageId, begun: Claim) -> None:
        await write(world, Taken(claim=begun, accepted=Accepted(provider_id="wamid.1", is_held=True)))

        row = await world.row(message)
        [attempt] = await world.attempts(message)
        assert (row.state, row.provider_id, row.is_held) == (OutboundState.ACCEPTED, "wamid.1", True)
        assert (row.lease_until, row.reason) == (None, None)
        assert row.accepted_at is not None
        assert (attempt.outcome, attempt.answer) == (Outcome.ACCEPTED, {"provider_id": "wamid.1"})

    @pytest.mark.parametrize("state", [OutboundState.UNKNOWN, OutboundState.AMBIGUOUS, OutboundState.QUEUED])
    async def test_f7_proof_is_welcome_whenever_it_comes(
        self, world: World, message: MessageId, begun: Claim, state: OutboundState
    ) -> None:
        await world.set(message, state=state)
        await write(world, Taken(claim=begun, accepted=ACCEPTED))
        assert (await world.row(message)).state is OutboundState.ACCEPTED

    @pytest.mark.parametrize("state", [OutboundState.SUPPRESSED, OutboundState.EXPIRED])
    async def test_what_arrived_is_shown_so_whatever_was_decided_about_it_since(
        self, world: World, message: MessageId, begun: Claim, state: OutboundState
    ) -> None:
        await world.set(message, state=state)
        await write(world, Taken(claim=begun, accepted=ACCEPTED))
        assert (await world.row(message)).state is OutboundState.ACCEPTED

    @pytest.mark.parametrize("state", [OutboundState.SENT, OutboundState.DELIVERED, OutboundState.READ])
    async def test_a_status_that_came_first_stands(
        self, world: World, message: MessageId, begun: Claim, state: OutboundState
    ) -> None:
        await world.set(message, state=state, provider_id="wamid.1", accepted_at=text("app_now() - interval '1 day'"))
        before = await world.row(message)
        await write(world, Taken(claim=begun, accepted=ACCEPTED))
        row = await world.row(message)
        assert (row.state, row.accepted_at) == (state, before.accepted_at)

    async def test_a_failure_that_was_reported_first_keeps_its_reason(
        self, world: World, message: MessageId, begun: Claim
    ) -> None:
        error = {"kind": "undeliverable", "code": "131026"}
        await world.set(message, state=OutboundState.FAILED, reason="undeliverable", error=error)
        await write(world, Taken(claim=begun, accepted=ACCEPTED))
        row = await world.row(message)
        assert (row.state, row.reason, row.error) == (OutboundState.FAILED, "undeliverable", error)

    async def test_an_id_that_another_message_has_is_not_taken(
        self, world: World, message: MessageId, begun: Claim
    ) -> None:
        other = await world.queue(await world.person())
        await world.set(other, provider_id="wamid.1", state=OutboundState.SENT)
        await write(world, Taken(claim=begun, accepted=ACCEPTED))
        row = await world.row(message)
        assert (row.state, row.provider_id) == (OutboundState.ACCEPTED, None)


class TestNotTaken:
    async def test_it_is_queued_again_for_later(self, world: World, message: MessageId, begun: Claim) -> None:
        await write(world, refused(begun, delay=timedelta(minutes=1), error=PairLimited("131056"), costs=False))

        row = await world.row(message)
        [attempt] = await world.attempts(message)
        assert (row.state, row.reason, row.refusals) == (OutboundState.QUEUED, "pair_limited", 0)
        assert row.error == {"kind": "pair_limited", "code": "131056"}
        assert row.retry_at is not None
        assert (attempt.outcome, attempt.answer["code"]) == (Outcome.NOT_ACCEPTED, "131056")
        assert content_from_json(row.content) == Text(body="Oi!")  # as it was

    async def test_a_refusal_that_counts_is_counted(self, world: World, message: MessageId, begun: Claim) -> None:
        await write(world, refused(begun))
        row = await world.row(message)
        assert (row.refusals, row.retry_at) == (1, None)

    async def test_for_good_it_has_failed(self, world: World, message: MessageId, begun: Claim) -> None:
        await write(world, refused(begun, OutboundState.FAILED, reason="undeliverable", error=Undeliverable("131026")))
        row = await world.row(message)
        assert (row.state, row.reason) == (OutboundState.FAILED, "undeliverable")
        assert row.failed_at is not None

    async def test_what_the_provider_calls_the_file_is_kept(
        self, world: World, message: MessageId, begun: Claim
    ) -> None:
        content = {"type": "media", "kind": "image", "provider_media_id": "77"}
        await write(world, refused(begun, reason="uploaded", costs=False, content=content))
        assert (await world.row(message)).content == content

    async def test_f7_an_unknown_send_that_was_refused_after_all_is_queued_again(
        self, world: World, message: MessageId, begun: Claim
    ) -> None:
        await world.set(message, state=OutboundState.UNKNOWN, unknown_since=text("now()"))
        await write(world, refused(begun))
        row = await world.row(message)
        assert (row.state, row.unknown_since) == (OutboundState.QUEUED, None)

    @pytest.mark.parametrize("state", [OutboundState.SUPPRESSED, OutboundState.DELIVERED, OutboundState.AMBIGUOUS])
    async def test_nothing_else_is_queued_again(
        self, world: World, message: MessageId, begun: Claim, state: OutboundState
    ) -> None:
        await world.set(message, state=state)
        await write(world, refused(begun))
        assert (await world.row(message)).state is state


class TestUnconfirmed:
    async def test_it_is_unknown_from_now_on(self, world: World, message: MessageId, begun: Claim) -> None:
        await write(world, Unconfirmed(claim=begun, reason="TimedOut"))
        row = await world.row(message)
        [attempt] = await world.attempts(message)
        assert (row.state, row.reason, row.lease_until) == (OutboundState.UNKNOWN, "TimedOut", None)
        assert row.unknown_since is not None
        assert (attempt.outcome, attempt.answer) == (Outcome.UNKNOWN, {"reason": "TimedOut"})

    @pytest.mark.parametrize("state", [OutboundState.ACCEPTED, OutboundState.FAILED, OutboundState.UNKNOWN])
    async def test_what_is_known_stays_known(
        self, world: World, message: MessageId, begun: Claim, state: OutboundState
    ) -> None:
        since = text("now() - interval '10 seconds'")
        await world.set(message, state=state, unknown_since=since)
        before = (await world.row(message)).unknown_since
        await write(world, Unconfirmed(claim=begun, reason="TimedOut"))
        row = await world.row(message)
        assert (row.state, row.unknown_since) == (state, before)


class TestOldAttempts:
    @pytest.fixture
    async def newer(self, world: World, message: MessageId, begun: Claim) -> Claim:
        """The first attempt was lost, and the message is being sent again."""
        await world.set(message, state=OutboundState.QUEUED)
        [newer] = (await world.claim()).claims
        assert newer.number == begun.number + 1
        return newer

    @pytest.mark.usefixtures("newer")
    async def test_f10_what_an_older_attempt_brings_late_changes_nothing(
        self, world: World, message: MessageId, begun: Claim
    ) -> None:
        before = await world.row(message)
        for late in (refused(begun, OutboundState.FAILED), Unconfirmed(claim=begun, reason="TimedOut")):
            await write(world, late)
            row = await world.row(message)
            assert (row.state, row.attempt, row.lease_until) == (before.state, 2, before.lease_until)
            assert row.provider_id is None

    async def test_but_for_the_proof_that_it_was_accepted_after_which_nothing_sends_it_again(
        self, world: World, message: MessageId, begun: Claim, newer: Claim
    ) -> None:
        await write(world, Taken(claim=begun, accepted=ACCEPTED))
        await write(world, refused(newer, OutboundState.QUEUED))
        row = await world.row(message)
        assert (row.state, row.provider_id, row.attempt) == (OutboundState.ACCEPTED, "wamid.1", 2)

    async def test_but_it_is_on_record(self, world: World, message: MessageId, begun: Claim, newer: Claim) -> None:
        await write(
            world, Taken(claim=newer, accepted=ACCEPTED), Taken(claim=begun, accepted=Accepted(provider_id="w2"))
        )
        assert [attempt.outcome for attempt in await world.attempts(message)] == [Outcome.ACCEPTED, Outcome.ACCEPTED]
        assert (await world.row(message)).provider_id == "wamid.1"


class TestRecord:
    async def test_many_results_of_all_kinds_are_written_at_once(self, world: World) -> None:
        messages = [await world.queue(await world.person()) for _ in range(6)]
        claims = {claim.outbound: claim for claim in (await world.claim()).claims}
        of = [claims[(await world.row(message)).id] for message in messages]

        await write(
            world,
            *(Taken(claim=claim, accepted=Accepted(provider_id=f"w{claim.outbound}")) for claim in of[:2]),
            *(refused(claim) for claim in of[2:4]),
            *(Unconfirmed(claim=claim, reason="TimedOut") for claim in of[4:]),
        )

        states = [(await world.row(message)).state.value for message in messages]
        assert states == ["accepted", "accepted", "queued", "queued", "unknown", "unknown"]

    async def test_f13_who_records_the_same_rows_in_another_order_waits(self, world: World) -> None:
        for _ in range(20):
            await world.queue(await world.person())
        claims = (await world.claim()).claims

        async def again(number: int) -> None:
            ordered = claims if number % 2 else tuple(reversed(claims))
            await write(world, *(Taken(claim=one, accepted=Accepted(provider_id=str(one.outbound))) for one in ordered))

        await asyncio.gather(*(again(number) for number in range(8)))
        assert await world.states() == {"accepted": 20}
