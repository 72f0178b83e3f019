"""Who waits for a person: what the person has to know, until when somebody should be there, and how it ends."""

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from typing import Any

import pytest

from core import clock
from core.db.sessions import TenantSession
from core.floor import Floor
from core.ids import UserId, new_id
from core.models.personas import Lead
from core.models.service import ContactFact, Handoff, HandoffState, Timer, TimerKind
from core.models.stream import Author, Control, TurnOutcome
from graphs import committing, office_hours
from graphs.committing import Unfenced
from graphs.conversation.state import Bubble, Handover, Outcome, Route
from graphs.stores import handoffs
from graphs.stores.endings import Ended
from tests.fixtures.gates import Somebody
from tests.fixtures.salon import ANA, CPF, EIGHT, Salon, decided, filled, open_salon

ASKED = Handover(reason="customer_asked")


@pytest.fixture
async def salon(floor: Floor) -> AsyncIterator[Salon]:
    salon = await open_salon(floor)
    yield salon
    await salon.finish()


@pytest.fixture
async def ana(salon: Salon) -> Somebody:
    return await salon.person(name="Ana")


async def hand_over(salon: Salon, who: Somebody, *, epoch: int = 1, **told: Any) -> None:
    """With the control that goes with it."""

    async def end(session: TenantSession, turns: Sequence[Ended]) -> None:
        for one in turns:
            await handoffs.open_one(session, one.begun, one.decision, epoch=epoch)

    await salon.turn(who, end, handover=told.pop("handover", ASKED), route=Route.HANDOFF, **told)
    await salon.set_control(who, control=Control.QUEUED, control_epoch=epoch)


async def take(salon: Salon, who: Somebody, user: UserId | None = None, *, epoch: int = 2) -> None:
    await salon.set_control(who, control=Control.HUMAN, control_epoch=epoch, control_reason="echo")
    async with salon.world.session() as session:
        await handoffs.taken(session, who.conversation, user)


async def end(salon: Salon, who: Somebody) -> None:
    async with salon.world.session() as session:
        await handoffs.ended(session, who.conversation)


async def waiting(salon: Salon) -> dict[TimerKind, Timer]:
    return {timer.kind: timer for timer in await salon.rows(Timer) if timer.done_at is None}


async def queue(salon: Salon) -> list[Handoff]:
    return await salon.rows(Handoff, Handoff.created_at)


class TestOpenOne:
    async def test_it_waits_in_the_personas_queue_under_the_new_control(self, salon: Salon, ana: Somebody) -> None:
        await hand_over(salon, ana)

        [row] = await queue(salon)
        assert (row.queue, row.reason, row.epoch, row.state) == ("vendas", "customer_asked", 1, HandoffState.QUEUED)
        assert (row.conversation_id, row.taken_by) == (ana.conversation, None)
        payload = {"conversation": str(ana.conversation), "queue": "vendas", "reason": "customer_asked"}
        assert await salon.told("handoff.") == [("handoff.opened", payload)]

    async def test_the_brief_says_what_a_person_has_to_know(self, salon: Salon, ana: Somebody) -> None:
        for words in ("oi", "Sou a Ana", "quanto custa o plano?", "tenho 8 mil", "quero falar com alguém"):
            await salon.say(ana, words)
        slots = {"nome": filled(ANA), "orcamento": filled(EIGHT), "cpf": filled(CPF, is_confirmed=False)}
        await hand_over(salon, ana, slots=slots)

        [row] = await queue(salon)
        assert row.brief == {
            "shows": ["summary", "slots", "reason"],
            "reason": "customer_asked",
            "summary": None,
            "slots": [
                {"slot": "nome", "label": "Nome", "value": "Ana", "is_confirmed": True},
                {"slot": "orcamento", "label": "orcamento", "value": "R$ 8.000,00", "is_confirmed": True},
                {"slot": "cpf", "label": "cpf", "value": "***.982.247-**", "is_confirmed": False},
            ],
            "stage": "qualificado",
            "stage_label": "Qualificado",
            "last_question": {"message": 3, "text": "quanto custa o plano?"},
            "quotes": [
                {"message": 3, "text": "quanto custa o plano?"},
                {"message": 4, "text": "tenho 8 mil"},
                {"message": 5, "text": "quero falar com alguém"},
            ],
        }

    async def test_the_bots_words_are_no_quotes(self, salon: Salon, ana: Somebody) -> None:
        await salon.say(ana, "oi")
        await salon.say(ana, "Em que posso ajudar?", Author.BOT)
        await hand_over(salon, ana)

        [row] = await queue(salon)
        assert ([one["text"] for one in row.brief["quotes"]], row.brief["last_question"]) == (["oi"], None)

    async def test_the_ladder_is_climbed_in_business_hours(self, salon: Salon, ana: Somebody) -> None:
        await hand_over(salon, ana)

        timers = await waiting(salon)
        for kind, minutes in (
            (TimerKind.FIRST_RESPONSE, 5),
            (TimerKind.CUSTOMER_NOTICE, 10),
            (TimerKind.ESCALATE, 20),
        ):
            span = timedelta(minutes=minutes)
            due = office_hours.after(clock.now(), span, hours="08:00-18:00", zone="America/Sao_Paulo")
            assert abs(timers[kind].due_at - due) < timedelta(seconds=10), kind
            assert timers[kind].epoch == 1
        assert timers[TimerKind.ESCALATE].payload["escalate"] == "gerente"
        assert timers[TimerKind.CUSTOMER_NOTICE].payload["text"] == "A Padaria já responde, Ana."

    async def test_asked_for_again_while_it_waits_it_is_the_same(self, salon: Salon, ana: Somebody) -> None:
        await hand_over(salon, ana)
        before = await waiting(salon)
        await hand_over(salon, ana, handover=Handover(reason="complaint"))

        [row] = await queue(salon)
        assert (row.reason, len(await salon.told("handoff."))) == ("customer_asked", 1)
        assert {kind: timer.due_at for kind, timer in (await waiting(salon)).items()} == {
            kind: timer.due_at for kind, timer in before.items()
        }

    async def test_one_that_was_left_open_under_an_older_control_is_opened_anew(
        self, salon: Salon, ana: Somebody
    ) -> None:
        await hand_over(salon, ana)
        await take(salon, ana)
        await hand_over(salon, ana, epoch=4, handover=Handover(reason="complaint"))

        [row] = await queue(salon)
        assert (row.reason, row.epoch, row.state, row.taken_at) == ("complaint", 4, HandoffState.QUEUED, None)

    async def test_after_its_end_another_one_may_be_opened(self, salon: Salon, ana: Somebody) -> None:
        await hand_over(salon, ana)
        await end(salon, ana)
        await hand_over(salon, ana, epoch=3)

        assert [row.state for row in await queue(salon)] == [HandoffState.ENDED, HandoffState.QUEUED]


