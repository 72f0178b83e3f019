"""The topic of a customer who needs a person: opened, shown, kept up, closed, and opened again for the same person."""

from datetime import timedelta

import pytest

from admin_api.commands.doctor import Finding, Level, Patient, _handoffs
from admin_api.staff.following import Following
from channels.contents import Card as Contact
from channels.contents import Cards, Location, Media, Phone
from channels.telegram_staff.notes import Card, CloseTopic, Locate, OpenTopic, Say, Show
from core.floor import Floor
from core.ids import ConversationId
from core.models.people import ConnectionState
from core.models.staff import TopicState
from core.models.stream import Author, Control
from graphs.handoff import Source
from tests.admin_api.staff.scene import Group, Posted, kinds


async def doctors_view(group: Group) -> list[Finding]:
    floor = group.world.floor
    return await _handoffs(Patient(floor.settings, floor.database))


def texts(posted: list[Posted]) -> str:
    return "\n".join(one.text for one in posted)


class TestOpen:
    async def test_who_waits_gets_a_topic_with_a_card_at_its_head(self, group: Group) -> None:
        ana = await group.customer("Quero trocar de plano. Quanto custa?")
        await group.wait(ana)

        told = await group.follow()

        assert kinds(told)[:2] == [OpenTopic, Card]
        card = told[1].text
        assert "Ana" in card
        assert "pediu para falar com uma pessoa" in card
        assert "Quero trocar de plano. Quanto custa?" in card
        assert "Janela aberta até" in card
        assert [button.text for button in told[1].buttons] == [
            "✋ Aceitar",
            "➡️ Transferir",
            "✅ Resolver",
            "🤖 Devolver",
        ]

    async def test_the_customers_last_words_follow_as_a_line_of_their_own(self, group: Group) -> None:
        ana = await group.customer("oi")
        await group.write(ana, "Olá!", author=Author.BOT)
        await group.write(ana, "quero falar com alguém")
        await group.wait(ana)

        told = await group.follow()

        assert [one.text for one in told if isinstance(one.body, Say)][-1] == "👤 quero falar com alguém"
        assert "👤 oi" in next(one.text for one in told if "Antes disso" in one.text)

    async def test_all_that_nobody_has_answered_is_shown_line_by_line(self, group: Group) -> None:
        ana = await group.customer("oi")
        await group.write(ana, "Olá! Como posso ajudar?", author=Author.BOT)
        for words in ("meu pedido não chegou", "é o 4521", "cadê vocês?"):
            await group.write(ana, words)
        await group.wait(ana)

        told = await group.follow()

        lines = [one.text for one in told if one.key.startswith("line:")]
        assert lines == ["👤 meu pedido não chegou", "👤 é o 4521", "👤 cadê vocês?"]
        assert "👤 oi\n🤖 Olá! Como posso ajudar?" in texts(told)

    async def test_a_brief_of_an_odd_shape_keeps_nobody_from_the_customer(self, group: Group) -> None:
        ana = await group.customer("oi")
        await group.wait(ana)
        await group.rows("""UPDATE handoffs SET brief = '{"slots": 7, "last_question": []}' RETURNING id""")

        assert kinds(await group.follow())[:3] == [OpenTopic, Card, Say]

    async def test_another_process_does_not_show_the_same_card_again(self, group: Group, floor: Floor) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.follow()
        group.following = Following(floor)

        assert await group.follow() == []
        await group.write(ana, "e agora?")
        await group.emit("message.received", ana, {"conversation": str(ana)})
        assert Card in kinds(await group.follow())

    async def test_looked_at_again_nothing_is_said_twice(self, group: Group) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.follow()

        assert await group.follow() == []
        assert (await group.topic(ana)).state is TopicState.OPEN

    async def test_a_handoff_is_told_once_telegram_has_taken_its_card(self, group: Group) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.following.follow(group.world.company)
        assert [row.told_at for row in await group.rows("SELECT told_at FROM handoffs")] == [None]

        await group.deliver()
        await group.follow()

        [row] = await group.rows("SELECT told_at, created_at FROM handoffs")
        assert row.told_at >= row.created_at

    async def test_a_group_that_is_bound_late_catches_up(self, group: Group) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.rows("UPDATE staff_groups SET left_at = app_now() RETURNING id")
        assert await group.follow() == []

        await group.rows("UPDATE staff_groups SET left_at = NULL RETURNING id")

        assert kinds(await group.follow())[:2] == [OpenTopic, Card]

    async def test_an_answer_from_the_business_phone_shows_as_a_takeover(self, group: Group) -> None:
        ana = await group.customer()
        await group.write(ana, "Oi Ana, aqui é o Beto!", author=Author.STAFF)
        await group.take_outside(ana, Source.ECHO)

        told = await group.follow()

        assert "Respondida pelo celular da empresa" in next(one.text for one in told if isinstance(one.body, Card))
        assert "📱 Alguém respondeu pelo celular da empresa: o bot está em silêncio." in texts(told)
        assert "📱 Oi Ana, aqui é o Beto!" in texts(told)

    async def test_two_of_one_name_are_told_apart_by_their_number(self, group: Group) -> None:
        for _ in range(2):
            await group.wait(await group.customer())

        names = [one.body.name for one in await group.follow() if isinstance(one.body, OpenTopic)]

        assert len(set(names)) == 2
        assert all(name.startswith("Ana · ") for name in names)


