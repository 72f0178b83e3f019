"""Turns that end together are committed together, and whatever happens to one of them happens to no other."""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

import pytest
from sqlalchemy import event, select, text

from agents.commands import Quote
from core.audit import SYSTEM
from core.db.sessions import TenantSession
from core.floor import Floor
from core.models.outbox import Outbound
from core.models.people import Contact
from core.models.personas import Lead
from core.models.service import ContactFact, Draft, Handoff, Timer
from core.models.stream import Control, Conversation, Message, Turn, TurnOutcome, TurnState
from graphs import leads
from graphs.committing import Unfenced, commit_together
from graphs.conversation.state import Bubble, Committed, Handover, Outcome, Route
from graphs.group_commit import MOST, GroupCommit
from graphs.stores.endings import Ended
from graphs.stores.snapshots import Begun
from tests.fixtures.gates import Somebody, gather_crowd
from tests.fixtures.salon import ANA, BEATRIZ, CPF, EIGHT, Salon, decided, filled, open_salon

UNSENDABLE: Final = "um\0zero"  # no database keeps it
TOGETHER: Final = 4
MOST_STATEMENTS: Final = 11  # of turns that say something, and begin a lead


@pytest.fixture
async def salon(floor: Floor) -> AsyncIterator[Salon]:
    salon = await open_salon(floor)
    yield salon
    await salon.finish()


@pytest.fixture
async def crowd(salon: Salon) -> list[Somebody]:
    return await gather_crowd(salon.world, TOGETHER)


@pytest.fixture
def group(floor: Floor) -> GroupCommit:
    return GroupCommit(floor.database)


async def ended(salon: Salon, who: Somebody, *words: str, **told: Any) -> Ended:
    """A turn that has run, and says these."""
    async with salon.world.session() as session:
        return _ended(await salon.begin(session, who), *words, **told)


async def each(salon: Salon, crowd: Sequence[Somebody]) -> list[Ended]:
    async with salon.world.session() as session:
        return [_ended(await salon.begin(session, who)) for who in crowd]


def _ended(begun: Begun, *words: str, **told: Any) -> Ended:
    bubbles = tuple(Bubble(text=one) for one in words or ("Oi!",))
    outcome = told.pop("outcome", TurnOutcome.REPLIED)
    return Ended(begun=begun, outcome=Outcome(decision=decided(begun, **told), outcome=outcome, bubbles=bubbles))


async def all_at_once(group: GroupCommit, turns: Sequence[Ended]) -> list[Committed | str]:
    """What came of each."""
    told = await asyncio.gather(*(group.commit(one) for one in turns), return_exceptions=True)
    return [_in_a_word(one) for one in told]


def _in_a_word(told: BaseException | None) -> Committed | str:
    if isinstance(told, Unfenced):
        return told.committed
    return Committed.DONE if told is None else type(told).__name__


async def transactions(salon: Salon, table: str = "turns") -> list[int]:
    """That wrote the rows as they are: how many rows each has written."""
    written = text(f"SELECT count(*) FROM {table} GROUP BY xmin::text ORDER BY 1")  # noqa: S608 - a table of ours
    async with salon.world.session() as session:
        return list(await session.scalars(written))


async def states(salon: Salon) -> list[TurnState]:
    return [turn.state for turn in await salon.rows(Turn, Turn.created_at, Turn.id)]


async def said(salon: Salon) -> set[str | None]:
    return {message.text for message in await salon.rows(Message)}


@contextmanager
def counted(salon: Salon) -> Iterator[list[str]]:
    """The statements that go to the database meanwhile."""
    seen: list[str] = []

    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        seen.append(statement)

    engine = salon.world.floor.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


async def hold(session: TenantSession, who: Somebody) -> None:
    await session.execute(select(Conversation.id).where(Conversation.id == who.conversation).with_for_update())


async def hold_events(session: TenantSession) -> None:
    """What every commit of a company wants at its end."""
    await session.execute(
        text("""
            INSERT INTO event_counters (tenant_id, last_seq) VALUES (current_tenant(), 0)
            ON CONFLICT (tenant_id) DO UPDATE SET last_seq = event_counters.last_seq
        """)
    )


