"""Who knows of a handoff: the notes that Telegram has taken, and those of which nobody has heard yet."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from sqlalchemy import Interval, bindparam, select, text

from core.db.sessions import TenantSession
from core.ids import ConversationId
from core.models.staff import NoteState, StaffNote

PATIENCE: Final = timedelta(seconds=60)  # so long a card may take before people are told by another way


@dataclass(frozen=True, kw_only=True, slots=True)
class Untold:
    """Somebody waits, and no one of the company was shown that."""

    handoff: UUID
    conversation: ConversationId
    name: str | None
    since: datetime
    key: str  # of what is said about it, the same each time


async def shown(session: TenantSession, group: UUID) -> dict[UUID, datetime]:
    """Handoffs for which something has rung in the group since they were opened, and when."""
    if not await session.scalar(_ANY_WAITING):
        return {}
    return {row.id: row.sent_at for row in await session.execute(_SHOWN, {"group": group})}


async def untold(session: TenantSession, *, to: UUID | None) -> list[Untold]:
    """The newest first, without those that this person was told of."""
    rows = await session.execute(_UNTOLD, {"patience": PATIENCE, "person": None if to is None else str(to)})
    return [
        Untold(
            handoff=row.id,
            conversation=ConversationId(row.conversation_id),
            name=row.name,
            since=row.created_at,
            key=row.key,
        )
        for row in rows
    ]


async def has_card(session: TenantSession, topic: UUID, text: str) -> bool:
    """Whether the newest card of this topic says so, and its buttons are still young."""
    return bool(await session.scalar(_HAS_CARD, {"topic": topic, "text": text}))


async def has(session: TenantSession, key: str) -> bool:
    return await session.scalar(select(StaffNote.id).where(StaffNote.key == key)) is not None


async def count_untold(session: TenantSession) -> int:
    return int(await session.scalar(_COUNT_UNTOLD, {"patience": PATIENCE}) or 0)


async def messages_of(session: TenantSession, key: str) -> list[int]:
    """The messages of the group in which a note was said."""
    said = select(StaffNote.message_ids).where(StaffNote.key == key, StaffNote.state == NoteState.SENT)
    return list(await session.scalar(said) or ())


async def key_of(session: TenantSession, topic: UUID, message: int) -> str | None:
    """The note that was said in this message of the topic, of those that can be answered."""
    found: str | None = await session.scalar(_KEY_OF, {"topic": topic, "message": message})
    return found


async def untold_effects(session: TenantSession, conversation: ConversationId) -> list[UUID]:
    """That wait for staff, and were not shown."""
    return list(await session.scalars(_EFFECTS, {"conversation": conversation}))


async def untold_drafts(session: TenantSession, conversation: ConversationId) -> list[UUID]:
    return list(await session.scalars(_DRAFTS, {"conversation": conversation}))


async def decided(session: TenantSession, conversation: ConversationId) -> list[str]:
    """Keys of shown drafts and effects that wait no more, and still look as if they did."""
    return list(await session.scalars(_DECIDED, {"conversation": conversation}))


async def body_of(session: TenantSession, key: str) -> dict[str, object]:
    found = await session.scalar(select(StaffNote.body).where(StaffNote.key == key))
    return found or {}


# Keys are made before notes are looked up by them (see stores/lines.py): else all of a company's are read each time.

_ANY_WAITING: Final = text("SELECT EXISTS (SELECT FROM handoffs WHERE state = 'queued' AND told_at IS NULL)")

# What rings: a bell in the topic, a card that is a new message and no edit, or a digest that leads to the topic.
_SHOWN: Final = text("""
    WITH waiting AS MATERIALIZED (
        SELECT h.id, h.created_at, t.id AS topic, 'ring:' || h.id AS ring, '/' || t.thread_id || '"' AS link
        FROM handoffs h JOIN conversations c ON c.id = h.conversation_id
        JOIN staff_topics t ON t.contact_id = c.contact_id AND t.connection_id = c.connection_id AND t.group_id = :group
        WHERE h.state = 'queued' AND h.told_at IS NULL),
    said AS MATERIALIZED (
        SELECT n.id, n.topic_id, n.key, n.sent_at, n.message_ids, n.body ->> 'type' = 'card' AS is_card
        FROM staff_notes n WHERE n.topic_id = ANY (ARRAY(SELECT topic FROM waiting)) AND n.state = 'sent'
            AND (n.body ->> 'type' = 'card' OR starts_with(n.key, 'ring:'))),
    digests AS MATERIALIZED (
        SELECT n.sent_at, CAST(n.body AS text) AS words
        FROM staff_notes n WHERE n.topic_id IS NULL AND n.group_id = :group AND n.state = 'sent'
            AND starts_with(n.key, 'digest:')),
    rung AS (
        SELECT w.id, n.sent_at FROM waiting w JOIN said n ON n.topic_id = w.topic
        WHERE n.sent_at >= w.created_at AND (starts_with(n.key, w.ring) OR n.is_card AND NOT EXISTS (
            SELECT FROM said p WHERE p.topic_id = n.topic_id AND p.id < n.id AND p.is_card
                AND p.message_ids && n.message_ids))
        UNION ALL
        SELECT w.id, n.sent_at FROM waiting w JOIN digests n ON n.sent_at >= w.created_at
        WHERE position(w.link IN n.words) > 0)
    SELECT id, min(sent_at) AS sent_at FROM rung GROUP BY id
