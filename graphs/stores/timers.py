"""What happens later unless something happens before: one waiting timer of each kind for a conversation."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ARRAY, Boolean, Text, bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from agents.personas.definition import StageEnd, Stall
from core.db.sessions import TenantSession
from core.ids import CompanyId, ContactId, ConversationId, new_id
from core.models.service import TimerKind
from core.models.stream import Control, Trigger
from graphs import office_hours
from graphs.conversation.state import Decision, Route
from graphs.stores.snapshots import Begun

LADDER: Final = frozenset({TimerKind.FIRST_RESPONSE, TimerKind.CUSTOMER_NOTICE, TimerKind.ESCALATE})
OF_PERSON: Final = frozenset({TimerKind.NEXT_RESPONSE, TimerKind.IDLE_RETURN})
PROMISES: Final = "promises"
_DATE_LENGTH: Final = len("2026-11-27")


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """A timer that is ours until the lease ends."""

    company: CompanyId
    timer: UUID
    fence: int


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTimer:
    kind: TimerKind
    epoch: int
    due_at: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True, slots=True)
class Due:
    """A timer whose time has come, with its conversation, which is locked until the commit."""

    id: UUID
    kind: TimerKind
    epoch: int
    payload: Mapping[str, Any]
    attempts: int
    conversation: ConversationId
    contact: ContactId
    control: Control
    control_epoch: int
    control_since: datetime
    last_message_at: datetime | None
    is_opted_out: bool
    was_answered: bool  # by a person, since the timer was made
    has_promises: bool  # that wait in the same conversation
    now: datetime


async def of_turn(session: TenantSession, begun: Begun, decision: Decision) -> None:
    """What a turn sets going for later, and what it makes pointless."""
    conversation = begun.snapshot.conversation
    await _follow_up(session, begun, decision)
    if (due := _promised_for(begun, decision)) is not None:
        promise = {**(decision.promise or {}), "at": due.isoformat(), "by": "customer"}
        await promise_later(session, conversation, epoch=begun.snapshot.epoch, promises=[promise])
    if decision.route is Route.ABSORB and begun.snapshot.control is Control.HUMAN and begun.snapshot.unanswered:
        await _await_person(session, begun)


async def arm(session: TenantSession, conversation: ConversationId, timer: NewTimer) -> None:
    """In the place of one of its kind that waits."""
    await session.execute(_ARM, _columns(conversation, timer, is_patient=False))


async def arm_if_none(session: TenantSession, conversation: ConversationId, timer: NewTimer) -> None:
    """One that waits already keeps its time, unless it waits for nothing: a person has answered since."""
    await session.execute(_ARM, _columns(conversation, timer, is_patient=True))


async def cancel(session: TenantSession, conversation: ConversationId, kinds: Collection[TimerKind]) -> None:
    await session.execute(_CANCEL, {"conversation": conversation, "kinds": [kind.value for kind in kinds]})


async def promise_later(
    session: TenantSession, conversation: ConversationId, *, epoch: int, promises: Iterable[Mapping[str, Any]]
) -> None:
    """Beside those that wait: each has its `at`. The timer is due with the first of them."""
    waiting: list[dict[str, Any]] = await session.scalar(_PROMISED, {"conversation": conversation}) or []
    known = {(one["at"], one["by"]) for one in waiting}
    every = sorted([*waiting, *(dict(one) for one in promises if (one["at"], one["by"]) not in known)], key=_moment)
    if every:
        timer = NewTimer(kind=TimerKind.PROMISE, epoch=epoch, due_at=_moment(every[0]), payload={PROMISES: every})
        await arm(session, conversation, timer)


async def take(session: TenantSession, claim: Claim) -> Due | None:
    """None: it is not ours any more, or was called off. Its conversation is locked first, as a turn does it."""
    bound = {"timer": claim.timer, "fence": claim.fence}
    if (await session.execute(_HOLD, bound)).first() is None:
        return None
    row = (await session.execute(_TAKE, bound)).one_or_none()
    if row is None:
        return None
    return Due(
        id=row.id,
        kind=TimerKind(row.kind),
        epoch=row.epoch,
        payload=row.payload,
        attempts=row.attempts,
        conversation=ConversationId(row.conversation_id),
        contact=ContactId(row.contact_id),
        control=Control(row.control),
        control_epoch=row.control_epoch,
        control_since=row.control_since,
        last_message_at=row.last_message_at,
        is_opted_out=row.opted_out_at is not None,
        was_answered=row.was_answered,
        has_promises=row.has_promises,
        now=row.now,
    )


async def finish(session: TenantSession, due: Due, outcome: str) -> None:
    await session.execute(_FINISH, {"timer": due.id, "outcome": outcome})


async def put_off(session: TenantSession, due: Due, until: datetime) -> None:
    await session.execute(_PUT_OFF, {"timer": due.id, "until": until})


def moments(promises: Iterable[Mapping[str, Any]]) -> list[datetime]:
    return [_moment(one) for one in promises]


async def _follow_up(session: TenantSession, begun: Begun, decision: Decision) -> None:
    """A lead that stays where it is hears of us so many times; whoever answers is counted anew."""
    snapshot, stage = begun.snapshot, begun.version.persona.stage(decision.stage)
    said = int(snapshot.payload.get("count", 0)) if snapshot.trigger is Trigger.TIMER else 0
    stall = stage.stall if stage.end is StageEnd.OPEN and _may_follow_up(begun, decision) else None
    if stall is None or said >= stall.max:
        await cancel(session, snapshot.conversation, [TimerKind.STALL_FOLLOW_UP])
        return
    timer = NewTimer(
        kind=TimerKind.STALL_FOLLOW_UP,
        epoch=snapshot.epoch,
        due_at=_stalled_at(begun, stall),
        payload={"kickoff": stall.kickoff, "stage": stage.id, "count": said + 1},
    )
    await arm(session, snapshot.conversation, timer)


def _may_follow_up(begun: Begun, decision: Decision) -> bool:
    is_bots = begun.snapshot.control in {Control.BOT, Control.COPILOT} and decision.handover is None
    return is_bots and decision.opt_out is None and not begun.snapshot.is_opted_out


def _stalled_at(begun: Begun, stall: Stall) -> datetime:
    quiet, snapshot = begun.version.persona.quiet_hours, begun.snapshot
    return office_hours.allowed(
        snapshot.now + stall.after, hours=quiet.allow, sundays=quiet.sunday == "on", zone=snapshot.time_zone
    )


def _promised_for(begun: Begun, decision: Decision) -> datetime | None:
    """A day that was promised has to be over; None where nobody said when."""
    when = (decision.promise or {}).get("when")
    if not when:
        return None
    zone = begun.snapshot.time_zone
    if len(when) <= _DATE_LENGTH:
        return office_hours.morning_of(date.fromisoformat(when) + timedelta(days=1), zone)
    moment = datetime.fromisoformat(when)
    return moment if moment.tzinfo else office_hours.moment_of(moment, zone)


async def _await_person(session: TenantSession, begun: Begun) -> None:
    """The customer wrote to a person: they have so long to answer."""
    snapshot, rules = begun.snapshot, begun.version.persona.handoff
    due = office_hours.after(snapshot.now, rules.sla.next, hours=rules.hours, zone=snapshot.time_zone)
    payload = {"queue": rules.queue}
    timer = NewTimer(kind=TimerKind.NEXT_RESPONSE, epoch=snapshot.epoch, due_at=due, payload=payload)
    await arm_if_none(session, snapshot.conversation, timer)


def _columns(conversation: ConversationId, timer: NewTimer, *, is_patient: bool) -> dict[str, Any]:
    return {
        "id": new_id(),
        "is_patient": is_patient,
        "conversation": conversation,
        "kind": timer.kind.value,
        "epoch": timer.epoch,
        "due": timer.due_at,
        "payload": dict(timer.payload),
    }


def _moment(promise: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(promise["at"])


_ARM: Final = text("""
    INSERT INTO timers AS t (tenant_id, id, conversation_id, kind, epoch, due_at, payload)
    VALUES (current_tenant(), :id, :conversation, :kind, :epoch, :due, :payload)
    ON CONFLICT (tenant_id, conversation_id, kind) WHERE done_at IS NULL DO UPDATE SET epoch = excluded.epoch,
        due_at = excluded.due_at, payload = excluded.payload, created_at = app_now(), attempts = 0,
        fence = t.fence + 1, lease_until = NULL
    WHERE NOT :is_patient OR t.epoch <> excluded.epoch OR EXISTS (SELECT FROM messages m
        WHERE m.conversation_id = t.conversation_id AND m.author = 'staff' AND m.created_at >= t.created_at)
