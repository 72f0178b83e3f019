"""Topics as rows: one for each person on each connection that somebody of the company looks after."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlalchemy import func, select, text, update

from core.db.sessions import TenantSession
from core.ids import ConversationId, new_id
from core.models.staff import StaffTopic, TopicState

_FURTHEST_BACK: Final = 30  # lines


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """`opens`: it was not there, or closed, and has to be opened in Telegram."""

    topic: StaffTopic
    opens: bool
    shown_before: int = 0  # what of this conversation its people have seen when it was open last


@dataclass(frozen=True, kw_only=True, slots=True)
class Attended:
    """An open topic, and how its conversation stands."""

    topic: UUID
    conversation: ConversationId
    shown_seq: int
    last_seq: int
    needs_person: bool  # a person has it or is waited for, or something there waits for somebody's yes


async def find(session: TenantSession, group: UUID, conversation: ConversationId) -> StaffTopic | None:
    """Whichever conversation of this person on this connection was the newest when it was last needed."""
    found = await session.scalar(_OF_CONVERSATION, {"group": group, "conversation": conversation})
    return None if found is None else await get(session, found)


async def get(session: TenantSession, topic: UUID) -> StaffTopic:
    fresh = select(StaffTopic).where(StaffTopic.id == topic).execution_options(populate_existing=True)
    return (await session.scalars(fresh)).one()


async def want(session: TenantSession, group: UUID, conversation: ConversationId, *, name: str) -> Wanted:
    """Opened for this person, again where it was closed. Shown from what the customer said last, all of it, on."""
    bound = {
        "id": new_id(),
        "group": group,
        "conversation": conversation,
        "name": name,
        "furthest": _FURTHEST_BACK,
    }
    row = (await session.execute(_WANT, bound)).one_or_none()
    if row is not None:
        return Wanted(topic=await get(session, row.id), opens=True, shown_before=row.shown_before or 0)
    found = await find(session, group, conversation)
    if found is None:
        raise AssertionError("a topic that is neither new nor there")
    return Wanted(topic=found, opens=False)


async def close(session: TenantSession, topic: UUID) -> bool:
    """False: it was closed before."""
    open_one = update(StaffTopic).where(StaffTopic.id == topic, StaffTopic.state != TopicState.CLOSED)
    closed = open_one.values(state=TopicState.CLOSED, closed_at=func.app_now()).returning(StaffTopic.id)
    return await session.scalar(closed) is not None


async def note_shown(session: TenantSession, topic: UUID, seq: int) -> None:
    behind = update(StaffTopic).where(StaffTopic.id == topic, StaffTopic.shown_seq < seq)
    await session.execute(behind.values(shown_seq=seq).execution_options(synchronize_session=False))


async def attended(session: TenantSession, group: UUID) -> list[Attended]:
    """Those that are open, or about to be."""
    return [
        Attended(
            topic=row.id,
            conversation=ConversationId(row.conversation_id),
            shown_seq=row.shown_seq,
            last_seq=row.message_seq,
            needs_person=row.needs_person,
        )
        for row in await session.execute(_ATTENDED, {"group": group})
    ]


async def missing(session: TenantSession, group: UUID, *, most: int) -> Sequence[ConversationId]:
    """Conversations that need a person and have no open topic, the one that has waited longest first."""
    rows = await session.scalars(_MISSING, {"group": group, "most": most})
    return [ConversationId(row) for row in rows]


async def of_contact(session: TenantSession, group: UUID, contact: UUID) -> list[StaffTopic]:
    """Their open ones, on all connections."""
    theirs = (StaffTopic.group_id == group) & (StaffTopic.contact_id == contact)
    return list(await session.scalars(select(StaffTopic).where(theirs, StaffTopic.state != TopicState.CLOSED)))


async def count_waiting(session: TenantSession) -> int:
    return int(await session.scalar(text("SELECT count(*) FROM handoffs WHERE state = 'queued'")) or 0)


_OF_CONVERSATION: Final = text("""
    SELECT t.id FROM conversations c JOIN staff_topics t ON t.contact_id = c.contact_id
        AND t.connection_id = c.connection_id AND t.group_id = :group
    WHERE c.id = :conversation
