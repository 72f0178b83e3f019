"""A turn that does not count any more is told so, and leaves nothing; the others of its set are done."""

import asyncio
from dataclasses import replace

from sqlalchemy import text

from core.models.outbox import Outbound
from core.models.personas import Lead
from core.models.stream import Control, Message, Turn, TurnState
from graphs.committing import commit_together
from graphs.conversation.state import Committed
from graphs.group_commit import GroupCommit
from tests.fixtures.blocked import until_waiting
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import Salon
from tests.graphs.group_commit.sets import TOGETHER, all_at_once, each, ended


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
            await until_waiting(first)

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