async def until_waiting(session: TenantSession, most: int) -> None:
    """So many transactions want what somebody has locked."""
    blocked = text("""
        SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY (pg_blocking_pids(pid))
    """)  # the list of who is connected would stay as it is for a whole transaction
    async with asyncio.timeout(5):
        while (await session.scalar(blocked) or 0) < most:  # noqa: ASYNC110 - the server tells nobody
            await asyncio.sleep(0.01)


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


class TestFences:
    async def test_those_that_do_not_count_are_told_why_and_the_others_are_done(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        overtaken, taken, lost, fine = turns = await each(salon, crowd)
        await salon.say(crowd[0], "e mais uma coisa")
        await salon.set_control(crowd[1], control=Control.HUMAN, control_epoch=1)
        async with salon.world.session() as session:
            await session.execute(text("UPDATE turns SET fence = fence + 1 WHERE id = :id"), {"id": lost.turn})

        told = await all_at_once(group, turns)

        assert told == [Committed.OVERTAKEN, Committed.TAKEN, Committed.LOST, Committed.DONE]
        assert {row.turn_id for row in await salon.rows(Message) if row.turn_id} == {fine.turn}
        assert [(await salon.conversation(who)).turn_seq for who in crowd] == [0, 0, 0, 1]
        assert {turn.id for turn in await salon.rows(Turn) if turn.state is TurnState.RUNNING} == {
            one.turn for one in (overtaken, taken, lost)
        }

    async def test_one_that_was_run_again_often_enough_is_done_all_the_same(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        one = await ended(salon, crowd[0])
        snapshot = replace(one.begun.snapshot, restarts=2)
        await salon.say(crowd[0], "e mais uma coisa")

        late = replace(one, begun=replace(one.begun, snapshot=snapshot))
        assert await all_at_once(group, [late]) == [Committed.DONE]

    async def test_a_second_time_it_is_lost_and_leaves_nothing(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        one = await ended(salon, crowd[0])

        assert await all_at_once(group, [one]) == [Committed.DONE]
        assert await all_at_once(group, [one]) == [Committed.LOST]
        assert len(await salon.rows(Outbound)) == len(await salon.told("turn.ended")) == 1

    async def test_one_that_waited_for_its_own_commit_is_lost_and_not_taken(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        """As where the line is lost while a set commits: nobody knows what came of it, and each goes on by itself."""
        one = await ended(salon, crowd[0])
        async with salon.world.session() as first:
            assert await commit_together(first, [one]) == {one.turn: Committed.DONE}
            again = asyncio.create_task(all_at_once(group, [one]))
            await until_waiting(first, 1)

        assert await again == [Committed.LOST]
        assert len(await salon.rows(Outbound)) == 1

    async def test_a_set_of_which_none_counts_leaves_nothing(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        turns = await each(salon, crowd)
        for who in crowd:
            await salon.say(who, "espera")

        assert await all_at_once(group, turns) == [Committed.OVERTAKEN] * TOGETHER
        assert await salon.rows(Lead) == await salon.rows(Outbound) == await salon.told("turn.ended") == []


class TestTrouble:
    async def test_one_that_cannot_be_written_takes_nobody_along(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        fine = await each(salon, crowd[1:])
        turns = [await ended(salon, crowd[0], UNSENDABLE), *fine]

        told = await all_at_once(group, turns)

        assert told == ["DBAPIError", *[Committed.DONE] * len(fine)]
        assert await states(salon) == [*[TurnState.DONE] * len(fine), TurnState.RUNNING]
        assert await said(salon) == {"Oi!"}

    async def test_a_bug_is_logged_with_its_place_and_what_the_database_refuses_without(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit, caplog: pytest.LogCaptureFixture
    ) -> None:
        one = await ended(salon, crowd[0])
        buggy = replace(one, outcome=replace(one.outcome, trace={"seconds": math.nan}))

        assert await all_at_once(group, [buggy]) == ["ValueError"]
        assert "Traceback" in caplog.text
        caplog.clear()
        assert await all_at_once(group, [await ended(salon, crowd[1], UNSENDABLE)]) == ["DBAPIError"]
        assert "turns.committed_apart" in caplog.text
        assert "Traceback" not in caplog.text

    async def test_one_whose_handover_came_too_late_takes_nobody_along(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        """Closed under the same epoch, which only the change of control itself sees."""
        await salon.set_control(crowd[0], control=Control.CLOSED)
        asks = {"handover": Handover(reason="customer_asked"), "route": Route.HANDOFF}
        turns = [await ended(salon, crowd[0], **asks), *await each(salon, crowd[1:])]

        told = await all_at_once(group, turns)

        assert told == [Committed.TAKEN, *[Committed.DONE] * (TOGETHER - 1)]
        assert await salon.rows(Handoff) == []

    async def test_nobody_waits_for_a_conversation_that_is_held_but_its_own_turn(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        held, *others = await each(salon, crowd)
        async with salon.world.session() as session:
            await hold(session, crowd[0])
            waits = asyncio.create_task(group.commit(held))
            assert await all_at_once(group, others) == [Committed.DONE] * len(others)
            assert await transactions(salon) == [1, len(others)]
            assert not waits.done()

        await waits
        assert await states(salon) == [TurnState.DONE] * TOGETHER

    async def test_it_goes_on_from_what_was_said_while_it_waited(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        one = await ended(salon, crowd[0], "Resposta")
        async with salon.world.session() as session:
            await session.execute(
                text("UPDATE conversations SET message_seq = 7 WHERE id = :id"), {"id": crowd[0].conversation}
            )
            waits = asyncio.create_task(group.commit(one))
            assert not (await asyncio.wait({waits}, timeout=0.1))[0]

        await waits
        [message] = await salon.rows(Message)
        assert (message.seq, (await salon.conversation(crowd[0])).message_seq) == (8, 8)

    async def test_an_opt_out_is_one_by_itself(self, salon: Salon, crowd: list[Somebody], group: GroupCommit) -> None:
        seq = await salon.say(crowd[0], "SAIR")
        leaves = await ended(salon, crowd[0], opt_out=Quote(text="SAIR", message=seq), route=Route.SILENCE)
        turns = [leaves, *await each(salon, crowd[1:])]

        assert await all_at_once(group, turns) == [Committed.DONE] * TOGETHER
        assert await transactions(salon) == [1, TOGETHER - 1]
        assert [one.opted_out_at is not None for one in await salon.rows(Contact, Contact.id)].count(True) == 1


class TestCutOff:
    async def test_one_that_waits_its_turn_leaves_nothing_and_nobody_alone(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        turns = await each(salon, crowd)
        tasks = [asyncio.create_task(group.commit(one)) for one in turns]
        await asyncio.sleep(0)  # all of them wait, and the set is not made up yet
        tasks[0].cancel()

        told = await asyncio.gather(*tasks, return_exceptions=True)

        assert [_in_a_word(one) for one in told] == ["CancelledError", *[Committed.DONE] * (TOGETHER - 1)]
        assert (await states(salon)).count(TurnState.RUNNING) == 1
        assert len(await salon.rows(Outbound)) == TOGETHER - 1

    async def test_the_commit_that_runs_already_goes_on_for_all_of_them(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        turns = await each(salon, crowd)
        async with salon.world.session() as session:
            await hold_events(session)
            tasks = [asyncio.create_task(group.commit(one)) for one in turns]
            await until_waiting(session, 1)
            tasks[0].cancel()
            done, _ = await asyncio.wait(tasks, timeout=0.05)
            assert not done  # not even the one that was cut off: what it waits for is not known yet

        told = await asyncio.gather(*tasks, return_exceptions=True)

        assert [_in_a_word(one) for one in told] == ["CancelledError", *[Committed.DONE] * (TOGETHER - 1)]
        assert await states(salon) == [TurnState.DONE] * TOGETHER

    async def test_a_set_that_takes_too_long_is_taken_apart(self, salon: Salon, crowd: list[Somebody]) -> None:
        turns = await each(salon, crowd[:2])
        group = GroupCommit(salon.world.floor.database, longest_seconds=0.05)
        async with salon.world.session() as session:
            await hold_events(session)
            tasks = [asyncio.create_task(group.commit(one)) for one in turns]
            await until_waiting(session, 2)

        await asyncio.gather(*tasks)
        assert await transactions(salon) == [1, 1]


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
