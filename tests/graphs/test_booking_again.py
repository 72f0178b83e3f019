"""An appointment that was cancelled is no end: the same conversation may come to another, and to the same again."""

from collections.abc import AsyncIterator
from datetime import time
from typing import Final

import pytest
from sqlalchemy import text

from agents.gateway.gateway import Gateway
from core.audit import OPERATOR
from core.floor import Floor
from core.ids import ConversationId
from core.models.stream import Control
from graphs import control, effects, handoff
from graphs.control import Wanted
from graphs.handoff import Source, Taker
from graphs.stores import hours
from graphs.stores.hours import Hours
from tests.fixtures.talking import Talk, gateway_of, open_talk

WISH: Final = "oi, meu nome é Carla, queria marcar um horário: é a primeira consulta, pode ser terça às 9h"
BOOKED: Final = (WISH, "sim")
CANCELLED: Final = ("preciso desmarcar", "pode cancelar")


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    async with gateway_of(floor) as gateway:
        yield gateway


@pytest.fixture
async def talk(floor: Floor, gateway: Gateway) -> Talk:
    talk = await open_talk(floor, gateway, "agendamento")
    async with talk.inbox.session() as session:
        opens = Hours(service="primeira consulta", opens=time(9), closes=time(18))
        await hours.open_on(session, range(5), opens, OPERATOR)
    return talk


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


async def is_over(talk: Talk) -> None:
    """A month goes by."""
    ago = "starts_at = starts_at - interval '30 days', ends_at = ends_at - interval '30 days'"
    async with talk.inbox.session() as session:
        await session.execute(text(f"UPDATE appointments SET {ago}"))  # noqa: S608 - words of ours


class TestAfterAnAppointment:
    async def test_another_is_booked(self, talk: Talk) -> None:
        await go(talk, *BOOKED)
        await is_over(talk)
        assert "Que dia e horário" in (await go(talk, "oi, quero marcar outro horário"))[-1]
        assert (await talk.conversation()).dialogue["stage"] == "pedido"
        assert "Horário marcado" in (await go(talk, "pode ser quarta às 11h", "sim"))[-1]
        assert await booked(talk) == ["09:00 booked", "11:00 booked"]
        assert (await talk.conversation()).dialogue["stage"] == "marcado"

    async def test_whoever_was_attended_is_thanked_and_books_another(self, talk: Talk) -> None:
        await go(talk, *BOOKED)
        await is_over(talk)
        assert "Obrigada pela visita" in (await go(talk, "já fui atendida, deu tudo certo"))[-1]
        assert (await talk.conversation()).dialogue["stage"] == "atendido"
        assert "Que dia e horário" in (await go(talk, "quero marcar outro horário"))[-1]
        assert "Horário marcado" in (await go(talk, "pode ser quarta às 11h", "sim"))[-1]
        [lead] = await talk.inbox.rows("SELECT stage FROM leads")
        assert lead.stage == (await talk.conversation()).dialogue["stage"] == "marcado"

    async def test_and_is_thanked_again(self, talk: Talk) -> None:
        await go(talk, *BOOKED)
        await is_over(talk)
        await go(talk, "já fui atendida", "quero marcar quarta às 11h", "sim")
        await is_over(talk)
        assert "Obrigada pela visita" in (await go(talk, "já fui atendida"))[-1]

    async def test_one_that_lies_ahead_keeps_its_stage(self, talk: Talk) -> None:
        await go(talk, *BOOKED, "quero marcar outro horário")
        assert (await talk.conversation()).dialogue["stage"] == "marcado"


class TestWhileSomebodyElseHasIt:
    async def test_who_is_queued_may_book_again_after_the_cancellation(self, talk: Talk) -> None:
        await go(talk, *BOOKED, CANCELLED[0])
        await talk.say(CANCELLED[1])
        await talk.say("quero falar com um atendente")
        await effects.run_due(talk.taker.floor)
        assert "cancelado" in (await talk.answered())[-1]
        conversation = await talk.conversation()
        assert (conversation.control, conversation.dialogue["stage"]) == ("queued", "pedido")

    async def test_what_was_done_while_a_person_had_it_is_said_when_they_leave(self, talk: Talk) -> None:
        await go(talk, *BOOKED, CANCELLED[0])
        await talk.say(CANCELLED[1])
        conversation = ConversationId((await talk.conversation()).id)
        async with talk.inbox.session() as session:
            await handoff.take_over(session, conversation, Taker(source=Source.ECHO))
        await effects.run_due(talk.taker.floor)
        assert await talk.answered() == []
        assert (await talk.conversation()).dialogue["stage"] == "pedido"
        async with talk.inbox.session() as session:
            await control.change(session, conversation, Wanted(to=Control.BOT, by=OPERATOR))
        assert [line for line in await talk.answered() if "cancelado" in line] != []
        assert "Horário marcado" in (await go(talk, "quero marcar quarta às 11h", "sim"))[-1]
        assert await booked(talk) == ["09:00 cancelled", "11:00 booked"]

    async def test_it_is_said_once(self, talk: Talk) -> None:
        await go(talk, *BOOKED, CANCELLED[0])
        await talk.say(CANCELLED[1])
        conversation = ConversationId((await talk.conversation()).id)
        for _ in range(2):
            async with talk.inbox.session() as session:
                await handoff.take_over(session, conversation, Taker(source=Source.ECHO))
            await effects.run_due(talk.taker.floor)
            await talk.answered()
            async with talk.inbox.session() as session:
                await control.change(session, conversation, Wanted(to=Control.BOT, by=OPERATOR))
            await talk.answered()
        told = "SELECT id FROM messages WHERE author = 'bot' AND text LIKE '%foi cancelado%'"
        assert len(await talk.inbox.rows(told)) == 1
