"""Tools that read: what they ask the world for, how their results are told, and that trouble is silence."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from agents.ports import Booking, ChargeNews, OrderNews, Place
from agents.tools import running
from agents.tools.registry import TOOLS, Class
from agents.tools.running import Ports
from core.errors import Unavailable
from core.ids import new_id

NOW: Final = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)  # a Friday, nine in the morning in São Paulo
NINE: Final = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
SP: Final = "America/Sao_Paulo"


def place(service: str = "Corte", at: datetime = NINE) -> Place:
    return Place(service=service, starts_at=at, ends_at=at + timedelta(hours=1))


@dataclass
class World:
    """Answers with what it holds, and remembers what it was asked."""

    places: Sequence[Place] = ()
    trouble: Exception | None = None
    is_slow: bool = False
    named: tuple[str | None, ...] = (None,)
    asked: list[tuple[Any, ...]] = field(default_factory=list)

    async def free(self, service: str | None, *, since: datetime, until: datetime, most: int = 6) -> Sequence[Place]:
        self.asked.append((service, since, until))
        if self.trouble:
            raise self.trouble
        if self.is_slow:
            await asyncio.sleep(60)
        return self.places[:most] if service in self.named else ()

    async def of_contact(self) -> Sequence[Booking]:
        return [Booking(id=new_id(), place=one) for one in self.places]

    async def orders(self, number: str | None = None, *, most: int = 5) -> Sequence[OrderNews]:
        self.asked.append((number,))
        order = OrderNews(id=new_id(), number="#10", state="shipped", total_cents=1990, placed_at=NOW, tracking="BR123")
        return [order][:most] if number in {None, "10"} else []

    async def charges(self, *, most: int = 5) -> Sequence[ChargeNews]:
        charge = ChargeNews(
            description="Mensalidade",
            method="pix",
            state="pending",
            amount_cents=12_000,
            due_on=date(2026, 11, 27),
            pay_url="https://pague.exemplo/1",
        )
        return [charge][:most]


def ports(world: World, zone: str = SP) -> Ports:
    return Ports(appointments=world, orders=world, now=NOW, time_zone=zone)


async def found(tool: str, world: World, arguments: dict[str, Any] | None = None, language: str = "pt-BR") -> str:
    result = await running.read(tool, arguments or {}, ports(world))
    assert result is not None
    return running.in_words(tool, result, language)["items"]


class TestFreePlaces:
    async def test_they_are_told_as_the_customers_clock_shows_them(self) -> None:
        world = World(places=[place(), place(at=NINE + timedelta(minutes=90))])
        assert await found("agenda.livre", world) == "sexta, 27/11 às 9h; sexta, 27/11 às 10h30"
        assert (
            await found("agenda.livre", world, language="en") == "Friday, Nov 27 at 9:00 AM; Friday, Nov 27 at 10:30 AM"
        )

    async def test_several_services_are_told_apart(self) -> None:
        world = World(places=[place(), place("Escova")])
        assert await found("agenda.livre", world) == "Corte: sexta, 27/11 às 9h; Escova: sexta, 27/11 às 9h"

    @pytest.mark.parametrize(
        ("day", "since", "until"),
        [
            (None, "2026-11-20T09:00", "2026-11-27T09:00"),
            ({"date": "2026-11-24"}, "2026-11-24T00:00", "2026-11-25T00:00"),
            ({"date": "2026-11-20"}, "2026-11-20T09:00", "2026-11-21T00:00"),
            ({"from": "2026-11-23", "until": "2026-11-27"}, "2026-11-23T00:00", "2026-11-28T00:00"),
            ({"from": "2026-11-24T12:00", "until": "2026-11-24T18:00"}, "2026-11-24T12:00", "2026-11-24T18:00"),
        ],
    )
    async def test_a_day_is_looked_at_whole_and_nothing_that_lies_behind(
        self, day: dict[str, str] | None, since: str, until: str
    ) -> None:
        world = World()
        await running.read("agenda.livre", {"day": day} if day else {}, ports(world))

        [(_, *span)] = world.asked
        assert [moment.astimezone(UTC) for moment in span] == [
            datetime.fromisoformat(f"{local}-03:00").astimezone(UTC) for local in (since, until)
        ]

    async def test_a_service_is_found_by_its_value_or_by_its_label(self) -> None:
        world = World(places=[place()], named=("Corte masculino",))
        asked = {"service": {"value": "corte", "label": "Corte masculino"}}
        assert await found("agenda.livre", world, asked) == "sexta, 27/11 às 9h"
        assert [service for service, *_ in world.asked] == ["corte", "Corte masculino"]

    async def test_where_nothing_is_free_there_are_no_items(self) -> None:
        assert running.in_words("agenda.livre", {"places": []}, "pt-BR") == {"items": "", "count": "0"}


class TestOthers:
    async def test_appointments_are_told_in_order(self) -> None:
        assert await found("agenda.minhas", World(places=[place()])) == "sexta, 27/11 às 9h"

    async def test_orders_are_told_with_their_state(self) -> None:
        assert await found("pedidos.consultar", World()) == "#10: enviado, R$ 19,90, rastreio BR123"
        assert await found("pedidos.consultar", World(), language="en") == "#10: shipped, R$ 19.90, tracking BR123"

    async def test_an_order_is_asked_for_by_its_number(self) -> None:
        world = World()
        assert await found("pedidos.consultar", world, {"number": {"text": "99"}}) == ""
        assert await found("pedidos.consultar", world, {"number": {"number": 10}}) != ""
        assert world.asked == [("99",), ("10",)]

    @pytest.mark.parametrize(
        ("said", "asked"),
        [
            ("é o pedido 4521", "4521"),
            ("PED-77 por favor.", "PED-77"),
            ("(4521)", "4521"),
            ("não sei", "não sei"),
        ],
    )
    async def test_a_number_is_found_in_what_is_said_around_it(self, said: str, asked: str) -> None:
        world = World()
        await found("pedidos.consultar", world, {"number": {"text": said}})
        assert world.asked == [(asked,)]

    async def test_what_is_owed_is_told_with_the_way_to_pay_it(self) -> None:
        words = "Mensalidade: R$ 120,00, vence sexta, 27/11/2026, https://pague.exemplo/1"
        assert await found("cobrancas.consultar", World()) == words

    @pytest.mark.parametrize("name", [tool.name for tool in TOOLS.values() if tool.cls is Class.READ])
    async def test_every_tool_that_reads_can_be_run_and_told(self, name: str) -> None:
        assert await found(name, World(places=[place()])) != ""


class TestTrouble:
    @pytest.mark.parametrize("trouble", [Unavailable("não", "no"), OSError(), ValueError(), KeyError("x")])
    async def test_what_fails_is_not_there(self, trouble: Exception) -> None:
        assert await running.read("agenda.livre", {}, ports(World(trouble=trouble))) is None

    async def test_what_is_late_is_not_there(self) -> None:
        started = time.monotonic()
        assert await running.read("agenda.livre", {}, ports(World(is_slow=True))) is None
        assert time.monotonic() - started < TOOLS["agenda.livre"].timeout.total_seconds() + 2

    @pytest.mark.parametrize("tool", ["agenda.criar", "nada"])
    async def test_an_effect_or_an_unknown_tool_is_never_run(self, tool: str) -> None:
        assert await running.read(tool, {}, ports(World())) is None

    @pytest.mark.parametrize("day", [{}, {"date": "ontem"}, {"until": "2026-11-20"}, {"date": 3}])
    async def test_a_day_of_another_shape_asks_for_a_week_or_for_nothing(self, day: dict[str, Any]) -> None:
        result = await running.read("agenda.livre", {"day": day}, ports(World()))
        assert result in (None, {"places": []})
