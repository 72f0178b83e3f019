"""Who speaks where: the person, the group, the customer of the topic, and what a message answers."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from core.db.sessions import TenantSession
from core.ids import ConnectionId, ContactId, ConversationId
from core.models.staff import StaffLine, StaffTopic


@dataclass(frozen=True, kw_only=True, slots=True)
class Topic:
    id: UUID
    conversation: ConversationId
    contact: ContactId
    connection: ConnectionId


async def topic_at(session: TenantSession, group: UUID, thread: int) -> Topic | None:
    """None: one that people opened for themselves."""
    mine = (StaffTopic.group_id == group) & (StaffTopic.thread_id == thread)
    return _topic(await session.scalar(select(StaffTopic).where(mine)))


async def topic_of(session: TenantSession, topic: UUID) -> Topic | None:
    return _topic(await session.scalar(select(StaffTopic).where(StaffTopic.id == topic)))


async def topic_of_card(session: TenantSession, group: UUID, message_id: int) -> Topic | None:
    """By the message at its head: of one so old that Telegram does not show it, it names no topic."""
    mine = (StaffTopic.group_id == group) & (StaffTopic.card_message_id == message_id)
    return _topic(await session.scalar(select(StaffTopic).where(mine)))


async def line_at(session: TenantSession, group: UUID, message_id: int) -> StaffLine | None:
    """Of several that were said in one message the last one."""
    mine = select(StaffLine).where(StaffLine.group_id == group, StaffLine.message_id == message_id)
    return await session.scalar(mine.order_by(StaffLine.id.desc()).limit(1))


def _topic(row: StaffTopic | None) -> Topic | None:
    if row is None:
        return None
    return Topic(
        id=row.id,
        conversation=ConversationId(row.conversation_id),
        contact=ContactId(row.contact_id),
        connection=ConnectionId(row.connection_id),
    )
