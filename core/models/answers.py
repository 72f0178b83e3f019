"""Answers that people approved, passages that say otherwise, and questions that found nothing."""

from datetime import datetime
from enum import StrEnum
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import TEXT as PG_TEXT
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, TenantEntity, closed, within_tenant


class ApprovedAnswer(TenantEntity):
    """What a person said is the answer to a question. Its question is found as a document of a base of ours."""

    __tablename__ = "approved_answers"

    document_id: Mapped[UUID | None]  # none once it was withdrawn
    question: Mapped[str]
    answer: Mapped[str]
    persona: Mapped[str | None]  # none: any of the company's
    origin: Mapped[str | None]  # where the person gave it
    approved_by: Mapped[UUID | None]
    valid_from: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    valid_until: Mapped[datetime | None]
    hits: Mapped[int] = mapped_column(server_default="0")
    last_hit_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
    replaced_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("document_id", "knowledge_documents"),
        within_tenant("replaced_by", "approved_answers"),
        CheckConstraint("valid_from < valid_until", name="validity"),
        UniqueConstraint("tenant_id", "document_id"),
        Index(None, "tenant_id", "created_at"),
    )


class AnswerConflict(TenantEntity):
    """A passage that says something else than an approved answer to the same question."""

    __tablename__ = "answer_conflicts"

    answer_id: Mapped[UUID]
    passage_id: Mapped[UUID]
    said: Mapped[str]  # by the passage, where the answer differs
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    settled_at: Mapped[datetime | None]  # a person looked, and both may stand

    __table_args__ = (
        within_tenant("answer_id", "approved_answers", ondelete="CASCADE"),
        within_tenant("passage_id", "knowledge_passages", ondelete="CASCADE"),
        UniqueConstraint("tenant_id", "answer_id", "passage_id"),
        Index(None, "tenant_id", "passage_id"),
    )


class GapState(StrEnum):
    OPEN = "open"
    ANSWERED = "answered"
    DISMISSED = "dismissed"


class KnowledgeGap(TenantEntity):
    """A question that nothing answered, with how often it was asked in one wording or another."""

    __tablename__ = "knowledge_gaps"

    question: Mapped[str]  # one wording, without what identifies a person
    words: Mapped[list[str]] = mapped_column(ARRAY(PG_TEXT))
    persona: Mapped[str | None]
    state: Mapped[GapState] = mapped_column(closed(GapState, "state"), server_default="open")
    asked: Mapped[int] = mapped_column(server_default="1")
    answer_id: Mapped[UUID | None]
    first_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    last_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("answer_id", "approved_answers"),
        Index("ix_knowledge_gaps_open", "tenant_id", "last_at", postgresql_where=text("state = 'open'")),
    )
