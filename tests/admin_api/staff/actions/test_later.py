"""Messages to a customer at a set time, and reminders: made, listed, cancelled, and said when it is time."""

from datetime import UTC, datetime, timedelta

import pytest

from channels.contents import Text
from core import clock
from core.models.outbox import OutboundState
from graphs import handoff
from tests.admin_api.staff.counter import Counter
from tests.fixtures.gates import Somebody


async def waiting(counter: Counter, who: Somebody) -> list[tuple[str, str, str]]:
    rows = await counter.rows(
        "SELECT o.purpose, o.state, m.text FROM outbound o JOIN messages m ON m.id = o.message_id "
        "WHERE o.contact_id = :id ORDER BY o.seq",
        id=who.contact,
    )
    return [(row.purpose, row.state, row.text) for row in rows]


class TestSchedule:
    async def test_it_waits_in_the_outbox_as_words_of_the_staff(self, counter: Counter) -> None:
        who = await counter.customer("Marcada")

        await counter.rows("UPDATE companies SET quiet_from = '00:00', quiet_until = '00:00' RETURNING id")

        said = await counter.confirm("bia", "/agendar em 2 horas: Bom dia, Marcada!", who)

        assert said.text.startswith("🕓 Agendada para ")
        assert said.text.endswith("Bom dia, Marcada!")
        assert await waiting(counter, who) == [("staff", "queued", "Bom dia, Marcada!")]
        [row] = await counter.rows(
            "SELECT not_before - app_now() AS left FROM outbound WHERE contact_id = :id", id=who.contact
        )
        assert timedelta(minutes=119) < row.left <= timedelta(hours=2)
        assert (await counter.audited("bia"))[-1][0] == "message.scheduled"

    async def test_a_time_in_the_quiet_hours_is_said_to_be_one(self, counter: Counter) -> None:
        who = await counter.customer()
        await counter.rows("UPDATE companies SET quiet_from = '00:00', quiet_until = '23:59:59' RETURNING id")

        said = await counter.type("bia", "/agendar em 2 horas: Oi!", who)

        await counter.rows("UPDATE companies SET quiet_from = '00:00', quiet_until = '00:00' RETURNING id")
        assert said.text.endswith("⚠️ É horário de silêncio; sai assim mesmo.")

    async def test_it_is_not_sent_before_its_time_and_then_it_is(self, counter: Counter) -> None:
        who = await counter.customer()
        await counter.confirm("bia", "/agendar em 2 horas: Oi!", who)
        assert await counter.world.due() == []
        await counter.set("outbound", {"not_before": clock.now()}, contact_id=who.contact)

        claimed = await counter.world.claim()

        assert [(claim.contact, claim.content) for claim in claimed.claims] == [(who.contact, Text(body="Oi!"))]

    async def test_it_is_shown_first_and_the_moment_that_was_shown_counts(self, counter: Counter) -> None:
        who = await counter.customer("Revista")

        shown = await counter.type("bia", "/agendar em 2 horas: te espero amanhã às 9h na loja", who)

        assert shown.text.startswith("🕓 Enviar em ")
        assert f"Revista · …{who.phone[-4:]}" in shown.text
        assert "te espero amanhã às 9h na loja" in shown.text
        assert await waiting(counter, who) == []
        at = (
            await counter.one(
                "SELECT arguments -> 'arguments' ->> 'at' FROM staff_buttons WHERE action = 'confirm' "
                "ORDER BY id DESC LIMIT 1"
            )
        )[0]
        await counter.press("bia", shown.button("Confirmar"), who)
        row = await counter.one("SELECT not_before FROM outbound WHERE contact_id = :id", id=who.contact)
        assert row.not_before.isoformat() == datetime.fromisoformat(at).astimezone(UTC).isoformat()

    async def test_confirmed_twice_it_is_one(self, counter: Counter) -> None:
        who = await counter.customer()
        shown = await counter.type("bia", "/agendar em 2 horas: Oi!", who)
        for _ in range(2):
            await counter.press("bia", shown.button("Confirmar"), who)

        assert len(await waiting(counter, who)) == 1

    async def test_another_name_in_a_topic_is_no_time(self, counter: Counter) -> None:
        who = await counter.customer()

        assert "Não entendi para quando" in (await counter.type("bia", "/agendar Bia: amanhã 9h: oi", who)).text

    async def test_the_history_shows_it_as_put_by(self, counter: Counter) -> None:
        who = await counter.customer()
        await counter.confirm("bia", "/agendar em 2 horas: Bom dia!", who)

        assert " Bom dia! 🕓 agendada para " in (await counter.type("leo", "/historico", who)).text

    async def test_the_button_cancels_it(self, counter: Counter) -> None:
        who = await counter.customer()
        made = await counter.confirm("bia", "/agendar em 2 horas: Oi!", who)

        done = await counter.press("bia", made.button("Cancelar"), who)

        assert done.toast == "Cancelada: não será enviada."
        assert await waiting(counter, who) == [("staff", "suppressed", "Oi!")]

    async def test_the_list_shows_those_of_the_topic_and_cancels_each(self, counter: Counter) -> None:
        who, other = await counter.customer("Primeira"), await counter.customer("Segunda")
        await counter.confirm("bia", "/agendar em 3 horas: Depois", who)
        await counter.confirm("bia", "/agendar em 2 horas: Antes", who)
        await counter.confirm("bia", "/agendar em 2 horas: Alheia", other)

        listed = await counter.type("bia", "/agendados", who)
        assert [line.rsplit(": ", 1)[1] for line in listed.text.splitlines()[1:]] == ["Antes", "Depois"]

        await counter.press("bia", listed.button("2"), who)
        assert [row[1:] for row in await waiting(counter, who)] == [("suppressed", "Depois"), ("queued", "Antes")]

    async def test_what_has_left_cannot_be_cancelled(self, counter: Counter) -> None:
        who = await counter.customer()
        made = await counter.confirm("bia", "/agendar em 2 horas: Oi!", who)
        await counter.set("outbound", {"state": OutboundState.SENT}, contact_id=who.contact)

        assert "já saiu" in (await counter.press("bia", made.button("Cancelar"), who)).toast

    @pytest.mark.parametrize(
        ("line", "why"),
        [
            ("/agendar em 2 dias: Oi", "janela de 24 h"),
            ("/agendar ontem: Oi", "Não entendi para quando"),
            ("/agendar hoje 0h00: Oi", "já passou"),
            ("/agendar em 2 horas", "o que enviar"),
            ("/agendar te espero amanhã às 9h na loja", "Diga quando, dois-pontos"),
            ("/agendar", "Diga quando"),
        ],
    )
    async def test_what_would_not_leave_then_is_refused_now(self, counter: Counter, line: str, why: str) -> None:
        who = await counter.customer()

        assert why in (await counter.type("bia", line, who)).text
        assert await waiting(counter, who) == []

    async def test_who_opted_out_or_has_no_open_conversation_gets_none(self, counter: Counter) -> None:
        silent, closed = await counter.customer(opted_out_at=clock.now()), await counter.customer()
        async with counter.world.session() as session:
            await handoff.close(session, closed.conversation, "done")

        line = "/agendar em 2 horas: Oi"
        assert "pediu para não receber" in (await counter.type("bia", line, silent)).text
        assert "encerrada" in (await counter.type("bia", line, closed)).text

    async def test_an_opt_out_in_between_stops_it(self, counter: Counter) -> None:
        who = await counter.customer()
        await counter.confirm("bia", "/agendar em 2 horas: Oi!", who)

        await counter.confirm("bia", "/parar", who)

        assert await waiting(counter, who) == [("staff", "suppressed", "Oi!")]

    async def test_outside_a_topic_the_customer_is_named_first(self, counter: Counter) -> None:
        who = await counter.customer("Distante", with_topic=False)

        await counter.confirm("bia", "/agendar Distante: em 2 horas: Oi, D.!")

        assert await waiting(counter, who) == [("staff", "queued", "Oi, D.!")]


