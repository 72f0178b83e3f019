"""Who answers in a conversation, over HTTP: seen, changed by people, and never against what somebody else did."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import select

from admin_api.tenants.store import add_member
from admin_api.tenants.welcome import DEFAULT, furnish
from core.audit import OPERATOR
from core.floor import Floor
from core.ids import ConversationId, UserId, new_id
from core.models.people import Role
from core.models.personas import Board, BoardStage, Lead, PersonaVersion
from core.models.stream import Control
from tests.fixtures.desk import Desk, desks


@pytest.fixture
async def desk(floor: Floor) -> AsyncIterator[Desk]:
    async with desks(floor) as (desk, _):
        yield desk


@pytest.fixture
async def conversation(desk: Desk) -> ConversationId:
    return await desk.conversation()


async def member(desk: Desk) -> UserId:
    async with desk.floor.database.tenant_session(desk.company) as session:
        joined = await add_member(session, email=f"{new_id()}@exemplo.com", name="", role=Role.AGENT, by=OPERATOR)
    return UserId(joined.user)


class TestControl:
    async def test_a_person_takes_it_gives_it_back_and_closes_it(
        self, desk: Desk, conversation: ConversationId
    ) -> None:
        seen = []
        for body in (
            {"control": "human", "reason": "cliente antigo"},
            {"control": "queued", "queue": "financeiro"},
            {"control": "copilot"},
            {"control": "bot"},
            {"control": "closed"},
        ):
            answer = await desk.post(f"conversations/{conversation}/control", body, Role.AGENT)
            shown = answer.json()
            seen.append((answer.status_code, shown["control"], shown["control_epoch"]))
        assert seen == [
            (200, control, epoch) for epoch, control in enumerate(("human", "queued", "copilot", "bot", "closed"), 1)
        ]
        reopened = await desk.post(f"conversations/{conversation}/control", {"control": "bot"})
        assert (reopened.status_code, reopened.headers["content-type"]) == (409, "application/problem+json")

    async def test_the_person_who_is_named_has_it(self, desk: Desk, conversation: ConversationId) -> None:
        user = await member(desk)
        body = {"control": "human", "user_id": str(user)}
        assert (await desk.post(f"conversations/{conversation}/control", body)).json()["assignee_id"] == str(user)
        stranger = {"control": "human", "user_id": str(new_id()), "epoch": 1}
        assert (await desk.post(f"conversations/{conversation}/control", stranger)).status_code == 404

    async def test_of_two_who_saw_the_same_one_is_told(self, desk: Desk, conversation: ConversationId) -> None:
        body = {"control": "human", "epoch": 0}
        answers = await asyncio.gather(*(desk.post(f"conversations/{conversation}/control", body) for _ in range(2)))
        assert sorted(answer.status_code for answer in answers) == [200, 409]

    async def test_a_tag_that_is_not_of_now_changes_nothing(self, desk: Desk, conversation: ConversationId) -> None:
        tag = (await desk.get(f"conversations/{conversation}")).headers["etag"]
        answers = [
            await desk.post(f"conversations/{conversation}/control", {"control": to}, headers={"if-match": tag})
            for to in ("human", "bot")
        ]
        assert [answer.status_code for answer in answers] == [200, 412]
        assert answers[0].headers["etag"] == (await desk.get(f"conversations/{conversation}")).headers["etag"] != tag

    async def test_sent_again_with_its_key_it_is_one_change(self, desk: Desk, conversation: ConversationId) -> None:
        body, key = {"control": "queued", "queue": "financeiro"}, {"idempotency-key": "a"}
        answers = [await desk.post(f"conversations/{conversation}/control", body, headers=key) for _ in range(2)]
        assert [answer.json()["control_epoch"] for answer in answers] == [1, 1]

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"control": "robo"},
            {"control": "human", "epoch": -1},
            {"control": "human", "reason": "a" * 501},
            {"control": "human", "reason": "a\0"},
            {"control": "human", "user_id": "eu"},
            {"control": "queued", "queue": "Com Espaço"},
        ],
    )
    async def test_what_is_malformed_changes_nothing(
        self, desk: Desk, conversation: ConversationId, body: dict[str, Any]
    ) -> None:
        assert (await desk.post(f"conversations/{conversation}/control", body)).status_code == 422
        assert (await desk.get(f"conversations/{conversation}")).json()["control"] == Control.BOT

    async def test_it_speaks_the_readers_language(self, desk: Desk, conversation: ConversationId) -> None:
        body = {"control": "human", "epoch": 7}
        told = [
            (
                await desk.post(f"conversations/{conversation}/control", body, headers={"accept-language": language})
            ).json()
            for language in ("pt-BR", "en")
        ]
        assert told[0]["detail"].startswith("Quem responde esta conversa mudou")
        assert told[1]["detail"].startswith("Who answers this conversation changed")


class TestStage:
    async def test_a_conversation_says_where_its_lead_stands(self, desk: Desk) -> None:
        async with desk.floor.database.tenant_session(desk.company) as session:
            await furnish(session)
            version = await session.scalar(select(PersonaVersion.id).where(PersonaVersion.name == DEFAULT))
            board = await session.scalar(select(Board.id).where(Board.key == DEFAULT))
        contact = await desk.contact()
        conversation = await desk.conversation(contact=contact, persona_version_id=version)
        before = (await desk.get(f"conversations/{conversation}")).json()["stage"]
        other = Board(id=new_id(), key="outro", name="Outro")
        await desk.add(
            Lead(id=new_id(), board_id=board, contact_id=contact, stage="qualificado"),
            other,
            BoardStage(id=new_id(), board_id=other.id, key="novo", name="Novo", position=0),
            Lead(id=new_id(), board_id=other.id, contact_id=contact, stage="novo"),
        )
        assert (before, (await desk.get(f"conversations/{conversation}")).json()["stage"]) == (None, "qualificado")
        [shown] = (await desk.get("conversations")).json()["items"]
        assert shown["stage"] == "qualificado"
