"""Tools that only read: run within a turn, in time or not at all, and told in words that a persona's texts can hold."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

from agents.extractors import values
from agents.personas.definition import SlotType
from agents.ports import Appointments, ChargeNews, OrderNews, Orders, Place
from agents.tools.registry import TOOLS, Class, Tool
from core.errors import AppError
from core.logging import get_logger
from core.texts import Text

_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_DATE_LENGTH: Final = len("2026-11-27")

T = TypeVar("T")

log = get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Ports:
    """The world of one contact, and when and where it is looked at."""

    appointments: Appointments
    orders: Orders
    now: datetime
    time_zone: str


async def read(tool: str, arguments: Mapping[str, Any], ports: Ports) -> Mapping[str, Any] | None:
    """None: nothing came in time, or it failed. Then nothing is known, and nothing is said of it."""
    known = TOOLS.get(tool)
    if known is None or known.cls is not Class.READ:
        log.warning("tools.not_readable", tool=tool)
        return None
    return await _in_time(known, _READS[tool](arguments, ports))


async def orders_for(tool: str, arguments: Mapping[str, Any], ports: Ports) -> Sequence[OrderNews] | None:
    """What `read` tells of them, as code knows them: by an id, of which nobody hears."""
    return await _in_time(TOOLS[tool], _named_orders(arguments, ports))


def in_words(tool: str, result: Mapping[str, Any], language: str) -> Mapping[str, str]:
    """Places for the persona's texts. `items` is empty where nothing was found."""
    lines = list(_WORDS[tool](result, language.lower().startswith("en"))) if tool in _WORDS else []
    return {"items": _SEPARATORS.get(tool, "\n").join(lines), "count": str(len(lines))}


def names_of(value: Mapping[str, Any]) -> list[str]:
    """All that a choice or a text may be called, as it may stand in a table."""
    return list(dict.fromkeys(str(value[key]) for key in ("value", "label", "text", "number") if value.get(key)))


async def _in_time(tool: Tool, reading: Coroutine[Any, Any, T]) -> T | None:
    try:
        async with asyncio.timeout(tool.timeout.total_seconds()):
            return await reading
    except (AppError, OSError, ValueError, KeyError, TypeError) as error:  # OSError: what is late is one, too
        log.warning("tools.failed", tool=tool.name, reason=type(error).__name__)
        return None


async def _free(arguments: Mapping[str, Any], ports: Ports) -> Mapping[str, Any]:
    since, until = _span(arguments.get("day"), ports)
    service = arguments.get("service")
    places: Sequence[Place] = ()
    for name in names_of(service) if service else (None,):
        places = places or await ports.appointments.free(name, since=since, until=until)
    return {"places": [_place(place, ports) for place in places]}


async def _booked(_: Mapping[str, Any], ports: Ports) -> Mapping[str, Any]:
    bookings = await ports.appointments.of_contact()
    return {"places": [_place(booking.place, ports) for booking in bookings]}


async def _orders(arguments: Mapping[str, Any], ports: Ports) -> Mapping[str, Any]:
    return {"orders": [_order(order, ports) for order in await _named_orders(arguments, ports)]}


async def _named_orders(arguments: Mapping[str, Any], ports: Ports) -> Sequence[OrderNews]:
    number = arguments.get("number")
    names = names_of(number) if number else []
    return await ports.orders.orders(number_in(names[0]) if names else None)


def number_in(said: str) -> str:
    """Of "é o pedido 4521" what has a digit in it; all of it where nothing has."""
    numbered = [word.strip("#.,;:!?()") for word in said.split() if any(map(str.isdigit, word))]
    return numbered[-1] if numbered else said


async def _charges(_: Mapping[str, Any], ports: Ports) -> Mapping[str, Any]:
    return {"charges": [_charge(charge) for charge in await ports.orders.charges()]}


def _span(day: Mapping[str, Any] | None, ports: Ports) -> tuple[datetime, datetime]:
    """What was asked for; nothing that lies behind; a week where nothing was said."""
    if not day:
        return ports.now, ports.now + _WEEK
    zone = ZoneInfo(ports.time_zone)
    first, last = (day["date"], day["date"]) if "date" in day else (day["from"], day["until"])
    return max(ports.now, _begin(first, zone)), _end(last, zone)


