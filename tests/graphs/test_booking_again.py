"""An appointment that was cancelled is no end: the same conversation may come to another, and to the same again."""

from collections.abc import AsyncIterator
from datetime import time
from typing import Final

import pytest

from core.audit import OPERATOR
from core.floor import Floor
from graphs import effects
from graphs.stores import hours
from graphs.stores.hours import Hours
from tests.fixtures.talking import Talk, gateway_of, open_talk

BOOKED: Final = ("oi, queria marcar um horário", "Carla", "é a primeira consulta", "pode ser terça às 9h", "sim")
CANCELLED: Final = ("preciso desmarcar", "pode cancelar")


@pytest.fixture
async def talk(floor: Floor) -> AsyncIterator[Talk]:
    async with gateway_of(floor) as gateway:
        talk = await open_talk(floor, gateway, "agendamento")
        async with talk.inbox.session() as session:
            opens = Hours(service="primeira consulta", opens=time(9), closes=time(18))
            await hours.open_on(session, range(5), opens, OPERATOR)
        yield talk


async def go(talk: Talk, *lines: str) -> list[str]:
    """Line by line, with what is done about it; what was said to the last of them."""
    said: list[str] = []
    for line in lines:
        said = await talk.say(line)
        await effects.run_due(talk.taker.floor)
        said += await talk.answered()
    return said


async def booked(talk: Talk) -> list[str]:
    zone = "SELECT to_char(starts_at AT TIME ZONE 'America/Sao_Paulo', 'HH24:MI') AS at, state FROM appointments"
    return [f"{row.at} {row.state}" for row in await talk.inbox.rows(f"{zone} ORDER BY id")]


class TestBookingAgain:
    async def test_another_time_is_booked_after_a_cancellation(self, talk: Talk) -> None:
        said = await go(talk, *BOOKED, *CANCELLED)
        assert "cancelado" in said[-1]  # and nobody is pressed for another
        assert (await talk.conversation()).dialogue["stage"] == "pedido"
        assert "Que dia e horário" in (await go(talk, "quero marcar outro horário"))[-1]
        assert "às 11h" in (await go(talk, "pode ser quarta às 11h"))[-1]
        assert "Horário marcado" in (await go(talk, "sim"))[-1]
        assert await booked(talk) == ["09:00 cancelled", "11:00 booked"]
        assert (await talk.conversation()).dialogue["stage"] == "marcado"

    async def test_the_same_time_is_booked_again(self, talk: Talk) -> None:
        await go(talk, *BOOKED, *CANCELLED)
        await go(talk, "quero marcar de novo terça às 9h", "sim")
        assert await booked(talk) == ["09:00 cancelled", "09:00 booked"]

    async def test_what_was_booked_again_is_cancelled_again(self, talk: Talk) -> None:
        await go(talk, *BOOKED, *CANCELLED, "quero marcar quarta às 11h", "sim")
        said = await go(talk, *CANCELLED)
        assert "cancelado" in said[-1]
        assert await booked(talk) == ["09:00 cancelled", "11:00 cancelled"]

    async def test_thanks_after_a_cancellation_are_answered_by_no_question(self, talk: Talk) -> None:
        await go(talk, *BOOKED, *CANCELLED)
        assert [one for one in await go(talk, "obrigada") if "?" in one] == []

    async def test_the_board_shows_the_way_there_and_back(self, talk: Talk) -> None:
        await go(talk, *BOOKED, *CANCELLED)
        moves = await talk.inbox.rows("SELECT to_stage FROM lead_stage_events ORDER BY seq")
        assert [row.to_stage for row in moves] == ["pedido", "marcado", "cancelamento", "marcado", "pedido"]