class TestLines:
    @pytest.fixture
    async def ana(self, group: Group) -> ConversationId:
        ana = await group.customer()
        await group.wait(ana)
        await group.follow()
        return ana

    async def test_what_is_said_while_a_person_is_needed_is_shown_in_order(
        self, group: Group, ana: ConversationId
    ) -> None:
        for words in ("um", "dois", "três"):
            await group.write(ana, words)

        said = [one.text for one in await group.follow() if one.key.startswith("line:")]

        assert said == ["👤 um", "👤 dois", "👤 três"]

    async def test_a_long_line_is_shown_to_its_end(self, group: Group, ana: ConversationId) -> None:
        await group.write(ana, "longo " * 680 + "fim")

        [line] = [one for one in await group.follow() if one.key.startswith("line:")]

        assert line.text.endswith("longo fim")

    async def test_what_the_bot_says_is_marked_as_its_own(self, group: Group, ana: ConversationId) -> None:
        await group.write(ana, "Você está na fila.", author=Author.BOT)

        assert "🤖 Você está na fila." in texts(await group.follow())

    async def test_places_and_contacts_are_shown_as_what_they_are(self, group: Group, ana: ConversationId) -> None:
        bare = Location(latitude=-23.5, longitude=-46.6)
        named = Location(latitude=-23.5, longitude=-46.6, name="Padaria", address="Rua 1")
        cards = Cards(cards=(Contact(name="Davi", phones=(Phone(phone="+5511988887777"),)),))
        for content in (bare, named, cards):
            await group.write(ana, content)

        told = [one for one in await group.follow() if one.key.startswith("line:")]

        assert kinds(told) == [Locate, Say, Say]
        assert "📍 Padaria · Rua 1" in told[1].text
        assert "Davi +5511988887777" in told[2].text

    async def test_an_edit_and_a_removal_are_said_below_their_line(self, group: Group, ana: ConversationId) -> None:
        await group.write(ana, "amanha")
        [line] = [one for one in await group.follow() if one.key.startswith("line:")]
        sql = "UPDATE messages SET text = 'amanhã', edited_at = app_now() WHERE text = 'amanha' RETURNING seq"
        [row] = await group.rows(sql)
        await group.emit("message.changed", ana, {"seq": row.seq})

        [said] = [one for one in await group.follow() if "editou" in one.text]

        assert isinstance(said.body, Say)
        assert (said.text, said.body.reply_to) == ("👤 ✏️ editou: amanhã", line.message)

    async def test_a_file_is_waited_for_and_shown_when_it_is_here(self, group: Group, ana: ConversationId) -> None:
        message = await group.write(ana, Media(kind="image", provider_media_id="m1", caption="meu RG"))
        await group.write(ana, "viu?")
        await group.rows(_PENDING, message=message, connection=group.world.connection, kind="image")
        assert [one.key for one in await group.follow() if one.key.startswith("line:")] == []

        await group.rows(_STORED, message=message)
        told = [one for one in await group.follow() if one.key.startswith("line:")]

        assert kinds(told) == [Show, Say]
        assert (told[0].text, told[1].text) == ("👤 meu RG", "👤 viu?")

    async def test_a_file_that_comes_late_is_shown_below_what_was_said_of_it(
        self, group: Group, ana: ConversationId
    ) -> None:
        message = await group.write(ana, Media(kind="voice", provider_media_id="m1"))
        await group.rows(_PENDING, message=message, connection=group.world.connection, kind="voice")
        await group.rows("UPDATE messages SET created_at = created_at - interval '1 minute' RETURNING id")
        assert "o arquivo ainda está chegando" in texts(await group.follow())

        await group.rows(_STORED, message=message)
        assert Show in kinds(await group.follow())
        await group.rows("UPDATE media_files SET words = 'quero cancelar', words_state = 'heard' RETURNING id")

        assert "🎧 quero cancelar" in texts(await group.follow())
        assert await group.follow() == []


