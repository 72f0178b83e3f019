"""`GET /messages/{id}/why`: of a real talk, the whole chain from what was heard to the provider's ticks."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from sqlalchemy import text

from admin_api.app import make_app
from admin_api.tenants.store import create_api_key
from agents.gateway.gateway import Gateway
from core.audit import OPERATOR
from core.floor import Floor
from core.ids import new_id
from core.models.people import Role
from tests.fixtures.api import client_of
from tests.fixtures.talking import Talk, gateway_of, open_talk

LINES = ("Oi!", "meu nome é Ana", "quero um site para minha padaria", "meu orçamento é 6 mil", "preciso até sexta")


@pytest.fixture(scope="module")
async def gateway(floor: Floor) -> AsyncIterator[Gateway]:
    async with gateway_of(floor) as gateway:
        yield gateway


@dataclass(frozen=True, kw_only=True)
class Asked:
    talk: Talk
    client: httpx.AsyncClient
    headers: Mapping[str, str]

    async def why(self, message: Any) -> Any:
        answer = await self.client.get(f"/api/v1/messages/{message}/why", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def messages(self, author: str) -> list[Any]:
        rows = await self.talk.inbox.rows("SELECT id, seq, author FROM messages ORDER BY seq")
        return [row for row in rows if row.author == author]


@asynccontextmanager
async def asking(floor: Floor, gateway: Gateway) -> AsyncIterator[Asked]:
    talk = await open_talk(floor, gateway)
    async with talk.inbox.session() as session:
        key = await create_api_key(session, name="olha", role=Role.VIEWER, by=OPERATOR)
    async with client_of(make_app(floor)) as client:
        yield Asked(talk=talk, client=client, headers={"x-api-key": key})


@pytest.fixture
async def asked(floor: Floor, gateway: Gateway) -> AsyncIterator[Asked]:
    async with asking(floor, gateway) as asked:
        yield asked


@pytest.fixture(scope="module")
async def conversed(floor: Floor, gateway: Gateway) -> AsyncIterator[Asked]:
    """A whole talk, for those who only look at it."""
    async with asking(floor, gateway) as asked:
        for line in LINES:
            await asked.talk.say(line)
        yield asked


class TestWhatThePersonaSaid:
    async def test_the_chain_is_complete_for_every_message(self, conversed: Asked) -> None:
        said = await conversed.messages("bot")
        assert len(said) > len(LINES)
        for message in said:
            why = await conversed.why(message.id)
            turn, sent = why["turn"], why["sent"]
            assert turn["heard"]
            assert turn["rules"]
            assert turn["persona"]["name"] == "vendas-consultivas"
            assert turn["persona"]["number"] == 1
            assert sent["intent"].startswith(f"turn:{turn['id']}:")
            assert sent["state"] == "queued"

    async def test_each_word_of_the_customer_is_heard_in_one_turn_only(self, conversed: Asked) -> None:
        turns = {(await conversed.why(one.id))["turn"]["id"]: one for one in await conversed.messages("bot")}
        heard = [
            line["seq"] for message in turns.values() for line in (await conversed.why(message.id))["turn"]["heard"]
        ]
        assert sorted(heard) == [one.seq for one in await conversed.messages("customer")]

    async def test_a_stage_is_shown_with_the_customers_own_words(self, conversed: Asked) -> None:
        [*_, last] = await conversed.messages("bot")
        [move] = (await conversed.why(last.id))["turn"]["moves"]
        assert (move["from_stage"], move["to_stage"]) == ("novo", "qualificado")
        quotes = {criterion["id"]: criterion["quote"] for criterion in move["criteria"]}
        assert quotes["slot:prazo"] in "preciso até sexta"

    async def test_what_was_understood_comes_with_its_quote(self, asked: Asked) -> None:
        await asked.talk.say("Oi!", "meu nome é Ana")
        [message, *_] = await asked.messages("bot")
        commands = (await asked.why(message.id))["turn"]["commands"]
        assert any(one.get("name") == "nome" and one["quote"]["text"] == "Ana" for one in commands)

    async def test_a_try_and_its_ticks_are_shown(self, asked: Asked) -> None:
        await asked.talk.say("Oi!")
        [message, *_] = await asked.messages("bot")
        async with asked.talk.inbox.session() as session:
            await session.execute(
                text("""
                    INSERT INTO outbound_attempts (tenant_id, id, outbound_id, number, tag, outcome)
                    SELECT current_tenant(), :id, id, 1, 'tag-1', 'accepted' FROM outbound WHERE message_id = :message
                """),
                {"id": new_id(), "message": message.id},
            )
            ticked = "UPDATE outbound SET state = 'read', provider_id = 'wamid.x', read_at = app_now()"
            await session.execute(text(f"{ticked} WHERE message_id = :message"), {"message": message.id})
        sent = (await asked.why(message.id))["sent"]
        assert (sent["state"], sent["provider_id"], sent["read_at"] is not None) == ("read", "wamid.x", True)
        [attempt] = sent["attempts"]
        assert (attempt["number"], attempt["tag"], attempt["outcome"]) == (1, "tag-1", "accepted")


class TestWhatTheCustomerSaid:
    async def test_it_leads_to_the_turn_that_heard_it(self, conversed: Asked) -> None:
        for message in await conversed.messages("customer"):
            why = await conversed.why(message.id)
            assert str(message.id) in [line["id"] for line in why["turn"]["heard"]]
            assert why["sent"] is None

    async def test_before_a_turn_has_come_to_it_there_is_none(self, asked: Asked) -> None:
        await asked.talk.say("Oi!")
        async with asked.talk.inbox.session() as session:
            await session.execute(text("UPDATE turns SET dialogue_after = NULL, state = 'failed'"))
        [message, *_] = await asked.messages("customer")
        assert (await asked.why(message.id))["turn"] is None

    async def test_what_was_deleted_is_shown_without_its_words(self, asked: Asked) -> None:
        await asked.talk.say("Oi!")
        async with asked.talk.inbox.session() as session:
            await session.execute(text("UPDATE messages SET deleted_at = app_now() WHERE author = 'customer'"))
        [message, *_] = await asked.messages("customer")
        why = await asked.why(message.id)
        assert why["text"] is None
        assert [line["text"] for line in why["turn"]["heard"]] == [None]


class TestRefusals:
    async def test_what_is_not_there_is_said_so(self, asked: Asked) -> None:
        answer = await asked.client.get(f"/api/v1/messages/{new_id()}/why", headers=asked.headers)
        assert answer.status_code == 404
