"""What waits in a conversation as if it were being typed: later words follow it, or stand in its place."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Final

from sqlalchemy import text

from core import telemetry
from core.db.sessions import TenantSession
from core.ids import ConversationId
from core.models.people import ConnectionKind
from core.telemetry import OutboundOutcome


async def done_at(
    session: TenantSession, since: Mapping[ConversationId, datetime]
) -> Mapping[ConversationId, datetime]:
    """When the last of it will have been typed, or `since`. The caller holds the conversations."""
    rows = await session.execute(_DONE_AT, {"conversations": list(since)})
    until = {ConversationId(row.conversation_id): row.until for row in rows}
    return {conversation: max(now, until.get(conversation, now)) for conversation, now in since.items()}


async def withdraw(session: TenantSession, conversations: Collection[ConversationId]) -> int:
    """The customer speaks of something else by now. What tells who writes, or what was done, is still said."""
    bound = {"conversations": list(conversations)}
    kinds = [ConnectionKind(kind) for kind in await session.scalars(_WITHDRAW, bound)]

    def count() -> None:
        for kind in kinds:
            telemetry.outbound(channel=kind, outcome=OutboundOutcome.SUPPRESSED).inc()

    session.after_commit(count)
    return len(kinds)


# A reason is given to what has been held back already: that may be for hours, and nobody waits for it.
_TYPED: Final = """
    o.conversation_id = ANY (CAST(:conversations AS uuid[])) AND o.state = 'queued' AND o.lane = 'reply'
    AND o.purpose IN ('reply', 'notice') AND o.reason IS NULL AND o.not_before > app_now()
"""

_DONE_AT: Final = text(f"""
    SELECT o.conversation_id, max(o.not_before) AS until FROM outbound o WHERE {_TYPED} GROUP BY o.conversation_id
""")  # noqa: S608 - columns of ours

_WITHDRAW: Final = text(f"""
    WITH held AS (
        SELECT o.tenant_id, o.id, o.connection_id FROM outbound o
        WHERE {_TYPED} AND o.purpose = 'reply' AND NOT EXISTS (
            SELECT FROM messages m JOIN turns t ON t.id = m.turn_id,
                jsonb_array_elements_text(t.trace -> 'rules') AS rule
            WHERE m.id = o.message_id AND (rule LIKE 'effect.%' OR rule LIKE 'safety.%'
                OR rule IN ('greeting.first', 'control.returned', 'timer.promise_due')))
        ORDER BY o.id FOR NO KEY UPDATE OF o),
    gone AS (
        UPDATE outbound o SET state = 'suppressed', reason = 'withdrawn' FROM held h
        WHERE o.tenant_id = h.tenant_id AND o.id = h.id RETURNING h.connection_id)
    SELECT c.kind FROM gone g JOIN connections c ON c.id = g.connection_id
""")  # noqa: S608 - columns of ours
