"""Effects as rows: proposed with the turn that wants them, run once under a fence, told in another turn."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import ColumnElement, bindparam, func, or_, select, text, tuple_
from sqlalchemy.dialects.postgresql import JSONB

from agents.ports import OrderNews
from agents.tools.registry import SHOWN, TOOLS, Class
from core.db.sessions import TenantSession
from core.errors import NotFound
from core.events import Event, EventKind, emit
from core.ids import CompanyId, ContactId, ConversationId
from core.models.service import Approver, Effect, EffectState
from core.models.stream import Control, Trigger
from graphs.conversation.state import ToolCall
from graphs.stores import owed
from graphs.stores.snapshots import Begun

# As an event calls it, and as it stands in `SHOWN`.
_MONEY: Final[Mapping[str, str]] = {"order": "number", "total_cents": "total_cents"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """An effect that is ours until the lease ends."""

    company: CompanyId
    effect: UUID
    fence: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """An effect to be run now, unless it is expired, with its conversation, which is locked until the commit."""

    id: UUID
    tool: str
    arguments: Mapping[str, Any]
    attempts: int
    conversation: ConversationId
    contact: ContactId
    control: Control
    epoch: int  # of the conversation, now
    language: str
    time_zone: str
    is_expired: bool
    is_opted_out: bool
    now: datetime


async def propose(session: TenantSession, begun: Begun, calls: Sequence[ToolCall]) -> None:
    """Each once, however often it is said yes to. What failed or was undone may be wanted again, as another effect."""
    for call in calls:
        await _propose(session, begun, call)
    if calls:
        await session.execute(_NUDGE)


async def take(session: TenantSession, claim: Claim) -> Running | None:
    """None: it is not ours any more."""
    bound = {"effect": claim.effect, "fence": claim.fence}
    if (await session.execute(_HOLD, bound)).first() is None:
        return None
    row = (await session.execute(_TAKE, bound)).one_or_none()
    if row is None:
        return None
    return Running(
        id=row.id,
        tool=row.tool,
        arguments=row.arguments,
        attempts=row.attempts,
        conversation=ConversationId(row.conversation_id),
        contact=ContactId(row.contact_id),
        control=Control(row.control),
        epoch=row.control_epoch,
        language=row.language or row.locale,
        time_zone=row.time_zone,
        is_expired=row.is_expired,
        is_opted_out=row.opted_out_at is not None,
        now=row.now,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """An effect that a person decides about, with its conversation, which is locked until the commit."""

    id: UUID
    tool: str
    arguments: Mapping[str, Any]
    conversation: ConversationId
    control: Control
    state: EffectState
    approver: Approver
    is_expired: bool
    decided_by: UUID | None


@dataclass(frozen=True, kw_only=True, slots=True)
class EffectListing:
    most: int
    after: tuple[datetime, UUID] | None = None
    state: EffectState | None = None
    approver: Approver | None = None
    conversation: UUID | None = None
    tool: str | None = None


async def hold(session: TenantSession, effect: UUID) -> Proposal:
    await session.execute(_HOLD_ANY, {"effect": effect})
    row = (await session.execute(_PROPOSAL, {"effect": effect})).one_or_none()
    if row is None:
        raise _unknown()
    return Proposal(
        id=row.id,
        tool=row.tool,
        arguments=row.arguments,
        conversation=ConversationId(row.conversation_id),
        control=Control(row.control),
        state=EffectState(row.state),
        approver=Approver(row.approver),
        is_expired=row.is_expired,
        decided_by=row.approved_by,
    )


async def approve(session: TenantSession, effect: Proposal, by: UUID | None) -> None:
    """It is run next."""
    await session.execute(_APPROVE, {"effect": effect.id, "by": by})
    emit(session, Event(kind=EventKind.EFFECT_APPROVED, subject_id=effect.id, payload=told_of(effect)))
    await session.execute(_NUDGE)


def told_of(effect: Running | Proposal) -> dict[str, Any]:
    """What an event or the audit log says of it."""
    return _told(effect.conversation, effect.tool, effect.arguments)


async def is_refunded(session: TenantSession, order: OrderNews) -> bool:
    """In any conversation of the company. Its caller holds the order, so that nobody else is about to."""
    return bool(await session.scalar(_IS_REFUNDED, {"id": str(order.id), "number": order.number}))


async def decided_by(session: TenantSession, effect: Proposal, by: UUID | None) -> None:
    await session.execute(_DECIDED_BY, {"effect": effect.id, "by": by})


async def get(session: TenantSession, effect: UUID) -> Effect:
    found = await session.scalar(select(Effect).where(Effect.id == effect).execution_options(populate_existing=True))
    if found is None:
        raise _unknown()
    return found


async def list_effects(session: TenantSession, wanted: EffectListing) -> list[Effect]:
    """The newest first. Of those that wait, the ones whose time is over are left out: nobody can say yes to them."""
    rules: list[ColumnElement[bool]] = []
    if wanted.after is not None:
        rules.append(tuple_(Effect.created_at, Effect.id) < wanted.after)
    for column, value in (
        (Effect.state, wanted.state),
        (Effect.approver, wanted.approver),
        (Effect.conversation_id, wanted.conversation),
        (Effect.tool, wanted.tool),
    ):
        if value is not None:
            rules.append(column == value)
    if wanted.state is EffectState.PROPOSED:
        rules.append(or_(Effect.expires_at.is_(None), Effect.expires_at > func.app_now()))
    newest = select(Effect).where(*rules).order_by(Effect.created_at.desc(), Effect.id.desc())
    return list(await session.scalars(newest.limit(wanted.most)))


def _unknown() -> NotFound:
    return NotFound("Este pedido de ação não existe.", "There is no such effect.")


async def end(
    session: TenantSession,
    effect: Running | Proposal,
    state: EffectState,
    *,
    result: Mapping[str, Any],
    reason: str | None = None,
) -> None:
    """Its result is kept, told to whoever listens, and owed to the customer as a turn, unless all is over there."""
    bound = {"effect": effect.id, "state": state.value, "result": dict(result), "reason": reason}
    await session.execute(_END, bound)
    told = {**told_of(effect), "state": state.value, "reason": reason}
    told |= {name: result[name] for name in _MONEY if name in result}
    emit(session, Event(kind=EventKind.EFFECT_ENDED, subject_id=effect.id, payload=told))
    if effect.control is not Control.CLOSED:
        news = {"tool": effect.tool, "state": state.value, "result": dict(result), "reason": reason}
        await owed.owe(session, effect.conversation, Trigger.ACTION_RESULT, payload={"effects": [news]})


async def undo(session: TenantSession, appointment: UUID) -> None:
    """What had booked it counts no longer: its conversation may come to that again."""
    await session.execute(_UNDO, {"appointment": appointment})


async def _propose(session: TenantSession, begun: Begun, call: ToolCall) -> None:
    tool = TOOLS[call.tool]
    if tool.cls is not Class.EFFECT:
        raise ValueError(f"{call.tool} only reads")
    snapshot, arguments = begun.snapshot, dict(call.arguments)
    same = {"conversation": snapshot.conversation, "tool": call.tool, "arguments": arguments}
    over = {**same, "arguments": _identity(arguments), "is_repeatable": tool.is_repeatable}
    ended: int = await session.scalar(_OVER, over) or 0
    approver = Approver.STAFF if call.needs_staff or tool.needs_staff else tool.approver
    is_approved = approver is Approver.NOBODY or (approver is Approver.CUSTOMER and call.is_confirmed)
    effect = effect_id(snapshot.conversation, call, ended)
    proposed = await session.execute(
        _PROPOSE,
        {
            **same,
            "id": effect,
            "contact": snapshot.contact,
            "turn": begun.claim.turn,
            "approver": approver.value,
            "state": (EffectState.APPROVED if is_approved else EffectState.PROPOSED).value,
            "epoch": snapshot.epoch,
            "expires": snapshot.now + tool.expires,
        },
    )
    if approver is Approver.STAFF and proposed.first() is not None:
        told = _told(snapshot.conversation, call.tool, arguments)
        emit(session, Event(kind=EventKind.EFFECT_PROPOSED, subject_id=effect, payload=told))


def effect_id(conversation: ConversationId, call: ToolCall, attempt: int) -> UUID:
    """Made of what it is. `attempt`: how often the very same was tried in vain or undone before."""
    written = json.dumps(
        [call.tool, _identity(call.arguments), attempt], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return uuid5(conversation, written)


def _identity(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Without what was found out for whoever approves it, which changes while it is the same wish."""
    return {name: value for name, value in arguments.items() if name != SHOWN}


