"""The installation's own tables: the closed list that carries no `tenant_id`."""

from datetime import datetime, time, timedelta
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Interval, text
from sqlalchemy.orm import Mapped, mapped_column

from core.ids import new_id
from core.models.base import APP_NOW, InstallationRow


class Company(InstallationRow):
    """The business. A company reads and edits its own row; everything across companies goes through `priv`."""

    __tablename__ = "companies"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    time_zone: Mapped[str] = mapped_column(server_default="America/Sao_Paulo")
    locale: Mapped[str] = mapped_column(server_default="pt-BR")
    retention_days: Mapped[int] = mapped_column(server_default="730")
    quiet_from: Mapped[time] = mapped_column(server_default="21:00")  # what the company starts waits for the morning
    quiet_until: Mapped[time] = mapped_column(server_default="08:00")
    default_persona: Mapped[str | None]  # of connections that name none
    answer_wait_seconds: Mapped[float | None]  # how long we wait for the next message before we answer; none: as usual
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    shredded_at: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'", name="slug"),
        CheckConstraint("retention_days BETWEEN 1 AND 36500", name="retention_days"),
        CheckConstraint("answer_wait_seconds BETWEEN 0 AND 30", name="answer_wait_seconds"),
    )


class User(InstallationRow):
    """A person who may work for several companies."""

    __tablename__ = "users"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str] = mapped_column(server_default="")
    locale: Mapped[str] = mapped_column(server_default="pt-BR")
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    disabled_at: Mapped[datetime | None]

    __table_args__ = (CheckConstraint("email = lower(email)", name="email"),)


class Address(InstallationRow):
    """Which connection of which company answers at an outside address, e.g. a phone number id."""

    __tablename__ = "addresses"

    kind: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), index=True)
    connection_id: Mapped[UUID]


class ApiKeyIndex(InstallationRow):
    """Finds the company of an API key by the key's digest, before any company is known."""

    __tablename__ = "api_key_index"

    digest: Mapped[bytes] = mapped_column(primary_key=True)
    company_id: Mapped[UUID] = mapped_column(ForeignKey("companies.id"), index=True)
    api_key_id: Mapped[UUID]


class Tick(InstallationRow):
    """One firing of a schedule. The key makes a second beat harmless."""

    __tablename__ = "schedule_ledger"

    schedule: Mapped[str] = mapped_column(primary_key=True)
    fire_at: Mapped[datetime] = mapped_column(primary_key=True)
    claimed_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    done_at: Mapped[datetime | None]


class ClockShift(InstallationRow):
    """By how much a rehearsal has turned the clock of the business. One row; in an installation that is none, zero."""

    __tablename__ = "clock_shift"

    is_only: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    shift: Mapped[timedelta] = mapped_column(Interval, server_default=text("'0'::interval"))
    is_rehearsal: Mapped[bool] = mapped_column(server_default=text("false"))

    __table_args__ = (CheckConstraint("is_only", name="is_only"),)


class StrayEvent(InstallationRow):
    """Signed news for an address that nobody here owns: kept a week, for whoever wonders where it went."""

    __tablename__ = "stray_events"

    id: Mapped[UUID] = mapped_column(primary_key=True, default=new_id)
    kind: Mapped[str]
    address: Mapped[str]
    body: Mapped[bytes]
    received_at: Mapped[datetime] = mapped_column(server_default=APP_NOW, index=True)


class InboxMinute(InstallationRow):
    """A minute in which an api could keep what came in. A missing one means that silence proves nothing."""

    __tablename__ = "inbox_minutes"

    minute: Mapped[datetime] = mapped_column(primary_key=True)


class SendHold(InstallationRow):
    """While this row is there nothing is sent: after a restore, until a person has looked."""

    __tablename__ = "send_hold"

    is_only: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    reason: Mapped[str]
    held_at: Mapped[datetime] = mapped_column(server_default=text("now()"))

    __table_args__ = (CheckConstraint("is_only", name="is_only"),)