class TestCommit:
    async def test_a_whole_turn_leaves_all_that_follows_from_it_or_nothing(self, salon: Salon, ana: Somebody) -> None:
        seq = await salon.say(ana, "Sou a Ana, tenho 8 mil, pago sexta, me passa para alguém")
        slots = {"nome": filled(ANA, "Sou a Ana", message=seq), "orcamento": filled(EIGHT, "8 mil", message=seq)}
        promise = {"when": "2030-01-04", "quote": "pago sexta", "message": seq}
        async with salon.world.session() as session:
            begun = await salon.begin(session, ana)
        decision = decided(begun, slots=slots, promise=promise, handover=ASKED, route=Route.HANDOFF)
        outcome = Outcome(decision=decision, outcome=TurnOutcome.HANDED_OFF, bubbles=(Bubble(text="Já chamo."),))

        async with salon.world.session() as session:
            await committing.commit(session, begun, outcome)
        with pytest.raises(Unfenced):
            async with salon.world.session() as session:
                await committing.commit(session, begun, outcome)

        [row], [lead] = await queue(salon), await salon.rows(Lead)
        assert (row.epoch, row.turn_id, lead.stage, lead.seq) == (1, begun.claim.turn, "qualificado", 2)
        assert (await salon.conversation(ana)).control is Control.QUEUED
        assert {fact.key for fact in await salon.rows(ContactFact)} == {"nome", "orcamento"}
        assert set(await waiting(salon)) == {
            TimerKind.FIRST_RESPONSE,
            TimerKind.CUSTOMER_NOTICE,
            TimerKind.ESCALATE,
            TimerKind.PROMISE,
        }


class TestTaken:
    async def test_whoever_takes_it_is_on_record_and_the_ladder_comes_down(self, salon: Salon, ana: Somebody) -> None:
        await hand_over(salon, ana)
        user = UserId(new_id())
        await take(salon, ana, user)

        [row] = await queue(salon)
        assert (row.state, row.taken_by, row.epoch) == (HandoffState.TAKEN, user, 2)
        assert row.taken_at is not None
        assert set(await waiting(salon)) == {TimerKind.NEXT_RESPONSE, TimerKind.IDLE_RETURN}
        assert {timer.epoch for timer in (await waiting(salon)).values()} == {2}
        told = {"conversation": str(ana.conversation), "user": str(user)}
        assert (await salon.told("handoff."))[-1] == ("handoff.taken", told)

    async def test_the_bot_comes_back_after_the_personas_idle_time(self, salon: Salon, ana: Somebody) -> None:
        await hand_over(salon, ana)
        await take(salon, ana)

        timer = (await waiting(salon))[TimerKind.IDLE_RETURN]
        assert timer.payload == {"idle_seconds": 1800.0}
        assert timedelta(minutes=29) < timer.due_at - clock.now() <= timedelta(minutes=30)

    async def test_who_was_asked_for_by_nobody_has_it_all_the_same(self, salon: Salon, ana: Somebody) -> None:
        await take(salon, ana, epoch=1)

        [row] = await queue(salon)
        assert (row.state, row.reason, row.queue, row.turn_id) == (HandoffState.TAKEN, "echo", "atendimento", None)

    async def test_another_person_takes_it_from_the_first(self, salon: Salon, ana: Somebody) -> None:
        second = UserId(new_id())
        await take(salon, ana, UserId(new_id()), epoch=1)
        await take(salon, ana, second, epoch=2)

        [row] = await queue(salon)
        assert (row.taken_by, row.epoch) == (second, 2)


class TestEnded:
    async def test_nobody_waits_any_more(self, salon: Salon, ana: Somebody) -> None:
        await hand_over(salon, ana)
        await take(salon, ana)
        await end(salon, ana)

        [row] = await queue(salon)
        assert row.state is HandoffState.ENDED
        assert row.ended_at is not None
        assert await waiting(salon) == {}
        assert [kind for kind, _ in await salon.told("handoff.")][-1] == "handoff.ended"

    async def test_ended_twice_or_never_begun_it_tells_nothing(self, salon: Salon, ana: Somebody) -> None:
        await end(salon, ana)
        await hand_over(salon, ana)
        await end(salon, ana)
        await end(salon, ana)

        kinds = [kind for kind, _ in await salon.told("handoff.")]
        assert kinds == ["handoff.opened", "handoff.ended"]

    async def test_other_conversations_wait_on(self, salon: Salon, ana: Somebody) -> None:
        await hand_over(salon, await salon.person())
        await hand_over(salon, ana)
        await end(salon, ana)

        assert sorted(row.state for row in await queue(salon)) == ["ended", "queued"]
