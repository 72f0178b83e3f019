"""Personas as they were written, version by version, and the boards on which their leads stand."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import JSON, CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, TenantEntity, closed, within_tenant


class VersionState(StrEnum):
    """How far a version of a persona has come. What is in it never changes."""

    DRAFT = "draft"
    CANDIDATE = "candidate"
    ACTIVE = "active"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"  # a bad one: conversations that are pinned to it move at their next turn


class PersonaVersion(TenantEntity):
    """One version of a persona. A conversation is pinned to the one it began with."""

    __tablename__ = "persona_versions"

    name: Mapped[str]
    number: Mapped[int]
    state: Mapped[VersionState] = mapped_column(closed(VersionState, "state"), server_default="draft")
    source: Mapped[str]  # the file, as it was written
    definition: Mapped[dict[str, Any]] = mapped_column(JSON)  # as it was understood, in its own order: no JSONB
    sha256: Mapped[str]  # of the definition
    created_by: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    activated_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("number > 0", name="number"),
        UniqueConstraint("tenant_id", "name", "number"),
        Index(
            "uq_persona_versions_active", "tenant_id", "name", unique=True, postgresql_where=text("state = 'active'")
        ),
    )


class Board(TenantEntity):
    """A pipeline: the stages of the persona that fills it, and where leads end."""

    __tablename__ = "boards"

    key: Mapped[str]  # the persona's name, for the board that is made with it
    name: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (UniqueConstraint("tenant_id", "key"),)


class StageKind(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class BoardStage(TenantEntity):
    """A column of a board. One that no version names any more stays, because leads once stood there."""

    __tablename__ = "board_stages"

    board_id: Mapped[UUID]
    key: Mapped[str]
    name: Mapped[str]
    position: Mapped[int]
    kind: Mapped[StageKind] = mapped_column(closed(StageKind, "kind"), server_default="open")

    __table_args__ = (
        within_tenant("board_id", "boards"),
        UniqueConstraint("tenant_id", "board_id", "key"),
    )


class Lead(TenantEntity):
    """A contact on a board. Its stage is what the newest of its events says."""

    __tablename__ = "leads"

    board_id: Mapped[UUID]
    contact_id: Mapped[UUID]
    conversation_id: Mapped[UUID | None]  # the latest in which it moved
    stage: Mapped[str]
    seq: Mapped[int] = mapped_column(server_default="0")
    slots: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    value_cents: Mapped[int | None]
    owner_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    stage_since: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("board_id", "boards"),
        within_tenant("contact_id", "contacts"),
        within_tenant("conversation_id", "conversations"),
        UniqueConstraint("tenant_id", "board_id", "contact_id"),
        Index("ix_leads_stage", "tenant_id", "board_id", "stage", text("updated_at DESC")),
        Index("ix_leads_updated", "tenant_id", text("updated_at DESC"), text("id DESC")),
        Index(None, "tenant_id", "contact_id"),
        Index(None, "tenant_id", "conversation_id"),
    )


class Cause(StrEnum):
    """What moved a lead."""

    RULE = "rule"
    STAFF = "staff"
    IMPORT = "import"
    UNDO = "undo"


class LeadStageEvent(TenantEntity):
    """A move of a lead, with what was known then and who said so. Never changed: an undo is another event."""

    __tablename__ = "lead_stage_events"

    lead_id: Mapped[UUID]
    seq: Mapped[int]
    from_stage: Mapped[str | None]
    to_stage: Mapped[str]
    cause: Mapped[Cause] = mapped_column(closed(Cause, "cause"))
    rule_id: Mapped[str | None]
    criteria: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    slots_before: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'::jsonb"))
    persona_version_id: Mapped[UUID | None]
    turn_id: Mapped[UUID | None]
    actor_id: Mapped[UUID | None]
    is_forced: Mapped[bool] = mapped_column(server_default=text("false"))
    undo_of: Mapped[UUID | None]
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("lead_id", "leads"),
        within_tenant("persona_version_id", "persona_versions"),
        within_tenant("turn_id", "turns"),
        within_tenant("undo_of", "lead_stage_events"),
        UniqueConstraint("tenant_id", "lead_id", "seq"),
        CheckConstraint("cause <> 'undo' OR undo_of IS NOT NULL", name="undo_of"),
    )
