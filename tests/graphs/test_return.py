"""A person has a conversation and falls silent: the bot comes back, and does not ask what the person was told."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

from agents.gateway.gateway import Gateway
from agents.personas.reading import read_persona
from agents.personas.shipped import shipped
from core import clock
from core.audit import Actor
from core.db.server import begin_rehearsal, turn_clock
from core.embedded import Urls
from core.floor import Floor, open_floor
from core.ids import ConversationId, new_id
from core.models.record import ActorKind
from core.models.stream import Control
from graphs import control, timers
from graphs.control import Wanted
from tests.fixtures.api import settings_of
from tests.fixtures.inbound import echo, message
from tests.fixtures.servers import Servers
from tests.fixtures.talking import Talk, gateway_of, open_talk

SALES: Final = "vendas-consultivas"
CLARA: Final = Actor(ActorKind.API_KEY, new_id())
PERSONA: Final = read_persona(shipped()[SALES])
TEXTS: Final = {name: PERSONA.text(name, "pt-BR") for name in PERSONA.texts}
NEVER: Final = {TEXTS[name] for name in ("ask_nome", "ask_orcamento", "handoff", "greeting")}  # once it is back
Turn = Callable[[timedelta], Awaitable[None]]


@pytest.fixture
async def floor(servers: Servers, urls: Urls, tmp_path: Path) -> AsyncIterator[Floor]:
    """Of one company, so that the database lets us turn the clock."""
    async with open_floor(settings_of(servers, urls, tmp_path)) as floor:
        yield floor


@pytest.fixture
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    async with gateway_of(floor) as gateway:
        yield gateway


@pytest.fixture
async def talk(floor: Floor, gateway: Gateway) -> Talk:
    return await open_talk(floor, gateway, SALES)


@pytest.fixture
async def turn(urls: Urls) -> AsyncIterator[Turn]:
    """The clock of the business, for everybody."""
    engine = create_async_engine(urls.migrator)

    async def turn(by: timedelta) -> None:
        async with engine.begin() as connection:
            await begin_rehearsal(connection)
            await turn_clock(connection, by)
        clock.follow_shift(by)

    yield turn
    clock.follow_shift(timedelta(0))
    await engine.dispose()


async def customer_says(talk: Talk, name: str, words: str) -> None:
    await talk.inbox.tell(message(talk.customer, name, at=clock.now(), text=words))


async def person_says(talk: Talk, name: str, words: str) -> None:
    """On the business's own phone."""
    await talk.inbox.tell(echo(talk.customer, name, words, at=clock.now()))


async def hand_to_person(talk: Talk) -> ConversationId:
    await talk.say("Oi")
    await talk.say("quero falar com um atendente")
    conversation = ConversationId((await talk.conversation()).id)
    await change(talk, conversation, Control.HUMAN, seen=1)
    await person_says(talk, "e.1", "Oi! Aqui é a Clara. Como você se chama, e quanto pensa em investir?")
    return conversation


async def change(talk: Talk, conversation: ConversationId, to: Control, *, seen: int) -> None:
    async with talk.inbox.session() as session:
        await control.change(session, conversation, Wanted(to=to, by=CLARA, seen=seen))


async def ring_after(talk: Talk, turn: Turn, minutes: int) -> Control:
    await turn(timedelta(minutes=minutes))
    await timers.run_due(talk.inbox.floor)
    return Control((await talk.conversation()).control)


async def known(talk: Talk) -> dict[str, Any]:
    slots = (await talk.turn()).dialogue_after["slots"]
    return {name: value for name, (value, *_) in slots.items()}


class TestReturn:
    async def test_a_person_falls_silent_and_the_bot_goes_on_with_what_they_were_told(
        self, talk: Talk, turn: Turn
    ) -> None:
        await hand_to_person(talk)
        await customer_says(talk, "w.1", "Meu nome é Ana Souza")
        await customer_says(talk, "w.2", "meu orçamento é 8 mil reais")
        await person_says(talk, "e.2", "Perfeito, Ana, anotei tudo.")
        assert await talk.answered() == []  # a person has it

        assert await ring_after(talk, turn, 29) is Control.HUMAN
        assert await ring_after(talk, turn, 31) is Control.BOT
        said = await talk.answered()
        assert said[0] == TEXTS["returned"]
        assert not NEVER & set(said)
        taken = await talk.turn()
        assert (taken.trigger, taken.outcome) == ("staff_return", "replied")
        assert await known(talk) == {"nome": {"name": "Ana Souza"}, "orcamento": {"cents": 800_000, "currency": "BRL"}}
        [fact] = await talk.inbox.rows("SELECT quote, source FROM contact_facts WHERE key = 'nome'")
        assert ("Ana Souza" in fact.quote, fact.source) == (True, "customer")

        again = await talk.say("Quero um site para a padaria")
        assert again != []
        assert not NEVER & set(again)
        assert (await talk.conversation()).control == Control.BOT
        assert [row.state for row in await talk.inbox.rows("SELECT state FROM handoffs")] == ["ended"]

    @pytest.mark.parametrize("is_answered", [True, False])
    async def test_what_a_person_answered_is_not_answered_again(self, talk: Talk, *, is_answered: bool) -> None:
        conversation = await hand_to_person(talk)
        await customer_says(talk, "w.1", "Vocês fazem treinamento na minha cidade?")
        if is_answered:
            await person_says(talk, "e.2", "Fazemos, sim, em todo o estado.")
        await change(talk, conversation, Control.BOT, seen=2)

        await talk.answered()

        [trace] = [row.trace for row in await talk.inbox.rows("SELECT trace FROM turns WHERE trigger = 'staff_return'")]
        assert ("answer.knowledge" in str(trace)) is not is_answered

    async def test_a_person_gives_it_back_and_their_own_words_count(self, talk: Talk) -> None:
        conversation = await hand_to_person(talk)
        await customer_says(talk, "w.1", "Meu nome é Ana Souza")
        await person_says(talk, "e.2", "Combinado, Ana: o orçamento fica em 5 mil reais.")
        await change(talk, conversation, Control.BOT, seen=2)

        said = await talk.answered()
        assert said[0] == TEXTS["returned"]
        assert not NEVER & set(said)
        assert await known(talk) == {"nome": {"name": "Ana Souza"}, "orcamento": {"cents": 500_000, "currency": "BRL"}}
