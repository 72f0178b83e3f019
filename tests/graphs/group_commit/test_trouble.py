"""Whatever happens to one turn of a set happens to no other: what cannot be written, who waits, who is cut off."""

import asyncio
import math
from dataclasses import replace
from typing import Final

import pytest
from sqlalchemy import text

from agents.commands import Quote
from core.models.outbox import Outbound
from core.models.people import Contact
from core.models.service import Handoff
from core.models.stream import Control, Message, TurnState
from graphs.conversation.state import Committed, Handover, Route
from graphs.group_commit import GroupCommit
from tests.fixtures.blocked import until_waiting
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import Salon
from tests.graphs.group_commit.sets import (
    TOGETHER,
    all_at_once,
    each,
    ended,
    hold,
    hold_events,
    in_a_word,
    said,
    states,
    transactions,
)

UNSENDABLE: Final = "um\0zero"  # no database keeps it


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

        assert [in_a_word(one) for one in told] == ["CancelledError", *[Committed.DONE] * (TOGETHER - 1)]
        assert (await states(salon)).count(TurnState.RUNNING) == 1
        assert len(await salon.rows(Outbound)) == TOGETHER - 1

    @pytest.mark.parametrize("cut_off", ["what commits", "everything"])
    async def test_what_commits_may_be_cut_off_before_it_has_begun(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit, cut_off: str
    ) -> None:
        """As where everything of a process is: who comes next must not wait for what nobody runs."""
        first, second = await each(salon, crowd[:2])
        waits = asyncio.create_task(group.commit(first))
        await asyncio.sleep(0)  # it waits, and what is to commit it has not been run once
        [queue] = group._queues.values()
        assert queue.worker is not None
        queue.worker.cancel()
        if cut_off == "everything":
            waits.cancel()

        async with asyncio.timeout(5):
            await asyncio.wait({waits})
            await group.commit(second)

        first_is = TurnState.RUNNING if cut_off == "everything" else TurnState.DONE
        assert await states(salon) == [first_is, TurnState.DONE]
        assert group == GroupCommit(salon.world.floor.database)

    async def test_the_commit_that_runs_already_goes_on_for_all_of_them(
        self, salon: Salon, crowd: list[Somebody], group: GroupCommit
    ) -> None:
        turns = await each(salon, crowd)
        async with salon.world.session() as session:
            await hold_events(session)
            tasks = [asyncio.create_task(group.commit(one)) for one in turns]
            await until_waiting(session)
            tasks[0].cancel()
            done, _ = await asyncio.wait(tasks, timeout=0.05)
            assert not done  # not even the one that was cut off: what it waits for is not known yet

        told = await asyncio.gather(*tasks, return_exceptions=True)

        assert [in_a_word(one) for one in told] == ["CancelledError", *[Committed.DONE] * (TOGETHER - 1)]
        assert await states(salon) == [TurnState.DONE] * TOGETHER

    async def test_a_set_that_takes_too_long_is_taken_apart(self, salon: Salon, crowd: list[Somebody]) -> None:
        turns = await each(salon, crowd[:2])
        group = GroupCommit(salon.world.floor.database, longest_seconds=0.05)
        async with salon.world.session() as session:
            await hold_events(session)
            tasks = [asyncio.create_task(group.commit(one)) for one in turns]
            await until_waiting(session, most=2)

        await asyncio.gather(*tasks)
        assert await transactions(salon) == [1, 1]
