"""What is being read into a base: a job for each thing a person handed over, and an item for each source in it."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, Sealed, TenantEntity, closed, within_tenant


class JobKind(StrEnum):
    FILE = "file"
    FOLDER = "folder"
    PASTED = "pasted"
    PAGE = "page"
    SITEMAP = "sitemap"


class JobState(StrEnum):
    LISTING = "listing"
    READING = "reading"
    DONE = "done"
    STOPPED = "stopped"


class IngestionJob(TenantEntity):
    """Something that was handed over to be known, and how far its reading has come."""

    __tablename__ = "ingestion_jobs"

    base_id: Mapped[UUID]
    kind: Mapped[JobKind] = mapped_column(closed(JobKind, "kind"))
    name: Mapped[str]
    address: Mapped[str | None]
    state: Mapped[JobState] = mapped_column(closed(JobState, "state"), server_default="listing")
    items: Mapped[int] = mapped_column(server_default="0")
    done: Mapped[int] = mapped_column(server_default="0")
    refused: Mapped[int] = mapped_column(server_default="0")
    pieces: Mapped[int] = mapped_column(server_default="0")
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    finished_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("base_id", "knowledge_bases"),
        Index("ix_ingestion_jobs_unfinished", "updated_at", postgresql_where=text("state IN ('listing', 'reading')")),
        Index(None, "tenant_id", "created_at"),
    )


class ItemState(StrEnum):
    WAITING = "waiting"
    DONE = "done"
    UNCHANGED = "unchanged"
    REFUSED = "refused"
    FAILED = "failed"


class IngestionItem(TenantEntity):
    """One source of a job."""

    __tablename__ = "ingestion_items"

    job_id: Mapped[UUID]
    position: Mapped[int]
    name: Mapped[str]
    address: Mapped[str | None]
    storage_key: Mapped[str | None]
    sealed_key: Mapped[bytes | None] = mapped_column(Sealed)
    size: Mapped[int | None]
    sha256: Mapped[str | None]  # of its bytes
    state: Mapped[ItemState] = mapped_column(closed(ItemState, "state"), server_default="waiting")
    document_id: Mapped[UUID | None]
    reason: Mapped[str | None]
    notes: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    pieces: Mapped[int] = mapped_column(server_default="0")
    attempts: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    fence: Mapped[int] = mapped_column(server_default="0")
    updated_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("job_id", "ingestion_jobs", ondelete="CASCADE"),
        within_tenant("document_id", "knowledge_documents", ondelete="SET NULL (document_id)"),
        UniqueConstraint("tenant_id", "job_id", "position"),
        Index(None, "tenant_id", "state", "lease_until"),
    )