def _told(conversation: ConversationId, tool: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    shown = arguments.get(SHOWN) or {}
    money = {name: shown[key] for name, key in _MONEY.items() if key in shown}
    return {"conversation": str(conversation), "tool": tool, **money}


_OVER: Final = text("""
    SELECT count(*) FROM effects WHERE conversation_id = :conversation AND tool = :tool
        AND arguments - 'order' = :arguments AND (state IN ('failed', 'rejected', 'expired')
             OR state = 'succeeded' AND (reason = 'undone' OR CAST(:is_repeatable AS boolean)))
""").bindparams(bindparam("arguments", type_=JSONB))

_PROPOSE: Final = text("""
    INSERT INTO effects AS e (tenant_id, id, conversation_id, contact_id, turn_id, tool, arguments, approver, state,
        epoch, expires_at)
    VALUES (current_tenant(), :id, :conversation, :contact, :turn, :tool, :arguments, :approver, :state, :epoch,
        :expires)
    ON CONFLICT (tenant_id, id) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at,
        next_at = app_now()
    WHERE e.state = 'proposed' AND excluded.state = 'approved'
    RETURNING e.id
""").bindparams(bindparam("arguments", type_=JSONB))

_HOLD_ANY: Final = text("""
    SELECT c.id FROM conversations c JOIN effects e ON e.conversation_id = c.id WHERE e.id = :effect
    FOR NO KEY UPDATE OF c
""")

_PROPOSAL: Final = text("""
    SELECT e.id, e.tool, e.arguments, e.conversation_id, c.control, e.state, e.approver, e.approved_by,
        coalesce(e.expires_at <= app_now(), false) AS is_expired
    FROM effects e JOIN conversations c ON c.id = e.conversation_id WHERE e.id = :effect FOR UPDATE OF e
""")

_APPROVE: Final = text("""
    UPDATE effects SET state = 'approved', approved_by = :by, next_at = app_now() WHERE id = :effect
""")

_DECIDED_BY: Final = text("UPDATE effects SET approved_by = :by WHERE id = :effect")

_HOLD: Final = text("""
    SELECT c.id FROM conversations c JOIN effects e ON e.conversation_id = c.id
    WHERE e.id = :effect AND e.fence = :fence AND e.state = 'running' FOR NO KEY UPDATE OF c
""")

# Whom it is for is who the conversation is with by now: contacts may have been merged since.
_TAKE: Final = text("""
    SELECT e.id, e.tool, e.arguments, e.attempts, e.conversation_id, c.contact_id, c.control, c.control_epoch,
        c.dialogue ->> 'lang' AS language, coalesce(p.locale, k.locale) AS locale,
        coalesce(p.time_zone, k.time_zone) AS time_zone, p.opted_out_at, app_now() AS now,
        (e.reason = 'expired' OR e.expires_at <= app_now()) IS TRUE AS is_expired
    FROM effects e JOIN conversations c ON c.id = e.conversation_id JOIN contacts p ON p.id = c.contact_id
        JOIN companies k ON k.id = e.tenant_id
    WHERE e.id = :effect AND e.fence = :fence AND e.state = 'running' FOR UPDATE OF e
""")

_END: Final = text("""
    UPDATE effects SET state = :state, result = :result, reason = :reason, ended_at = app_now(), lease_until = NULL
    WHERE id = :effect
""").bindparams(bindparam("result", type_=JSONB))

_UNDO: Final = text("""
    UPDATE effects e SET reason = 'undone' FROM appointments a
    WHERE a.id = :appointment AND e.id = a.effect_id AND e.state = 'succeeded'
""")

# What was refunded before results named the order's id is known by its number.
_IS_REFUNDED: Final = text("""
    SELECT EXISTS (SELECT FROM effects
        WHERE tool = 'pedidos.reembolsar' AND state = 'succeeded'
          AND coalesce(result ->> 'order_id' = :id, result ->> 'order' = :number))
""")

_NUDGE: Final = text("SELECT pg_notify('effects', '')")
