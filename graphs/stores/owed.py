"""Turns that are owed for another reason than a customer's message: news of an effect, a timer, a person who leaves."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import bindparam, text
from sqlalchemy.dialects.postgresql import JSONB

from core.db.sessions import TenantSession
from core.ids import ConversationId, new_id
from core.models.stream import Trigger


async def owe(
    session: TenantSession, conversation: ConversationId, trigger: Trigger, *, payload: Mapping[str, Any]
) -> None:
    """At once; or with the turn that is open already, at its time: news of effects add up.

    A customer's message stays what that turn is about, unless a person has just left: then what they said counts, too.
    """
    bound = {
        "id": new_id(),
        "conversation": conversation,
        "trigger": trigger.value,
        "payload": dict(payload),
        "is_return": trigger is Trigger.STAFF_RETURN,
    }
    await session.execute(_OWE, bound)
    await session.execute(_NUDGE)


async def is_owed(session: TenantSession, conversation: ConversationId) -> bool:
    """Whether a turn waits or runs there."""
    return await session.scalar(_OWED, {"conversation": conversation}) is not None


_OWE: Final = text("""
    INSERT INTO turns AS t (tenant_id, id, conversation_id, trigger, payload, due_at)
    VALUES (current_tenant(), :id, :conversation, :trigger, :payload, app_now())
    ON CONFLICT (tenant_id, conversation_id) WHERE state = 'open' DO UPDATE SET
        trigger = CASE WHEN :is_return THEN excluded.trigger ELSE t.trigger END,
        payload = t.payload || excluded.payload || CASE WHEN t.payload ? 'effects' AND excluded.payload ? 'effects'
            THEN jsonb_build_object('effects', (t.payload -> 'effects') || (excluded.payload -> 'effects'))
            ELSE '{}'::jsonb END
""").bindparams(bindparam("payload", type_=JSONB))

_OWED: Final = text("""
    SELECT id FROM turns WHERE conversation_id = :conversation AND state IN ('open', 'running') LIMIT 1
""")

_NUDGE: Final = text("SELECT pg_notify('turns', '')")