""").bindparams(bindparam("payload", type_=JSONB), bindparam("is_patient", type_=Boolean))

_CANCEL: Final = text("""
    UPDATE timers SET done_at = app_now(), outcome = 'cancelled', lease_until = NULL
    WHERE conversation_id = :conversation AND kind = ANY (:kinds) AND done_at IS NULL
""").bindparams(bindparam("kinds", type_=ARRAY(Text)))

_PROMISED: Final = text("""
    SELECT payload -> 'promises' AS promises FROM timers
    WHERE conversation_id = :conversation AND kind = 'promise' AND done_at IS NULL
""").columns(promises=JSONB)

_HOLD: Final = text("""
    SELECT c.id FROM conversations c JOIN timers t ON t.conversation_id = c.id
    WHERE t.id = :timer AND t.fence = :fence AND t.done_at IS NULL FOR NO KEY UPDATE OF c
""")

_TAKE: Final = text("""
    SELECT t.id, t.kind, t.epoch, t.payload, t.attempts, t.conversation_id, c.contact_id, c.control, c.control_epoch,
        c.control_since, c.last_message_at, p.opted_out_at, app_now() AS now,
        EXISTS (SELECT FROM messages m WHERE m.conversation_id = c.id AND m.author = 'staff'
            AND m.created_at >= t.created_at) AS was_answered,
        EXISTS (SELECT FROM timers o WHERE o.conversation_id = c.id AND o.kind = 'promise' AND o.done_at IS NULL)
            AS has_promises
    FROM timers t JOIN conversations c ON c.id = t.conversation_id JOIN contacts p ON p.id = c.contact_id
    WHERE t.id = :timer AND t.fence = :fence AND t.done_at IS NULL FOR UPDATE OF t
""")

_FINISH: Final = text("UPDATE timers SET done_at = app_now(), outcome = :outcome, lease_until = NULL WHERE id = :timer")

_PUT_OFF: Final = text("UPDATE timers SET due_at = :until, lease_until = NULL, attempts = 0 WHERE id = :timer")
