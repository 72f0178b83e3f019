"""What happened: domain events in order, how far each consumer has read, and who did what."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, EMPTY, TenantEntity, TenantRow, closed


class EventCounter(TenantRow):
    """The last number given to a domain event of the company. Its row lock makes the numbers commit in order."""

    __tablename__ = "event_counters"

    last_seq: Mapped[int] = mapped_column(server_default="0")


class DomainEvent(TenantRow):
    """Something a consumer may react to, committed with its cause."""

    __tablename__ = "domain_events"

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str]
    subject_id: Mapped[UUID | None]
    payload: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (Index(None, "tenant_id", "created_at"),)


class EventProgress(TenantRow):
    """How far one consumer has read the company's events."""

    __tablename__ = "event_progress"

    consumer: Mapped[str] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(server_default="0")
    updated_at: Mapped[datetime] = mapped_column(server_default=text("now()"))


class ActorKind(StrEnum):
    USER = "user"
    API_KEY = "api_key"
    OPERATOR = "operator"  # the command line of the installation
    SYSTEM = "system"


class AuditEntry(TenantEntity):
    """Who did what. The app may add and read entries, never change them."""

    __tablename__ = "audit_log"

    actor_kind: Mapped[ActorKind] = mapped_column(closed(ActorKind, "actor_kind"))
    actor_id: Mapped[UUID | None]
    action: Mapped[str]
    subject_id: Mapped[UUID | None]
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (Index("ix_audit_log_newest", "tenant_id", text("created_at DESC"), text("id DESC")),)