class TestClose:
    async def test_a_conversation_that_goes_back_to_the_bot_closes_its_topic(self, group: Group) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.follow()

        await group.change(ana, to=Control.BOT)
        told = await group.follow()

        assert kinds(told)[-1] is CloseTopic
        assert "O bot voltou a atender." in texts(told)
        assert (await group.topic(ana)).state is TopicState.CLOSED

    async def test_what_was_said_before_the_end_is_shown_before_it_is_closed(self, group: Group) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.follow()

        await group.write(ana, "obrigada!")
        await group.change(ana, to=Control.CLOSED)
        told = await group.follow()

        assert "👤 obrigada!" in texts(told[:1])
        assert kinds(told)[-1] is CloseTopic

    async def test_the_same_person_gets_the_same_topic_again(self, group: Group) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.follow()
        before = await group.topic(ana)
        await group.change(ana, to=Control.BOT)
        await group.follow()

        await group.write(ana, "e o frete?")
        await group.write(ana, "É grátis.", author=Author.BOT)
        await group.write(ana, "voltei")
        await group.wait(ana)
        told = await group.follow()

        after = await group.topic(ana)
        assert (after.id, after.thread_id, after.state) == (before.id, before.thread_id, TopicState.OPEN)
        assert kinds(told)[:2] == [OpenTopic, Card]
        assert [one.text for one in told if one.key.startswith("line:")] == ["👤 voltei"]
        assert "👤 e o frete?\n🤖 É grátis." in texts(told)

    async def test_waiting_again_rings_for_an_edited_card_does_not(self, group: Group) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.follow()
        await group.change(ana, to=Control.BOT)
        await group.follow()

        await group.wait(ana)
        told = await group.follow()

        assert "🔔 Ana está esperando: pediu para falar com uma pessoa." in texts(told)
        await group.follow()
        [row] = await group.rows("SELECT told_at FROM handoffs WHERE state = 'queued'")
        assert row.told_at is not None

    async def test_a_new_conversation_of_the_same_person_goes_on_in_it(self, group: Group) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.follow()
        await group.change(ana, to=Control.CLOSED)
        await group.follow()
        again = await group.another_conversation(ana, "sou eu de novo")

        await group.wait(again)
        told = await group.follow()

        topic = await group.topic(again)
        assert topic.conversation_id == again
        assert [one.text for one in told if one.key.startswith("line:")] == ["👤 sou eu de novo"]


