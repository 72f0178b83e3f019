"""The message stream: what came in, what was said, the turns to be taken. What has to leave is in `outbox.py`."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, EMPTY, Sealed, TenantEntity, closed, within_tenant


class Control(StrEnum):
    """Who answers in a conversation."""

    BOT = "bot"
    COPILOT = "copilot"
    QUEUED = "queued"
    HUMAN = "human"
    CLOSED = "closed"


class Conversation(TenantEntity):
    """One thread with a contact on a connection. Three writers, each with its own columns (docs/architecture.md)."""

    __tablename__ = "conversations"

    contact_id: Mapped[UUID]
    connection_id: Mapped[UUID]
    control: Mapped[Control] = mapped_column(closed(Control, "control"), server_default="bot")
    control_epoch: Mapped[int] = mapped_column(server_default="0")
    control_reason: Mapped[str | None]
    control_since: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    assignee_id: Mapped[UUID | None]
    turn_seq: Mapped[int] = mapped_column(server_default="0")
    persona_version_id: Mapped[UUID | None]  # pinned with the first turn
    dialogue: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    message_seq: Mapped[int] = mapped_column(server_default="0")
    last_inbound_seq: Mapped[int] = mapped_column(server_default="0")
    last_inbound_at: Mapped[datetime | None]
    last_message_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("contact_id", "contacts"),
        within_tenant("connection_id", "connections"),
        within_tenant("persona_version_id", "persona_versions"),
        ForeignKeyConstraint(["tenant_id", "assignee_id"], ["memberships.tenant_id", "memberships.user_id"]),
        Index(
            "uq_conversations_open",
            "tenant_id",
            "connection_id",
            "contact_id",
            unique=True,
            postgresql_where=text("control <> 'closed'"),
        ),
        Index("ix_conversations_latest", "tenant_id", text("last_message_at DESC"), text("id DESC")),
        Index(None, "tenant_id", "contact_id"),
    )


class Direction(StrEnum):
    IN = "in"
    OUT = "out"


class Author(StrEnum):
    CUSTOMER = "customer"
    BOT = "bot"
    STAFF = "staff"
    SYSTEM = "system"


class MessageKind(StrEnum):
    TEXT = "text"
    IMAGE = "image"
    VIDEO = "video"
    AUDIO = "audio"
    VOICE = "voice"
    DOCUMENT = "document"
    STICKER = "sticker"
    LOCATION = "location"
    CONTACTS = "contacts"
    INTERACTIVE = "interactive"
    TEMPLATE = "template"
    REACTION = "reaction"
    ORDER = "order"
    SYSTEM = "system"
    UNSUPPORTED = "unsupported"


class Message(TenantEntity):
    """Something said in a conversation, once per provider id."""

    __tablename__ = "messages"

    conversation_id: Mapped[UUID]
    connection_id: Mapped[UUID]
    seq: Mapped[int]
    direction: Mapped[Direction] = mapped_column(closed(Direction, "direction"))
    author: Mapped[Author] = mapped_column(closed(Author, "author"))
    kind: Mapped[MessageKind] = mapped_column(closed(MessageKind, "kind"))
    text: Mapped[str | None]
    content: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    provider_id: Mapped[str | None]
    provider_at: Mapped[datetime | None]
    reply_to: Mapped[str | None]
    turn_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("conversation_id", "conversations"),
        within_tenant("connection_id", "connections"),
        UniqueConstraint("tenant_id", "connection_id", "provider_id", name="uq_message_provider_id"),
        UniqueConstraint("tenant_id", "conversation_id", "seq"),
    )


class Consumer(StrEnum):
    """The kind of process that takes an incoming event further."""

    ENGINE = "engine"
    STAFF = "staff"
    WORKER = "worker"


class IncomingState(StrEnum):
    NEW = "new"
    DONE = "done"
    QUARANTINED = "quarantined"


class IncomingEvent(TenantEntity):
    """What a provider posted, kept whole. Partitioned by month."""

    __tablename__ = "incoming_events"

    received_at: Mapped[datetime] = mapped_column(primary_key=True, server_default=APP_NOW)
    connection_id: Mapped[UUID | None]
    consumer: Mapped[Consumer] = mapped_column(closed(Consumer, "consumer"))
    body: Mapped[bytes]
    headers: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    payload: Mapped[dict[str, Any] | None]
    body_sha256: Mapped[bytes]
    state: Mapped[IncomingState] = mapped_column(closed(IncomingState, "state"), server_default="new")
    attempts: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    reason: Mapped[str | None]

    __table_args__ = (
        within_tenant("connection_id", "connections"),
        Index("ix_incoming_events_new", "consumer", "received_at", postgresql_where=text("state = 'new'")),
        Index("idx_incoming_events_company_id", "tenant_id", "connection_id"),
        Index("idx_incoming_events_created_at", "tenant_id", text("received_at DESC")),
        {"postgresql_partition_by": "RANGE (received_at)"},
    )


class Trigger(StrEnum):
    """What started a turn."""

    INBOUND = "inbound"
    KICKOFF = "kickoff"
    TIMER = "timer"
    STAFF_RETURN = "staff_return"
    ACTION_RESULT = "action_result"
    VOICE_UTTERANCE = "voice_utterance"


class TurnState(StrEnum):
    OPEN = "open"
    RUNNING = "running"
    DONE = "done"
    IGNORED = "ignored"
    FAILED = "failed"


class TurnOutcome(StrEnum):
    """What a turn that is done came to."""

    REPLIED = "replied"
    SILENT = "silent"  # there was nothing to say, and that was decided
    ABSORBED = "absorbed"  # a person has the conversation: heard, not answered
    DRAFTED = "drafted"  # for a person to send
    HANDED_OFF = "handed_off"


class Turn(TenantEntity):
    """One turn owed to a conversation: at most one open and one running."""

    __tablename__ = "turns"

    conversation_id: Mapped[UUID]
    trigger: Mapped[Trigger] = mapped_column(closed(Trigger, "trigger"))
    state: Mapped[TurnState] = mapped_column(closed(TurnState, "state"), server_default="open")
    reason: Mapped[str | None]
    outcome: Mapped[TurnOutcome | None] = mapped_column(closed(TurnOutcome, "outcome"))
    payload: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)  # what the trigger brings
    due_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(server_default="0")
    restarts: Mapped[int] = mapped_column(server_default="0")  # because the customer wrote meanwhile
    fence: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    persona_version_id: Mapped[UUID | None]
    model_calls: Mapped[int] = mapped_column(server_default="0")
    input_tokens: Mapped[int] = mapped_column(server_default="0")
    output_tokens: Mapped[int] = mapped_column(server_default="0")
    cached_tokens: Mapped[int] = mapped_column(server_default="0")
    cost_micros: Mapped[int | None]  # millionths of a US dollar; unknown is not zero
    dialogue_after: Mapped[dict[str, Any] | None]
    trace: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("conversation_id", "conversations"),
        within_tenant("persona_version_id", "persona_versions"),
        *(
            Index(
                f"uq_turns_{state}",
                "tenant_id",
                "conversation_id",
                unique=True,
                postgresql_where=text(f"state = '{state}'"),
            )
            for state in ("open", "running")
        ),
        Index("ix_turns_due", "due_at", postgresql_where=text("state IN ('open', 'running')")),
        Index("ix_turns_conversation", "tenant_id", "conversation_id", text("created_at DESC")),
        Index("ix_turns_ended", "tenant_id", "ended_at", postgresql_where=text("model_calls > 0")),  # for budgets
    )


class MediaState(StrEnum):
    """How far we are with a file that a provider holds."""

    PENDING = "pending"
    STORED = "stored"
    REFUSED = "refused"  # too large, not what it said it was, from a place we do not fetch from
    GONE = "gone"  # the provider does not have it any more


class WordsState(StrEnum):
    """Whether we know what a customer's recording says, or what their picture shows."""

    AWAITED = "awaited"
    HEARD = "heard"
    UNHEARD = "unheard"  # nobody could tell, or it is too late to try


