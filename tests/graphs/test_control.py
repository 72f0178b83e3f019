"""What people of the company decide about who answers: from what they saw, on record, and with what follows from it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

import pytest
from sqlalchemy import Uuid, func, update

from core.audit import OPERATOR, Actor
from core.db.sessions import TenantSession
from core.errors import Conflict, Malformed, NotFound
from core.floor import Floor
from core.ids import ConversationId, UserId, new_id
from core.models.outbox import Outbound, OutboundState
from core.models.people import Membership, Role
from core.models.record import ActorKind, AuditEntry
from core.models.service import Draft, DraftState, Handoff, HandoffState, Timer, TimerKind
from core.models.stream import Author, Control, Trigger
from graphs import control
from graphs.control import Wanted
from graphs.conversation.state import Bubble
from graphs.stores import commits, personas
from graphs.stores.endings import Ended
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import ANA, EIGHT, PERSONA, Salon, filled, open_salon

KEY: Final = Actor(ActorKind.API_KEY, new_id())


@pytest.fixture
async def salon(floor: Floor) -> AsyncIterator[Salon]:
    salon = await open_salon(floor)
    yield salon
    await salon.finish()
    async with salon.world.session() as session:
        await session.execute(update(Outbound).values(state=OutboundState.SUPPRESSED))


@pytest.fixture
async def ana(salon: Salon) -> Somebody:
    return await salon.person(name="Ana")


async def member(salon: Salon) -> UserId:
    user = UserId(new_id())
    async with salon.world.session() as session:
        made = func.priv.create_user(user, f"{user}@exemplo.com", "Gente", "pt-BR", type_=Uuid)
        assert await session.scalar(made) is not None
        session.add(Membership(tenant_id=salon.world.company, id=new_id(), user_id=user, role=Role.AGENT))
    return user


def person(user: UserId) -> Actor:
    return Actor(ActorKind.USER, user)


async def change(salon: Salon, who: Somebody, to: Control, *, by: Actor = KEY, **told: Any) -> int:
    async with salon.world.session() as session:
        return await control.change(session, who.conversation, Wanted(to=to, by=by, **told))


async def held(salon: Salon, who: Somebody) -> tuple[str, int, Any]:
    row = await salon.conversation(who)
    return row.control, row.control_epoch, row.assignee_id


async def on_record(salon: Salon) -> list[dict[str, Any]]:
    rows = await salon.rows(AuditEntry, AuditEntry.created_at, AuditEntry.id)
    return [row.detail for row in rows if row.action == "conversation.control"]


async def waiting(salon: Salon) -> dict[TimerKind, Timer]:
    return {timer.kind: timer for timer in await salon.rows(Timer) if timer.done_at is None}


async def draft(session: TenantSession, turns: Sequence[Ended]) -> None:
    for one in turns:
        await commits.draft(session, one.begun, [Bubble(text="Custa 99.")])


class TestTake:
    async def test_whoever_asks_has_it_from_then_on(self, salon: Salon, ana: Somebody) -> None:
        user = await member(salon)
        assert await change(salon, ana, Control.HUMAN, by=person(user)) == 1
        assert await held(salon, ana) == ("human", 1, user)
        assert await on_record(salon) == [{"from": "bot", "to": "human", "epoch": 1}]
        [handoff] = await salon.rows(Handoff)
        assert (handoff.state, handoff.taken_by) == (HandoffState.TAKEN, user)

    async def test_somebody_else_can_be_named_who_is_of_the_company(self, salon: Salon, ana: Somebody) -> None:
        user = await member(salon)
        await change(salon, ana, Control.HUMAN, user=user)
        assert await held(salon, ana) == ("human", 1, user)
        with pytest.raises(NotFound):
            await change(salon, ana, Control.HUMAN, user=UserId(new_id()), seen=1)

    async def test_of_two_who_take_it_at_once_one_has_it_and_the_other_is_told(
        self, salon: Salon, ana: Somebody
    ) -> None:
        users = [await member(salon), await member(salon)]
        ends = await asyncio.gather(
            *(change(salon, ana, Control.HUMAN, by=person(user)) for user in users), return_exceptions=True
        )
        assert sorted(type(end).__name__ for end in ends) == ["Conflict", "int"]
        winner = users[0] if ends[0] == 1 else users[1]
        assert await held(salon, ana) == ("human", 1, winner)
        assert len(await on_record(salon)) == 1

    async def test_who_knows_whose_place_it_is_takes_it(self, salon: Salon, ana: Somebody) -> None:
        first, second = await member(salon), await member(salon)
        await change(salon, ana, Control.HUMAN, by=person(first))
        assert await change(salon, ana, Control.HUMAN, by=person(second), seen=1) == 2
        assert await held(salon, ana) == ("human", 2, second)

    async def test_asked_for_again_nothing_changes(self, salon: Salon, ana: Somebody) -> None:
        user = person(await member(salon))
        for _ in range(2):
            assert await change(salon, ana, Control.HUMAN, by=user) == 1
        assert len(await on_record(salon)) == 1

    async def test_a_persons_draft_that_was_somebodys_before_is_void(self, salon: Salon, ana: Somebody) -> None:
        await change(salon, ana, Control.COPILOT)
        await salon.say(ana, "quanto custa?")
        await salon.turn(ana, draft)
        await change(salon, ana, Control.HUMAN)
        assert [row.state for row in await salon.rows(Draft)] == [DraftState.SUPERSEDED]


class TestSeen:
    @pytest.mark.parametrize("to", list(Control))
    async def test_what_was_decided_on_an_older_sight_changes_nothing(
        self, salon: Salon, ana: Somebody, to: Control
    ) -> None:
        await salon.set_control(ana, control=Control.QUEUED, control_epoch=3)
        with pytest.raises(Conflict):
            await change(salon, ana, to, seen=2)
        assert await held(salon, ana) == ("queued", 3, None)
        assert await on_record(salon) == []

    @pytest.mark.parametrize("to", [Control.BOT, Control.COPILOT, Control.QUEUED, Control.HUMAN])
    async def test_one_that_was_closed_stays_closed(self, salon: Salon, ana: Somebody, to: Control) -> None:
        assert await change(salon, ana, Control.CLOSED, reason="resolvida") == 1
        assert await change(salon, ana, Control.CLOSED) == 1
        with pytest.raises(Conflict):
            await change(salon, ana, to)

    async def test_one_that_is_not_there_is_not_found(self, salon: Salon, ana: Somebody) -> None:
        nowhere = Somebody(contact=ana.contact, conversation=ConversationId(new_id()), phone="")
        with pytest.raises(NotFound):
            await change(salon, nowhere, Control.HUMAN)


class TestGiveBack:
    async def test_the_bot_is_to_hear_what_was_said_meanwhile(self, salon: Salon, ana: Somebody) -> None:
        await change(salon, ana, Control.HUMAN)
        assert await change(salon, ana, Control.BOT, reason="combinei sexta") == 2
        [turn] = await salon.open_turns()
        assert (turn.trigger, turn.payload) == (Trigger.STAFF_RETURN, {"reason": "staff", "note": "combinei sexta"})
        assert (await held(salon, ana), await waiting(salon)) == (("bot", 2, None), {})

    async def test_out_of_the_queue_it_comes_back_too(self, salon: Salon, ana: Somebody) -> None:
        await change(salon, ana, Control.QUEUED)
        await change(salon, ana, Control.BOT)
        assert [turn.trigger for turn in await salon.open_turns()] == [Trigger.STAFF_RETURN]
        assert [row.state for row in await salon.rows(Handoff)] == [HandoffState.ENDED]

    async def test_a_bot_that_had_it_all_along_has_nothing_to_hear(self, salon: Salon, ana: Somebody) -> None:
        assert await change(salon, ana, Control.BOT) == 0
        assert (await salon.open_turns(), await on_record(salon)) == ([], [])

    async def test_a_persona_that_wants_a_note_gets_one(self, salon: Salon, ana: Somebody) -> None:
        asking = PERSONA.replace("return: {idle: 30m}", "return: {idle: 30m, requires_note: true}")
        async with salon.world.session() as session:
            row = await personas.publish(session, asking, OPERATOR)
            await personas.activate(session, row, (await personas.get(session, row.id)).persona, OPERATOR)
        await salon.turn(ana)
        await change(salon, ana, Control.HUMAN)
        with pytest.raises(Malformed):
            await change(salon, ana, Control.BOT)
        assert await change(salon, ana, Control.BOT, reason="combinei sexta") == 2

    async def test_what_the_copilot_drafted_goes_out_where_it_is_still_an_answer(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await change(salon, ana, Control.COPILOT)
        await salon.say(ana, "quanto custa?")
        await salon.turn(ana, draft)
        await change(salon, ana, Control.BOT)
        assert [row.state for row in await salon.rows(Draft)] == [DraftState.ACCEPTED]
        assert [row.state for row in await salon.rows(Outbound)] == [OutboundState.QUEUED]
        assert await salon.open_turns() == []

    async def test_one_that_is_stale_does_not(self, salon: Salon, ana: Somebody) -> None:
        await change(salon, ana, Control.COPILOT)
        await salon.say(ana, "quanto custa?")
        await salon.turn(ana, draft)
        await salon.say(ana, "e o maior?")
        await change(salon, ana, Control.BOT)
        assert [row.state for row in await salon.rows(Draft)] == [DraftState.SUPERSEDED]
        assert await salon.rows(Outbound) == []


class TestAssist:
    async def test_the_bot_drafts_from_then_on(self, salon: Salon, ana: Somebody) -> None:
        assert await change(salon, ana, Control.COPILOT) == 1
        assert await change(salon, ana, Control.COPILOT) == 1
        assert await held(salon, ana) == ("copilot", 1, None)
        assert await salon.told("conversation.") == [("conversation.copilot", {"epoch": 1})]
        assert await salon.open_turns() == []

    async def test_after_a_person_it_hears_what_was_said(self, salon: Salon, ana: Somebody) -> None:
        await change(salon, ana, Control.HUMAN)
        await change(salon, ana, Control.COPILOT)
        assert [turn.trigger for turn in await salon.open_turns()] == [Trigger.STAFF_RETURN]


class TestQueue:
    async def test_it_waits_in_the_personas_queue_with_what_is_known(self, salon: Salon, ana: Somebody) -> None:
        await salon.say(ana, "Sou a Ana. Quanto custa?")
        await salon.say(ana, "Boa tarde, Ana", Author.BOT)
        await salon.turn(ana, slots={"nome": filled(ANA), "orcamento": filled(EIGHT)})
        await change(salon, ana, Control.QUEUED, reason="quer desconto")

        [row] = await salon.rows(Handoff)
        assert (row.queue, row.reason, row.epoch, row.state) == ("vendas", "quer desconto", 1, HandoffState.QUEUED)
        quoted = {"message": 1, "text": "Sou a Ana. Quanto custa?"}
        assert (row.brief["stage"], row.brief["quotes"], row.brief["last_question"]) == (
            "qualificado",
            [quoted],
            quoted,
        )
        assert [one["value"] for one in row.brief["slots"]] == ["Ana", "R$ 8.000,00"]

    async def test_the_ladder_is_climbed_and_the_customer_is_promised_nothing(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await change(salon, ana, Control.QUEUED)
        timers = await waiting(salon)
        assert set(timers) == {TimerKind.FIRST_RESPONSE, TimerKind.ESCALATE}
        assert {timer.epoch for timer in timers.values()} == {1}
        assert await salon.rows(Outbound) == []

    async def test_a_person_hands_it_on(self, salon: Salon, ana: Somebody) -> None:
        user = await member(salon)
        await change(salon, ana, Control.HUMAN, by=person(user))
        await change(salon, ana, Control.QUEUED, queue="financeiro")

        [row] = await salon.rows(Handoff)
        assert (row.queue, row.state, row.taken_by, row.epoch) == ("financeiro", HandoffState.QUEUED, None, 2)
        assert await held(salon, ana) == ("queued", 2, None)
        assert TimerKind.IDLE_RETURN not in await waiting(salon)

    async def test_into_another_queue_it_moves_and_into_its_own_it_does_not(self, salon: Salon, ana: Somebody) -> None:
        await change(salon, ana, Control.QUEUED)
        assert await change(salon, ana, Control.QUEUED) == 1
        assert await change(salon, ana, Control.QUEUED, queue="financeiro") == 2
        assert [row.queue for row in await salon.rows(Handoff)] == ["financeiro"]
