"""What the company keeps about a contact by hand, cases to learn from, and the receipts of what was erased."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, Sealed, TenantEntity, TenantRow, closed, within_tenant


class ContactTag(TenantRow):
    """A word by which the company finds its contacts again."""

    __tablename__ = "contact_tags"

    contact_id: Mapped[UUID] = mapped_column(primary_key=True)
    tag: Mapped[str] = mapped_column(primary_key=True)
    added_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (within_tenant("contact_id", "contacts"), Index(None, "tenant_id", "tag"))


class ContactNote(TenantEntity):
    """What somebody of the company wrote down about a contact. The customer never sees it, nor does a prompt."""

    __tablename__ = "contact_notes"

    contact_id: Mapped[UUID]
    conversation_id: Mapped[UUID | None]
    author_id: Mapped[UUID | None]
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("contact_id", "contacts"),
        within_tenant("conversation_id", "conversations"),
        ForeignKeyConstraint(["tenant_id", "author_id"], ["memberships.tenant_id", "memberships.user_id"]),
        Index(None, "tenant_id", "contact_id", "created_at"),
    )


class CaseState(StrEnum):
    DRAFT = "draft"  # as it was said, sealed: no eval reads it before it is made anonymous
    READY = "ready"
    DROPPED = "dropped"


class DraftCase(TenantEntity):
    """A conversation frozen as it was, from which a regression case is made."""

    __tablename__ = "draft_cases"

    conversation_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    title: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(Sealed)  # none: erased with its contact
    state: Mapped[CaseState] = mapped_column(closed(CaseState, "state"), server_default="draft")
    made_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("conversation_id", "conversations"),
        within_tenant("contact_id", "contacts"),
        Index(None, "tenant_id", "contact_id"),
        Index("ix_draft_cases_newest", "tenant_id", "created_at"),
    )


class Erasure(TenantEntity):
    """That a contact was erased, and what of them was where: never what it said."""

    __tablename__ = "erasures"

    contact_id: Mapped[UUID]
    requested_by: Mapped[UUID | None]
    receipt: Mapped[dict[str, Any]]  # per store, how much was erased
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (Index(None, "tenant_id", "contact_id"),)
