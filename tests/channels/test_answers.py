"""What an answer proves: accepted, not accepted, or nothing; and what follows for the message."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest

from channels.answers import deliver
from channels.base import Line
from channels.envelope import Accepted, OutboundMessage
from channels.errors import (
    KINDS,
    AccountBlocked,
    CredentialRefused,
    PairLimited,
    ProviderTrouble,
    RateLimited,
    SendError,
    Unproven,
)
from channels.policy import Patience, Reason
from channels.stores.claims import Claim
from channels.stores.results import NotTaken, Result, Taken, Unconfirmed
from core.clock import Deadline
from core.errors import Malformed
from core.http import BrokenOff, CallFailed, Garbled, Oversized, TimedOut, TooLate, Unreachable
from core.ids import ConnectionId, new_id
from core.models.outbox import OutboundState
from tests.fixtures.outbox import PLACE, Provider, some_claim

LINE: Final = Line(connection=ConnectionId(new_id()), settings={}, secrets={})
CLAIM: Final = some_claim(connection=LINE.connection)
SOON: Final = Deadline.after(3600)
PATIENCE: Final = Patience()


async def answer(error: Exception, claim: Claim = CLAIM, *, starts_by: Deadline = SOON) -> Result:
    provider = Provider()
    provider.always = provider.refuse(error)
    return await deliver(claim, provider, LINE, patience=PATIENCE, starts_by=starts_by)


async def refusal(error: Exception, claim: Claim = CLAIM) -> NotTaken:
    result = await answer(error, claim)
    assert isinstance(result, NotTaken)
    return result


def seconds(result: NotTaken) -> float | None:
    return result.delay.total_seconds() if result.delay else None


class TestAccepted:
    async def test_the_provider_gets_the_whole_message_once(self) -> None:
        provider = Provider()

        result = await deliver(CLAIM, provider, LINE, patience=PATIENCE, starts_by=SOON)

        assert isinstance(result, Taken)
        assert result.accepted.provider_id.startswith("wamid.1.")
        assert provider.taken == [
            OutboundMessage(to=CLAIM.to, content=CLAIM.content, tag=CLAIM.tag, reply_to=CLAIM.reply_to)
        ]

    async def test_the_call_has_as_long_as_our_patience(self) -> None:
        left: list[float] = []

        class Watching(Provider):
            async def send(
                self, message: OutboundMessage, line: Line, deadline: Deadline, *, starts_by: Deadline
            ) -> Accepted:
                left.append(deadline.remaining)
                return await super().send(message, line, deadline, starts_by=starts_by)

        await deliver(CLAIM, Watching(), LINE, patience=Patience(call=timedelta(seconds=7)), starts_by=SOON)

        assert 6 < left[0] <= 7


class TestUnconfirmed:
    @pytest.mark.parametrize("error", [TimedOut(PLACE), BrokenOff(PLACE), Oversized(PLACE), Garbled(PLACE)])
    async def test_f24_a_line_that_broke_proves_nothing(self, error: CallFailed) -> None:
        assert await answer(error) == Unconfirmed(claim=CLAIM, reason=type(error).__name__)

    async def test_neither_does_an_answer_that_says_neither(self) -> None:
        assert await answer(Unproven("http_503")) == Unconfirmed(claim=CLAIM, reason="http_503")


class TestNotBegun:
    async def test_f10_after_the_start_window_the_provider_is_not_called(self) -> None:
        provider = Provider()

        result = await deliver(CLAIM, provider, LINE, patience=PATIENCE, starts_by=Deadline.after(-0.1))

        assert provider.calls == []
        assert isinstance(result, NotTaken)
        assert (result.state, result.reason, result.costs) == (OutboundState.QUEUED, Reason.NOT_STARTED, False)
        assert await refusal(TooLate(PLACE)) == result

    async def test_a_line_that_was_never_made_is_tried_again_for_as_long_as_it_takes(self) -> None:
        pauses = [seconds(await refusal(Unreachable(PLACE), replace(CLAIM, number=number))) for number in range(1, 30)]
        assert pauses[:4] == [1, 4, 16, 16]
        assert pauses[-1] == 16  # a provider that is back is used again within half a minute

    async def test_a_message_that_we_find_wrong_ourselves_has_failed(self) -> None:
        result = await refusal(Malformed("O texto é longo demais.", "The text is too long."))
        assert (result.state, result.reason) == (OutboundState.FAILED, Reason.UNFIT)

    async def test_a_bug_is_not_taken_for_an_answer(self) -> None:
        with pytest.raises(ZeroDivisionError):
            await answer(ZeroDivisionError())

    async def test_being_cancelled_is_not_either(self) -> None:
        with pytest.raises(asyncio.CancelledError):
            await answer(asyncio.CancelledError())  # type: ignore[arg-type] # it is an exception all the same


class TestRefused:
    FINAL: Final = {
        *("window_closed", "template_refused", "undeliverable", "not_now", "opted_out", "media_refused", "unfit")
    }

    @pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
    async def test_each_kind_is_final_or_waits(self, kind: type[SendError]) -> None:
        result = await refusal(kind("131000"))
        assert result.state is (OutboundState.FAILED if kind.name in self.FINAL else OutboundState.QUEUED)
        assert (result.error is not None, result.content) == (True, None)

    @pytest.mark.parametrize("kind", [CredentialRefused, AccountBlocked])
    async def test_f25_what_is_wrong_with_the_connection_costs_the_message_nothing(self, kind: type[SendError]) -> None:
        result = await refusal(kind("190"), replace(CLAIM, refusals=99, number=99))
        assert (result.state, result.reason) == (OutboundState.QUEUED, Reason.CONNECTION_BLOCKED)
        assert (result.costs, seconds(result)) == (False, 5)

    @pytest.mark.parametrize(
        ("asked", "waits"),
        [(3.0, 3), (0.0, 1), (-1.0, 1), (None, 1), (1e9, 3600), (float("inf"), 3600), (float("nan"), 1)],
    )
    async def test_f23_a_pause_that_was_asked_for_is_obeyed_within_reason(
        self, asked: float | None, waits: float
    ) -> None:
        result = await refusal(RateLimited("429", retry_after=asked), replace(CLAIM, number=5))
        assert (seconds(result), result.costs) == (waits, False)

    async def test_too_many_to_one_person_waits_longer_each_time(self) -> None:
        pauses = [seconds(await refusal(PairLimited("131056"), replace(CLAIM, number=n))) for n in range(1, 5)]
        assert pauses == [1, 4, 16, 64]

    async def test_trouble_is_tried_a_few_times_more(self) -> None:
        results = [await refusal(ProviderTrouble("131000"), replace(CLAIM, refusals=n)) for n in range(6)]
        assert [seconds(result) for result in results[:5]] == [1, 4, 16, 64, 256]
        assert all(result.costs for result in results)
        assert (results[5].state, results[5].reason) == (OutboundState.FAILED, Reason.TRIED_OUT)

    async def test_trouble_that_says_when_it_ends_is_believed(self) -> None:
        assert seconds(await refusal(ProviderTrouble("131016", retry_after=7))) == 7
