"""Effects as rows: proposed with the turn that wants them, run once under a fence, told in another turn."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid5

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from agents.tools.registry import TOOLS, Class
from core.db.sessions import TenantSession
from core.events import Event, EventKind, emit
from core.ids import CompanyId, ContactId, ConversationId
from core.models.service import Approver, EffectState
from core.models.stream import Control, Trigger
from graphs.conversation.state import ToolCall
from graphs.stores import owed
from graphs.stores.snapshots import Begun


@dataclass(frozen=True, kw_only=True, slots=True)
class Claim:
    """An effect that is ours until the lease ends."""

    company: CompanyId
    effect: UUID
    fence: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Running:
    """An effect to be run now, with its conversation, which is locked until the commit."""

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
    """Each once, however often it is said yes to. What failed may be wanted again: that is another effect."""
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


async def end(
    session: TenantSession, effect: Running, state: EffectState, *, result: Mapping[str, Any], reason: str | None = None
) -> None:
    """Its result is kept, told to whoever listens, and owed to the customer as a turn, unless all is over there."""
    bound = {"effect": effect.id, "state": state.value, "result": dict(result), "reason": reason}
    await session.execute(_END, bound)
    told = {"conversation": str(effect.conversation), "tool": effect.tool, "state": state.value, "reason": reason}
    emit(session, Event(kind=EventKind.EFFECT_ENDED, subject_id=effect.id, payload=told))
    if effect.control is not Control.CLOSED:
        news = {"tool": effect.tool, "state": state.value, "result": dict(result), "reason": reason}
        await owed.owe(session, effect.conversation, Trigger.ACTION_RESULT, payload={"effects": [news]})


async def _propose(session: TenantSession, begun: Begun, call: ToolCall) -> None:
    tool = TOOLS[call.tool]
    if tool.cls is not Class.EFFECT:
        raise ValueError(f"{call.tool} only reads")
    snapshot, arguments = begun.snapshot, dict(call.arguments)
    same = {"conversation": snapshot.conversation, "tool": call.tool, "arguments": arguments}
    ended: int = await session.scalar(_IN_VAIN, same) or 0
    is_approved = tool.approver is Approver.NOBODY or (tool.approver is Approver.CUSTOMER and call.is_confirmed)
    await session.execute(
        _PROPOSE,
        {
            **same,
            "id": effect_id(snapshot.conversation, call, ended),
            "contact": snapshot.contact,
            "turn": begun.claim.turn,
            "approver": tool.approver.value,
            "state": (EffectState.APPROVED if is_approved else EffectState.PROPOSED).value,
            "epoch": snapshot.epoch,
            "expires": snapshot.now + tool.expires,
        },
    )


def effect_id(conversation: ConversationId, call: ToolCall, attempt: int) -> UUID:
    """Made of what it is. `attempt`: how often the very same was tried in vain before."""
    written = json.dumps(
        [call.tool, call.arguments, attempt], sort_keys=True, ensure_ascii=False, separators=(",", ":")
    )
    return uuid5(conversation, written)


_IN_VAIN: Final = text("""
    SELECT count(*) FROM effects WHERE conversation_id = :conversation AND tool = :tool AND arguments = :arguments
        AND state IN ('failed', 'rejected', 'expired')
""").bindparams(bindparam("arguments", type_=JSONB))

_PROPOSE: Final = text("""
    INSERT INTO effects AS e (tenant_id, id, conversation_id, contact_id, turn_id, tool, arguments, approver, state,
        epoch, expires_at)
    VALUES (current_tenant(), :id, :conversation, :contact, :turn, :tool, :arguments, :approver, :state, :epoch,
        :expires)
    ON CONFLICT (tenant_id, id) DO UPDATE SET state = excluded.state, expires_at = excluded.expires_at,
        next_at = app_now()
    WHERE e.state = 'proposed' AND excluded.state = 'approved'
""").bindparams(bindparam("arguments", type_=JSONB))

_HOLD: Final = text("""
    SELECT c.id FROM conversations c JOIN effects e ON e.conversation_id = c.id
    WHERE e.id = :effect AND e.fence = :fence AND e.state = 'running' FOR NO KEY UPDATE OF c
""")

# Whom it is for is who the conversation is with by now: contacts may have been merged since.
_TAKE: Final = text("""
    SELECT e.id, e.tool, e.arguments, e.attempts, e.conversation_id, c.contact_id, c.control, c.control_epoch,
        c.dialogue ->> 'lang' AS language, coalesce(p.locale, k.locale) AS locale,
        coalesce(p.time_zone, k.time_zone) AS time_zone, coalesce(e.expires_at <= app_now(), false) AS is_expired,
        p.opted_out_at, app_now() AS now
    FROM effects e JOIN conversations c ON c.id = e.conversation_id JOIN contacts p ON p.id = c.contact_id
        JOIN companies k ON k.id = e.tenant_id
    WHERE e.id = :effect AND e.fence = :fence AND e.state = 'running' FOR UPDATE OF e
""")

_END: Final = text("""
    UPDATE effects SET state = :state, result = :result, reason = :reason, ended_at = app_now(), lease_until = NULL
    WHERE id = :effect
""").bindparams(bindparam("result", type_=JSONB))

_NUDGE: Final = text("SELECT pg_notify('effects', '')")
