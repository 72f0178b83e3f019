"""A conversation in which the bot drafts and a person sends, from the customer's message to the outbox."""

from collections.abc import AsyncIterator
from typing import Any, Final

import pytest

from agents.gateway.gateway import Gateway
from core.audit import Actor
from core.errors import Conflict
from core.floor import Floor
from core.ids import ConversationId, new_id
from core.models.record import ActorKind
from core.models.stream import Control
from graphs import control, drafts
from graphs.control import Wanted
from tests.fixtures.inbound import message
from tests.fixtures.talking import Talk, gateway_of, open_talk

CLARA: Final = Actor(ActorKind.USER, new_id())
KEY: Final = Actor(ActorKind.API_KEY, new_id())


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    async with gateway_of(floor) as gateway:
        yield gateway


@pytest.fixture
async def talk(floor: Floor, gateway: Gateway) -> Talk:
    """In which the bot has greeted, and drafts from now on."""
    talk = await open_talk(floor, gateway)
    await talk.say("Oi")
    conversation = ConversationId((await talk.conversation()).id)
    async with talk.inbox.session() as session:
        await control.change(session, conversation, Wanted(to=Control.COPILOT, by=KEY))
    return talk


async def newest(talk: Talk) -> Any:
    [*_, row] = await talk.inbox.rows("SELECT * FROM drafts ORDER BY created_at")
    return row


async def sent(talk: Talk) -> list[str]:
    rows = await talk.inbox.rows("SELECT text FROM messages WHERE author = 'staff' ORDER BY seq")
    return [row.text for row in rows]


class TestCopilot:
    async def test_what_the_bot_would_say_waits_for_a_person(self, talk: Talk) -> None:
        assert await talk.say("meu nome é Ana") == []
        draft = await newest(talk)
        assert ((await talk.turn()).outcome, draft.state, draft.bubbles != []) == ("drafted", "proposed", True)

        async with talk.inbox.session() as session:
            await drafts.accept(session, draft.id, by=CLARA)
        assert await sent(talk) == [bubble["text"] for bubble in draft.bubbles]
        rows = await talk.inbox.rows("SELECT purpose, state FROM outbound WHERE intent_key LIKE 'draft:%'")
        assert {tuple(row) for row in rows} == {("staff", "queued")}

    async def test_what_the_customer_says_next_is_drafted_anew(self, talk: Talk) -> None:
        await talk.say("meu nome é Ana")
        older = await newest(talk)
        await talk.inbox.tell(message(talk.customer, "w.late", text="quero um site"))
        async with talk.inbox.session() as session:
            with pytest.raises(Conflict):
                await drafts.accept(session, older.id, by=CLARA)

        assert await talk.answered() == []
        states = [row.state for row in await talk.inbox.rows("SELECT state FROM drafts ORDER BY created_at")]
        assert states == ["superseded", "proposed"]
        async with talk.inbox.session() as session:
            await drafts.accept(session, (await newest(talk)).id, by=CLARA)
        assert await sent(talk) != []

    async def test_what_it_learns_counts_whether_or_not_the_words_are_sent(self, talk: Talk) -> None:
        await talk.say("meu nome é Ana Souza")
        async with talk.inbox.session() as session:
            await drafts.reject(session, (await newest(talk)).id, by=CLARA, reason="frio demais")
        [fact] = await talk.inbox.rows("SELECT value FROM contact_facts WHERE key = 'nome'")
        assert (fact.value, await sent(talk)) == ({"name": "Ana Souza"}, [])

    async def test_whoever_asks_for_a_person_hears_that_one_is_called(self, talk: Talk) -> None:
        """The line and the handoff are one: nobody would send it from a queue."""
        [answer] = await talk.say("quero falar com um atendente")
        assert ("pessoa" in answer, (await talk.conversation()).control) == (True, "queued")
        assert (await talk.turn()).outcome == "handed_off"