class TestRemind:
    async def test_it_is_a_note_of_the_topic_that_waits(self, counter: Counter) -> None:
        who = await counter.customer()

        said = await counter.type("leo", "/lembrar em 30 min ver o pagamento", who)

        assert said.text.startswith("⏰ Vou lembrar: ")
        row = await counter.one(
            "SELECT lane, body -> 'text' ->> 'text' AS said, not_before - app_now() AS left FROM staff_notes "
            "WHERE topic_id = :id AND key LIKE 'reminder:%'",
            id=counter.topics[who.contact],
        )
        assert (row.lane, row.said) == ("alert", "⏰ Leo, lembrete:\nver o pagamento")
        assert timedelta(minutes=29) < row.left <= timedelta(minutes=30)

    async def test_in_a_topic_a_time_is_enough(self, counter: Counter) -> None:
        who = await counter.customer()

        assert (await counter.type("leo", "/lembrar em 30 min", who)).text.endswith("voltar a esta conversa")

    async def test_each_sees_and_cancels_their_own_alone(self, counter: Counter) -> None:
        who = await counter.customer("Tópico")
        await counter.type("caio", "/lembrar em 1 hora ligar", who)
        listed = await counter.type("caio", "/lembretes")
        assert listed.text.endswith("· Tópico: ligar")
        assert (await counter.type("dona", "/lembretes")).text.startswith("Seus lembretes\nNenhum.")

        stolen = await counter.press("dona", listed.button("🗑 1"))
        assert "não é seu" in stolen.toast

        assert (await counter.press("caio", listed.button("🗑 1"))).toast == "Lembrete cancelado."
        assert (await counter.type("caio", "/lembretes")).text.startswith("Seus lembretes\nNenhum.")

    @pytest.mark.parametrize("line", ["/lembrar", "/lembrar 15h", "/lembrar ligar"])
    async def test_a_time_and_a_matter_are_asked_for(self, counter: Counter, line: str) -> None:
        assert "Uso: /lembrar" in (await counter.type("leo", line)).text
