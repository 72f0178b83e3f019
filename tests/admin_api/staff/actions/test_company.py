"""Connections, health, settings, team and figures."""

import re
from datetime import time, timedelta

import pytest

from admin_api.staff.asking import Place
from admin_api.tenants.queries import get_member
from channels.stores import holds
from channels.telegram_staff.notes import Show
from core import clock
from core.ids import new_id
from core.models.commerce import Order, OrderState
from core.models.people import Connection, ConnectionKind, ConnectionState, Role
from core.models.staff import StaffCode
from core.objects import ObjectKey
from graphs import handoff
from knowledge import gaps
from tests.admin_api.staff.counter import Counter


async def line(counter: Counter, name: str, **values: object) -> Connection:
    row = Connection(id=new_id(), kind=ConnectionKind.BAILEYS, name=name, **values)
    await counter.add(row)
    return row


async def mail_of(counter: Counter, who: str) -> str:
    async with counter.world.session() as session:
        return (await get_member(session, counter.people[who].user)).email


class TestConnections:
    async def test_each_says_how_it_is(self, counter: Counter) -> None:
        await line(counter, "Recusada", state=ConnectionState.CREDENTIAL_REFUSED, checked_at=clock.now())

        shown = (await counter.type("leo", "/conexoes")).text

        assert "Loja · WhatsApp (API oficial)\n🟢 no ar" in shown
        assert "Recusada · WhatsApp Web\n🔴 credencial recusada: troque o token" in shown

    async def test_what_the_provider_says_of_the_account_is_told(self, counter: Counter) -> None:
        expires = clock.now() + timedelta(days=3)
        health = {
            "quality": "YELLOW",
            "messaging_limit": "TIER_1K",
            "token_expires_at": expires.isoformat(),
            "missing_scopes": ["whatsapp_business_management"],
        }
        await line(counter, "Com Saúde", health=health)

        shown = (await counter.type("leo", "/conexoes")).text

        assert "qualidade: 🟡\nlimite de conversas: TIER_1K\n⚠️ o token vence em " in shown
        assert "⚠️ faltam permissões: whatsapp_business_management" in shown

    async def test_pairing_is_shown_in_private_as_picture_and_code(self, counter: Counter) -> None:
        health = {"pairing_qr": "2@abc,def,ghi", "pairing_code": "ABCD-1234"}
        await line(counter, "Celular", state=ConnectionState.NEEDS_PAIRING, health=health)
        listed = await counter.type("caio", "/conexoes")

        shown = await counter.press("caio", listed.button("Celular"))

        [note], [body] = shown.notes, shown.bodies
        assert (note.group_id, note.person_id) == (None, counter.people["caio"].person)
        assert isinstance(body, Show)
        assert (await counter.storage.get(ObjectKey.parse(body.storage_key), max_bytes=10**7)).startswith(b"\x89PNG")
        assert "ABCD-1234" in shown.text

    async def test_what_has_expired_is_not_shown(self, counter: Counter) -> None:
        health = {"pairing_code": "IJKL-9012", "pairing_expires_at": (clock.now() - timedelta(seconds=1)).isoformat()}
        await line(counter, "Parado", state=ConnectionState.NEEDS_PAIRING, health=health)

        said = await counter.type("caio", "/conexoes parear Parado")

        assert "venceram" in said.text
        assert "IJKL" not in said.text

    async def test_nobody_else_sees_it_where_there_is_no_private_chat(self, counter: Counter) -> None:
        await line(counter, "Outro Celular", state=ConnectionState.NEEDS_PAIRING, health={"pairing_code": "EFGH-5678"})
        await counter.member("nova", Role.ADMIN)
        await counter.set("staff_people", {"chat_id": None}, id=counter.people["nova"].person)

        said = await counter.type("nova", "/conexoes parear Outro Celular")

        assert said.text.startswith("✋ Isto eu só mostro no privado")

    async def test_without_a_session_that_waits_it_is_honest(self, counter: Counter) -> None:
        await line(counter, "Sem Sessão", state=ConnectionState.NEEDS_PAIRING)

        assert "numa próxima versão" in (await counter.type("caio", "/conexoes parear sem sessao")).text

    async def test_what_needs_none_is_said_to_need_none(self, counter: Counter) -> None:
        assert "não precisa ser pareada" in (await counter.type("caio", "/conexoes parear Loja")).text


