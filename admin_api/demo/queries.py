"""What the demonstration looks up, to see in the rows that what was shown has happened."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from core.db.sessions import TenantSession
from core.ids import ConnectionId


@dataclass(frozen=True, kw_only=True, slots=True)
class Standing:
    """A conversation, and how it stands with the people of the company."""

    id: UUID
    control: str
    assignee: UUID | None
    is_told: bool  # people of the company were shown that it waits for one
    thread: int | None  # its topic in the group
    topic: str | None  # and the state of that


@dataclass(frozen=True, kw_only=True, slots=True)
class Learned:
    answer: UUID
    has_case: bool


async def standing(session: TenantSession, line: ConnectionId, phone: str) -> Standing | None:
    row = (await session.execute(_STANDING, {"line": line, "phone": phone})).one_or_none()
    return None if row is None else Standing(**row._mapping)  # noqa: SLF001 - the public name of a row's names


async def voice_sent(session: TenantSession, conversation: UUID, sha256: str) -> bool:
    """Exactly this file left for the customer as a voice note."""
    return bool(await session.scalar(_VOICE, {"conversation": conversation, "sha256": sha256}))


async def learned(session: TenantSession, question: str, conversation: UUID) -> Learned | None:
    row = (await session.execute(_LEARNED, {"question": question, "conversation": conversation})).one_or_none()
    return None if row is None else Learned(answer=row.answer, has_case=row.has_case)


async def cites(session: TenantSession, conversation: UUID, answer: UUID) -> Mapping[str, Any] | None:
    """The passage behind what was said, where it is this answer."""
    row = (await session.execute(_CITED, {"conversation": conversation, "answer": str(answer)})).one_or_none()
    return None if row is None else dict(row.passage)


_STANDING: Final = text("""
    SELECT c.id, c.control, c.assignee_id AS assignee, t.thread_id AS thread, t.state AS topic,
        EXISTS (SELECT FROM handoffs h WHERE h.conversation_id = c.id AND h.told_at IS NOT NULL) AS is_told
    FROM conversations c
    JOIN contact_identities i ON i.tenant_id = c.tenant_id AND i.contact_id = c.contact_id
    LEFT JOIN staff_topics t ON t.tenant_id = c.tenant_id AND t.conversation_id = c.id
    WHERE c.connection_id = :line AND i.kind = 'phone' AND i.value = :phone
    ORDER BY c.created_at DESC LIMIT 1
""")

_VOICE: Final = text("""
    SELECT EXISTS (
        SELECT FROM messages m
        JOIN outbound o ON o.tenant_id = m.tenant_id AND o.message_id = m.id
        JOIN media_files f ON f.tenant_id = m.tenant_id AND f.message_id = m.id
        WHERE m.conversation_id = :conversation AND m.author = 'staff' AND f.kind = 'voice'
            AND f.sha256 = :sha256 AND o.state IN ('accepted', 'sent', 'delivered', 'read'))
""")

_LEARNED: Final = text("""
    SELECT a.id AS answer, EXISTS (
        SELECT FROM draft_cases d WHERE d.conversation_id = :conversation) AS has_case
    FROM approved_answers a
    WHERE a.question = :question AND a.withdrawn_at IS NULL
    ORDER BY a.created_at DESC LIMIT 1
""")

_CITED: Final = text("""
    SELECT passage FROM turns, jsonb_array_elements(trace -> 'passages') AS passage
    WHERE conversation_id = :conversation AND state = 'done'
        AND passage ->> 'source' = :answer AND (passage ->> 'approved')::boolean
        AND trace -> 'cited' @> jsonb_build_array(passage ->> 'id')
    ORDER BY ended_at DESC LIMIT 1
""")
