"""Drafts: sent once, by one person, and never into a conversation that has gone on."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from uuid import UUID

import pytest
from sqlalchemy import select, update

from core.audit import Actor
from core.errors import Conflict, Malformed, NotFound
from core.floor import Floor
from core.ids import ConversationId, new_id
from core.models.outbox import Outbound, OutboundState, Purpose
from core.models.record import ActorKind, AuditEntry
from core.models.service import Draft, DraftState
from core.models.stream import Author, Control, Conversation, Message, Turn, TurnOutcome, TurnState
from graphs import drafts, handoff
from graphs.conversation.state import Bubble, Handover, Outcome, Route
from graphs.handoff import Source, Taker
from graphs.stores import commits
from graphs.stores import drafts as store
from graphs.stores.endings import Ended
from graphs.stores.snapshots import Begun
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import Salon, decided, open_salon

CLARA: Final = Actor(ActorKind.USER, new_id())
DAVI: Final = Actor(ActorKind.USER, new_id())
TEXTS: Final = ("O plano custa R$ 99,00.", "Quer que eu marque?")
BUBBLES: Final = tuple(Bubble(text=text) for text in TEXTS)


@pytest.fixture
async def salon(floor: Floor) -> AsyncIterator[Salon]:
    salon = await open_salon(floor)
    yield salon
    await salon.finish()
    async with salon.world.session() as session:
        await session.execute(update(Outbound).values(state=OutboundState.SUPPRESSED))


@pytest.fixture
async def ana(salon: Salon) -> Somebody:
    ana = await salon.person(name="Ana")
    await salon.set_control(ana, control=Control.COPILOT)
    return ana


async def draft(salon: Salon, who: Somebody, *, words: str = "quanto custa?") -> UUID:
    """That a turn of the copilot has left, about what the customer said."""

    async def end(session: Any, turns: Sequence[Ended]) -> None:
        for one in turns:
            await commits.draft(session, one.begun, BUBBLES)

    await salon.say(who, words)
    await salon.turn(who, end)
    *_, newest = await salon.rows(Draft, Draft.created_at)
    return UUID(str(newest.id))


async def accept(salon: Salon, row: UUID, by: Actor = CLARA) -> Draft:
    async with salon.world.session() as session:
        return (await drafts.accept(session, row, by=by)).row


async def edit(salon: Salon, row: UUID, *bubbles: str, by: Actor = CLARA) -> Draft:
    async with salon.world.session() as session:
        return (await drafts.send_edited(session, row, bubbles, by=by)).row


async def reject(salon: Salon, row: UUID, reason: str = "caro demais", by: Actor = CLARA) -> Draft:
    async with salon.world.session() as session:
        return (await drafts.reject(session, row, by=by, reason=reason)).row


async def take_over(salon: Salon, who: Somebody) -> None:
    async with salon.world.session() as session:
        await handoff.take_over(session, who.conversation, Taker(source=Source.API))


async def sent(salon: Salon) -> list[tuple[str, str, Purpose]]:
    async with salon.world.session() as session:
        of_message = Message.id == Outbound.message_id
        rows = await session.execute(select(Message, Outbound).join(Outbound, of_message).order_by(Message.seq))
        return [(message.text or "", message.author, outbound.purpose) for message, outbound in rows]


async def is_stale(salon: Salon, row: UUID) -> bool:
    async with salon.world.session() as session:
        return (await store.get(session, row)).is_stale


async def states(salon: Salon) -> list[DraftState]:
    return [row.state for row in await salon.rows(Draft, Draft.created_at)]


class TestAccept:
    async def test_it_is_sent_as_it_is_by_the_company(self, salon: Salon, ana: Somebody) -> None:
        row = await accept(salon, await draft(salon, ana))

        assert await sent(salon) == [(text, Author.STAFF, Purpose.STAFF) for text in TEXTS]
        assert (row.state, row.distance, row.decided_by) == (DraftState.ACCEPTED, 0, CLARA.id)
        assert row.sent_text == "\n\n".join(TEXTS)

    async def test_what_was_sent_leads_back_to_the_turn(self, salon: Salon, ana: Somebody) -> None:
        row = await accept(salon, await draft(salon, ana))
        said = [one for one in await salon.rows(Message) if one.author == Author.STAFF]
        assert {one.turn_id for one in said} == {row.turn_id}

    async def test_twice_by_the_same_person_is_one_send(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        first, second = await accept(salon, row), await accept(salon, row)
        assert (first.decided_at, len(await sent(salon))) == (second.decided_at, 2)

    async def test_of_two_people_at_once_one_wins_and_the_other_is_told(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        ends = await asyncio.gather(
            accept(salon, row, CLARA), edit(salon, row, "Custa 99.", by=DAVI), return_exceptions=True
        )
        assert sorted(type(end).__name__ for end in ends) == ["Conflict", "Draft"]
        assert [message for message, _, _ in await sent(salon)] in (list(TEXTS), ["Custa 99."])
        assert len([entry for entry in await salon.rows(AuditEntry) if entry.action.startswith("draft.")]) == 1

    async def test_it_leaves_also_where_control_changes_before_it_is_sent(self, salon: Salon, ana: Somebody) -> None:
        await accept(salon, await draft(salon, ana))
        await take_over(salon, ana)
        assert {row.state for row in await salon.rows(Outbound)} == {OutboundState.QUEUED}

    async def test_it_is_on_record_and_told(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        await accept(salon, row)
        entries = [entry for entry in await salon.rows(AuditEntry) if entry.subject_id == row]
        assert [(entry.action, entry.actor_id) for entry in entries] == [("draft.accepted", CLARA.id)]
        told = {"draft": str(row), "state": "accepted", "distance": 0}
        assert await salon.told("draft.decided") == [("draft.decided", told)]

    async def test_one_that_is_not_there_is_not_found(self, salon: Salon) -> None:
        with pytest.raises(NotFound):
            await accept(salon, new_id())


class TestFence:
    async def test_a_customer_who_wrote_since_makes_it_stale(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        assert not await is_stale(salon, row)
        await salon.say(ana, "e o plano maior?")

        assert await is_stale(salon, row)
        with pytest.raises(Conflict):
            await accept(salon, row)
        with pytest.raises(Conflict):
            await edit(salon, row, "Custa 99.")
        assert await sent(salon) == []

    async def test_what_was_written_and_deleted_does_not(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        await salon.say(ana, "ops")
        async with salon.world.session() as session:
            late = update(Message).where(Message.text == "ops")
            await session.execute(
                late.values(deleted_at=(await session.get_one(Draft, (session.tenant_id, row))).created_at)
            )
        await accept(salon, row)
        assert len(await sent(salon)) == 2

    async def test_somebody_of_the_company_who_answered_without_it_makes_it_stale(
        self, salon: Salon, ana: Somebody
    ) -> None:
        row = await draft(salon, ana)
        await salon.say(ana, "Custa 99, Ana", Author.STAFF)
        with pytest.raises(Conflict):
            await accept(salon, row)

    async def test_another_control_takes_its_place(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        await take_over(salon, ana)
        assert await states(salon) == [DraftState.SUPERSEDED]
        with pytest.raises(Conflict):
            await accept(salon, row)
        assert await sent(salon) == []

    async def test_control_that_came_and_went_does_too(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        await salon.set_control(ana, control_epoch=2)
        with pytest.raises(Conflict):
            await accept(salon, row)

    async def test_a_turn_that_said_something_else_since_does_too(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        async with salon.world.session() as session:
            await session.execute(update(Conversation).values(turn_seq=Conversation.turn_seq + 1))
        with pytest.raises(Conflict):
            await accept(salon, row)

    async def test_a_newer_one_takes_the_place_of_the_older(self, salon: Salon, ana: Somebody) -> None:
        older, newer = await draft(salon, ana), await draft(salon, ana, words="e o maior?")
        assert await states(salon) == [DraftState.SUPERSEDED, DraftState.PROPOSED]
        with pytest.raises(Conflict):
            await accept(salon, older)
        await accept(salon, newer)
        assert len(await sent(salon)) == 2

    async def test_an_accepted_and_a_message_at_the_same_moment_are_never_mixed_up(
        self, salon: Salon, ana: Somebody
    ) -> None:
        """Whoever has the conversation first decides: sent before the message, or not at all."""
        row = await draft(salon, ana)
        ends = await asyncio.gather(accept(salon, row), salon.say(ana, "mudei de ideia"), return_exceptions=True)
        messages = await salon.rows(Message, Message.seq)
        ours = [one.seq for one in messages if one.author == Author.STAFF]
        theirs = next(one.seq for one in messages if one.text == "mudei de ideia")
        assert isinstance(ends[0], Conflict) == (not ours)
        assert all(seq < theirs for seq in ours)


class TestEdit:
    async def test_the_persons_words_are_sent_and_how_much_they_changed_is_kept(
        self, salon: Salon, ana: Somebody
    ) -> None:
        row = await edit(salon, await draft(salon, ana), "O plano custa R$ 89,00.", " Quer que eu marque? ")
        assert [text for text, _, _ in await sent(salon)] == ["O plano custa R$ 89,00.", "Quer que eu marque?"]
        assert (row.state, row.distance) == (DraftState.EDITED, 1)
        assert row.sent_text == "O plano custa R$ 89,00.\n\nQuer que eu marque?"
        assert [bubble["text"] for bubble in row.bubbles] == list(TEXTS)

    async def test_unchanged_it_was_accepted(self, salon: Salon, ana: Somebody) -> None:
        row = await edit(salon, await draft(salon, ana), *TEXTS)
        assert (row.state, row.distance) == (DraftState.ACCEPTED, 0)

    async def test_nothing_to_send_is_refused(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        with pytest.raises(Malformed):
            await edit(salon, row, " ", "\0")
        assert await states(salon) == [DraftState.PROPOSED]


class TestReject:
    async def test_nothing_is_sent_and_why_is_kept(self, salon: Salon, ana: Somebody) -> None:
        row = await reject(salon, await draft(salon, ana))
        assert (row.state, row.reason, await sent(salon)) == (DraftState.REJECTED, "caro demais", [])
        with pytest.raises(Conflict):
            await accept(salon, row.id)

    async def test_one_that_is_stale_may_be_refused(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        await salon.say(ana, "oi?")
        assert (await reject(salon, row)).state is DraftState.REJECTED

    async def test_without_a_reason_it_stays(self, salon: Salon, ana: Somebody) -> None:
        row = await draft(salon, ana)
        with pytest.raises(Malformed):
            await reject(salon, row, "  ")
        assert await states(salon) == [DraftState.PROPOSED]


class TestSuggest:
    """A turn that a person overtook while it ran."""

    @pytest.fixture
    async def ana(self, salon: Salon) -> Somebody:
        return await salon.person(name="Ana")

    async def begin(self, salon: Salon, who: Somebody) -> Begun:
        await salon.say(who, "quanto custa?")
        async with salon.world.session() as session:
            return await salon.begin(session, who)

    async def suggest(self, salon: Salon, begun: Begun, **told: Any) -> bool:
        decision = decided(begun, **{name: told[name] for name in ("route", "handover") if name in told})
        outcome = Outcome(decision=decision, outcome=TurnOutcome.REPLIED, bubbles=told.get("bubbles", BUBBLES))
        async with salon.world.session() as session:
            return await drafts.suggest(session, begun, outcome)

    async def test_what_it_had_ready_is_theirs_to_send(self, salon: Salon, ana: Somebody) -> None:
        begun = await self.begin(salon, ana)
        await take_over(salon, ana)
        assert await self.suggest(salon, begun)

        [row] = await salon.rows(Draft)
        assert (row.epoch, row.state) == (1, DraftState.PROPOSED)
        await accept(salon, row.id)
        assert [text for text, _, _ in await sent(salon)] == list(TEXTS)

    async def test_the_turn_ends_with_it_and_remembers_nothing(self, salon: Salon, ana: Somebody) -> None:
        begun = await self.begin(salon, ana)
        await take_over(salon, ana)
        await self.suggest(salon, begun)

        [turn] = await salon.rows(Turn)
        assert (turn.state, turn.outcome, turn.reason) == (TurnState.DONE, TurnOutcome.DRAFTED, "taken")
        assert (turn.dialogue_after, (await salon.conversation(ana)).turn_seq) == (None, 0)

    async def test_where_nobody_has_taken_over_there_is_none(self, salon: Salon, ana: Somebody) -> None:
        begun = await self.begin(salon, ana)
        for control in (Control.BOT, Control.QUEUED, Control.COPILOT, Control.CLOSED):
            await salon.set_control(ana, control=control, control_epoch=1)
            assert not await self.suggest(salon, begun), control
        assert await salon.rows(Draft) == []

    async def test_to_somebody_who_has_answered_already_or_been_written_to_it_is_of_no_use(self, salon: Salon) -> None:
        for author in (Author.STAFF, Author.CUSTOMER):
            who = await salon.person(name="Bia")
            begun = await self.begin(salon, who)
            await take_over(salon, who)
            await salon.say(who, "Custa 99", author)
            assert not await self.suggest(salon, begun), author

    async def test_neither_is_silence_or_the_promise_of_a_person(self, salon: Salon, ana: Somebody) -> None:
        begun = await self.begin(salon, ana)
        await take_over(salon, ana)
        assert not await self.suggest(salon, begun, bubbles=())
        asked = Handover(reason="customer_asked")
        assert not await self.suggest(salon, begun, route=Route.HANDOFF, handover=asked)

    async def test_a_turn_that_another_engine_has_leaves_none(self, salon: Salon, ana: Somebody) -> None:
        begun = await self.begin(salon, ana)
        await take_over(salon, ana)
        async with salon.world.session() as session:
            await session.execute(update(Turn).values(fence=Turn.fence + 1))
        assert not await self.suggest(salon, begun)
        assert await salon.rows(Draft) == []

    async def test_a_customer_who_writes_later_makes_it_stale(self, salon: Salon, ana: Somebody) -> None:
        begun = await self.begin(salon, ana)
        await take_over(salon, ana)
        await self.suggest(salon, begun)
        [row] = await salon.rows(Draft)
        await salon.say(ana, "oi?")
        with pytest.raises(Conflict):
            await accept(salon, row.id)


class TestListing:
    async def test_those_that_wait_are_found_with_whether_they_still_may_be_sent(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await reject(salon, await draft(salon, ana))
        waits = await draft(salon, ana)
        async with salon.world.session() as session:
            wanted = store.DraftListing(most=9, state=DraftState.PROPOSED, conversation=ana.conversation)
            found = [(shown.row.id, shown.is_stale) for shown in await store.list_drafts(session, wanted)]
            assert found == [(waits, False)]
            other = store.DraftListing(most=9, conversation=ConversationId(new_id()))
            assert await store.list_drafts(session, other) == []