def _begin(said: str, zone: ZoneInfo) -> datetime:
    return datetime.fromisoformat(said).replace(tzinfo=zone)


def _end(said: str, zone: ZoneInfo) -> datetime:
    """A day is meant to its end, a time as it is."""
    if len(said) <= _DATE_LENGTH:
        return datetime.combine(date.fromisoformat(said) + _DAY, time(), zone)
    return datetime.fromisoformat(said).replace(tzinfo=zone)


def _place(place: Place, ports: Ports) -> dict[str, Any]:
    local = place.starts_at.astimezone(ZoneInfo(ports.time_zone))
    return {"service": place.service, "at": local.replace(tzinfo=None).isoformat(timespec="minutes")}


def _order(order: OrderNews, ports: Ports) -> dict[str, Any]:
    return {
        "number": order.number,
        "state": order.state,
        "total_cents": order.total_cents,
        "placed_on": order.placed_at.astimezone(ZoneInfo(ports.time_zone)).date().isoformat(),
        "tracking": order.tracking,
    }


def _charge(charge: ChargeNews) -> dict[str, Any]:
    return {
        "description": charge.description,
        "method": charge.method,
        "amount_cents": charge.amount_cents,
        "due_on": charge.due_on.isoformat() if charge.due_on else None,
        "pay_url": charge.pay_url,
        "pay_code": charge.pay_code,
    }


def _places_in_words(result: Mapping[str, Any], is_english: bool) -> Iterator[str]:  # noqa: FBT001 - all of a table have this shape
    """With the service where there are several."""
    several = len({place["service"] for place in result["places"]}) > 1
    for place in result["places"]:
        at = values.in_words(SlotType.MOMENT, {"at": place["at"]}, _language(is_english))
        yield f"{place['service']}: {at}" if several else at


def _orders_in_words(result: Mapping[str, Any], is_english: bool) -> Iterator[str]:  # noqa: FBT001 - see above
    for order in result["orders"]:
        state = _ORDER_STATES[order["state"]]
        words = f"{order['number']}: {state.en if is_english else state.pt}, {_money(order['total_cents'], is_english)}"
        tracking = Text("rastreio {}", "tracking {}")
        told = (tracking.en if is_english else tracking.pt).format(order["tracking"]) if order["tracking"] else ""
        yield f"{words}, {told}" if told else words


def _charges_in_words(result: Mapping[str, Any], is_english: bool) -> Iterator[str]:  # noqa: FBT001 - see above
    for charge in result["charges"]:
        parts = [_money(charge["amount_cents"], is_english)]
        if charge["due_on"]:
            day = values.in_words(SlotType.DATE, {"date": charge["due_on"]}, _language(is_english))
            parts.append(f"{'due' if is_english else 'vence'} {day}")
        parts += [charge[way] for way in ("pay_url", "pay_code") if charge[way]]
        words = ", ".join(parts)
        yield f"{charge['description']}: {words}" if charge["description"] else words


def _money(cents: int, is_english: bool) -> str:  # noqa: FBT001 - see above
    return values.in_words(SlotType.MONEY, {"cents": cents, "currency": "BRL"}, _language(is_english))


def _language(is_english: bool) -> str:  # noqa: FBT001 - see above
    return "en" if is_english else "pt-BR"


_READS: Final[Mapping[str, Callable[[Mapping[str, Any], Ports], Coroutine[Any, Any, Mapping[str, Any]]]]] = {
    "agenda.livre": _free,
    "agenda.minhas": _booked,
    "pedidos.consultar": _orders,
    "cobrancas.consultar": _charges,
}
_WORDS: Final[Mapping[str, Callable[[Mapping[str, Any], bool], Iterator[str]]]] = {
    "agenda.livre": _places_in_words,
    "agenda.minhas": _places_in_words,
    "pedidos.consultar": _orders_in_words,
    "cobrancas.consultar": _charges_in_words,
}
_SEPARATORS: Final = {"agenda.livre": "; ", "agenda.minhas": "; "}
_ORDER_STATES: Final[Mapping[str, Text]] = {
    "pending": Text("aguardando pagamento", "waiting for payment"),
    "paid": Text("pago", "paid"),
    "shipped": Text("enviado", "shipped"),
    "delivered": Text("entregue", "delivered"),
    "cancelled": Text("cancelado", "cancelled"),
    "refunded": Text("reembolsado", "refunded"),
}
