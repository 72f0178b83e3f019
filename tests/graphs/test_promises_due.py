"""The time of a promise comes while somebody writes: it is said, and so is the answer to their words."""

from datetime import timedelta

from agents.gateway.gateway import Gateway
from core import clock
from core.floor import Floor
from core.ids import ConversationId
from graphs import timers
from graphs.stores import timers as store
from tests.fixtures.inbound import message
from tests.fixtures.talking import Talk, gateway_of, open_talk

SAID = "Combinamos de retomar a nossa conversa"
QUESTION = "quero remarcar"


async def begun(floor: Floor, gateway: Gateway) -> Talk:
    """With something promised for a moment ago."""
    talk = await open_talk(floor, gateway, "agendamento")
    await talk.say("oi, meu nome é Carla")
    promise = {"at": (clock.now() - timedelta(minutes=1)).isoformat(), "by": "company"}
    async with talk.inbox.session() as session:
        await store.promise_later(session, ConversationId((await talk.conversation()).id), epoch=0, promises=[promise])
    return talk


async def ring(talk: Talk) -> None:
    assert await timers.run_due(talk.taker.floor) == 1


class TestPromises:
    async def test_words_that_come_before_its_turn_is_taken_are_answered_along_with_it(self, floor: Floor) -> None:
        async with gateway_of(floor) as gateway:
            talk = await begun(floor, gateway)
            await ring(talk)
            said = await talk.say(QUESTION)
            assert [SAID in one for one in said].count(True) == 1
            assert any("recepção" in one for one in said)
            assert not any(SAID in one for one in await talk.say("obrigada"))

    async def test_it_joins_a_turn_that_is_open_already(self, floor: Floor) -> None:
        async with gateway_of(floor) as gateway:
            talk = await begun(floor, gateway)
            await talk.inbox.tell(message(talk.customer, "w.open", text=QUESTION))
            await ring(talk)
            said = await talk.answered()
            assert [SAID in one for one in said].count(True) == 1
            assert any("recepção" in one for one in said)
