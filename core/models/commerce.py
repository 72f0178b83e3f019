"""What customers ask about: appointments, orders and what they owe."""

from datetime import date, datetime, time
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import APP_NOW, TenantEntity, closed, within_tenant


class OpeningHours(TenantEntity):
    """When a service can be had: on a day of the week, cut into places of so many minutes."""

    __tablename__ = "opening_hours"

    service: Mapped[str]
    weekday: Mapped[int]  # Monday is 0
    opens: Mapped[time]
    closes: Mapped[time]
    minutes: Mapped[int] = mapped_column(server_default="60")
    places: Mapped[int] = mapped_column(server_default="1")  # at the same time

    __table_args__ = (
        UniqueConstraint("tenant_id", "service", "weekday", "opens"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        CheckConstraint("opens < closes", name="hours"),
        CheckConstraint("minutes BETWEEN 5 AND 1440 AND places BETWEEN 1 AND 1000", name="size"),
    )


class AppointmentState(StrEnum):
    BOOKED = "booked"
    CANCELLED = "cancelled"


class Appointment(TenantEntity):
    """A place at a time that a contact has taken."""

    __tablename__ = "appointments"

    contact_id: Mapped[UUID]
    conversation_id: Mapped[UUID | None]
    effect_id: Mapped[UUID | None]
    service: Mapped[str]
    starts_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    place: Mapped[int]
    state: Mapped[AppointmentState] = mapped_column(closed(AppointmentState, "state"), server_default="booked")
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    cancelled_at: Mapped[datetime | None]

    __table_args__ = (
        within_tenant("contact_id", "contacts"),
        within_tenant("conversation_id", "conversations"),
        within_tenant("effect_id", "effects"),
        Index(
            "uq_appointments_place",
            "tenant_id",
            "service",
            "starts_at",
            "place",
            unique=True,
            postgresql_where=text("state = 'booked'"),
        ),
        Index("ix_appointments_contact", "tenant_id", "contact_id", "starts_at"),
        CheckConstraint("starts_at < ends_at", name="times"),
    )


class OrderState(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    SHIPPED = "shipped"
    DELIVERED = "delivered"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Order(TenantEntity):
    """An order, as the shop told us of it."""

    __tablename__ = "orders"

    contact_id: Mapped[UUID | None]
    source: Mapped[str]
    external_id: Mapped[str]
    number: Mapped[str]  # as people call it
    state: Mapped[OrderState] = mapped_column(closed(OrderState, "state"))
    total_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(server_default="BRL")
    items: Mapped[list[dict[str, Any]]] = mapped_column(server_default=text("'[]'::jsonb"))
    tracking: Mapped[str | None]
    placed_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("contact_id", "contacts"),
        UniqueConstraint("tenant_id", "source", "external_id"),
        Index("ix_orders_contact", "tenant_id", "contact_id", text("placed_at DESC")),
    )


class ChargeMethod(StrEnum):
    PIX = "pix"
    BOLETO = "boleto"
    CARD = "card"
    LINK = "link"


class ChargeState(StrEnum):
    PENDING = "pending"
    PAID = "paid"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    REFUNDED = "refunded"


class Charge(TenantEntity):
    """What a contact owes, as the payment provider told us: nobody's word makes it paid."""

    __tablename__ = "charges"

    contact_id: Mapped[UUID | None]
    order_id: Mapped[UUID | None]
    source: Mapped[str]
    external_id: Mapped[str]
    method: Mapped[ChargeMethod] = mapped_column(closed(ChargeMethod, "method"))
    state: Mapped[ChargeState] = mapped_column(closed(ChargeState, "state"), server_default="pending")
    amount_cents: Mapped[int]
    currency: Mapped[str] = mapped_column(server_default="BRL")
    description: Mapped[str] = mapped_column(server_default="")
    due_on: Mapped[date | None]
    pay_url: Mapped[str | None]
    pay_code: Mapped[str | None]  # PIX copy-and-paste, or the line of a boleto
    paid_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)
    updated_at: Mapped[datetime] = mapped_column(server_default=APP_NOW)

    __table_args__ = (
        within_tenant("contact_id", "contacts"),
        within_tenant("order_id", "orders"),
        UniqueConstraint("tenant_id", "source", "external_id"),
        Index("ix_charges_contact", "tenant_id", "contact_id", "due_on"),
    )
