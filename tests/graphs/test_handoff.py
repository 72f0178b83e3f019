"""Who answers: what a takeover stops, whom it leaves alone, and that nothing of a bot starts after it."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import Uuid, func, select, update

from channels.envelope import Accepted, OutboundMessage
from channels.stores import claims
from core import clock
from core.errors import Conflict, NotFound
from core.floor import Floor
from core.ids import ConversationId, UserId, new_id
from core.models.outbox import Outbound, OutboundState, Purpose
from core.models.people import Membership, Role
from core.models.record import DomainEvent
from core.models.stream import Control, Conversation, Trigger, Turn, TurnState
from graphs import handoff
from graphs.handoff import Source, TakenOver, Taker
from tests.fixtures.gates import Judge, Somebody, gather_crowd, hesitating, in_hands, queue_for
from tests.fixtures.outbox import IMPATIENT, World, make_world
from tests.fixtures.sizes import size

ECHO: Final = Taker(source=Source.ECHO, reason="escreveu pelo celular")
BOTS: Final = (Purpose.REPLY, Purpose.UTILITY, Purpose.MARKETING)


@pytest.fixture
async def world(floor: Floor) -> AsyncIterator[World]:
    world = await make_world(floor)
    yield world
    async with world.session() as session:  # the floor is shared by the module: nothing of this world stays due
        await session.execute(update(Outbound).values(state=OutboundState.SUPPRESSED))


@pytest.fixture
async def ana(world: World) -> Somebody:
    [ana] = await gather_crowd(world, 1)
    return ana


@pytest.fixture
async def member(world: World) -> UserId:
    return await new_member(world)


_MAILS: Final = itertools.count()


async def new_member(world: World) -> UserId:
    async with world.session() as session:
        made = func.priv.create_user(new_id(), f"gente{next(_MAILS)}@exemplo.com", "Gente", "pt-BR", type_=Uuid)
        user: UUID = (await session.scalars(select(made))).one()
        session.add(Membership(tenant_id=world.company, id=new_id(), user_id=user, role=Role.AGENT))
    return UserId(user)


async def take_over(world: World, who: Somebody, taker: Taker = ECHO) -> TakenOver:
    async with world.session() as session:
        return await handoff.take_over(session, who.conversation, taker)


async def give_back(world: World, who: Somebody, **values: Any) -> int:
    async with world.session() as session:
        return await handoff.give_back(session, who.conversation, **values)


async def close(world: World, who: Somebody) -> int:
    async with world.session() as session:
        return await handoff.close(session, who.conversation, "resolvida")


async def set_control(world: World, who: Somebody, to: Control, *, seen: int) -> int | None:
    async with world.session() as session:
        return await handoff.set_control(session, who.conversation, seen=seen, to=to, reason="pediu uma pessoa")


async def thread(world: World, who: Somebody) -> Conversation:
    async with world.session() as session:
        return await session.get_one(Conversation, (world.company, who.conversation))


async def open_turn(world: World, who: Somebody, state: TurnState = TurnState.OPEN) -> None:
    async with world.session() as session:
        session.add(
            Turn(
                tenant_id=world.company,
                id=new_id(),
                conversation_id=who.conversation,
                trigger=Trigger.INBOUND,
                state=state,
                due_at=clock.now() + timedelta(seconds=2),
            )
        )


async def turn(world: World) -> Turn:
    async with world.session() as session:
        return (await session.scalars(select(Turn))).one()


async def queued(world: World) -> dict[Purpose, tuple[str, str | None]]:
    async with world.session() as session:
        rows = await session.scalars(select(Outbound))
        return {row.purpose: (row.state, row.reason) for row in rows}


async def told(world: World) -> list[tuple[str, Any]]:
    async with world.session() as session:
        events = await session.scalars(
            select(DomainEvent).where(DomainEvent.kind.like("conversation.%")).order_by(DomainEvent.seq)
        )
        return [(event.kind, event.payload) for event in events]


class TestTakeOver:
    async def test_a_person_answers_from_now_on(self, world: World, ana: Somebody, member: UserId) -> None:
        taken = await take_over(world, ana, Taker(source=Source.API, user=member, reason="cliente irritada"))

        row = await thread(world, ana)
        assert taken == TakenOver(epoch=1, withdrawn=0)
        assert (row.control, row.control_epoch, row.assignee_id) == (Control.HUMAN, 1, member)
        assert row.control_reason == "cliente irritada"
        assert timedelta(0) <= clock.now() - row.control_since < timedelta(seconds=5)
        payload = {"epoch": 1, "source": "api", "user": str(member)}
        assert await told(world) == [("conversation.taken_over", payload)]

    async def test_what_the_bot_has_queued_is_withdrawn_and_counted(self, world: World, ana: Somebody) -> None:
        for purpose in BOTS:
            await queue_for(world, [ana], purpose=purpose)

        assert (await take_over(world, ana)).withdrawn == 3

        assert set((await queued(world)).values()) == {(OutboundState.SUPPRESSED, "control_changed")}

    @pytest.mark.parametrize("purpose", [Purpose.STAFF, Purpose.NOTICE])
    async def test_what_people_wrote_and_the_confirmation_of_an_opt_out_stay(
        self, world: World, ana: Somebody, purpose: Purpose
    ) -> None:
        await queue_for(world, [ana], purpose=purpose)

        await take_over(world, ana)

        assert await queued(world) == {purpose: (OutboundState.QUEUED, None)}

    async def test_other_conversations_go_on(self, world: World, ana: Somebody) -> None:
        [beto] = await gather_crowd(world, 1)
        await queue_for(world, [beto], purpose=Purpose.REPLY)

        await take_over(world, ana)

        assert (await thread(world, beto)).control is Control.BOT
        assert await queued(world) == {Purpose.REPLY: (OutboundState.QUEUED, None)}

    async def test_the_open_turn_is_ignored(self, world: World, ana: Somebody) -> None:
        await open_turn(world, ana)

        await take_over(world, ana)

        ignored = await turn(world)
        assert (ignored.state, ignored.reason) == (TurnState.IGNORED, "human")
        assert ignored.ended_at is not None

    async def test_a_running_turn_is_left_to_find_the_epoch_changed(self, world: World, ana: Somebody) -> None:
        await open_turn(world, ana, TurnState.RUNNING)

        await take_over(world, ana)

        assert (await turn(world)).state is TurnState.RUNNING
        assert (await thread(world, ana)).control_epoch == 1

    async def test_the_same_person_again_changes_nothing(self, world: World, ana: Somebody, member: UserId) -> None:
        taker = Taker(source=Source.STAFF, user=member)
        await take_over(world, ana, taker)
        before = (await thread(world, ana)).control_since

        again = await take_over(world, ana, taker)

        assert again == TakenOver(epoch=1, withdrawn=0, is_new=False)
        assert (await thread(world, ana)).control_since == before
        assert len(await told(world)) == 1

    async def test_who_writes_from_the_phone_does_not_take_it_from_a_colleague(
        self, world: World, ana: Somebody, member: UserId
    ) -> None:
        await take_over(world, ana, Taker(source=Source.STAFF, user=member))

        assert not (await take_over(world, ana, ECHO)).is_new

        assert (await thread(world, ana)).assignee_id == member

    async def test_another_person_takes_it_from_the_first(self, world: World, ana: Somebody, member: UserId) -> None:
        other = await new_member(world)
        await take_over(world, ana, Taker(source=Source.STAFF, user=member))

        taken = await take_over(world, ana, Taker(source=Source.API, user=other))

        assert (taken.epoch, taken.is_new) == (2, True)
        assert (await thread(world, ana)).assignee_id == other

    async def test_twenty_at_once_are_one(self, world: World, ana: Somebody) -> None:
        all_taken: list[TakenOver] = []

        async def take(_: int) -> None:
            all_taken.append(await take_over(world, ana))

        await in_hands(range(20), take)

        assert sorted(taken.is_new for taken in all_taken) == [False] * 19 + [True]
        assert (await thread(world, ana)).control_epoch == 1

    async def test_a_closed_conversation_is_not_taken_over(self, world: World, ana: Somebody) -> None:
        await close(world, ana)

        with pytest.raises(Conflict):
            await take_over(world, ana)

    async def test_who_is_no_member_takes_nothing_over(self, world: World, ana: Somebody) -> None:
        with pytest.raises(NotFound, match="not a member"):
            await take_over(world, ana, Taker(source=Source.API, user=UserId(new_id())))

        assert (await thread(world, ana)).control is Control.BOT

    async def test_a_conversation_of_nobody_or_of_another_company_is_not_found(
        self, floor: Floor, ana: Somebody
    ) -> None:
        elsewhere = await make_world(floor)

        for conversation in (ConversationId(new_id()), ana.conversation):
            async with elsewhere.session() as session:
                with pytest.raises(NotFound):
                    await handoff.take_over(session, conversation, ECHO)

    async def test_the_second_bubble_is_not_sent_when_a_person_comes_after_the_first(
        self, world: World, ana: Somebody
    ) -> None:
        await queue_for(world, [ana], purpose=Purpose.REPLY, each=3)
        has_begun = asyncio.Event()

        async def take_slowly(message: OutboundMessage) -> Accepted:
            has_begun.set()
            await asyncio.sleep(0.3)
            return world.provider.take(message)

        world.provider.behave.append(take_slowly)
        async with world.sending():
            await has_begun.wait()
            taken = await take_over(world, ana)
            await world.settle()

        assert taken.withdrawn == 2
        assert len(world.provider.taken) == 1

    async def test_it_waits_for_a_message_that_has_passed_the_gate(self, world: World, ana: Somebody) -> None:
        await queue_for(world, [ana], purpose=Purpose.REPLY)
        async with world.session() as session:
            [row] = await session.scalars(select(Outbound))
            due = claims.Due(
                company=world.company,
                outbound=row.id,
                conversation=ana.conversation,
                connection=world.connection,
                contact=ana.contact,
            )
            await claims.claim(session, [due], window=[world.connection], lease=IMPATIENT.lease)
        taking = asyncio.create_task(take_over(world, ana))
        await asyncio.sleep(0.2)
        assert not taking.done()

        async with world.session() as session:
            await session.execute(update(Outbound).values(state=OutboundState.ACCEPTED))

        assert (await asyncio.wait_for(taking, 2)).is_new


class TestGiveBack:
    async def test_the_bot_answers_again_and_nobody_is_assigned(
        self, world: World, ana: Somebody, member: UserId
    ) -> None:
        await take_over(world, ana, Taker(source=Source.STAFF, user=member))

        assert await give_back(world, ana, by=member, reason="resolvido") == 2

        row = await thread(world, ana)
        assert (row.control, row.control_epoch, row.assignee_id) == (Control.BOT, 2, None)
        assert row.control_reason == "resolvido"
        assert (await told(world))[-1] == ("conversation.given_back", {"epoch": 2, "user": str(member)})

    async def test_what_the_bot_wrote_before_the_takeover_stays_withdrawn(self, world: World, ana: Somebody) -> None:
        await queue_for(world, [ana], purpose=Purpose.REPLY)
        await take_over(world, ana)
        await give_back(world, ana)

        async with world.sending():
            await world.settle()

        assert world.provider.started == []

    async def test_what_it_writes_afterwards_is_sent(self, world: World, ana: Somebody) -> None:
        await take_over(world, ana)
        await give_back(world, ana)
        answer = await world.queue(ana.conversation, purpose=Purpose.UTILITY)

        async with world.sending():
            row = await world.until(answer, OutboundState.ACCEPTED, OutboundState.SUPPRESSED)

        assert row.state == OutboundState.ACCEPTED

    async def test_where_the_bot_answers_already_nothing_changes(self, world: World, ana: Somebody) -> None:
        assert await give_back(world, ana) == 0

        assert await told(world) == []

    async def test_a_closed_conversation_is_not_given_back(self, world: World, ana: Somebody) -> None:
        await close(world, ana)

        with pytest.raises(Conflict):
            await give_back(world, ana)


class TestClose:
    async def test_it_ends_all_that_the_bot_has_to_say(self, world: World, ana: Somebody) -> None:
        await queue_for(world, [ana], purpose=Purpose.REPLY)
        await open_turn(world, ana)

        assert await close(world, ana) == 1

        row = await thread(world, ana)
        assert (row.control, row.control_reason) == (Control.CLOSED, "resolvida")
        assert (await turn(world)).reason == "closed"
        assert await queued(world) == {Purpose.REPLY: (OutboundState.SUPPRESSED, "control_changed")}
        assert await told(world) == [("conversation.closed", {"epoch": 1})]

    async def test_who_had_it_stays_on_record(self, world: World, ana: Somebody, member: UserId) -> None:
        await take_over(world, ana, Taker(source=Source.STAFF, user=member))

        await close(world, ana)

        assert (await thread(world, ana)).assignee_id == member

    async def test_closed_twice_it_is_closed_once(self, world: World, ana: Somebody) -> None:
        await close(world, ana)

        assert await close(world, ana) == 1
        assert len(await told(world)) == 1


class TestSetControl:
    @pytest.mark.parametrize("to", [Control.COPILOT, Control.QUEUED, Control.HUMAN, Control.CLOSED])
    async def test_who_saw_the_present_epoch_may(self, world: World, ana: Somebody, to: Control) -> None:
        assert await set_control(world, ana, to, seen=0) == 1

        assert (await thread(world, ana)).control is to

    @pytest.mark.parametrize("seen", [0, 2])
    async def test_who_saw_another_may_not(self, world: World, ana: Somebody, seen: int) -> None:
        await take_over(world, ana)

        assert await set_control(world, ana, Control.QUEUED, seen=seen) is None

        assert (await thread(world, ana)).control is Control.HUMAN

    async def test_what_is_so_already_is_no_change(self, world: World, ana: Somebody) -> None:
        assert await set_control(world, ana, Control.BOT, seen=0) == 0

    async def test_nothing_reopens_a_closed_conversation(self, world: World, ana: Somebody) -> None:
        await close(world, ana)

        assert await set_control(world, ana, Control.BOT, seen=1) is None

    async def test_of_two_who_saw_the_same_one_may(self, world: World, ana: Somebody) -> None:
        answers = await asyncio.gather(*(set_control(world, ana, Control.QUEUED, seen=0) for _ in range(5)))

        assert sorted(answers, key=str) == [1, None, None, None, None]

    async def test_what_belongs_to_the_change_is_queued_under_the_new_epoch_and_sent(
        self, world: World, ana: Somebody
    ) -> None:
        await set_control(world, ana, Control.QUEUED, seen=0)
        line = await world.queue(ana.conversation, purpose=Purpose.UTILITY)

        async with world.sending():
            row = await world.until(line, OutboundState.ACCEPTED, OutboundState.SUPPRESSED)

        assert row.state == OutboundState.ACCEPTED


class TestRandomMoments:
    async def test_many_takeovers_at_random_moments_let_nothing_of_the_bot_start(self, world: World) -> None:
        world = hesitating(world)
        crowd = await gather_crowd(world, size(80, chaos=200))
        await queue_for(world, crowd, purpose=Purpose.REPLY, each=3)
        judge = Judge(world)

        async def take(one: Somebody) -> None:
            await take_over(world, one)
            judge.shut_now(one.conversation)

        async with world.sending():
            await in_hands(crowd, take)
            await world.settle(40)

        assert judge.late_starts() == []
        states = await world.states()
        assert states["suppressed"] > 20  # else nobody came in time, and nothing was tried
        assert states["accepted"] > 20