class MediaFile(TenantEntity):
    """A file of a message: fetched from the provider into our storage, or ours to be sent.

    Fetched first, then heard: one claim at a time, so both use the same fence, lease and next moment.
    """

    __tablename__ = "media_files"

    message_id: Mapped[UUID]
    connection_id: Mapped[UUID]
    kind: Mapped[MessageKind] = mapped_column(closed(MessageKind, "kind"))
    provider_media_id: Mapped[str | None]
    declared_mime: Mapped[str | None]
    declared_sha256: Mapped[str | None]
    filename: Mapped[str | None]
    state: Mapped[MediaState] = mapped_column(closed(MediaState, "state"), server_default="pending")
    reason: Mapped[str | None]
    mime: Mapped[str | None]  # what the bytes are, whatever was declared
    size: Mapped[int | None]
    sha256: Mapped[str | None]
    storage_key: Mapped[str | None]
    thumbnail_key: Mapped[str | None]
    sealed_key: Mapped[bytes | None] = mapped_column(Sealed)  # of a file that is sealed at rest
    attempts: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    next_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    words: Mapped[str | None]  # of a recording what was said, of a picture what a model says that it shows
    words_state: Mapped[WordsState | None] = mapped_column(closed(WordsState, "words_state"))  # none: nobody asks
    words_reason: Mapped[str | None]
    words_model: Mapped[str | None]
    words_tries: Mapped[int] = mapped_column(server_default="0")
    model_calls: Mapped[int] = mapped_column(server_default="0")
    input_tokens: Mapped[int] = mapped_column(server_default="0")
    output_tokens: Mapped[int] = mapped_column(server_default="0")
    cost_micros: Mapped[int | None]  # millionths of a US dollar; unknown is not zero
    heard_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("message_id", "messages"),
        within_tenant("connection_id", "connections"),
        UniqueConstraint("tenant_id", "message_id"),
        Index("ix_media_files_pending", "next_at", postgresql_where=text("state = 'pending'")),
        Index(
            "ix_media_files_awaited",
            "next_at",
            postgresql_where=text("words_state = 'awaited' AND state <> 'pending'"),
        ),
        Index("ix_media_files_heard", "tenant_id", "heard_at", postgresql_where=text("model_calls > 0")),  # for budgets
    )


class ParkedKind(StrEnum):
    STATUS = "status"
    EDIT = "edit"
    DELETE = "delete"


class ParkedNews(TenantEntity):
    """News of a message we do not know yet, kept until it turns up."""

    __tablename__ = "parked_news"

    connection_id: Mapped[UUID]
    provider_id: Mapped[str]
    kind: Mapped[ParkedKind] = mapped_column(closed(ParkedKind, "kind"))
    digest: Mapped[str]  # of the news itself: told twice, it is parked once
    news: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("connection_id", "connections"),
        UniqueConstraint("tenant_id", "connection_id", "provider_id", "digest"),
        Index("ix_parked_news_oldest", "created_at"),
    )
