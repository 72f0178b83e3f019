"""What is done when a timer's time has come: the ladder of a handoff, the return to the bot, follow-ups, promises.

A timer dies with the control under which it was made. A promise does not: whoever answers by then has to know of it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, Final

from channels.contents import Text
from channels.stores import outbox, pacing
from channels.stores.outbox import NewOutbound
from core.crashpoints import CrashPoint, crashpoint
from core.db.sessions import TenantSession
from core.events import Event, EventKind, emit
from core.floor import Floor
from core.models.outbox import Purpose
from core.models.service import TimerKind
from core.models.stream import Control, Trigger
from graphs import handoff, store
from graphs.stores import owed, timers
from graphs.stores.timers import Claim, Due

_MOST: Final = 100
_LEASE: Final = timedelta(seconds=30)
_TRIES: Final = 5
_BOTS: Final = frozenset({Control.BOT, Control.COPILOT})
_MINUTE: Final = timedelta(minutes=1)

Ring = Callable[[TenantSession, Due], Awaitable[str | None]]


async def run_due(floor: Floor) -> int:
    """How many were claimed."""
    claims = await store.claim_timers(floor.database, most=_MOST, lease=_LEASE)
    await run(floor, claims)
    return len(claims)


async def run(floor: Floor, claims: Sequence[Claim]) -> None:
    """Each in a transaction of its own; what was claimed and not reached is claimed again when its lease is over."""
    for claim in claims:
        async with floor.database.tenant_session(claim.company) as session:
            due = await timers.take(session, claim)
            if due is not None:
                await _ring(session, due)
            crashpoint(CrashPoint.TIMER_PRE_COMMIT)


async def _ring(session: TenantSession, due: Due) -> None:
    outcome = await _outcome(session, due)
    if outcome is not None:  # None: it was put off, or has been finished
        await timers.finish(session, due, outcome)


async def _outcome(session: TenantSession, due: Due) -> str | None:
    if due.attempts > _TRIES:
        return "tried_out"
    if due.control is Control.CLOSED and due.kind is not TimerKind.PROMISE:
        return "closed"
    if due.epoch != due.control_epoch and due.kind is not TimerKind.PROMISE:
        return "stale"
    return await _RINGS[due.kind](session, due)


async def _late(session: TenantSession, due: Due, *, to: str) -> str:
    """Nobody was there in time; `to` names what of the payload says who is told."""
    if due.was_answered:
        return "answered"
    payload = {**due.payload, "conversation": str(due.conversation), "kind": due.kind.value, "to": due.payload.get(to)}
    emit(session, Event(kind=EventKind.HANDOFF_LATE, subject_id=due.conversation, payload=payload))
    return "late"


async def _tell_customer(session: TenantSession, due: Due) -> str:
    """Once, and honestly: they still wait."""
    if due.control is not Control.QUEUED:
        return "taken"
    if due.is_opted_out:
        return "opted_out"
    free_at = await pacing.done_at(session, {due.conversation: due.now})
    new = NewOutbound(
        conversation=due.conversation,
        intent=f"timer:{due.id}",
        content=Text(body=due.payload["text"]),
        purpose=Purpose.REPLY,
        not_before=free_at[due.conversation],
    )
    await outbox.queue(session, new)
    return "told"


async def _return(session: TenantSession, due: Due) -> str | None:
    """A person has said nothing for long, and owes nothing: the bot goes on, and hears what was said meanwhile."""
    if due.control is not Control.HUMAN:
        return "not_held"
    idle = timedelta(seconds=due.payload["idle_seconds"])
    silent_since = max(filter(None, (due.last_message_at, due.control_since)))
    if silent_since + idle > due.now:
        await timers.put_off(session, due, silent_since + idle)
        return None
    if due.has_promises:
        await timers.put_off(session, due, due.now + max(idle, _MINUTE))
        return None
    await handoff.give_back(session, due.conversation, reason="idle")
    await owed.owe(session, due.conversation, Trigger.STAFF_RETURN, payload={"reason": "idle"})
    return "returned"


async def _follow_up(session: TenantSession, due: Due) -> str:
    if due.control not in _BOTS:
        return "not_held"
    if due.is_opted_out:
        return "opted_out"
    if await owed.is_owed(session, due.conversation):  # the customer wrote in this very moment
        return "overtaken"
    await owed.owe(session, due.conversation, Trigger.TIMER, payload={**due.payload, "timer": due.kind.value})
    return "followed_up"


async def _promise(session: TenantSession, due: Due) -> None:
    """Those whose time has come are told; the others wait on. The bot speaks of it only where it has the word."""
    promises: list[Mapping[str, Any]] = due.payload[timers.PROMISES]
    is_due = [moment <= due.now for moment in timers.moments(promises)]
    ripe = [one for one, is_ripe in zip(promises, is_due, strict=True) if is_ripe]
    later = [one for one, is_ripe in zip(promises, is_due, strict=True) if not is_ripe]
    await timers.finish(session, due, "due")  # before the others take its place
    await timers.promise_later(session, due.conversation, epoch=due.control_epoch, promises=later)
    payload = {"conversation": str(due.conversation), timers.PROMISES: ripe}
    emit(session, Event(kind=EventKind.PROMISE_DUE, subject_id=due.conversation, payload=payload))
    if due.control in _BOTS and not due.is_opted_out:
        told = {timers.PROMISES: ripe, "timer": due.kind.value}
        await owed.owe(session, due.conversation, Trigger.TIMER, payload=told)


_RINGS: Final[Mapping[TimerKind, Ring]] = {
    TimerKind.FIRST_RESPONSE: partial(_late, to="queue"),
    TimerKind.NEXT_RESPONSE: partial(_late, to="queue"),
    TimerKind.ESCALATE: partial(_late, to="escalate"),
    TimerKind.CUSTOMER_NOTICE: _tell_customer,
    TimerKind.IDLE_RETURN: _return,
    TimerKind.STALL_FOLLOW_UP: _follow_up,
    TimerKind.PROMISE: _promise,
}
