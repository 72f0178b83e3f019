"""Conversations and messages over HTTP."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Final
from uuid import UUID

from pydantic import BaseModel, Field

from admin_api.inbox.queries import Said
from admin_api.inbox.reasons import in_words
from admin_api.resources import Body
from channels.policy import WINDOW
from core.audit import Actor
from core.ids import UserId
from core.models.outbox import Outbound, OutboundState
from core.models.stream import (
    Author,
    Control,
    Conversation,
    Direction,
    MediaFile,
    MediaState,
    Message,
    MessageKind,
    WordsState,
)
from core.texts import Language
from graphs.control import LONGEST_REASON, Wanted

RECEIVED: Final = "received"


class Order(StrEnum):
    OLDEST = "oldest"
    NEWEST = "newest"


class ChangeControl(Body):
    """Who answers from now on."""

    control: Control
    reason: Annotated[str, Field(max_length=LONGEST_REASON, pattern=r"^[^\x00]*$")] = Field(
        "", description="Why; for a bot that gets a conversation back, what was agreed."
    )
    user_id: UUID | None = Field(None, description="With `human`: who takes it, if not whoever asks.")
    queue: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")] | None = Field(
        None, description="With `queued`: where it waits, if not in the persona's own."
    )
    epoch: Annotated[int, Field(ge=0, le=2**53)] | None = Field(None, description="The `control_epoch` that you saw.")

    def wanted(self, by: Actor) -> Wanted:
        user = UserId(self.user_id) if self.user_id else None
        return Wanted(to=self.control, by=by, reason=self.reason.strip(), user=user, queue=self.queue, seen=self.epoch)


class ConversationOut(BaseModel):
    id: UUID
    control: Control
    control_epoch: int = Field(description="Raised by each change of control.")
    control_reason: str | None
    contact_id: UUID
    connection_id: UUID
    assignee_id: UUID | None
    stage: str | None = Field(description="Of the lead, where there is one.")
    last_message_at: datetime | None
    window_until: datetime | None = Field(description="Until when the customer may be written to freely.")
    created_at: datetime

    @classmethod
    def of(cls, row: Conversation, *, stage: str | None) -> "ConversationOut":
        return cls(
            id=row.id,
            control=row.control,
            control_epoch=row.control_epoch,
            control_reason=row.control_reason,
            contact_id=row.contact_id,
            connection_id=row.connection_id,
            assignee_id=row.assignee_id,
            stage=stage,
            last_message_at=row.last_message_at,
            window_until=row.last_inbound_at and row.last_inbound_at + WINDOW,
            created_at=row.created_at,
        )


class MediaOut(BaseModel):
    id: UUID
    mime: str | None = Field(description="What the bytes are; until they are here, what was declared.")
    size: int | None
    state: MediaState
    filename: str | None
    words: str | None = Field(description="Of a recording what was said; of a picture what a model says that it shows.")
    words_state: WordsState | None = Field(description="Null where nobody asks what it says.")
    words_reason: str | None = Field(description="Why nobody could tell.")

    @classmethod
    def of(cls, row: MediaFile) -> "MediaOut":
        return cls(
            id=row.id,
            mime=row.mime or row.declared_mime,
            size=row.size,
            state=row.state,
            filename=row.filename,
            words=row.words,
            words_state=row.words_state,
            words_reason=row.words_reason,
        )


class MessageOut(BaseModel):
    id: UUID
    seq: int = Field(description="Its number in the conversation.")
    direction: Direction
    author: Author
    kind: MessageKind
    text: str | None = Field(description="Null also where the message was deleted.")
    state: str = Field(description="`received`, or how far it is on its way out.")
    reason: str | None = Field(description="Why it did not leave or is not confirmed, for people.")
    reason_code: str | None = Field(description="The word for it, for programs.")
    attempts: int
    intent: str | None = Field(description="The business key under which it is sent at most once.")
    turn_id: UUID | None
    provider_id: str | None
    media: list[MediaOut]
    reply_to: str | None = Field(description="The provider's id of the message that it answers.")
    created_at: datetime
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    failed_at: datetime | None
    edited_at: datetime | None
    deleted_at: datetime | None

    @classmethod
    def of(cls, said: Said, language: Language) -> "MessageOut":
        row, fate = said.message, said.outbound
        is_deleted = row.deleted_at is not None
        return cls(
            id=row.id,
            seq=row.seq,
            direction=row.direction,
            author=row.author,
            kind=row.kind,
            text=None if is_deleted else row.text,
            state=_state(row, fate),
            reason=_reason(fate, language),
            reason_code=_reason_code(fate),
            attempts=fate.attempt if fate else 0,
            intent=fate.intent_key if fate else None,
            turn_id=row.turn_id,
            provider_id=(fate.provider_id if fate else None) or row.provider_id,
            media=[MediaOut.of(said.media)] if said.media and not is_deleted else [],
            reply_to=row.reply_to,
            created_at=row.created_at,
            sent_at=fate.sent_at if fate else None,
            delivered_at=fate.delivered_at if fate else None,
            read_at=_earliest(fate),
            failed_at=fate.failed_at if fate else None,
            edited_at=row.edited_at,
            deleted_at=row.deleted_at,
        )


def _state(row: Message, fate: Outbound | None) -> str:
    """What somebody wrote on the business's own phone had been sent when we heard of it."""
    if fate is not None:
        return fate.state.value
    return RECEIVED if row.direction is Direction.IN else OutboundState.SENT.value


def _reason(fate: Outbound | None, language: Language) -> str | None:
    words = in_words(fate.state, fate.reason, fate.error) if fate else None
    return words.in_(language) if words else None


def _reason_code(fate: Outbound | None) -> str | None:
    return (fate.reason or (fate.error or {}).get("kind")) if fate else None


def _earliest(fate: Outbound | None) -> datetime | None:
    """A voice note that was heard was read."""
    moments = [moment for moment in (fate.read_at, fate.played_at) if moment is not None] if fate else []
    return min(moments, default=None)
