"""Turns that are owed for another reason than a customer's message: news of an effect, a timer, a person who leaves."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

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
    is_return = trigger is Trigger.STAFF_RETURN
    untold = await _untold(session, conversation) if is_return else []
    bound = {
        "id": new_id(),
        "conversation": conversation,
        "trigger": trigger.value,
        "payload": {**payload, "effects": untold} if untold else dict(payload),
        "is_return": is_return,
    }
    await session.execute(_OWE, bound)
    await session.execute(_NUDGE)


async def owe_words(session: TenantSession, media: UUID, *, answer_hours: float) -> None:
    """What a customer said is known now: a turn of its own, where the one that was about it went on without.

    One that runs may have begun before; whether it had the words is known when this one begins.
    """
    await session.execute(_OWE_WORDS, {"id": new_id(), "media": media, "hours": answer_hours})
    await session.execute(_NUDGE)


async def is_owed(session: TenantSession, conversation: ConversationId) -> bool:
    """Whether a turn waits or runs there."""
    return await session.scalar(_OWED, {"conversation": conversation}) is not None


async def _untold(session: TenantSession, conversation: ConversationId) -> list[dict[str, Any]]:
    """News that came while nobody of ours had the word, each once; what they mean has been taken in."""
    rows = await session.scalars(_UNTOLD, {"conversation": conversation})
    news = [{**one, "counts": False} for one in rows]
    return [one for number, one in enumerate(news) if one not in news[:number]]


_OWE: Final = text("""
    INSERT INTO turns AS t (tenant_id, id, conversation_id, trigger, payload, due_at)
    VALUES (current_tenant(), :id, :conversation, :trigger, :payload, app_now())
    ON CONFLICT (tenant_id, conversation_id) WHERE state = 'open' DO UPDATE SET
        trigger = CASE WHEN :is_return THEN excluded.trigger ELSE t.trigger END,
        payload = t.payload || excluded.payload || CASE WHEN t.payload ? 'effects' AND excluded.payload ? 'effects'
            THEN jsonb_build_object('effects', (t.payload -> 'effects') || (excluded.payload -> 'effects'))
            ELSE '{}'::jsonb END
""").bindparams(bindparam("payload", type_=JSONB))

# A turn that is open may be taken in this very moment: then this is one more, and not lost.
_OWE_WORDS: Final = text("""
    INSERT INTO turns AS t (tenant_id, id, conversation_id, trigger, due_at)
    SELECT current_tenant(), :id, c.id, 'inbound', app_now()
    FROM media_files f JOIN messages m ON m.id = f.message_id JOIN conversations c ON c.id = m.conversation_id
        JOIN connections l ON l.id = c.connection_id
    WHERE f.id = :media AND m.author = 'customer' AND m.kind IN ('voice', 'audio') AND m.deleted_at IS NULL
      AND c.control NOT IN ('human', 'closed')
      AND coalesce(m.provider_at, m.created_at) > app_now() - interval '1 hour' * CASE
          WHEN jsonb_typeof(l.settings -> 'answer_hours') = 'number'
              THEN CAST(l.settings ->> 'answer_hours' AS double precision)
          ELSE CAST(:hours AS double precision) END
      AND (c.dialogue -> 'unheard' @> to_jsonb(m.seq) OR EXISTS (
          SELECT FROM turns r WHERE r.conversation_id = c.id AND r.state IN ('open', 'running')))
    ON CONFLICT (tenant_id, conversation_id) WHERE state = 'open' DO UPDATE SET
        trigger = CASE WHEN t.trigger = 'staff_return' OR NOT EXISTS (
                SELECT FROM conversations c JOIN messages m ON m.conversation_id = c.id
                    JOIN media_files f ON f.message_id = m.id
                WHERE c.id = t.conversation_id AND f.id = :media AND c.dialogue -> 'unheard' @> to_jsonb(m.seq))
            THEN t.trigger ELSE excluded.trigger END
""")

# Since the last time that the bot came back and spoke.
_UNTOLD: Final = text("""
    SELECT n.one FROM turns t CROSS JOIN LATERAL jsonb_array_elements(t.payload -> 'effects') AS n (one)
    WHERE t.conversation_id = :conversation AND t.state = 'done' AND t.outcome = 'absorbed'
      AND jsonb_typeof(t.payload -> 'effects') = 'array'
      AND t.ended_at > coalesce((
          SELECT max(r.ended_at) FROM turns r
          WHERE r.conversation_id = t.conversation_id AND r.state = 'done' AND r.trigger = 'staff_return'
            AND r.outcome <> 'absorbed'), '-infinity')
    ORDER BY t.ended_at, t.id
""").columns(one=JSONB)

_OWED: Final = text("""
    SELECT id FROM turns WHERE conversation_id = :conversation AND state IN ('open', 'running') LIMIT 1
""")

_NUDGE: Final = text("SELECT pg_notify('turns', '')")
