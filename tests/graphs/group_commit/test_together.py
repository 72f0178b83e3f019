"""Turns that end together are committed together, and each leaves what it would have left by itself."""

import asyncio
from typing import Any, Final

from sqlalchemy import select

from core.audit import SYSTEM
from core.models.outbox import Outbound
from core.models.personas import Lead
from core.models.service import ContactFact, Draft, Handoff, Timer
from core.models.stream import Control, TurnOutcome, TurnState
from graphs import leads
from graphs.conversation.state import Committed, Handover, Route
from graphs.group_commit import MOST, GroupCommit
from graphs.stores.endings import Ended
from tests.fixtures.gates import Somebody, gather_crowd
from tests.fixtures.salon import ANA, BEATRIZ, CPF, EIGHT, Salon, filled, open_salon
from tests.graphs.group_commit.sets import TOGETHER, all_at_once, counted, each, ended, states, transactions

MOST_STATEMENTS: Final = 11  # of turns that say something, and begin a lead


class TestTogether:
    async def test_those_that_end_at_the_same_moment_are_one_transaction(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        turns = await each(salon, crowd)

        assert await all_at_once(group, turns) == [Committed.DONE] * TOGETHER
        assert await transactions(salon) == await transactions(salon, "outbound") == [TOGETHER]
        assert await states(salon) == [TurnState.DONE] * TOGETHER

    async def test_each_leaves_what_it_would_have_left_by_itself(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        knows = {"slots": {"nome": filled(ANA, "Ana"), "orcamento": filled(EIGHT, "8 mil")}}
        asks = {"handover": Handover(reason="customer_asked"), "route": Route.HANDOFF}
        turns = [
            await ended(salon, crowd[0], "Um", "Dois"),
            await ended(salon, crowd[1], "Anotado.", **knows),
            await ended(salon, crowd[2], "Já chamo.", **asks),
            await ended(salon, crowd[3], "Rascunho", outcome=TurnOutcome.DRAFTED),
        ]

        assert await all_at_once(group, turns) == [Committed.DONE] * TOGETHER
        leads = {lead.contact_id: (lead.stage, lead.seq) for lead in await salon.rows(Lead)}
        assert leads == {who.contact: ("novo", 1) for who in crowd} | {crowd[1].contact: ("qualificado", 2)}
        assert {fact.contact_id for fact in await salon.rows(ContactFact)} == {crowd[1].contact}
        assert [row.conversation_id for row in await salon.rows(Handoff)] == [crowd[2].conversation]
        assert [row.conversation_id for row in await salon.rows(Draft)] == [crowd[3].conversation]
        queued = [(row.conversation_id, row.seq) for row in await salon.rows(Outbound, Outbound.id)]
        assert sorted(queued) == sorted(
            [
                (crowd[0].conversation, 1),
                *((who.conversation, seq) for who, seq in zip(crowd[:3], (2, 1, 1), strict=True)),
            ]
        )
        assert (await salon.conversation(crowd[2])).control is Control.QUEUED
        assert len(await salon.told("turn.ended")) == TOGETHER
        assert {timer.conversation_id for timer in await salon.rows(Timer)} == {who.conversation for who in crowd}

    async def test_many_cost_as_many_statements_as_one(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        alone, turns = await ended(salon, crowd[0]), await each(salon, crowd[1:])

        with counted(salon) as of_one:
            await group.commit(alone)
        with counted(salon) as of_many:
            await all_at_once(group, turns)

        assert of_one == of_many
        assert len(of_many) <= MOST_STATEMENTS

    async def test_what_each_contact_told_is_known_of_that_contact(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        before = [await ended(salon, who, slots={"nome": filled(ANA, "Ana")}) for who in crowd[:3]]
        await all_at_once(group, before)
        told: list[dict[str, Any]] = [
            {"slots": {"nome": filled(BEATRIZ, "Beatriz")}},
            {"lost": ["nome"]},
            {},
            {"slots": {"cpf": filled(CPF)}},
        ]
        turns = [await ended(salon, who, **one) for who, one in zip(crowd, told, strict=True)]

        assert await all_at_once(group, turns) == [Committed.DONE] * TOGETHER
        rows = [row for row in await salon.rows(ContactFact) if row.valid_to is None]
        assert {(row.contact_id, row.key): row.value for row in rows} == {
            (crowd[0].contact, "nome"): BEATRIZ,
            (crowd[2].contact, "nome"): ANA,
            (crowd[3].contact, "cpf"): CPF,
        }

    async def test_a_lead_that_somebody_moved_meanwhile_stays_and_those_of_the_others_move(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        await all_at_once(group, await each(salon, crowd))
        knows = {"slots": {"nome": filled(ANA, "Ana"), "orcamento": filled(EIGHT, "8 mil")}}
        turns = [await ended(salon, who, **knows) for who in crowd]
        async with salon.world.session() as session:
            [lead] = [one.id for one in await session.scalars(select(Lead)) if one.contact_id == crowd[0].contact]
            await leads.move(session, lead, to="demo", by=SYSTEM, reason="por telefone")

        assert await all_at_once(group, turns) == [Committed.DONE] * TOGETHER
        stages = {lead.contact_id: lead.stage for lead in await salon.rows(Lead)}
        assert [stages[who.contact] for who in crowd] == ["demo", *["qualificado"] * (TOGETHER - 1)]
        dialogues = [(await salon.conversation(who)).dialogue for who in crowd]
        assert [dialogue["stage"] for dialogue in dialogues] == ["demo", *["qualificado"] * (TOGETHER - 1)]
        assert all(set(dialogue["slots"]) == {"nome", "orcamento"} for dialogue in dialogues)

    async def test_more_than_a_set_holds_are_several(self, salon: Salon, group: GroupCommit) -> None:
        turns = await each(salon, await gather_crowd(salon.world, MOST + 2))

        assert await all_at_once(group, turns) == [Committed.DONE] * (MOST + 2)
        assert await transactions(salon) == [2, MOST]

    async def test_of_one_person_in_two_conversations_one_comes_after_the_other(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        ana = crowd[0]
        again = await salon.elsewhere(ana)
        knows = {"slots": {"nome": filled(ANA, "Ana"), "orcamento": filled(EIGHT, "8 mil")}}
        turns = [await ended(salon, who, **knows) for who in (ana, again)]

        assert await all_at_once(group, turns) == [Committed.DONE] * 2
        assert await transactions(salon) == [1, 1]
        [lead], facts = await salon.rows(Lead), await salon.rows(ContactFact)
        assert (lead.seq, len(facts)) == (2, 2)

    async def test_companies_are_committed_apart(self, salon: Salon, group: GroupCommit) -> None:
        other = await open_salon(salon.world.floor)
        turns = [await ended(one, await one.person()) for one in (salon, other)]

        assert await all_at_once(group, turns) == [Committed.DONE] * 2
        assert await states(salon) == await states(other) == [TurnState.DONE]
        await other.finish()


class TestUnderLoad:
    async def test_whatever_comes_in_whatever_order_is_done_once(self, salon: Salon, group: GroupCommit) -> None:
        turns = await each(salon, await gather_crowd(salon.world, 3 * TOGETHER))

        async def after(place: int, one: Ended) -> None:
            for _ in range(7 * place % 5):
                await asyncio.sleep(0.002)
            await group.commit(one)

        await asyncio.gather(*(after(place, one) for place, one in enumerate(turns)))

        assert await states(salon) == [TurnState.DONE] * len(turns)
        assert len(await salon.rows(Outbound)) == len(await salon.rows(Lead)) == len(turns)
        assert group == GroupCommit(salon.world.floor.database)  # nothing of it stays behind
