"""Conversations and messages over HTTP."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query, Request
from fastapi.responses import StreamingResponse

from admin_api.auth import Needs
from admin_api.deps import FloorOfRequest
from admin_api.inbox import queries
from admin_api.inbox.files import FileResponse
from admin_api.inbox.queries import ConversationListing, MessageListing
from admin_api.inbox.schemas import ConversationOut, MessageOut, Order
from admin_api.paging import Page, PagingOfRequest, Position
from admin_api.resources import LanguageOfRequest, Session, resources
from channels.file_types import UNKNOWN
from channels.media import download
from core.ids import ConversationId
from core.models.people import Role
from core.models.stream import Author, Control, Direction, MessageKind
from core.storage import Storage

conversations: Final = resources("conversations")
media: Final = resources("media")
_BYTES: Final[dict[str, Any]] = {"content": {UNKNOWN: {"schema": {"type": "string", "format": "binary"}}}}


@dataclass(frozen=True, kw_only=True)
class ConversationFilters:
    control: Annotated[Control | None, Query()] = None
    contact_id: Annotated[UUID | None, Query()] = None
    connection_id: Annotated[UUID | None, Query()] = None


@conversations.get("", dependencies=[Needs(Role.VIEWER)])
async def list_conversations(
    session: Session, paging: PagingOfRequest, filters: Annotated[ConversationFilters, Depends()]
) -> Page[ConversationOut]:
    """The one in which something was said last comes first."""
    wanted = ConversationListing(
        most=paging.most,
        after=_position(paging.after),
        control=filters.control,
        contact=filters.contact_id,
        connection=filters.connection_id,
    )
    rows = await queries.list_conversations(session, wanted)
    return paging.page(rows, lambda row: (row.last_message_at, row.id), ConversationOut.of)


@conversations.get("/{conversation_id}", dependencies=[Needs(Role.VIEWER)])
async def get_conversation(session: Session, conversation_id: UUID) -> ConversationOut:
    return ConversationOut.of(await queries.get_conversation(session, ConversationId(conversation_id)))


@dataclass(frozen=True, kw_only=True)
class MessageFilters:
    direction: Annotated[Direction | None, Query()] = None
    author: Annotated[Author | None, Query()] = None
    kind: Annotated[MessageKind | None, Query()] = None
    order: Annotated[Order, Query()] = Order.OLDEST


@conversations.get("/{conversation_id}/messages", dependencies=[Needs(Role.VIEWER)])
async def list_messages(
    session: Session,
    paging: PagingOfRequest,
    conversation_id: UUID,
    filters: Annotated[MessageFilters, Depends()],
    language: LanguageOfRequest,
) -> Page[MessageOut]:
    """As they were said, the oldest first unless asked otherwise."""
    wanted = MessageListing(
        most=paging.most,
        after=int(paging.after[0]) if paging.after else None,
        is_newest_first=filters.order is Order.NEWEST,
        direction=filters.direction,
        author=filters.author,
        kind=filters.kind,
    )
    said = await queries.list_messages(session, ConversationId(conversation_id), wanted)
    return paging.page(said, lambda one: (one.message.seq,), lambda one: MessageOut.of(one, language))


@media.get(
    "/{media_id}",
    dependencies=[Needs(Role.AGENT)],
    response_class=StreamingResponse,
    responses={200: _BYTES | {"description": "The file as it was received, to be saved and never shown in place."}},
)
async def get_media(session: Session, floor: FloorOfRequest, request: Request, media_id: UUID) -> FileResponse:
    """A file of a message. 409 while it is still being fetched."""
    storage: Storage = request.app.state.storage
    return FileResponse(await download(session, storage, media_id, ring=floor.ring))


def _position(after: Position | None) -> tuple[datetime | None, UUID] | None:
    if after is None:
        return None
    moment, conversation = after
    return None if moment is None else datetime.fromisoformat(moment), UUID(conversation)