class TestHealth:
    async def test_queues_and_troubles_are_told(self, counter: Counter) -> None:
        who = await counter.customer()
        await counter.world.queue(who.conversation)
        await line(counter, "Bloqueada", state=ConnectionState.ACCOUNT_BLOCKED)

        shown = (await counter.type("leo", "/saude")).text

        assert shown.startswith("⚠️ Precisa de atenção · ")
        assert "🟢 Mensagens para sair: 1" in shown
        assert "Bloqueada: 🔴 conta bloqueada pelo provedor" in shown
        await counter.world.finish()

    async def test_a_hold_after_a_restore_is_told_first(self, counter: Counter) -> None:
        await holds.hold(counter.world.floor.database, "restored")
        try:
            assert "⛔ Envios parados: restored" in (await counter.type("leo", "/saude")).text
        finally:
            await holds.release(counter.world.floor.database)


class TestSettings:
    async def test_quiet_hours_are_those_of_the_company(self, counter: Counter) -> None:
        await counter.type("caio", "/config silencio 22:30-07:00")

        row = await counter.one("SELECT quiet_from, quiet_until FROM companies WHERE id = current_tenant()")
        assert tuple(row) == (time(22, 30), time(7, 0))
        assert "Silêncio: 22:30–07:00" in (await counter.type("leo", "/config")).text
        detail = {"quiet_from": "22:30", "quiet_until": "07:00"}
        assert (await counter.audited("caio"))[-1] == ("settings.changed", detail)

        await counter.type("caio", "/config silencio nunca")
        assert "Silêncio: nunca" in (await counter.type("leo", "/config")).text

    @pytest.mark.parametrize(
        ("words", "seconds", "shown"),
        [("3", 3.0, "3 s"), ("2,5 s", 2.5, "2,5 s"), ("0", 0.0, "0 s"), ("normal", None, "a do canal")],
    )
    async def test_the_wait_before_an_answer(
        self, counter: Counter, words: str, seconds: float | None, shown: str
    ) -> None:
        await counter.type("caio", f"/config espera {words}")

        row = await counter.one("SELECT answer_wait_seconds FROM companies WHERE id = current_tenant()")
        assert row.answer_wait_seconds == seconds
        assert f"Espera antes de responder: {shown}" in (await counter.type("leo", "/settings")).text

    async def test_the_ways_of_the_group_are_kept_side_by_side(self, counter: Counter) -> None:
        await counter.type("caio", "/config prefixo nota:")
        await counter.type("caio", "/config resumo 5")

        row = await counter.one("SELECT settings FROM staff_groups WHERE id = :id", id=counter.group)
        assert row.settings == {"prefix": "nota:", "digest_from": 5}

        await counter.type("caio", "/config resumo nunca", place=Place(group=None))
        assert "Resumo em vez de avisos: nunca" in (await counter.type("leo", "/config")).text

    @pytest.mark.parametrize(
        "words",
        [
            "silencio 25:00-08:00",
            "silencio agora",
            "espera 31",
            "espera muito",
            "espera -1",
            "resumo 51",
            "resumo x",
            "prefixo /",
            "prefixo a b",
            "prefixo",
            "silencio",
        ],
    )
    async def test_what_will_not_do_is_refused_with_how_it_is_written(self, counter: Counter, words: str) -> None:
        said = await counter.type("caio", f"/config {words}")

        assert said.text.startswith("✋")
        assert f"Uso: /config {words.partition(' ')[0]}" in said.text


