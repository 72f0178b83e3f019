"""The bot off and on: on a connection, over what it has queued; and with one customer."""

import asyncio
import random
from typing import Any

from sqlalchemy import select

from core.ids import new_id
from core.models.outbox import Purpose
from core.models.people import Connection, ConnectionKind
from core.models.stream import Control, Trigger, Turn
from graphs import pausing, turn_taking
from graphs.stores import owed
from tests.admin_api.staff.counter import Counter
from tests.fixtures.gates import Somebody
from tests.fixtures.sizes import size


async def control_of(counter: Counter, who: Somebody) -> Any:
    return await counter.one(
        "SELECT control, assignee_id, control_epoch FROM conversations WHERE id = :id", id=who.conversation
    )


async def fates(counter: Counter, who: Somebody) -> list[tuple[str, str | None]]:
    rows = await counter.rows("SELECT state, reason FROM outbound WHERE contact_id = :id ORDER BY seq", id=who.contact)
    return [(row.state, row.reason) for row in rows]


async def off(counter: Counter, words: str = "/bot desligar Loja") -> None:
    await counter.confirm("caio", words)


async def on(counter: Counter) -> None:
    await counter.type("caio", "/bot ligar")


class TestOff:
    async def test_it_is_shown_with_what_is_queued_before_it_is_done(self, counter: Counter) -> None:
        who = await counter.customer()
        await counter.world.queue(who.conversation, purpose=Purpose.REPLY)

        shown = await counter.type("caio", "/bot desligar")

        assert shown.text.startswith("⏸ Desligar o bot em: Loja\n")
        assert "Na fila agora: 1" in shown.text
        assert (await counter.one("SELECT bot_paused_at FROM connections WHERE name = 'Loja'"))[0] is None
        await counter.world.finish()

    async def test_confirmed_it_is_done_on_the_lines_that_were_shown(self, counter: Counter) -> None:
        shown = await counter.type("caio", "/bot desligar")
        later = Connection(id=new_id(), kind=ConnectionKind.SMS, name="Mais Tarde")
        await counter.add(later)

        await counter.press("caio", shown.button("Confirmar"))

        rows = await counter.rows("SELECT name FROM connections WHERE bot_paused_at IS NOT NULL")
        assert [row.name for row in rows] == ["Loja"]
        await on(counter)
        await counter.rows("DELETE FROM connections WHERE name = 'Mais Tarde' RETURNING id")

    async def test_what_the_bot_had_queued_is_void_and_what_people_wrote_leaves(self, counter: Counter) -> None:
        who = await counter.customer()
        await counter.world.queue(who.conversation, purpose=Purpose.REPLY)
        await counter.world.queue(who.conversation, purpose=Purpose.STAFF)

        await off(counter)

        assert await fates(counter, who) == [("suppressed", "bot_paused"), ("queued", None)]
        assert "connection.bot_paused" in {action for action, _ in await counter.audited("caio")}
        await counter.world.finish()
        await on(counter)

    async def test_what_a_turn_queues_while_it_is_off_is_judged_at_the_claim(self, counter: Counter) -> None:
        who = await counter.customer()
        await off(counter)
        await counter.world.queue(who.conversation, purpose=Purpose.REPLY)

        claimed = await counter.world.claim()

        assert claimed.claims == ()
        assert await fates(counter, who) == [("suppressed", "bot_paused")]
        await on(counter)

    async def test_turns_end_as_ignored_and_begin_again_once_it_is_on(self, counter: Counter) -> None:
        who = await counter.customer()
        await off(counter)
        taker = turn_taking.TurnTaker(floor=counter.world.floor, gateway=None, retriever_of=None)  # type: ignore[arg-type] # no turn gets so far
        await counter.salon.say(who, "oi")
        async with counter.world.session() as session:
            await owed.owe(session, who.conversation, Trigger.INBOUND, payload={})

        await taker.run_due()

        async with counter.world.session() as session:
            turns = list(await session.scalars(select(Turn).where(Turn.conversation_id == who.conversation)))
        assert [(turn.state, turn.reason) for turn in turns] == [("ignored", "paused")]
        await on(counter)

    async def test_no_answer_of_the_bot_starts_after_the_commit(self, counter: Counter) -> None:
        """The provider is the witness: whatever moment is chosen, nothing of the persona reaches it later."""
        provider, dice = counter.world.provider, random.Random(6)  # noqa: S311 - moments of a test
        for _ in range(size(6, chaos=200)):
            who = await counter.customer()
            for number in range(3):
                await counter.world.queue(who.conversation, purpose=Purpose.REPLY, intent=f"r{number}:{who.contact}")
            async with counter.world.sending():
                await asyncio.sleep(dice.random() * 0.03)
                async with counter.world.session() as session:
                    await pausing.pause(session, counter.world.connection, by=counter.people["caio"].actor)
                before = len(provider.started)
                await counter.world.settle()
            assert len(provider.started) == before
            await on(counter)

    async def test_it_waits_for_an_answer_that_may_be_on_its_way_to_the_socket(self, counter: Counter) -> None:
        who = await counter.customer()
        message = await counter.world.queue(who.conversation, purpose=Purpose.REPLY)
        assert len((await counter.world.claim()).claims) == 1

        async def pause() -> int | None:
            async with counter.world.session() as session:
                return await pausing.pause(session, counter.world.connection, by=counter.people["caio"].actor)

        pausing_now = asyncio.create_task(pause())
        done, _ = await asyncio.wait([pausing_now], timeout=0.3)
        assert not done
        await counter.set("outbound", {"state": "sent"}, message_id=message)

        assert await pausing_now == 0
        await on(counter)

    async def test_off_twice_is_off_once_and_an_unknown_line_is_said(self, counter: Counter) -> None:
        await off(counter)
        shown = await counter.confirm("caio", "/bot desligar loja")
        assert "já estava desligado" in shown.text
        await on(counter)

        assert "Não há conexão “Lua”" in (await counter.type("caio", "/bot desligar Lua")).text

    async def test_the_overview_says_since_when_and_switches_by_button(self, counter: Counter) -> None:
        await off(counter)
        shown = await counter.type("caio", "/bot")
        assert "Loja: ⏸ desligado desde" in shown.text
        assert "Grupo" not in shown.text

        done = await counter.press("caio", shown.button("Ligar"))

        assert "Loja: ligado" in done.text
        assert (await counter.type("leo", "/bot")).buttons == []

    async def test_campaigns_and_people_are_not_the_bot(self, counter: Counter) -> None:
        who = await counter.customer()
        await off(counter)
        await counter.world.queue(who.conversation, purpose=Purpose.STAFF)

        claimed = await counter.world.claim()

        assert len(claimed.claims) == 1
        await counter.rows("UPDATE outbound SET state = 'suppressed' WHERE state = 'sending' RETURNING id")
        await on(counter)


