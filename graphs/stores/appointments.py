"""Places in the calendar of a company: which are free, who has them, and that nobody gets one twice."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from sqlalchemy import DateTime, Text, bindparam, text
from sqlalchemy.exc import DBAPIError

from agents.ports import Booking, Place
from core import lexicon
from core.db.away import AWAY
from core.db.sessions import Database, TenantSession
from core.errors import Unavailable
from core.ids import CompanyId, ContactId, ConversationId, new_id

LONGEST: Final = timedelta(days=62)  # that is looked at for free places
_MOST_BOOKINGS: Final = 10
_INSTANT: Final = timedelta(microseconds=1)


class Refusal(StrEnum):
    """Why nothing was booked or cancelled."""

    PAST = "past"
    CLOSED = "closed"  # nobody offers that time
    TAKEN = "taken"
    WHICH_SERVICE = "which_service"  # several can be had at that time
    NO_SERVICE = "no_service"
    NOTHING_BOOKED = "nothing_booked"


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """Who wants which place. `effect`: what it is booked for, at most once."""

    contact: ContactId
    conversation: ConversationId
    effect: UUID
    service: str | None
    starts_at: datetime


class ContactAppointments:
    """Of one contact, whatever name they were known by before; free places are everybody's."""

    def __init__(self, database: Database, company: CompanyId, contact: ContactId) -> None:
        self._database = database
        self._company = company
        self._contact = contact

    async def free(self, service: str | None, *, since: datetime, until: datetime, most: int = 6) -> Sequence[Place]:
        async with reading(self._database, self._company) as session:
            return await free(session, service, since=since, until=until, most=most)

    async def of_contact(self) -> Sequence[Booking]:
        async with reading(self._database, self._company) as session:
            return await of_contact(session, self._contact)


@asynccontextmanager
async def reading(database: Database, company: CompanyId) -> AsyncIterator[TenantSession]:
    """For those who know no database: its troubles are one of ours. Where its line is lost, the turn is run again."""
    try:
        async with database.tenant_session(company) as session:
            yield session
    except AWAY as error:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            raise
        raise Unavailable("O banco não respondeu.", "The database did not answer.") from error


async def free(
    session: TenantSession, service: str | None, *, since: datetime, until: datetime, most: int = 6
) -> list[Place]:
    """The next ones, soonest first. A service goes by its name, however it is written."""
    name = None
    if service is not None and (name := await _named(session, service)) is None:
        return []
    bound = {"service": name, "since": since, "until": min(until, since + LONGEST), "most": most}
    rows = await session.execute(_FREE, bound)
    return [Place(service=row.service, starts_at=row.starts_at, ends_at=row.ends_at) for row in rows]


async def of_contact(session: TenantSession, contact: ContactId) -> list[Booking]:
    """What lies ahead of them."""
    rows = await session.execute(_MINE, {"contact": contact, "most": _MOST_BOOKINGS})
    return [_booking(row) for row in rows]


async def book(session: TenantSession, wish: Wish) -> Booking | Refusal:
    """A place that is free at the commit, for a unique index holds it. Who has that time already keeps it."""
    service = None
    if wish.service is not None and (service := await _named(session, wish.service)) is None:
        return Refusal.NO_SERVICE
    bound = {"service": service, "starts": wish.starts_at, "ends": wish.starts_at + _INSTANT, "contact": wish.contact}
    if (own := (await session.execute(_OWN, bound)).first()) is not None:
        return _booking(own)
    offers = (await session.execute(_OFFERS, bound)).all()
    if not offers:
        return Refusal.CLOSED
    if offers[0].is_past:
        return Refusal.PAST
    if len(offers) > 1:
        return Refusal.WHICH_SERVICE
    return await _take_place(session, wish, offers[0])


async def cancel_next(session: TenantSession, contact: ContactId) -> Booking | Refusal:
    """The one that comes first."""
    row = (await session.execute(_CANCEL, {"contact": contact})).first()
    return Refusal.NOTHING_BOOKED if row is None else _booking(row)


async def _take_place(session: TenantSession, wish: Wish, offer: Any) -> Booking | Refusal:
    """One after the other: another transaction may take the one that we saw free."""
    bound = {
        "contact": wish.contact,
        "conversation": wish.conversation,
        "effect": wish.effect,
        "service": offer.service,
        "starts": offer.starts_at,
        "ends": offer.ends_at,
    }
    for place in (await session.scalars(_FREE_PLACES, {**bound, "places": offer.places})).all():
        row = (await session.execute(_BOOK, {**bound, "id": new_id(), "place": place})).first()
        if row is not None:
            return _booking(row)
    return Refusal.TAKEN


async def _named(session: TenantSession, wanted: str) -> str | None:
    names = (await session.scalars(_SERVICES)).all()
    same = [name for name in names if _folded(name) == _folded(wanted)]
    return same[0] if same else None


def _folded(name: str) -> str:
    return lexicon.normalise(name.replace("_", " ").replace("-", " "))


def _booking(row: Any) -> Booking:
    return Booking(id=row.id, place=Place(service=row.service, starts_at=row.starts_at, ends_at=row.ends_at))


_SERVICES: Final = text("SELECT DISTINCT service FROM opening_hours ORDER BY service")

_SERVICE: Final = bindparam("service", type_=Text)
_MOMENTS: Final = tuple(bindparam(name, type_=DateTime(timezone=True)) for name in ("since", "until"))

