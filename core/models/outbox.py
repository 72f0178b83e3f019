"""What has to leave: intents, attempts, the batches that bulk sends belong to, and what stands in their way."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, EMPTY, TenantEntity, TenantRow, closed, within_tenant


class Lane(StrEnum):
    """Replies overtake bulk."""

    REPLY = "reply"
    BULK = "bulk"


class Purpose(StrEnum):
    """Why a message is sent. It decides what stops it, and what becomes of it when nobody knows whether it arrived."""

    REPLY = "reply"  # the bot answers
    STAFF = "staff"  # a person of the company writes
    UTILITY = "utility"  # about something the customer asked for: an order, a payment
    MARKETING = "marketing"
    NOTICE = "notice"  # the one confirmation of an opt-out


class OutboundState(StrEnum):
    DRAFT = "draft"
    QUEUED = "queued"
    SENDING = "sending"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    FAILED = "failed"
    SUPPRESSED = "suppressed"
    EXPIRED = "expired"
    AMBIGUOUS = "ambiguous"


class BatchState(StrEnum):
    RUNNING = "running"
    PAUSED = "paused"
    ENDED = "ended"


class SendBatch(TenantEntity):
    """What a bulk send belongs to, so that all of it can be stopped at once."""

    __tablename__ = "send_batches"

    name: Mapped[str]
    state: Mapped[BatchState] = mapped_column(closed(BatchState, "state"), server_default="running")
    reason: Mapped[str | None]
    start_key: Mapped[str]  # started twice with the same key, it is one batch
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        UniqueConstraint("tenant_id", "start_key"),
        Index("ix_send_batches_running", "tenant_id", "id", postgresql_where=text("state = 'running'")),
    )


class Outbound(TenantEntity):
    """The intent to deliver one message, under a business key that exists once."""

    __tablename__ = "outbound"

    intent_key: Mapped[str]
    conversation_id: Mapped[UUID]
    connection_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    message_id: Mapped[UUID]
    batch_id: Mapped[UUID | None]
    seq: Mapped[int]  # of the message: the order within the conversation
    lane: Mapped[Lane] = mapped_column(closed(Lane, "lane"))
    purpose: Mapped[Purpose] = mapped_column(closed(Purpose, "purpose"))
    state: Mapped[OutboundState] = mapped_column(closed(OutboundState, "state"), server_default="queued")
    reason: Mapped[str | None]
    content: Mapped[dict[str, Any]]
    reply_to: Mapped[str | None]
    control_epoch: Mapped[int]
    answers_at: Mapped[datetime | None]  # when we got the message this one answers; none: the company starts
    not_before: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    expires_at: Mapped[datetime | None]
    retry_at: Mapped[datetime | None]  # after a refusal; until then it holds up its conversation
    attempt: Mapped[int] = mapped_column(server_default="0")
    refusals: Mapped[int] = mapped_column(server_default="0")  # those that count towards giving up
    fence: Mapped[int] = mapped_column(server_default="0")
    started_at: Mapped[datetime | None]  # of the last attempt, on the database's clock
    lease_until: Mapped[datetime | None]
    unknown_since: Mapped[datetime | None]
    provider_id: Mapped[str | None]
    is_held: Mapped[bool] = mapped_column(server_default=text("false"))  # by the provider, for a quality check
    error: Mapped[dict[str, Any] | None]
    pricing: Mapped[dict[str, Any] | None]
    accepted_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]
    delivered_at: Mapped[datetime | None]
    read_at: Mapped[datetime | None]
    played_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("conversation_id", "conversations"),
        within_tenant("connection_id", "connections"),
        within_tenant("contact_id", "contacts"),
        within_tenant("message_id", "messages"),
        within_tenant("batch_id", "send_batches"),
        UniqueConstraint("tenant_id", "intent_key"),
        UniqueConstraint("tenant_id", "message_id"),
        Index(
            "uq_outbound_provider_id",
            "tenant_id",
            "connection_id",
            "provider_id",
            unique=True,
            postgresql_where=text("provider_id IS NOT NULL"),
        ),
        Index("ix_outbound_due", "lane", "not_before", postgresql_where=text("state = 'queued' AND batch_id IS NULL")),
        Index(
            "ix_outbound_batch",
            "tenant_id",
            "batch_id",
            "lane",
            "not_before",
            postgresql_where=text("state = 'queued' AND batch_id IS NOT NULL"),
        ),
        Index(
            "ix_outbound_batch_states",
            "tenant_id",
            "batch_id",
            "state",
            postgresql_where=text("batch_id IS NOT NULL"),
        ),
        Index(
            "ix_outbound_open",
            "tenant_id",
            "conversation_id",
            "seq",
            postgresql_where=text("state IN ('queued', 'sending', 'unknown')"),
        ),
        Index(
            "ix_outbound_contact",
            "tenant_id",
            "contact_id",
            postgresql_where=text("state IN ('queued', 'sending')"),
        ),
        Index("ix_outbound_lease", "lease_until", postgresql_where=text("state = 'sending'")),
        Index("ix_outbound_unknown", "unknown_since", postgresql_where=text("state = 'unknown'")),
        Index("ix_outbound_conversation", "tenant_id", "conversation_id", "created_at"),
        Index("ix_outbound_connection", "tenant_id", "connection_id", "sent_at"),
        Index("ix_outbound_held", "tenant_id", "connection_id", "created_at", postgresql_where=text("is_held")),
    )


class Outcome(StrEnum):
    """How an attempt ended: an answer that proves nothing is `unknown`."""

    ACCEPTED = "accepted"
    NOT_ACCEPTED = "not_accepted"
    UNKNOWN = "unknown"


class OutboundAttempt(TenantEntity):
    """One try at a provider, committed before the call."""

    __tablename__ = "outbound_attempts"

    outbound_id: Mapped[UUID]
    number: Mapped[int]
    tag: Mapped[str]
    started_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    done_at: Mapped[datetime | None]
    outcome: Mapped[Outcome | None] = mapped_column(closed(Outcome, "outcome"))
    answer: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)

    __table_args__ = (
        within_tenant("outbound_id", "outbound"),
        UniqueConstraint("tenant_id", "outbound_id", "number"),
        UniqueConstraint("tenant_id", "tag"),
        CheckConstraint("number > 0", name="number"),
    )


class SendBreaker(TenantRow):
    """A connection whose provider is in trouble is left alone for a while, then tried with one message."""

    __tablename__ = "send_breakers"

    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(server_default="0")
    open_until: Mapped[datetime | None]
    paced_until: Mapped[datetime | None]  # while Valkey is away, the rate is counted here
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (within_tenant("connection_id", "connections"),)


class MessageTemplate(TenantEntity):
    """A template as the provider last told us of it."""

    __tablename__ = "message_templates"

    connection_id: Mapped[UUID]
    provider_id: Mapped[str]
    name: Mapped[str]
    language: Mapped[str]
    status: Mapped[str]
    category: Mapped[str]
    quality: Mapped[str | None]
    components: Mapped[list[dict[str, Any]]]
    synced_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("connection_id", "connections"),
        UniqueConstraint("tenant_id", "connection_id", "name", "language"),
    )
