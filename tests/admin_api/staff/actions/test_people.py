"""Who may be written to, and who is erased."""

import pytest

from admin_api.staff.actions.erasing import STORES
from core import clock
from core.models.outbox import Purpose
from tests.admin_api.staff.counter import Counter
from tests.fixtures.gates import Somebody


async def opted_out(counter: Counter, who: Somebody) -> bool:
    row = await counter.one("SELECT opted_out_at FROM contacts WHERE id = :id", id=who.contact)
    return row.opted_out_at is not None


class TestOptOut:
    async def test_nothing_that_we_start_leaves_any_more(self, counter: Counter) -> None:
        who = await counter.customer("Parada")
        await counter.world.queue(who.conversation, purpose=Purpose.REPLY)

        await counter.confirm("bia", "/parar ligou pedindo", who)

        assert await opted_out(counter, who)
        [row] = await counter.rows("SELECT state, reason FROM outbound WHERE contact_id = :id", id=who.contact)
        assert tuple(row) == ("suppressed", "opted_out")
        [event] = await counter.rows("SELECT source, quote FROM consent_events WHERE contact_id = :id", id=who.contact)
        assert tuple(event) == ("staff", "ligou pedindo")
        assert (await counter.audited("bia"))[-1] == ("contact.opted_out", {"reason": "ligou pedindo"})

    async def test_no_confirmation_goes_to_somebody_who_did_not_write(self, counter: Counter) -> None:
        who = await counter.customer()

        await counter.confirm("bia", "/parar", who)

        assert await counter.rows("SELECT id FROM outbound WHERE contact_id = :id", id=who.contact) == []

    async def test_again_is_said_to_be_so_already(self, counter: Counter) -> None:
        who = await counter.customer(opted_out_at=clock.now())

        assert "já tinha pedido para parar" in (await counter.confirm("bia", "/parar", who)).text


class TestOptIn:
    async def test_staff_say_why_and_it_is_on_record(self, counter: Counter) -> None:
        who = await counter.customer("Voltada")
        await counter.confirm("bia", "/parar", who)

        done = await counter.confirm("caio", "/voltar assinou na loja", who)

        assert "volta a receber mensagens" in done.text
        assert not await opted_out(counter, who)
        assert (await counter.audited("caio"))[-1] == ("contact.opted_in", {"reason": "assinou na loja"})

    async def test_without_a_reason_nobody_is_brought_back(self, counter: Counter) -> None:
        who = await counter.customer(opted_out_at=clock.now())

        assert "Escreva por que" in (await counter.type("caio", "/voltar", who)).text
        assert await opted_out(counter, who)


class TestErase:
    async def test_nothing_is_left_but_a_receipt_said_in_the_general(self, counter: Counter) -> None:
        who = await counter.customer("Apagada Inteira")
        await counter.salon.say(who, "meu segredo")

        done = await counter.confirm("caio", "/apagar", who)

        [note] = done.notes
        assert (note.group_id, note.topic_id) == (counter.group, None)
        receipt = await counter.one("SELECT id, receipt FROM erasures WHERE contact_id = :id", id=who.contact)
        assert str(receipt.id) in done.text
        assert receipt.receipt["messages"] == 1
        assert receipt.receipt.keys() <= STORES.keys()
        [row] = await counter.rows("SELECT text FROM messages WHERE conversation_id = :id", id=who.conversation)
        assert row.text is None
        assert "Apagada" not in done.text

    @pytest.mark.parametrize("line", ["/apagar Fixada", "/parar Fixada: pediu"])
    async def test_confirmed_it_is_done_to_whom_was_shown(self, counter: Counter, line: str) -> None:
        """Whatever anybody calls themselves in between."""
        shown_one = await counter.customer("Fixada", with_topic=False)
        shown = await counter.type("caio", line)
        assert f"Fixada · …{shown_one.phone[-4:]}" in shown.text
        other = await counter.customer("Fixada", with_topic=False)
        await counter.set("contacts", {"name": "Outro Nome"}, id=shown_one.contact)

        await counter.press("caio", shown.button("Confirmar"))

        assert await opted_out(counter, shown_one)
        assert not await opted_out(counter, other)
        await counter.set("contacts", {"name": "Ninguém"}, id=other.contact)

    async def test_it_is_told_what_goes_before_it_goes(self, counter: Counter) -> None:
        who = await counter.customer("Ficou")

        shown = await counter.type("caio", "/apagar Ficou")

        assert shown.text.startswith(f"🗑 Apagar tudo sobre Ficou · …{who.phone[-4:]}\n")
        assert "Não dá para desfazer." in shown.text
        assert await counter.rows("SELECT id FROM erasures WHERE contact_id = :id", id=who.contact) == []
