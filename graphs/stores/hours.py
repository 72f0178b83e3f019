"""When a company's services can be had: opening hours by day of the week, the only writer of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Final

from sqlalchemy import delete, select

from core import audit
from core.audit import Actor
from core.db.locks import hold_until_commit
from core.db.sessions import TenantSession
from core.errors import Conflict, Malformed, NotFound
from core.ids import new_id
from core.models.commerce import OpeningHours

WEEKDAYS: Final = range(7)  # Monday is 0
_LONGEST_NAME: Final = 80
_MINUTES: Final = range(5, 1441)
_PLACES: Final = range(1, 1001)


@dataclass(frozen=True, kw_only=True, slots=True)
class Hours:
    """A service between two times of a day, cut into places of so many minutes, so many at the same time."""

    service: str
    opens: time
    closes: time
    minutes: int = 60
    places: int = 1


async def listed(session: TenantSession) -> Sequence[OpeningHours]:
    ordered = select(OpeningHours).order_by(OpeningHours.service, OpeningHours.weekday, OpeningHours.opens)
    return (await session.scalars(ordered)).all()


async def open_on(session: TenantSession, weekdays: Sequence[int], hours: Hours, by: Actor) -> None:
    """On each of these days. What is there already stays as it is; what would overlap is refused."""
    _demand_sense(hours)
    await hold_until_commit(session, "hours", hours.service)
    own = (await session.scalars(select(OpeningHours).where(OpeningHours.service == hours.service))).all()
    new = [day for day in sorted(set(weekdays)) if not any(_is_same(row, day, hours) for row in own)]
    if any(row.weekday in new and row.opens < hours.closes and hours.opens < row.closes for row in own):
        raise Conflict(
            "Este horário se sobrepõe a outro do mesmo serviço: feche o outro antes.",
            "These hours overlap others of the same service: close those first.",
        )
    session.add_all(
        OpeningHours(
            tenant_id=session.tenant_id,
            id=new_id(),
            service=hours.service,
            weekday=day,
            opens=hours.opens,
            closes=hours.closes,
            minutes=hours.minutes,
            places=hours.places,
        )
        for day in new
    )
    if new:
        detail = {"service": hours.service, "weekdays": new, "opens": f"{hours.opens:%H:%M}"}
        audit.record(session, by, "hours.opened", detail=detail)


async def close_on(session: TenantSession, service: str, weekdays: Sequence[int], by: Actor) -> int:
    """How many hours are gone. What was booked in them stays booked."""
    own = (OpeningHours.service == service) & OpeningHours.weekday.in_(weekdays)
    gone = (await session.scalars(delete(OpeningHours).where(own).returning(OpeningHours.id))).all()
    if not gone:
        raise NotFound(
            f"Não há horários de {service} nesses dias: veja `masteria agenda list`.",
            f"There are no hours of {service} on those days: see `masteria agenda list`.",
        )
    audit.record(session, by, "hours.closed", detail={"service": service, "weekdays": sorted(set(weekdays))})
    return len(gone)


def _is_same(row: OpeningHours, day: int, hours: Hours) -> bool:
    there = (row.weekday, row.opens, row.closes, row.minutes, row.places)
    return there == (day, hours.opens, hours.closes, hours.minutes, hours.places)


def _demand_sense(hours: Hours) -> None:
    if not hours.service.strip() or len(hours.service) > _LONGEST_NAME:
        raise Malformed(
            f"O nome do serviço tem de 1 a {_LONGEST_NAME} caracteres.",
            f"A service's name has 1 to {_LONGEST_NAME} characters.",
        )
    if hours.opens >= hours.closes:
        raise Malformed("O fim vem depois do começo.", "The end comes after the beginning.")
    if hours.minutes not in _MINUTES or hours.places not in _PLACES:
        raise Malformed(
            "Cada vaga dura de 5 a 1440 minutos, e há de 1 a 1000 ao mesmo tempo.",
            "Each place takes 5 to 1440 minutes, and there are 1 to 1000 at the same time.",
        )
