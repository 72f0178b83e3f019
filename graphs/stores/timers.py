"""What happens later unless something happens before: one waiting timer of each kind for a conversation."""

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import JSONB

from agents.personas.definition import StageEnd, Stall
from core.db.sessions import TenantSession
from core.ids import CompanyId, ContactId, ConversationId, new_id
from core.models.service import TimerKind
from core.models.stream import Control, Trigger
from graphs import office_hours
from graphs.conversation.state import Route
from graphs.stores.endings import Ended
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
    conversation: ConversationId
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


async def of_turns(session: TenantSession, turns: Sequence[Ended]) -> None:
    """What turns set going for later, and what they make pointless."""
    follow_ups = [(one, _follow_up(one)) for one in turns]
    await cancel_each(
        session, [one.conversation for one, new in follow_ups if new is None], [TimerKind.STALL_FOLLOW_UP]
    )
    await arm(session, [new for _, new in follow_ups if new is not None])
    for one in turns:
        if (due := _promised_for(one)) is not None:
            promise = {**(one.decision.promise or {}), "at": due.isoformat(), "by": "customer"}
            await promise_later(session, one.conversation, epoch=one.begun.snapshot.epoch, promises=[promise])
    await arm_if_none(session, [_await_person(one) for one in turns if _waits_for_person(one)])


async def arm(session: TenantSession, timers: Sequence[NewTimer]) -> None:
    """Each in the place of one of its kind that waits."""
    if timers:
        await session.execute(_ARM, {**_columns(timers), "is_patient": False})


async def arm_if_none(session: TenantSession, timers: Sequence[NewTimer]) -> None:
    """One that waits already keeps its time, unless it waits for nothing: a person has answered since."""
    if timers:
        await session.execute(_ARM, {**_columns(timers), "is_patient": True})


async def cancel(session: TenantSession, conversation: ConversationId, kinds: Collection[TimerKind]) -> None:
    await cancel_each(session, [conversation], kinds)


async def cancel_each(
    session: TenantSession, conversations: Collection[ConversationId], kinds: Collection[TimerKind]
) -> None:
    if conversations:
        bound = {"conversations": list(conversations), "kinds": [kind.value for kind in kinds]}
        await session.execute(_CANCEL, bound)


async def promise_later(
    session: TenantSession, conversation: ConversationId, *, epoch: int, promises: Iterable[Mapping[str, Any]]
) -> None:
    """Beside those that wait: each has its `at`. The timer is due with the first of them."""
    waiting: list[dict[str, Any]] = await session.scalar(_PROMISED, {"conversation": conversation}) or []
    known = {(one["at"], one["by"]) for one in waiting}
    every = sorted([*waiting, *(dict(one) for one in promises if (one["at"], one["by"]) not in known)], key=_moment)
    if every:
        payload = {PROMISES: every}
        await arm(
            session,
            [
                NewTimer(
                    conversation=conversation,
                    kind=TimerKind.PROMISE,
                    epoch=epoch,
                    due_at=_moment(every[0]),
                    payload=payload,
                )
            ],
        )


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


def _follow_up(one: Ended) -> NewTimer | None:
    """A lead that stays where it is hears of us so many times; whoever answers is counted anew."""
    snapshot, stage = one.begun.snapshot, one.begun.version.persona.stage(one.decision.stage)
    said = int(snapshot.payload.get("count", 0)) if snapshot.trigger is Trigger.TIMER else 0
    stall = stage.stall if stage.end is StageEnd.OPEN and _may_follow_up(one) else None
    if stall is None or said >= stall.max:
        return None
    return NewTimer(
        conversation=one.conversation,
        kind=TimerKind.STALL_FOLLOW_UP,
        epoch=snapshot.epoch,
        due_at=_stalled_at(one.begun, stall),
        payload={"kickoff": stall.kickoff, "stage": stage.id, "count": said + 1},
    )


def _may_follow_up(one: Ended) -> bool:
    snapshot, decision = one.begun.snapshot, one.decision
    is_bots = snapshot.control in {Control.BOT, Control.COPILOT} and decision.handover is None
    return is_bots and decision.opt_out is None and not snapshot.is_opted_out