class TestMany:
    async def test_many_who_wait_are_told_in_one_message(self, group: Group) -> None:
        for name in ("Ana", "Beto", "Caio", "Duda"):
            await group.wait(await group.customer(name=name))

        told = await group.follow()

        [digest] = [one for one in told if one.topic is None]
        assert "4 pessoas esperando atendimento" in digest.text
        assert all(name in digest.text for name in ("Ana", "Beto", "Caio", "Duda"))

    async def test_whoever_waits_again_in_a_crowd_is_in_the_next_digest_and_told_by_it(self, group: Group) -> None:
        dora = await group.customer(name="Dora")
        await group.wait(dora)
        await group.follow()
        await group.change(dora, to=Control.BOT)
        for name in ("Ana", "Beto", "Caio"):
            await group.wait(await group.customer(name=name))
        assert any(one.topic is None for one in await group.follow())

        await group.wait(dora)
        told = await group.follow()
        await group.follow()

        assert [one.text for one in told if "🔔" in one.text] == []
        sql = "SELECT h.told_at FROM handoffs h WHERE h.conversation_id = :dora AND h.state = 'queued'"
        assert [row.told_at for row in await group.rows(sql, dora=dora)] == [None]
        await group.rows("UPDATE staff_notes SET not_before = app_now() WHERE state = 'queued' RETURNING id")
        [digest] = [one for one in await group.deliver() if one.topic is None]
        await group.follow()
        assert "Dora" in digest.text
        assert [row.told_at is None for row in await group.rows(sql, dora=dora)] == [False]

    async def test_nobody_was_told_for_a_minute_so_the_owners_are_told_in_private(self, group: Group) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.rows("UPDATE handoffs SET created_at = created_at - interval '2 minutes' RETURNING id")

        assert [one.level for one in await doctors_view(group)] == [Level.WARN]
        told = await group.follow()
        await group.follow()

        assert [one.level for one in await doctors_view(group)] == [Level.OK]
        alarms = [one for one in group.posted if one.person is not None]
        assert [one.person for one in alarms] == [group.people["dona"].person]
        assert "não recebeu o aviso" in alarms[0].text
        assert told != []

    async def test_who_is_late_is_said_and_from_the_second_time_on_to_the_owners(self, group: Group) -> None:
        ana = await group.customer()
        await group.wait(ana)
        await group.follow()
        for kind in ("first_response", "escalate"):
            await group.emit("handoff.late", ana, {"kind": kind, "to": "gerente"})

        told = await group.follow()

        late = [one for one in told if "ninguém assumiu" in one.text]
        assert [one.person for one in late] == [None, None, group.people["dona"].person]


class TestNews:
    async def test_a_connection_in_trouble_is_said_to_everybody(self, group: Group) -> None:
        payload = {"kind": "whatsapp", "changed": ["state"], "state": ConnectionState.CREDENTIAL_REFUSED.value}
        await group.emit("connection.changed", group.world.connection, payload)
        await group.emit("connection.expiring", group.world.connection, {"days": 7})

        told = await group.follow()

        assert "o provedor recusou o token" in told[0].text
        assert "vence em 7 dia(s)" in told[1].text
        assert all(one.topic is None for one in told)

    async def test_a_window_that_is_closed_is_on_the_card(self, group: Group) -> None:
        ana = await group.customer()
        await group.age_message(ana, timedelta(hours=25))
        await group.wait(ana)

        [card] = [one for one in await group.follow() if isinstance(one.body, Card)]

        assert "Janela de 24 h fechada" in card.text


_PENDING = """
    INSERT INTO media_files (tenant_id, id, message_id, connection_id, kind)
    VALUES (current_tenant(), gen_random_uuid(), :message, :connection, :kind) RETURNING id
"""
_STORED = """
    UPDATE media_files SET state = 'stored', storage_key = 'k', mime = 'image/jpeg', size = 3
    WHERE message_id = :message RETURNING id
"""