class TestTeam:
    async def test_who_is_linked_and_who_is_not(self, counter: Counter) -> None:
        shown = (await counter.type("leo", "/equipe")).text

        assert shown.startswith("Equipe (")
        assert "\n🟢 Bia · atendente\n🟢 Caio · administrador\n🟢 Dona · dono\n🟢 Leo · leitor" in shown

    async def test_somebody_is_unlinked_and_stays_on_record(self, counter: Counter) -> None:
        await counter.member("zeca", Role.ADMIN)

        done = await counter.confirm("dona", "/desvincular zeca")

        assert "não tem mais vínculo" in done.text
        row = await counter.one(
            "SELECT telegram_id, chat_id FROM staff_people WHERE id = :id", id=counter.people["zeca"].person
        )
        assert row.telegram_id < 0
        assert row.chat_id is None
        assert "⚪ Zeca · administrador · sem vínculo com o grupo" in (await counter.type("leo", "/equipe")).text
        assert (await counter.audited("dona"))[-1][0] == "staff.unlinked"

    async def test_their_conversations_wait_for_somebody_and_their_codes_are_void(self, counter: Counter) -> None:
        await counter.member("quim", Role.AGENT)
        who, user = await counter.customer(), counter.people["quim"].user
        await counter.type("quim", "/pausar", who)
        await counter.add(
            StaffCode(id=new_id(), digest=new_id().bytes, user_id=user, expires_at=clock.now() + timedelta(hours=1))
        )
        shown = await counter.type("dona", "/desvincular quim")
        assert "Conversas que voltam para a fila: 1" in shown.text

        await counter.press("dona", shown.button("Confirmar"))

        row = await counter.one("SELECT control, assignee_id FROM conversations WHERE id = :id", id=who.conversation)
        assert tuple(row) == ("queued", None)
        code = await counter.one(
            "SELECT expires_at <= app_now() AS is_void FROM staff_codes WHERE user_id = :id", id=user
        )
        assert code.is_void

    async def test_nobody_unlinks_themselves(self, counter: Counter) -> None:
        assert "Peça a outra pessoa" in (await counter.type("dona", "/desvincular dona")).text

    async def test_nobody_unlinks_somebody_stronger(self, counter: Counter) -> None:
        assert "pede o papel de dono" in (await counter.type("caio", "/desvincular Dona")).text

    async def test_a_name_that_is_nobodys_is_said(self, counter: Counter) -> None:
        assert "Ninguém com vínculo" in (await counter.type("dona", "/equipe desvincular Zé")).text

    async def test_a_colleague_is_invited_in_private(self, counter: Counter) -> None:
        await counter.member("rui", Role.AGENT)
        await counter.confirm("dona", "/desvincular rui")
        mail = await mail_of(counter, "rui")

        said = await counter.type("caio", f"/equipe convidar {mail.upper()}")

        assert [note.person_id for note in said.notes] == [counter.people["caio"].person]
        assert "/vincular " in said.text
        row = await counter.one("SELECT used_at FROM staff_codes WHERE user_id = :id", id=counter.people["rui"].user)
        assert row.used_at is None
        assert "Ninguém da equipe tem" in (await counter.type("caio", "/equipe convidar x@y.com")).text

    async def test_nobody_invites_somebody_stronger(self, counter: Counter) -> None:
        mail = await mail_of(counter, "dona")

        assert "pede o papel de dono" in (await counter.type("caio", f"/equipe convidar {mail}")).text

    async def test_everybody_can_ask_who_they_are(self, counter: Counter) -> None:
        shown = (await counter.type("bia", "/eu")).text

        assert shown.splitlines()[:2] == ["Bia", "Papel: atendente"]
        assert shown.endswith("Conversa privada: sim")


class TestNumbers:
    @pytest.mark.parametrize("words", ["", "hoje", "ontem", "semana", "mês", "30", "90 dias"])
    async def test_a_chart_with_the_numbers_below(self, counter: Counter, words: str) -> None:
        who = await counter.customer()
        await counter.salon.say(who, "oi")

        said = await counter.type("leo", f"/numeros {words}")

        [body] = said.bodies
        assert isinstance(body, Show)
        assert (await counter.storage.get(ObjectKey.parse(body.storage_key), max_bytes=10**7)).startswith(b"\x89PNG")
        assert "\nConversas: " in said.text
        assert "Modelos: US$ 0,00" in said.text

    async def test_what_was_sold_is_told_apart_from_what_was_collected(self, counter: Counter) -> None:
        who = await counter.customer()
        own = {"id": new_id(), "contact_id": who.contact, "source": "loja", "external_id": str(new_id())}
        paid = {"number": "9", "state": OrderState.PAID, "total_cents": 12_345, "placed_at": clock.now()}
        await counter.add(Order(**own, **paid))

        said = (await counter.type("leo", "/numeros hoje")).text

        assert "🛒 Vendido: R$ 123,45 (1 pedido(s) pago(s))" in said
        assert "Recebido" not in said

    async def test_what_there_is_to_tell_besides_is_told(self, counter: Counter) -> None:
        who = await counter.customer("Contada")
        await counter.lead(who)
        async with counter.world.session() as session:
            assert await gaps.note(session, "Vocês consertam guarda-chuva importado?")
            await handoff.queue_up(session, who.conversation, reason="customer_asked")

        said = (await counter.type("leo", "/numeros hoje")).text

        assert re.search(r"\nEtapas movidas por regra: \d+ · desfeitas: 0 \(precisão 100%\)\n", said)
        assert re.search(r"\nPerguntas sem resposta: \d+ · novas: \d+\n", said)
        assert re.search(r"\nEsperam uma pessoa agora: \d+\n", said)

    @pytest.mark.parametrize("words", ["0", "400", "sempre"])
    async def test_days_that_are_none_are_refused(self, counter: Counter, words: str) -> None:
        assert "Escreva hoje, ontem" in (await counter.type("leo", f"/numeros {words}")).text