""")

# From the first line that nobody has answered, or that came since a person is needed, whichever is earlier.
_WANT: Final = text("""
    WITH thread AS MATERIALIZED (SELECT * FROM conversations WHERE id = :conversation),
    before AS MATERIALIZED (
        SELECT t.shown_seq FROM staff_topics t JOIN thread c ON c.id = t.conversation_id WHERE t.group_id = :group),
    answered AS MATERIALIZED (
        SELECT coalesce(max(m.seq), 0) AS seq FROM messages m JOIN thread c ON c.id = m.conversation_id
        WHERE m.direction = 'out' AND m.seq < c.last_inbound_seq),
    since AS MATERIALIZED (
        SELECT min(m.seq) - 1 AS seq FROM messages m
        JOIN handoffs h ON h.conversation_id = m.conversation_id AND h.state <> 'ended'
        WHERE m.conversation_id = :conversation AND m.created_at >= h.created_at)
    INSERT INTO staff_topics AS t (tenant_id, id, group_id, contact_id, connection_id, conversation_id, name, shown_seq)
    SELECT c.tenant_id, :id, :group, c.contact_id, c.connection_id, c.id, :name, greatest(
        CASE WHEN c.last_inbound_seq > 0
            THEN least((SELECT seq FROM answered), (SELECT seq FROM since)) ELSE c.message_seq END,
        c.message_seq - :furthest, 0)
    FROM thread c
    ON CONFLICT (tenant_id, group_id, contact_id, connection_id) DO UPDATE SET state = 'wanted', closed_at = NULL,
        name = excluded.name, conversation_id = excluded.conversation_id,
        shown_seq = CASE WHEN t.conversation_id = excluded.conversation_id
            THEN greatest(t.shown_seq, excluded.shown_seq) ELSE excluded.shown_seq END
    WHERE t.state = 'closed' OR t.conversation_id <> excluded.conversation_id
    RETURNING t.id, (SELECT shown_seq FROM before) AS shown_before
""")

# What waits for a person: a handoff that is not over, a copilot's conversation, or somebody's yes.
_NEEDS: Final = """
    (c.control IN ('queued', 'human', 'copilot')
     OR EXISTS (SELECT FROM effects e WHERE e.conversation_id = c.id AND e.state = 'proposed'
        AND e.approver = 'staff' AND (e.expires_at IS NULL OR e.expires_at > app_now())))
"""

_ATTENDED: Final = text(f"""
    SELECT t.id, t.conversation_id, t.shown_seq, c.message_seq, {_NEEDS} AS needs_person
    FROM staff_topics t JOIN conversations c ON c.id = t.conversation_id
    WHERE t.group_id = :group AND t.state <> 'closed' ORDER BY t.id
""")  # noqa: S608 - a part of the statement

_MISSING: Final = text("""
    WITH needing AS (
        SELECT conversation_id, min(created_at) AS since FROM (
            SELECT conversation_id, created_at FROM handoffs WHERE state <> 'ended'
            UNION ALL
            SELECT conversation_id, created_at FROM drafts WHERE state = 'proposed'
            UNION ALL
            SELECT conversation_id, created_at FROM effects WHERE state = 'proposed' AND approver = 'staff'
                AND (expires_at IS NULL OR expires_at > app_now())) AS every GROUP BY 1)
    SELECT n.conversation_id FROM needing n JOIN conversations c ON c.id = n.conversation_id
    LEFT JOIN staff_topics t ON t.contact_id = c.contact_id AND t.connection_id = c.connection_id
        AND t.group_id = :group
    WHERE c.control <> 'closed' AND (t.id IS NULL OR t.state = 'closed' OR t.conversation_id <> c.id)
    ORDER BY n.since, n.conversation_id LIMIT :most
""")
