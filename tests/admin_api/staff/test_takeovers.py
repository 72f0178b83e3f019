"""Four ways in which a person takes over, at random moments: nothing of the bot starts after the commit."""

import asyncio
import random
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

import pytest
from sqlalchemy import insert, text, update

from channels.telegram_staff.notes import Card
from core import clock
from core.floor import Floor
from core.ids import new_id
from core.models.outbox import Purpose
from core.models.service import Draft, Timer, TimerKind
from core.models.stream import Control, Conversation, Trigger, Turn, TurnState
from graphs import timers
from graphs.handoff import Source
from tests.admin_api.staff.scene import Group, open_group
from tests.fixtures.gates import Judge, Somebody, gather_crowd, hesitating, in_hands, queue_for
from tests.fixtures.sizes import size

ROUTES: Final = ("button", "line", "api", "phone")
EACH: Final = size(6, chaos=200)


@pytest.fixture
async def group(floor: Floor) -> AsyncIterator[Group]:
    group = await open_group(floor)
    group.world = hesitating(group.world, longest=0.3)
    yield group
    await group.world.finish()


async def pending(group: Group, crowd: Sequence[Somebody]) -> None:
    """For each of them the bot has drafted, has messages queued, and will follow up within the second."""
    company = group.world.company
    turns = {one.conversation: new_id() for one in crowd}
    async with group.world.session() as session:
        await session.execute(update(Conversation).values(control=Control.COPILOT))
        await session.execute(
            insert(Turn),
            [
                {
                    "tenant_id": company,
                    "id": turn,
                    "conversation_id": conversation,
                    "trigger": Trigger.INBOUND,
                    "state": TurnState.DONE,
                    "due_at": clock.now(),
                }
                for conversation, turn in turns.items()
            ],
        )
        await session.execute(
            insert(Draft),
            [
                {
                    "tenant_id": company,
                    "id": new_id(),
                    "conversation_id": conversation,
                    "turn_id": turn,
                    "epoch": 0,
                    "turn_seq": 0,
                    "bubbles": [{"text": "Posso ajudar?"}],
                }
                for conversation, turn in turns.items()
            ],
        )
        await session.execute(
            insert(Timer),
            [
                {
                    "tenant_id": company,
                    "id": new_id(),
                    "conversation_id": conversation,
                    "kind": TimerKind.STALL_FOLLOW_UP,
                    "epoch": 0,
                    "due_at": clock.now() + timedelta(seconds=random.uniform(0, 1)),  # noqa: S311 - no secret
                    "payload": {"kickoff": "volta", "count": 1},
                }
                for conversation in turns
            ],
        )


async def ring(group: Group, stop: asyncio.Event) -> None:
    """The engine's timers, as they come due."""
    while not stop.is_set():
        await timers.run_due(group.world.floor)
        await asyncio.sleep(0.05)


async def take(group: Group, one: Somebody, route: str) -> None:
    match route:
        case "button":
            topic = (await group.topic(one.conversation)).id
            card = next(posted for posted in group.posted if posted.topic == topic and isinstance(posted.body, Card))
            assert await group.press("bia", one.conversation, card.button("Aceitar")) == "Agora é com você."
        case "line":
            await group.hear("bia", one.conversation, "Oi, aqui é a Bia.")
        case "api":
            await group.change(one.conversation, to=Control.HUMAN)
        case "phone":
            await group.take_outside(one.conversation, Source.ECHO)


class TestRandomMoments:
    @pytest.mark.timeout(600)  # eight hundred of them have to be shown in the group first
    async def test_nothing_of_the_bot_starts_after_the_commit(self, group: Group) -> None:
        crowd = await gather_crowd(group.world, EACH * len(ROUTES), name="Ana")
        routes = {one.conversation: ROUTES[number % len(ROUTES)] for number, one in enumerate(crowd)}
        await pending(group, crowd)
        while await group.follow():
            pass
        await queue_for(group.world, crowd, purpose=Purpose.REPLY, each=3)
        judge, stop = Judge(group.world), asyncio.Event()

        async def act(one: Somebody) -> None:
            await take(group, one, routes[one.conversation])
            judge.shut_now(one.conversation)

        async with group.world.sending(), asyncio.TaskGroup() as tasks:
            tasks.create_task(ring(group, stop))
            await in_hands(crowd, act)
            await group.world.settle(60)
            stop.set()

        assert judge.late_starts() == []
        assert (await group.world.states())["suppressed"] >= EACH  # else nobody came in time, and nothing was tried
        assert await group.rows("SELECT id FROM conversations WHERE control <> 'human'") == []
        assert await group.rows("SELECT id FROM drafts WHERE state = 'proposed'") == []
        assert await group.rows("SELECT id FROM turns WHERE state IN ('open', 'running')") == []
        assert {row.outcome for row in await group.rows(_RUNG)} <= {None, "stale", "not_held", "followed_up"}
        written = await group.rows("SELECT state FROM outbound WHERE purpose = 'staff'")
        assert [row.state for row in written] == ["accepted"] * EACH

    async def test_what_was_pending_would_have_been_sent_without_a_person(self, group: Group) -> None:
        """Else the test above proves nothing."""
        crowd = await gather_crowd(group.world, 4, name="Ana")
        await pending(group, crowd)
        await queue_for(group.world, crowd, purpose=Purpose.REPLY, each=3)

        async with replace(group.world).sending():
            await group.world.settle()
        async with group.world.session() as session:
            await session.execute(text("UPDATE timers SET due_at = app_now()"))
        while await timers.run_due(group.world.floor):
            pass

        assert len(group.world.provider.taken) == 12
        assert len(await group.rows("SELECT id FROM turns WHERE trigger = 'timer' AND state = 'open'")) == 4


_RUNG: Final = "SELECT outcome FROM timers WHERE kind = 'stall_follow_up'"
