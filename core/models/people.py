"""Who works for a company, what opens its doors, and whom it talks with."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, EMPTY, Sealed, TenantEntity, TenantRow, closed, within_tenant


class Role(StrEnum):
    """What a member may do, strongest first."""

    OWNER = "owner"
    ADMIN = "admin"
    AGENT = "agent"
    VIEWER = "viewer"


class CompanyKey(TenantEntity):
    """A company's data key, wrapped by a key of the installation. Deleting all of them shreds the company."""

    __tablename__ = "company_keys"

    wrapped: Mapped[bytes]
    kek_id: Mapped[str] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)


class Membership(TenantEntity):
    __tablename__ = "memberships"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), index=True)
    role: Mapped[Role] = mapped_column(closed(Role, "role"))
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (UniqueConstraint("tenant_id", "user_id"),)


class ApiKey(TenantEntity):
    """What is shown of a key. The key itself is shown once; only its digest is kept, in `api_key_index`."""

    __tablename__ = "api_keys"

    name: Mapped[str]
    prefix: Mapped[str]
    role: Mapped[Role] = mapped_column(closed(Role, "role"))
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]


class ConnectionKind(StrEnum):
    """The channel a connection belongs to."""

    WHATSAPP = "whatsapp"
    BAILEYS = "baileys"
    SMS = "sms"
    VOICE_RETELL = "voice-retell"
    VOICE_VAPI = "voice-vapi"
    TELEGRAM = "telegram"


class ConnectionState(StrEnum):
    ACTIVE = "active"
    CREDENTIAL_REFUSED = "credential_refused"
    NEEDS_PAIRING = "needs_pairing"
    ACCOUNT_BLOCKED = "account_blocked"
    DISABLED = "disabled"


class Connection(TenantEntity):
    """One account of a channel. Its state never stops what comes in."""

    __tablename__ = "connections"

    kind: Mapped[ConnectionKind] = mapped_column(closed(ConnectionKind, "kind"))
    name: Mapped[str]
    state: Mapped[ConnectionState] = mapped_column(closed(ConnectionState, "state"), server_default="active")
    state_reason: Mapped[str | None]
    persona: Mapped[str | None]
    settings: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    credentials: Mapped[bytes | None] = mapped_column(Sealed)
    health: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)  # what the provider says of the account
    checked_at: Mapped[datetime | None]
    bot_paused_at: Mapped[datetime | None]  # since then no persona answers on it, and what one had queued is void
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (UniqueConstraint("tenant_id", "kind", "name"),)


class Contact(TenantEntity):
    """One person, whatever number or name they write from."""

    __tablename__ = "contacts"

    name: Mapped[str | None]
    locale: Mapped[str | None]
    time_zone: Mapped[str | None]
    opted_out_at: Mapped[datetime | None]
    merged_into: Mapped[UUID | None]
    fields: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("merged_into", "contacts"),
        Index("ix_contacts_newest", "tenant_id", text("created_at DESC"), text("id DESC")),
    )


class IdentityKind(StrEnum):
    PHONE = "phone"
    WA_ID = "wa_id"
    BSUID = "bsuid"
    LID = "lid"
    USERNAME = "username"
    EMAIL = "email"


class ContactIdentity(TenantEntity):
    """One way in which a contact is known. A value belongs to one contact of a company."""

    __tablename__ = "contact_identities"

    contact_id: Mapped[UUID]
    kind: Mapped[IdentityKind] = mapped_column(closed(IdentityKind, "kind"))
    value: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("contact_id", "contacts"),
        UniqueConstraint("tenant_id", "kind", "value"),
        Index(None, "tenant_id", "contact_id"),
    )


class ContactEventKind(StrEnum):
    MERGED = "merged"
    UNMERGED = "unmerged"
    RENUMBERED = "renumbered"


class ContactEvent(TenantEntity):
    """What happened to who a contact is, with enough in it to undo it. Added and read, never changed."""

    __tablename__ = "contact_events"

    contact_id: Mapped[UUID]
    kind: Mapped[ContactEventKind] = mapped_column(closed(ContactEventKind, "kind"))
    detail: Mapped[dict[str, Any]] = mapped_column(server_default=EMPTY)
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (within_tenant("contact_id", "contacts"), Index(None, "tenant_id", "contact_id"))


class ConsentKind(StrEnum):
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"


class ConsentSource(StrEnum):
    """Where we know it from."""

    KEYWORD = "keyword"
    BUTTON = "button"
    PROVIDER = "provider"  # the person's preference at the provider, or its refusal because of one
    STAFF = "staff"
    MODEL = "model"
    LINK = "link"
    MERGE = "merge"
    IMPORT = "import"


class ConsentEvent(TenantEntity):
    """Somebody asked to stop, or to go on. Added and read, never changed."""

    __tablename__ = "consent_events"

    contact_id: Mapped[UUID]
    kind: Mapped[ConsentKind] = mapped_column(closed(ConsentKind, "kind"))
    source: Mapped[ConsentSource] = mapped_column(closed(ConsentSource, "source"))
    quote: Mapped[str | None]
    message_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("contact_id", "contacts"),
        within_tenant("message_id", "messages"),
        Index(None, "tenant_id", "contact_id", "created_at"),
    )


class Suppression(TenantRow):
    """Who must not be written to, by a hash of the identity: it outlives the contact, and a new import of it."""

    __tablename__ = "suppressions"

    identity_hash: Mapped[bytes] = mapped_column(primary_key=True)
    opted_out_at: Mapped[datetime]
