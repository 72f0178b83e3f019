"""One call to a provider, and what its answer proves: accepted, not accepted, or nothing."""

from datetime import timedelta
from typing import Final

from channels.base import Adapter, Line
from channels.envelope import OutboundMessage
from channels.errors import RateLimited, SendError, Unproven
from channels.policy import Patience, Reason, asked_for, backoff
from channels.stores.claims import Claim
from channels.stores.results import NotTaken, Result, Taken, Unconfirmed
from core.clock import Deadline
from core.errors import Refused
from core.http import CallFailed, TooLate
from core.logging import get_logger
from core.models.outbox import OutboundState

_BLOCKED_PAUSE: Final = timedelta(seconds=5)  # by then the connection is marked, and nothing of it is claimed
_LONGEST_STEP: Final = 2  # 16 s: a line that works again is used again within half a minute

log = get_logger(__name__)


async def deliver(claim: Claim, adapter: Adapter, line: Line, *, patience: Patience, starts_by: Deadline) -> Result:
    """Call once. Whatever does not prove that the provider refused it counts as unknown."""
    message = OutboundMessage(to=claim.to, content=claim.content, tag=claim.tag, reply_to=claim.reply_to)
    deadline = Deadline.after(patience.call.total_seconds())
    result: Result
    try:
        result = Taken(claim=claim, accepted=await adapter.send(message, line, deadline, starts_by=starts_by))
    except SendError as error:
        result = refused(claim, error, patience)
    except TooLate:  # a process that was frozen, or is overloaded: nothing of the provider's
        result = again(claim, Reason.NOT_STARTED, backoff(0))
    except CallFailed as error:
        is_open = error.may_have_arrived
        result = Unconfirmed(claim=claim, reason=type(error).__name__) if is_open else unreachable(claim)
    except Unproven as error:
        result = Unconfirmed(claim=claim, reason=error.reason)
    except Refused as error:  # our own check of the message, before any byte left
        log.warning("outbox.unfit", outbound=str(claim.outbound), detail=error.detail.en)
        result = NotTaken(claim=claim, state=OutboundState.FAILED, reason=Reason.UNFIT)
    return result


def refused(claim: Claim, error: SendError, patience: Patience) -> NotTaken:
    """The provider's own no: for good, for a while, or for as long as something of the connection is not mended."""
    if error.blocks_connection:
        return again(claim, Reason.CONNECTION_BLOCKED, _BLOCKED_PAUSE, error=error)
    if not error.retryable:
        return NotTaken(claim=claim, state=OutboundState.FAILED, reason=error.name, error=error)
    if not error.costs_attempt:
        return again(claim, error.name, _pause(claim, error), error=error)
    return after_refusal(claim, error.name, patience, error=error)


def after_refusal(claim: Claim, reason: str, patience: Patience, *, error: SendError | None = None) -> NotTaken:
    """Some more tries, each later than the one before."""
    if claim.refusals + 1 >= patience.give_up_after:
        return NotTaken(claim=claim, state=OutboundState.FAILED, reason=Reason.TRIED_OUT, error=error)
    asked = asked_for(error.retry_after) if error else None
    return NotTaken(
        claim=claim, state=OutboundState.QUEUED, reason=reason, delay=asked or backoff(claim.refusals), error=error
    )


def unreachable(claim: Claim) -> NotTaken:
    return again(claim, Reason.UNREACHABLE, backoff(min(claim.number - 1, _LONGEST_STEP)))


def again(claim: Claim, reason: str, delay: timedelta, *, error: SendError | None = None) -> NotTaken:
    """As often as it takes: it says nothing against the message."""
    return NotTaken(claim=claim, state=OutboundState.QUEUED, reason=reason, delay=delay, costs=False, error=error)


def _pause(claim: Claim, error: SendError) -> timedelta:
    """What the provider asked for, or longer with each attempt. A whole line that is slow waits as a whole."""
    return asked_for(error.retry_after) or backoff(0 if isinstance(error, RateLimited) else claim.number - 1)
