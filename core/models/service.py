"""What a conversation sets going: handoffs, timers, drafts for people, effects, and what is remembered of a contact."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, EMPTY, TenantEntity, closed, within_tenant


class HandoffState(StrEnum):
    QUEUED = "queued"
    TAKEN = "taken"
    ENDED = "ended"


class Handoff(TenantEntity):
    """A conversation that waits for a person, or has one: who is to take it, and what they have to know."""

    __tablename__ = "handoffs"

    conversation_id: Mapped[UUID]
    turn_id: Mapped[UUID | None]
    epoch: Mapped[int]  # of the conversation's control, under which it waits
    queue: Mapped[str]
    reason: Mapped[str]
    brief: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    state: Mapped[HandoffState] = mapped_column(closed(HandoffState, "state"), server_default="queued")
    taken_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    told_at: Mapped[datetime | None]  # when people of the company were shown it; until then nobody knows of it
    taken_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    category: Mapped[str | None]  # what it came to, as whoever ended it named it
    closing_note: Mapped[str | None]

    __table_args__ = (
        within_tenant("conversation_id", "conversations"),
        within_tenant("turn_id", "turns"),
        Index(
            "uq_handoffs_open",
            "tenant_id",
            "conversation_id",
            unique=True,
            postgresql_where=text("state <> 'ended'"),
        ),
        Index("ix_handoffs_queue", "tenant_id", "queue", "created_at", postgresql_where=text("state = 'queued'")),
    )


class TimerKind(StrEnum):
    """What happens when its time has come, and nothing has happened before."""

    FIRST_RESPONSE = "first_response"
    NEXT_RESPONSE = "next_response"
    ESCALATE = "escalate"
    CUSTOMER_NOTICE = "customer_notice"
    IDLE_RETURN = "idle_return"
    STALL_FOLLOW_UP = "stall_follow_up"
    PROMISE = "promise"


class Timer(TenantEntity):
    """Made for one epoch of a conversation's control: it dies with it."""

    __tablename__ = "timers"

    conversation_id: Mapped[UUID]
    kind: Mapped[TimerKind] = mapped_column(closed(TimerKind, "kind"))
    epoch: Mapped[int]
    due_at: Mapped[datetime]
    payload: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    outcome: Mapped[str | None]  # what came of it, once it is done
    attempts: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    done_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("conversation_id", "conversations"),
        Index("ix_timers_due", "due_at", postgresql_where=text("done_at IS NULL")),
        Index(
            "uq_timers_waiting",
            "tenant_id",
            "conversation_id",
            "kind",
            unique=True,
            postgresql_where=text("done_at IS NULL"),
        ),
    )


class DraftState(StrEnum):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    EDITED = "edited"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"  # the customer wrote again, or somebody answered without it


class Draft(TenantEntity):
    """An answer that a person may send: of a copilot, or of a turn that a person overtook."""

    __tablename__ = "drafts"

    conversation_id: Mapped[UUID]
    turn_id: Mapped[UUID]
    epoch: Mapped[int]
    turn_seq: Mapped[int]
    bubbles: Mapped[list[dict[str, Any]]]
    state: Mapped[DraftState] = mapped_column(closed(DraftState, "state"), server_default="proposed")
    sent_text: Mapped[str | None]  # what the person made of it
    distance: Mapped[int | None]  # how many characters they changed
    reason: Mapped[str | None]
    decided_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    decided_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("conversation_id", "conversations"),
        within_tenant("turn_id", "turns"),
        Index(
            "uq_drafts_proposed",
            "tenant_id",
            "conversation_id",
            unique=True,
            postgresql_where=text("state = 'proposed'"),
        ),
    )


class EffectState(StrEnum):
    PROPOSED = "proposed"  # waits for somebody's yes
    APPROVED = "approved"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REJECTED = "rejected"
    EXPIRED = "expired"


class Approver(StrEnum):
    NOBODY = "nobody"
    CUSTOMER = "customer"
    STAFF = "staff"


class Effect(TenantEntity):
    """Something to be done in the world, once: its id is made of what it is, so that two confirmations are one."""

    __tablename__ = "effects"

    conversation_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    turn_id: Mapped[UUID | None]
    tool: Mapped[str]
    arguments: Mapped[dict[str, Any]]
    approver: Mapped[Approver] = mapped_column(closed(Approver, "approver"))
    state: Mapped[EffectState] = mapped_column(closed(EffectState, "state"))
    result: Mapped[dict[str, Any] | None]
    reason: Mapped[str | None]
    epoch: Mapped[int]
    approved_by: Mapped[UUID | None]
    expires_at: Mapped[datetime | None]
    next_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    attempts: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    ended_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("conversation_id", "conversations"),
        within_tenant("contact_id", "contacts"),
        within_tenant("turn_id", "turns"),
        Index("ix_effects_due", "next_at", postgresql_where=text("state IN ('approved', 'running')")),
        Index("ix_effects_expiring", "expires_at", postgresql_where=text("state = 'proposed'")),
        Index("ix_effects_conversation", "tenant_id", "conversation_id", text("created_at DESC")),
    )


class ContactFact(TenantEntity):
    """Something a contact told us, with the words in which they did. Known from one moment to another."""

    __tablename__ = "contact_facts"

    contact_id: Mapped[UUID]
    key: Mapped[str]
    value: Mapped[dict[str, Any]]
    message_id: Mapped[UUID | None]
    quote: Mapped[str | None]
    source: Mapped[str]  # rule, model, staff
    channel: Mapped[str | None]
    valid_from: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    valid_to: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("contact_id", "contacts"),
        within_tenant("message_id", "messages"),
        Index(
            "uq_contact_facts_current",
            "tenant_id",
            "contact_id",
            "key",
            unique=True,
            postgresql_where=text("valid_to IS NULL"),
        ),
    )


class ConversationSummary(TenantEntity):
    """What was said in a range of messages, so that the prompt need not repeat them."""

    __tablename__ = "conversation_summaries"

    conversation_id: Mapped[UUID]
    body: Mapped[str]
    from_seq: Mapped[int]
    to_seq: Mapped[int]
    model: Mapped[str | None]  # that wrote it
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("conversation_id", "conversations"),
        UniqueConstraint("tenant_id", "conversation_id", "to_seq"),
        CheckConstraint("from_seq <= to_seq", name="range"),
    )
