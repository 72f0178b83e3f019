"""How long a company waits for more words before its bot answers: as it says, on the channels where people write."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from core import clock
from core.floor import Floor
from core.models.people import ConnectionKind
from core.models.stream import MessageKind
from graphs import turns
from graphs.debounce import Arrival, due_at
from graphs.turns import Asked
from tests.fixtures.outbox import make_world

START = datetime(2026, 11, 22, 12, tzinfo=UTC)
WHATSAPP = ConnectionKind.WHATSAPP


def said(words: str, after: float = 0.0) -> Arrival:
    return Arrival(at=START + timedelta(seconds=after), kind=MessageKind.TEXT, text=words)


def seconds(*arrivals: Arrival, wait: float | None, channel: ConnectionKind = WHATSAPP) -> float:
    return (due_at(arrivals, channel, wait=wait) - START).total_seconds()


class TestDueAt:
    @pytest.mark.parametrize(
        ("words", "wait", "expected"),
        [
            ("Quero saber do plano completo.", 5.0, 5.0),
            ("Quero saber do plano completo.", None, 1.6),
            ("Quero saber do plano completo.", 0.0, 0.0),
            ("oi", 5.0, 6.5),
            ("oi", 0.0, 0.0),
            ("oi", 1.0, 2.0),
            ("Quanto custa o plano completo?", 5.0, 4.4),
            ("Quanto custa o plano completo?", 0.0, 0.0),
            ("Quero saber do plano completo.", 30.0, 30.0),
        ],
    )
    def test_it_is_as_long_as_the_company_says(self, words: str, wait: float | None, expected: float) -> None:
        assert seconds(said(words), wait=wait) == pytest.approx(expected)

    def test_however_many_follow_it_ends(self) -> None:
        many = [said("e mais isto aqui, que é longo.", number) for number in range(40)]

        assert seconds(*many[:12], wait=5.0) == pytest.approx(11.0)
        assert seconds(*many, wait=30.0) == pytest.approx(60.0)

    @pytest.mark.parametrize("channel", [ConnectionKind.VOICE_RETELL, ConnectionKind.VOICE_VAPI])
    def test_whoever_speaks_is_not_waited_for(self, channel: ConnectionKind) -> None:
        assert seconds(said("Quero saber."), wait=10.0, channel=channel) == 0.0

    def test_a_choice_is_answered_at_once(self) -> None:
        pressed = Arrival(at=START, kind=MessageKind.INTERACTIVE, text="Sim", is_button=True)

        assert seconds(pressed, wait=10.0) == 0.0


class TestOwe:
    @pytest.mark.parametrize(("wait", "expected"), [(None, 1.6), (7.0, 7.0)])
    async def test_the_turn_is_due_when_the_company_says(
        self, floor: Floor, wait: float | None, expected: float
    ) -> None:
        world = await make_world(floor)
        conversation = await world.person()
        at = clock.now()
        arrival = Arrival(at=at, kind=MessageKind.TEXT, text="Quero saber do plano completo.")
        async with world.session() as session:
            await session.execute(text("UPDATE companies SET answer_wait_seconds = :wait"), {"wait": wait})
            await turns.owe(session, {conversation: Asked(channel=WHATSAPP, arrivals=[arrival])})

            [due] = await session.scalars(text("SELECT due_at FROM turns"))

        assert (due - at).total_seconds() == pytest.approx(expected)

    async def test_a_recording_goes_on_at_the_companys_pace(self, floor: Floor) -> None:
        world = await make_world(floor)
        conversation = await world.person()
        async with world.session() as session:
            await session.execute(text("UPDATE companies SET answer_wait_seconds = 4"))
            voice = Arrival(at=clock.now(), kind=MessageKind.VOICE, awaits_words=True)
            await turns.owe(session, {conversation: Asked(channel=WHATSAPP, arrivals=[voice])})
            await turns.go_on(session, conversation, WHATSAPP)

            [left] = await session.scalars(text("SELECT due_at - created_at FROM turns"))

        assert left.total_seconds() == pytest.approx(4.0, abs=0.5)