""")

_UNTOLD: Final = text("""
    WITH u AS MATERIALIZED (
        SELECT h.id, h.conversation_id, h.created_at, p.name,
            'untold:' || h.id || ':' || CAST(extract(epoch FROM h.created_at) AS bigint) AS key,
            'untold:' || h.id || ':' || CAST(extract(epoch FROM h.created_at) AS bigint) || ':' || CAST(:person AS text)
                AS note
        FROM handoffs h JOIN conversations c ON c.id = h.conversation_id JOIN contacts p ON p.id = c.contact_id
        WHERE h.state = 'queued' AND h.told_at IS NULL AND h.created_at < app_now() - :patience)
    SELECT * FROM u WHERE NOT EXISTS (SELECT FROM staff_notes n WHERE n.key = u.note)
    ORDER BY u.created_at DESC, u.id LIMIT 20
""").bindparams(bindparam("patience", type_=Interval))

_HAS_CARD: Final = text("""
    SELECT n.body -> 'text' ->> 'text' = :text AND n.created_at > app_now() - interval '1 day'
    FROM staff_notes n WHERE n.topic_id = :topic AND n.body ->> 'type' = 'card' AND n.state <> 'failed'
    ORDER BY n.id DESC LIMIT 1
""")

_COUNT_UNTOLD: Final = text("""
    SELECT count(*) FROM handoffs WHERE state = 'queued' AND told_at IS NULL AND created_at < app_now() - :patience
""").bindparams(bindparam("patience", type_=Interval))

_KEY_OF: Final = text("""
    SELECT key FROM staff_notes
    WHERE topic_id = :topic AND :message = ANY (message_ids) AND (key LIKE 'draft:%' OR key LIKE 'effect:%')
    ORDER BY id DESC LIMIT 1
""")

_EFFECTS: Final = text("""
    WITH w AS MATERIALIZED (
        SELECT e.id, e.created_at, 'effect:' || e.id AS key FROM effects e
        WHERE e.conversation_id = :conversation AND e.state = 'proposed' AND e.approver = 'staff'
          AND (e.expires_at IS NULL OR e.expires_at > app_now()))
    SELECT w.id FROM w WHERE NOT EXISTS (SELECT FROM staff_notes n WHERE n.key = w.key) ORDER BY w.created_at
""")

_DRAFTS: Final = text("""
    WITH w AS MATERIALIZED (
        SELECT d.id, d.created_at, 'draft:' || d.id AS key FROM drafts d
        WHERE d.conversation_id = :conversation AND d.state = 'proposed')
    SELECT w.id FROM w WHERE NOT EXISTS (SELECT FROM staff_notes n WHERE n.key = w.key) ORDER BY w.created_at
""")

_DECIDED: Final = text("""
    WITH ended AS (
        SELECT 'draft:' || d.id AS key FROM drafts d
        WHERE d.conversation_id = :conversation AND d.state <> 'proposed'
          AND d.decided_at > app_now() - interval '1 day'
        UNION ALL
        SELECT 'effect:' || e.id FROM effects e
        WHERE e.conversation_id = :conversation AND e.approver = 'staff' AND e.state <> 'proposed'
          AND e.created_at > app_now() - interval '8 days'),
    w AS MATERIALIZED (SELECT key, 'decided:' || key AS decided FROM ended)
    SELECT w.key FROM w JOIN staff_notes n ON n.key = w.key AND n.state = 'sent'
    WHERE NOT EXISTS (SELECT FROM staff_notes m WHERE m.key = w.decided)
""")
