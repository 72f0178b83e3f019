"""Leads: what moves them, why, what an undo brings back, and that people outrank the bot on the board, too."""

import asyncio
from itertools import pairwise
from typing import Any, Final

import pytest
from sqlalchemy import select

from agents.commands import Quote
from core.audit import Actor
from core.errors import Conflict, Malformed, NotFound
from core.floor import Floor
from core.ids import new_id
from core.models.personas import Cause, Lead, LeadStageEvent
from core.models.record import ActorKind, AuditEntry
from core.models.service import ContactFact
from core.models.stream import Message
from graphs import leads
from graphs.conversation.state import Route
from graphs.stores import facts
from graphs.stores.leads import HeldLead
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import ANA, BEATRIZ, CPF, EIGHT, Salon, decided, filled, open_salon, write

BIA: Final = Actor(ActorKind.USER, new_id())


@pytest.fixture
async def salon(floor: Floor) -> Salon:
    return await open_salon(floor)


@pytest.fixture
async def ana(salon: Salon) -> Somebody:
    return await salon.person(name="Ana")


async def lead_of(salon: Salon) -> Lead:
    [lead] = await salon.rows(Lead)
    return lead  # type: ignore[no-any-return] # the rows of a table are of its class


async def chain(salon: Salon) -> list[LeadStageEvent]:
    return await salon.rows(LeadStageEvent, LeadStageEvent.seq)


async def steps(salon: Salon) -> list[tuple[str | None, str]]:
    return [(event.from_stage, event.to_stage) for event in await chain(salon)]


async def move(salon: Salon, to: str, reason: str = "combinado por telefone", by: Actor = BIA) -> HeldLead:
    lead = await lead_of(salon)
    async with salon.world.session() as session:
        return await leads.move(session, lead.id, to=to, by=by, reason=reason)


async def undo(salon: Salon, seq: int) -> HeldLead:
    lead = await lead_of(salon)
    async with salon.world.session() as session:
        return await leads.undo(session, lead.id, seq=seq, by=BIA)


async def qualify(salon: Salon, who: Somebody) -> None:
    """In one turn."""
    seq = await salon.say(who, "Sou a Ana, tenho R$ 8 mil")
    slots = {"nome": filled(ANA, "Sou a Ana", message=seq), "orcamento": filled(EIGHT, "R$ 8 mil", message=seq)}
    await salon.turn(who, leads.apply, slots=slots)


