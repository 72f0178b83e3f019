"""Conversations and messages over HTTP."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from admin_api.auth import Needs
from admin_api.deps import FloorOfRequest
from admin_api.etags import refuse_stale, tag_of
from admin_api.inbox import queries
from admin_api.inbox.files import FileResponse
from admin_api.inbox.queries import ConversationListing, MessageListing
from admin_api.inbox.schemas import ChangeControl, ConversationOut, MessageOut, Order
from admin_api.paging import Page, PagingOfRequest, Position
from admin_api.principals import Principal
from admin_api.resources import LanguageOfRequest, Session, resources
from channels.file_types import UNKNOWN
from channels.media import download
from core.ids import ConversationId
from core.models.people import Role
from core.models.stream import Author, Control, Direction, MessageKind
from core.storage import Storage
from graphs import control
from graphs.stores import handoff

conversations: Final = resources("conversations")
media: Final = resources("media")
Agent = Annotated[Principal, Needs(Role.AGENT)]
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
    stages = await queries.stages_of(session, [row.id for row in rows])
    return paging.page(
        rows, lambda row: (row.last_message_at, row.id), lambda row: ConversationOut.of(row, stage=stages.get(row.id))
    )


@conversations.get("/{conversation_id}", dependencies=[Needs(Role.VIEWER)])
async def get_conversation(session: Session, conversation_id: UUID, response: Response) -> ConversationOut:
    return await _show(session, ConversationId(conversation_id), response)


@conversations.post("/{conversation_id}/control")
async def change_control(
    session: Session, actor: Agent, conversation_id: UUID, body: ChangeControl, request: Request, response: Response
) -> ConversationOut:
    """Take over, give back, queue, let the bot draft, or close. What a bot that was overtaken has queued is not sent.

    Whoever sends the `epoch` that they saw, or its `If-Match`, changes nothing that somebody else has changed since.
    """
    conversation = ConversationId(conversation_id)
    held = await handoff.hold(session, conversation)
    refuse_stale(request, tag_of(conversation, held.epoch))
    await control.change(session, conversation, body.wanted(actor.actor))
    return await _show(session, conversation, response)


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


async def _show(session: Session, conversation: ConversationId, response: Response) -> ConversationOut:
    row = await queries.get_conversation(session, conversation)
    stages = await queries.stages_of(session, [conversation])
    response.headers["ETag"] = tag_of(row.id, row.control_epoch)
    return ConversationOut.of(row, stage=stages.get(conversation))


def _position(after: Position | None) -> tuple[datetime | None, UUID] | None:
    if after is None:
        return None
    moment, conversation = after
    return None if moment is None else datetime.fromisoformat(moment), UUID(conversation)
