"""Where a contact is talked with: the conversation, its line, and its topic in the group."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import Uuid, bindparam, text

from core.db.sessions import TenantSession
from core.ids import ConnectionId, ContactId, ConversationId
from core.models.people import ConnectionKind
from core.models.stream import Control


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    conversation: ConversationId
    connection: ConnectionId
    line: str
    kind: ConnectionKind
    control: Control
    epoch: int
    last_inbound_at: datetime | None
    link: str | None  # to the topic, for those who are in the group


async def thread_of(
    session: TenantSession, contact: ContactId, *, conversation: ConversationId | None = None
) -> Thread | None:
    """That conversation; else the one in which something was said last, an open one before those that were closed."""
    row = (await session.execute(_THREAD, {"contact": contact, "conversation": conversation})).first()
    if row is None:
        return None
    return Thread(
        conversation=ConversationId(row.id),
        connection=ConnectionId(row.connection_id),
        line=row.name,
        kind=ConnectionKind(row.kind),
        control=Control(row.control),
        epoch=row.control_epoch,
        last_inbound_at=row.last_inbound_at,
        link=link_to(row.chat_id, row.thread_id),
    )


async def last_of_bot(session: TenantSession, conversation: ConversationId) -> UUID | None:
    """The last message there that a persona wrote."""
    found: UUID | None = await session.scalar(_LAST_OF_BOT, {"conversation": conversation})
    return found


def link_to(chat: int | None, thread: int | None) -> str | None:
    """As Telegram addresses a topic of a private supergroup, whose id begins with -100."""
    if chat is None or thread is None:
        return None
    return f"https://t.me/c/{str(chat).removeprefix('-100')}/{thread}"


_THREAD: Final = text("""
    WITH RECURSIVE mine AS (
        SELECT CAST(:contact AS uuid) AS id UNION SELECT c.id FROM contacts c JOIN mine ON c.merged_into = mine.id)
    SELECT c.id, c.connection_id, l.name, l.kind, c.control, c.control_epoch, c.last_inbound_at,
        g.chat_id, t.thread_id
    FROM conversations c JOIN mine ON mine.id = c.contact_id JOIN connections l ON l.id = c.connection_id
        LEFT JOIN staff_groups g ON g.left_at IS NULL
        LEFT JOIN staff_topics t ON t.group_id = g.id AND t.contact_id = c.contact_id
            AND t.connection_id = c.connection_id
    WHERE CAST(:conversation AS uuid) IS NULL OR c.id = :conversation
    ORDER BY c.control = 'closed', c.last_message_at DESC NULLS LAST, c.id DESC LIMIT 1
""").bindparams(bindparam("contact", type_=Uuid), bindparam("conversation", type_=Uuid))

_LAST_OF_BOT: Final = text("""
    SELECT id FROM messages WHERE conversation_id = :conversation AND author = 'bot' ORDER BY seq DESC LIMIT 1
""")