# Opening hours are those of the company's own clock; each is cut into as many whole places as it holds.
_FREE: Final = text("""
    SELECT o.service, o.starts_at, o.ends_at FROM (
        SELECT h.service, h.places, (d.day + h.opens + n.number * h.length) AT TIME ZONE h.time_zone AS starts_at,
            (d.day + h.opens + (n.number + 1) * h.length) AT TIME ZONE h.time_zone AS ends_at
        FROM (SELECT h.*, k.time_zone, h.minutes * interval '1 minute' AS length
              FROM opening_hours h JOIN companies k ON k.id = h.tenant_id) h
        CROSS JOIN LATERAL generate_series(
            date_trunc('day', :since AT TIME ZONE h.time_zone), :until AT TIME ZONE h.time_zone, interval '1 day')
            AS d (day)
        CROSS JOIN LATERAL generate_series(
            0, floor(extract(epoch FROM h.closes - h.opens) / 60 / h.minutes)::integer - 1) AS n (number)
        WHERE extract(isodow FROM d.day) - 1 = h.weekday AND (CAST(:service AS text) IS NULL OR h.service = :service)
    ) o
    WHERE o.starts_at >= :since AND o.starts_at < :until AND o.starts_at > app_now()
      AND o.places > (SELECT count(*) FROM appointments a
        WHERE a.service = o.service AND a.starts_at = o.starts_at AND a.state = 'booked')
    ORDER BY o.starts_at, o.service LIMIT :most
""").bindparams(_SERVICE, *_MOMENTS)

_OFFERS: Final = text("""
    SELECT o.service, o.places, o.starts_at, o.ends_at, o.starts_at <= app_now() AS is_past FROM (
        SELECT h.service, h.places, (l.day + h.opens + n.number * h.length) AT TIME ZONE h.time_zone AS starts_at,
            (l.day + h.opens + (n.number + 1) * h.length) AT TIME ZONE h.time_zone AS ends_at
        FROM (SELECT h.*, k.time_zone, h.minutes * interval '1 minute' AS length
              FROM opening_hours h JOIN companies k ON k.id = h.tenant_id) h
        CROSS JOIN LATERAL (SELECT date_trunc('day', :starts AT TIME ZONE h.time_zone) AS day) l
        CROSS JOIN LATERAL generate_series(
            0, floor(extract(epoch FROM h.closes - h.opens) / 60 / h.minutes)::integer - 1) AS n (number)
        WHERE extract(isodow FROM l.day) - 1 = h.weekday AND (CAST(:service AS text) IS NULL OR h.service = :service)
    ) o
    WHERE o.starts_at >= :starts AND o.starts_at < :ends ORDER BY o.service
""").bindparams(_SERVICE, *(bindparam(name, type_=DateTime(timezone=True)) for name in ("starts", "ends")))

_OWN: Final = text("""
    SELECT id, service, starts_at, ends_at FROM appointments
    WHERE contact_id = :contact AND starts_at = :starts AND state = 'booked'
      AND (CAST(:service AS text) IS NULL OR service = :service)
    ORDER BY id
""").bindparams(_SERVICE, bindparam("starts", type_=DateTime(timezone=True)))

_FREE_PLACES: Final = text("""
    SELECT p.place FROM generate_series(0, CAST(:places AS integer) - 1) AS p (place)
    WHERE NOT EXISTS (SELECT FROM appointments a
        WHERE a.service = :service AND a.starts_at = :starts AND a.place = p.place AND a.state = 'booked')
    ORDER BY p.place
""").bindparams(_SERVICE, bindparam("starts", type_=DateTime(timezone=True)))

_BOOK: Final = text("""
    INSERT INTO appointments (tenant_id, id, contact_id, conversation_id, effect_id, service, starts_at, ends_at, place)
    VALUES (current_tenant(), :id, :contact, :conversation, :effect, :service, :starts, :ends, :place)
    ON CONFLICT (tenant_id, service, starts_at, place) WHERE state = 'booked' DO NOTHING
    RETURNING id, service, starts_at, ends_at
""")

# A contact and those who were merged into it.
_MINE: Final = text("""
    WITH RECURSIVE mine AS (
        SELECT CAST(:contact AS uuid) AS id UNION SELECT c.id FROM contacts c JOIN mine ON c.merged_into = mine.id)
    SELECT a.id, a.service, a.starts_at, a.ends_at FROM appointments a JOIN mine ON mine.id = a.contact_id
    WHERE a.state = 'booked' AND a.starts_at > app_now() ORDER BY a.starts_at, a.id LIMIT :most
""")

_CANCEL: Final = text("""
    WITH RECURSIVE mine AS (
        SELECT CAST(:contact AS uuid) AS id UNION SELECT c.id FROM contacts c JOIN mine ON c.merged_into = mine.id),
    first AS (
        SELECT a.tenant_id, a.id FROM appointments a JOIN mine ON mine.id = a.contact_id
        WHERE a.state = 'booked' AND a.starts_at > app_now() ORDER BY a.starts_at, a.id LIMIT 1 FOR UPDATE OF a)
    UPDATE appointments a SET state = 'cancelled', cancelled_at = app_now()
    FROM first WHERE a.tenant_id = first.tenant_id AND a.id = first.id
    RETURNING a.id, a.service, a.starts_at, a.ends_at
""")
