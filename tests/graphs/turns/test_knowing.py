"""Questions of customers, answered from documents through the whole of a turn, or counted where nothing answers."""

from collections.abc import AsyncIterator, Sequence

import pytest

from agents.gateway.gateway import Gateway, make_gateway
from agents.ports import NoKnowledge, Passage, SearchFailed
from core.floor import Floor
from graphs.retrieving import Knowledge
from knowledge import approved
from knowledge.approved import NewAnswer
from knowledge.stores import gaps
from tests.fixtures.shelf import FAQ, put
from tests.graphs.turns.room import Room, open_room

KNOWN = "qual a garantia dos produtos?"
UNKNOWN = "vocês vendem geladeira usada?"


@pytest.fixture
async def room(floor: Floor) -> AsyncIterator[Room]:
    gateway = make_gateway(floor.settings)
    yield await open_shop(floor, gateway, FAQ)
    await gateway.close()


class Away(NoKnowledge):
    """Never searches in time."""

    async def search(
        self, query: str, *, bases: Sequence[str], most: int = 5, persona: str | None = None
    ) -> Sequence[Passage]:
        del query, bases, most, persona
        raise SearchFailed


async def open_shop(floor: Floor, gateway: Gateway, document: str) -> Room:
    """The first stages of the support persona name the base `ajuda`."""
    room = await open_room(floor, gateway, persona="suporte", retriever_of=Knowledge(floor.database).of)
    async with room.inbox.session() as session:
        await put(session, document)
    return room


async def last_answer(room: Room, question: str) -> str:
    who = room.person()
    await room.say((who, "oi, sou a Ana"))
    await room.settle()
    before = len(await room.answers(who))
    await room.say((who, question))
    await room.settle()
    return "\n".join((await room.answers(who))[before:])


class TestAnswers:
    async def test_a_question_is_answered_word_for_word_and_cited(self, room: Room) -> None:
        answer = await last_answer(room, KNOWN)
        assert 'Segundo "Ajuda da loja' in answer
        assert "A garantia dos produtos é de 12 meses contra defeitos de fabricação." in answer

    async def test_what_no_document_says_is_not_made_up_and_is_counted(self, room: Room) -> None:
        answer = await last_answer(room, UNKNOWN)
        assert "não encontrei" in answer.lower()
        async with room.inbox.session() as session:
            [gap] = await gaps.every(session)
        assert (gap.question, gap.asked, gap.persona) == (UNKNOWN, 1, "suporte")

    async def test_what_was_answered_and_small_talk_are_no_gaps(self, room: Room) -> None:
        await last_answer(room, KNOWN)
        await last_answer(room, "obrigada!")
        async with room.inbox.session() as session:
            assert not await gaps.every(session)

    async def test_a_search_that_failed_is_no_gap_of_the_company(self, room: Room) -> None:
        room.taker.retriever_of = lambda _: Away()
        assert "não encontrei" in (await last_answer(room, UNKNOWN)).lower()
        async with room.inbox.session() as session:
            assert not await gaps.every(session)

    async def test_a_gap_names_nobody(self, room: Room) -> None:
        await last_answer(room, "vocês vendem geladeira usada? meu cpf é 529.982.247-25, fone 11 98765-4321")
        async with room.inbox.session() as session:
            found = [gap.question for gap in await gaps.every(session)]
        assert not [one for one in found if "529" in one or "98765" in one]

    async def test_two_companies_answer_each_from_its_own(self, room: Room, floor: Floor) -> None:
        other = await open_shop(floor, room.taker.gateway, FAQ.replace("12 meses", "6 meses"))
        assert "12 meses" in await last_answer(room, KNOWN)
        assert "6 meses" in await last_answer(other, KNOWN)


class TestApproved:
    async def test_it_is_told_as_it_stands_and_counted(self, room: Room) -> None:
        said = "São 24 meses de garantia para todos os produtos comprados no site."
        async with room.inbox.session() as session:
            made = await approved.approve(session, NewAnswer(question=KNOWN, answer=said), named=["ajuda"])
        answer = await last_answer(room, KNOWN)
        assert said in answer
        assert "12 meses" not in answer
        [row] = await room.inbox.rows("SELECT hits FROM approved_answers WHERE id = :id", id=made.id)
        assert row.hits == 1

    async def test_one_of_another_persona_is_not_told(self, room: Room) -> None:
        async with room.inbox.session() as session:
            new = NewAnswer(question=KNOWN, answer="São 24 meses de garantia.", persona="cobranca")
            await approved.approve(session, new)
        assert "24 meses" not in await last_answer(room, KNOWN)