class TestApply:
    async def test_the_first_turn_that_answers_makes_it_at_the_first_stage(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply)

        lead, [made] = await lead_of(salon), await chain(salon)
        assert (lead.stage, lead.seq, lead.contact_id, lead.conversation_id) == (
            "novo",
            1,
            ana.contact,
            ana.conversation,
        )
        assert (made.from_stage, made.to_stage, made.cause, made.rule_id) == (None, "novo", Cause.RULE, leads.MADE)
        assert made.persona_version_id == salon.version.id

    @pytest.mark.parametrize("route", [Route.SILENCE, Route.ABSORB])
    async def test_a_turn_that_answers_nothing_makes_none(self, salon: Salon, ana: Somebody, route: Route) -> None:
        await salon.turn(ana, leads.apply, route=route)

        assert await salon.rows(Lead) == []

    async def test_a_move_keeps_each_criterion_with_the_words_and_their_message(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await qualify(salon, ana)

        [message] = await salon.rows(Message)
        moved = (await chain(salon))[-1]
        common = {"satisfied": True, "source": "slot", "message": message.seq, "message_id": str(message.id)}
        assert moved.criteria == [
            {"id": "slot:nome", "quote": "Sou a Ana", **common},
            {"id": "slot:orcamento", "quote": "R$ 8 mil", **common},
        ]
        assert (moved.rule_id, moved.is_forced, moved.slots_before) == ("stage.enter:qualificado", False, {})
        assert moved.turn_id is not None

    async def test_the_lead_stands_where_its_newest_event_leads(self, salon: Salon, ana: Somebody) -> None:
        await qualify(salon, ana)

        lead = await lead_of(salon)
        assert (lead.stage, lead.seq, lead.slots) == ("qualificado", 2, {"nome": ANA, "orcamento": EIGHT})
        assert await steps(salon) == [(None, "novo"), ("novo", "qualificado")]

    async def test_several_stages_in_one_turn_are_several_events(self, salon: Salon, ana: Somebody) -> None:
        slots = {"nome": filled(ANA), "orcamento": filled(EIGHT)}
        await salon.turn(ana, leads.apply, slots=slots, succeeded=["agenda.criar"])

        assert await steps(salon) == [(None, "novo"), ("novo", "qualificado"), ("qualificado", "demo")]
        assert [event.seq for event in await chain(salon)] == [1, 2, 3]

    async def test_it_goes_back_where_a_criterion_is_lost(self, salon: Salon, ana: Somebody) -> None:
        await qualify(salon, ana)
        await salon.turn(ana, leads.apply, lost=["orcamento"])

        lead, last = await lead_of(salon), (await chain(salon))[-1]
        assert (lead.stage, lead.slots) == ("novo", {"nome": ANA})
        assert last.criteria == [{"id": "slot_lost:orcamento", "satisfied": False, "source": "rule"}]

    async def test_a_value_that_waits_for_a_yes_does_not_count(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply, slots={"nome": filled(ANA, is_confirmed=False)})

        assert (await lead_of(salon)).slots == {}

    async def test_a_quiet_turn_adds_no_event(self, salon: Salon, ana: Somebody) -> None:
        for _ in range(3):
            await salon.turn(ana, leads.apply)

        assert len(await chain(salon)) == 1

    async def test_every_move_is_told(self, salon: Salon, ana: Somebody) -> None:
        await qualify(salon, ana)

        told = await salon.told("lead.")
        assert [(kind, one["from"], one["to"]) for kind, one in told] == [
            ("lead.moved", None, "novo"),
            ("lead.moved", "novo", "qualificado"),
        ]

    async def test_another_conversation_of_the_same_person_has_the_same_lead(self, salon: Salon, ana: Somebody) -> None:
        await qualify(salon, ana)
        again = await salon.elsewhere(ana)
        await salon.turn(again, leads.apply, slots={"cpf": filled(CPF)})

        lead = await lead_of(salon)
        assert (lead.stage, lead.slots) == ("qualificado", {"nome": ANA, "orcamento": EIGHT, "cpf": CPF})
        assert lead.conversation_id == ana.conversation

    async def test_a_conversation_that_is_behind_its_lead_does_not_pull_it_back_or_ahead(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await qualify(salon, ana)
        again = await salon.elsewhere(ana)
        await salon.turn(again, leads.apply, slots={"nome": filled(ANA), "orcamento": filled(EIGHT)})
        assert await steps(salon) == [(None, "novo"), ("novo", "qualificado")]

        await salon.turn(again, leads.apply, succeeded=["agenda.criar"])

        assert (await steps(salon))[-1] == ("qualificado", "demo")
        assert (await lead_of(salon)).conversation_id == again.conversation

    async def test_two_conversations_at_once_make_one_lead_and_one_chain(self, salon: Salon, ana: Somebody) -> None:
        again = await salon.elsewhere(ana)
        slots = {"nome": filled(ANA), "orcamento": filled(EIGHT)}

        await asyncio.gather(*(salon.turn(who, leads.apply, slots=slots) for who in (ana, again)))

        assert await steps(salon) == [(None, "novo"), ("novo", "qualificado")]


class TestMove:
    async def test_a_person_moves_it_anywhere_and_says_why(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply)
        await move(salon, "ganho")

        lead, last = await lead_of(salon), (await chain(salon))[-1]
        assert (lead.stage, lead.seq) == ("ganho", 2)
        assert (last.cause, last.is_forced, last.actor_id) == (Cause.STAFF, True, BIA.id)
        assert (last.reason, last.criteria, last.turn_id) == ("combinado por telefone", [], None)

    async def test_it_is_on_record(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply)
        await move(salon, "demo")

        async with salon.world.session() as session:
            entry = (await session.scalars(select(AuditEntry).where(AuditEntry.action == "lead.moved"))).one()
        assert (entry.actor_id, entry.detail) == (BIA.id, {"from": "novo", "to": "demo"})

    async def test_the_next_turn_begins_where_they_put_it(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply)
        await move(salon, "demo")

        async with salon.world.session() as session:
            assert (await salon.begin(session, ana)).snapshot.dialogue.stage == "demo"

    async def test_a_turn_that_began_before_gives_way_and_keeps_what_it_learned(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await salon.turn(ana, leads.apply)
        async with salon.world.session() as session:
            begun = await salon.begin(session, ana)
        await move(salon, "perdido")
        async with salon.world.session() as session:
            decision = decided(begun, slots={"nome": filled(ANA, "Ana"), "orcamento": filled(EIGHT)})
            assert decision.stage == "qualificado"
            await write(session, begun, decision, leads.apply)

        lead = await lead_of(salon)
        assert (lead.stage, lead.slots) == ("perdido", {"nome": ANA, "orcamento": EIGHT})
        assert await steps(salon) == [(None, "novo"), ("novo", "perdido")]
        async with salon.world.session() as session:
            dialogue = (await salon.begin(session, ana)).snapshot.dialogue
        assert (dialogue.stage, dialogue.slots["nome"].quote) == ("perdido", Quote(text="Ana", message=1))

    async def test_to_where_it_stands_is_no_move(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply)
        await move(salon, "novo")

        assert len(await chain(salon)) == 1

    @pytest.mark.parametrize(("to", "reason"), [("inventada", "sim"), ("demo", "  ")])
    async def test_a_stage_of_another_board_or_no_reason_is_refused(
        self, salon: Salon, ana: Somebody, to: str, reason: str
    ) -> None:
        await salon.turn(ana, leads.apply)

        with pytest.raises(Malformed):
            await move(salon, to, reason)
        assert len(await chain(salon)) == 1

    async def test_another_companys_lead_is_not_there(self, salon: Salon, ana: Somebody, floor: Floor) -> None:
        await salon.turn(ana, leads.apply)
        lead, other = await lead_of(salon), await open_salon(floor)

        async with other.world.session() as session:
            with pytest.raises(NotFound):
                await leads.move(session, lead.id, to="demo", by=BIA, reason="meu")

    async def test_many_at_once_are_one_chain(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply)
        ways = ["qualificado", "demo", "ganho", "perdido"] * 3

        await asyncio.gather(*(move(salon, to) for to in ways))

        events = await chain(salon)
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert all(one.to_stage == other.from_stage for one, other in pairwise(events))
        assert (await lead_of(salon)).stage == events[-1].to_stage


class TestMarkLost:
    async def test_it_is_lost_from_any_stage(self, salon: Salon, ana: Somebody) -> None:
        await qualify(salon, ana)
        lead = await lead_of(salon)
        async with salon.world.session() as session:
            await leads.mark_lost(session, lead.id, by=BIA, reason="comprou de outro")

        assert (await steps(salon))[-1] == ("qualificado", "perdido")


class TestUndo:
    async def test_stage_and_slots_are_as_before_the_move(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply, slots={"nome": filled(ANA, "Ana")})
        before = await lead_of(salon)
        await salon.turn(ana, leads.apply, slots={"orcamento": filled(EIGHT, "8 mil")})

        await undo(salon, 2)

        lead, last = await lead_of(salon), (await chain(salon))[-1]
        assert (lead.stage, lead.slots) == (before.stage, before.slots) == ("novo", {"nome": ANA})
        assert (last.cause, last.undo_of, last.actor_id) == (Cause.UNDO, (await chain(salon))[1].id, BIA.id)

    async def test_the_conversation_forgets_what_made_the_move(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply, slots={"nome": filled(ANA, "Ana")})
        await salon.turn(ana, leads.apply, evidence={"urgencia": Quote(text="é para ontem", message=1)})
        assert (await lead_of(salon)).stage == "qualificado"

        await undo(salon, 2)
        await salon.turn(ana, leads.apply)

        assert (await lead_of(salon)).stage == "novo"

    async def test_what_proved_it_is_not_known_of_the_contact_any_more(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply, facts.remember, slots={"nome": filled(ANA, "Ana")})
        await salon.turn(ana, leads.apply, facts.remember, slots={"orcamento": filled(EIGHT, "8 mil")})
        await undo(salon, 2)
        rows = await salon.rows(ContactFact, ContactFact.created_at)
        assert [(row.key, row.valid_to is None) for row in rows] == [("nome", True), ("orcamento", False)]

    async def test_what_was_told_since_stays_known(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply, facts.remember, slots={"nome": filled(ANA, "Ana")})
        await salon.turn(ana, leads.apply, facts.remember, slots={"orcamento": filled(EIGHT, "8 mil")})
        ten = {"cents": 1_000_000, "currency": "BRL"}
        other = await salon.elsewhere(ana)
        await salon.turn(other, facts.remember, slots={"orcamento": filled(ten, "10 mil")})
        await undo(salon, 2)
        known = {row.key: row.value for row in await salon.rows(ContactFact) if row.valid_to is None}
        assert known == {"nome": ANA, "orcamento": ten}

    async def test_a_corrected_value_comes_back_with_its_own_words(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, leads.apply, slots={"nome": filled(ANA, "sou Ana", message=1)})
        corrected = {"nome": filled(BEATRIZ, "na verdade Beatriz", message=3), "orcamento": filled(EIGHT, message=3)}
        await salon.turn(ana, leads.apply, slots=corrected)

        await undo(salon, 2)

        assert (await lead_of(salon)).slots == {"nome": ANA}
        async with salon.world.session() as session:
            slots = (await salon.begin(session, ana)).snapshot.dialogue.slots
        assert slots == {"nome": filled(ANA, "sou Ana", message=1)}

    async def test_moves_are_taken_back_one_after_the_other_to_the_beginning(self, salon: Salon, ana: Somebody) -> None:
        await qualify(salon, ana)
        await move(salon, "ganho")
        await undo(salon, 3)
        await undo(salon, 2)

        assert ((await lead_of(salon)).stage, len(await chain(salon))) == ("novo", 5)
        with pytest.raises(Conflict, match="beginning"):
            await undo(salon, 1)

    async def test_an_older_move_and_one_that_was_taken_back_are_refused(self, salon: Salon, ana: Somebody) -> None:
        await qualify(salon, ana)
        await move(salon, "ganho")
        with pytest.raises(Conflict, match="newest"):
            await undo(salon, 2)
        await undo(salon, 3)
        for seq in (3, 4):
            with pytest.raises(Conflict, match="newest"):
                await undo(salon, seq)
        with pytest.raises(NotFound):
            await undo(salon, 99)


class TestRemember:
    async def current(self, salon: Salon) -> dict[str, Any]:
        return {row.key: row.value for row in await salon.rows(ContactFact) if row.valid_to is None}

    async def test_what_counts_is_kept_with_the_words_and_the_channel(self, salon: Salon, ana: Somebody) -> None:
        seq = await salon.say(ana, "Sou a Ana")
        await salon.turn(ana, facts.remember, slots={"nome": filled(ANA, "Sou a Ana", message=seq)})

        [fact], [message] = await salon.rows(ContactFact), await salon.rows(Message)
        assert (fact.key, fact.value, fact.quote, fact.message_id) == ("nome", ANA, "Sou a Ana", message.id)
        assert (fact.contact_id, fact.source, fact.channel, fact.valid_to) == (
            ana.contact,
            "customer",
            "whatsapp",
            None,
        )

    async def test_what_waits_for_a_yes_or_is_not_to_be_kept_is_not(self, salon: Salon, ana: Somebody) -> None:
        slots = {"nome": filled(ANA, is_confirmed=False), "recado": filled({"text": "oi"}), "cpf": filled(CPF)}
        await salon.turn(ana, facts.remember, slots=slots)

        assert await self.current(salon) == {"cpf": CPF}

    async def test_a_new_value_ends_the_old_one_and_both_stay(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, facts.remember, slots={"nome": filled(ANA)})
        await salon.turn(ana, facts.remember, slots={"nome": filled(BEATRIZ, message=2)})

        old, new = sorted(await salon.rows(ContactFact), key=lambda row: row.valid_from)
        assert (old.value, new.value, new.valid_to) == (ANA, BEATRIZ, None)
        assert old.valid_to == new.valid_from

    async def test_said_again_in_another_conversation_it_is_the_same_fact(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, facts.remember, slots={"nome": filled(ANA)})
        await salon.turn(await salon.elsewhere(ana), facts.remember, slots={"nome": filled({"name": "ANA"})})

        assert len(await salon.rows(ContactFact)) == 1

    async def test_what_is_taken_back_is_not_known_any_more(self, salon: Salon, ana: Somebody) -> None:
        await salon.turn(ana, facts.remember, slots={"nome": filled(ANA), "cpf": filled(CPF)})
        await salon.turn(ana, facts.remember, lost=["cpf"])

        assert await self.current(salon) == {"nome": ANA}

    async def test_two_conversations_at_once_leave_one_current_value(self, salon: Salon, ana: Somebody) -> None:
        again = await salon.elsewhere(ana)
        given = [(ana, filled(ANA)), (again, filled(BEATRIZ))]

        await asyncio.gather(*(salon.turn(who, facts.remember, slots={"nome": value}) for who, value in given))

        rows = await salon.rows(ContactFact)
        assert (len(rows), len(await self.current(salon))) == (2, 1)