def _stalled_at(begun: Begun, stall: Stall) -> datetime:
    quiet, snapshot = begun.version.persona.quiet_hours, begun.snapshot
    return office_hours.allowed(
        snapshot.now + stall.after, hours=quiet.allow, sundays=quiet.sunday == "on", zone=snapshot.time_zone
    )


def _promised_for(one: Ended) -> datetime | None:
    """A day that was promised has to be over; None where nobody said when."""
    when = (one.decision.promise or {}).get("when")
    if not when:
        return None
    zone = one.begun.snapshot.time_zone
    if len(when) <= _DATE_LENGTH:
        return office_hours.morning_of(date.fromisoformat(when) + timedelta(days=1), zone)
    moment = datetime.fromisoformat(when)
    return moment if moment.tzinfo else office_hours.moment_of(moment, zone)


def _waits_for_person(one: Ended) -> bool:
    snapshot = one.begun.snapshot
    return one.decision.route is Route.ABSORB and snapshot.control is Control.HUMAN and bool(snapshot.unanswered)


def _await_person(one: Ended) -> NewTimer:
    """The customer wrote to a person: they have so long to answer."""
    snapshot, rules = one.begun.snapshot, one.begun.version.persona.handoff
    due = office_hours.after(snapshot.now, rules.sla.next, hours=rules.hours, zone=snapshot.time_zone)
    return NewTimer(
        conversation=one.conversation,
        kind=TimerKind.NEXT_RESPONSE,
        epoch=snapshot.epoch,
        due_at=due,
        payload={"queue": rules.queue},
    )


def _columns(timers: Sequence[NewTimer]) -> dict[str, Any]:
    return {
        "ids": [new_id() for _ in timers],
        "conversations": [timer.conversation for timer in timers],
        "kinds": [timer.kind.value for timer in timers],
        "epochs": [timer.epoch for timer in timers],
        "dues": [timer.due_at for timer in timers],
        "payloads": [json.dumps(dict(timer.payload), allow_nan=False, ensure_ascii=False) for timer in timers],
    }


def _moment(promise: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(promise["at"])


_ARM: Final = text("""
    INSERT INTO timers AS t (tenant_id, id, conversation_id, kind, epoch, due_at, payload)
    SELECT current_tenant(), w.id, w.conversation, w.kind, w.epoch, w.due, CAST(w.payload AS jsonb)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:conversations AS uuid[]), CAST(:kinds AS text[]), CAST(:epochs AS bigint[]),
        CAST(:dues AS timestamptz[]), CAST(:payloads AS text[])) AS w (id, conversation, kind, epoch, due, payload)
    ON CONFLICT (tenant_id, conversation_id, kind) WHERE done_at IS NULL DO UPDATE SET epoch = excluded.epoch,
        due_at = excluded.due_at, payload = excluded.payload, created_at = app_now(), attempts = 0,
        fence = t.fence + 1, lease_until = NULL
    WHERE NOT CAST(:is_patient AS boolean) OR t.epoch <> excluded.epoch OR EXISTS (SELECT FROM messages m
        WHERE m.conversation_id = t.conversation_id AND m.author = 'staff' AND m.created_at >= t.created_at)
""")

_CANCEL: Final = text("""
    UPDATE timers SET done_at = app_now(), outcome = 'cancelled', lease_until = NULL
    WHERE conversation_id = ANY (CAST(:conversations AS uuid[])) AND kind = ANY (CAST(:kinds AS text[]))
      AND done_at IS NULL
""")

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
            AND m.created_at >= t.created_at AND (SELECT true FROM outbound o WHERE o.tenant_id = m.tenant_id
                AND o.message_id = m.id AND o.state = 'queued' AND o.not_before > app_now() LIMIT 1) IS NULL)
            AS was_answered,
        EXISTS (SELECT FROM timers o WHERE o.conversation_id = c.id AND o.kind = 'promise' AND o.done_at IS NULL)
            AS has_promises
    FROM timers t JOIN conversations c ON c.id = t.conversation_id JOIN contacts p ON p.id = c.contact_id
    WHERE t.id = :timer AND t.fence = :fence AND t.done_at IS NULL FOR UPDATE OF t
""")

_FINISH: Final = text("UPDATE timers SET done_at = app_now(), outcome = :outcome, lease_until = NULL WHERE id = :timer")

_PUT_OFF: Final = text("UPDATE timers SET due_at = :until, lease_until = NULL, attempts = 0 WHERE id = :timer")