class TestPause:
    async def test_the_bot_is_silent_there_and_the_conversation_is_theirs(self, counter: Counter) -> None:
        who = await counter.customer("Pausada")
        await counter.world.queue(who.conversation, purpose=Purpose.REPLY)

        said = await counter.type("bia", "/pausar", who)

        row = await control_of(counter, who)
        assert (row.control, row.assignee_id) == (Control.HUMAN, counter.people["bia"].user)
        assert await fates(counter, who) == [("suppressed", "control_changed")]
        assert "a conversa é sua" in said.text
        assert (await counter.audited("bia"))[-1][0] == "conversation.control"

    async def test_who_has_it_already_keeps_it(self, counter: Counter) -> None:
        who = await counter.customer()
        await counter.type("bia", "/pausar", who)

        said = await counter.type("caio", "/pausar", who)

        assert "já está calado" in said.text
        assert (await control_of(counter, who)).assignee_id == counter.people["bia"].user

    async def test_given_back_with_a_note_it_answers_again(self, counter: Counter) -> None:
        who = await counter.customer("Devolvida")
        await counter.type("bia", "/pausar", who)

        await counter.type("bia", "/retomar ficou para amanhã", who)

        assert (await control_of(counter, who)).control == Control.BOT
        [turn] = await counter.rows("SELECT payload FROM turns WHERE conversation_id = :id", id=who.conversation)
        assert turn.payload["note"] == "ficou para amanhã"
        await counter.rows("UPDATE turns SET state = 'ignored' WHERE state = 'open' RETURNING id")

    async def test_a_button_of_an_older_state_is_void(self, counter: Counter) -> None:
        who = await counter.customer("Mudada")
        shown = await counter.type("bia", "/cliente", who)
        await counter.type("caio", "/pausar", who)

        pressed = await counter.press("bia", shown.button("Pausar o bot"), who)

        assert pressed.toast.startswith("Mudou quem responde")
        assert (await control_of(counter, who)).assignee_id == counter.people["caio"].user

    async def test_by_name_from_anywhere(self, counter: Counter) -> None:
        who = await counter.customer("Longínqua", with_topic=False)

        await counter.type("bia", "/pausar Longínqua")

        assert (await control_of(counter, who)).control == Control.HUMAN
