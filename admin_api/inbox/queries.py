"""Conversations and what was said in them, as people read them."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Uuid, and_, bindparam, or_, select, text, tuple_

from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ConversationId
from core.models.outbox import Outbound
from core.models.stream import Author, Control, Conversation, Direction, MediaFile, Message, MessageKind


@dataclass(frozen=True, kw_only=True, slots=True)
class ConversationListing:
    most: int
    after: tuple[datetime | None, UUID] | None = None
    control: Control | None = None
    contact: UUID | None = None
    connection: UUID | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class MessageListing:
    most: int
    after: int | None = None
    is_newest_first: bool = False
    direction: Direction | None = None
    author: Author | None = None
    kind: MessageKind | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """A message with what became of it on its way out, and its file."""

    message: Message
    outbound: Outbound | None
    media: MediaFile | None


async def list_conversations(session: TenantSession, wanted: ConversationListing) -> list[Conversation]:
    rules: list[ColumnElement[bool]] = []
    if wanted.after is not None:
        rules.append(_older_than(*wanted.after))
    for column, value in (
        (Conversation.control, wanted.control),
        (Conversation.contact_id, wanted.contact),
        (Conversation.connection_id, wanted.connection),
    ):
        if value is not None:
            rules.append(column == value)
    newest = select(Conversation).where(*rules).order_by(Conversation.last_message_at.desc(), Conversation.id.desc())
    return list(await session.scalars(newest.limit(wanted.most)))


async def get_conversation(session: TenantSession, conversation: ConversationId) -> Conversation:
    found = await session.scalar(select(Conversation).where(Conversation.id == conversation))
    if found is None:
        raise NotFound("Esta conversa não existe.", "There is no such conversation.")
    return found


async def stages_of(session: TenantSession, conversations: Collection[UUID]) -> dict[UUID, str]:
    """Where the lead stands that the persona of each conversation has made of its contact."""
    rows = await session.execute(_STAGES, {"conversations": list(conversations)})
    return {row.id: row.stage for row in rows}


async def list_messages(session: TenantSession, conversation: ConversationId, wanted: MessageListing) -> list[Said]:
    await get_conversation(session, conversation)
    rules: list[ColumnElement[bool]] = [Message.conversation_id == conversation]
    if wanted.after is not None:
        rules.append(Message.seq < wanted.after if wanted.is_newest_first else Message.seq > wanted.after)
    for column, value in (
        (Message.direction, wanted.direction),
        (Message.author, wanted.author),
        (Message.kind, wanted.kind),
    ):
        if value is not None:
            rules.append(column == value)
    order = Message.seq.desc() if wanted.is_newest_first else Message.seq
    rows = await session.execute(_WITH_FATE.where(*rules).order_by(order).limit(wanted.most))
    return [Said(message=message, outbound=outbound, media=media) for message, outbound, media in rows]


def _older_than(moment: datetime | None, conversation: UUID) -> ColumnElement[bool]:
    """Conversations in which nothing was said yet come first, as the index has them."""
    if moment is not None:
        return tuple_(Conversation.last_message_at, Conversation.id) < (moment, conversation)
    silent = and_(Conversation.last_message_at.is_(None), Conversation.id < conversation)
    return or_(silent, Conversation.last_message_at.is_not(None))


_STAGES: Final = text("""
    SELECT c.id, l.stage FROM conversations c JOIN persona_versions v ON v.id = c.persona_version_id
        JOIN boards b ON b.key = v.name JOIN leads l ON l.board_id = b.id AND l.contact_id = c.contact_id
    WHERE c.id = ANY (:conversations)
""").bindparams(bindparam("conversations", type_=ARRAY(Uuid)))

_WITH_FATE = (
    select(Message, Outbound, MediaFile)
    .outerjoin(Outbound, and_(Outbound.tenant_id == Message.tenant_id, Outbound.message_id == Message.id))
    .outerjoin(MediaFile, and_(MediaFile.tenant_id == Message.tenant_id, MediaFile.message_id == Message.id))
)
