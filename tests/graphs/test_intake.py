"""Intake: what was posted becomes people, conversations, messages and owed turns, once."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from core import clock, telemetry
from core.floor import Floor
from core.models.people import ConnectionKind
from core.models.stream import Control
from core.telemetry import InboundOutcome
from graphs import intake
from tests.fixtures import inbound as meta
from tests.fixtures.inbound import Customer, Inbox, later, message, open_inbox, someone, together


@pytest.fixture
async def inbox(floor: Floor) -> Inbox:
    return await open_inbox(floor)


@pytest.fixture
def ana() -> Customer:
    return someone(name="Ana")


async def owed(inbox: Inbox) -> int:
    return await inbox.count("turns WHERE state = 'open'")


async def set_control(inbox: Inbox, control: Control) -> None:
    async with inbox.session() as session:
        await session.execute(text("UPDATE conversations SET control = :control"), {"control": control})


async def events(inbox: Inbox) -> list[str]:
    return [row[0] for row in await inbox.rows("SELECT kind FROM domain_events ORDER BY seq")]


class TestAMessage:
    async def test_it_is_kept_with_its_person_its_conversation_and_an_owed_turn(
        self, inbox: Inbox, ana: Customer
    ) -> None:
        await inbox.tell(message(ana, "w.1", text="oi", at=later(3)))

        [row] = await inbox.rows(
            "SELECT m.text, m.direction, m.author, m.seq, m.provider_at, c.control, c.last_inbound_at,"
            " c.last_inbound_seq, p.name, p.time_zone, t.state, t.trigger"
            " FROM messages m JOIN conversations c ON c.id = m.conversation_id"
            " JOIN contacts p ON p.id = c.contact_id JOIN turns t ON t.conversation_id = c.id"
        )
        assert tuple(row[:5]) == ("oi", "in", "customer", 1, later(3))
        assert tuple(row[5:8]) == ("bot", later(3), 1)
        assert tuple(row[8:]) == ("Ana", "America/Sao_Paulo", "open", "inbound")
        assert await events(inbox) == ["conversation.opened", "message.received"]

    async def test_the_next_ones_join_its_conversation_and_its_turn(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text="oi"))
        await inbox.tell(message(ana, "w.2", text="tem pão?"), message(ana, "w.3", text="de queijo"))

        rows = await inbox.rows("SELECT text FROM messages ORDER BY seq")
        assert [row[0] for row in rows] == ["oi", "tem pão?", "de queijo"]
        assert await inbox.count("conversations") == 1
        assert await owed(inbox) == 1

    async def test_the_turn_waits_for_silence_but_not_for_ever(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text="Quero saber do pedido de ontem à tarde."))

        [row] = await inbox.rows("SELECT due_at, created_at FROM turns")
        assert timedelta(seconds=1) < row.due_at - row.created_at < timedelta(seconds=3)

    async def test_its_file_is_noted_to_be_fetched(self, inbox: Inbox, ana: Customer) -> None:
        image = {"id": "m.1", "mime_type": "image/jpeg", "sha256": "aGFzaA==", "caption": "este"}
        await inbox.tell(message(ana, "w.1", image=image))

        [row] = await inbox.rows(
            "SELECT f.*, m.kind AS of, m.text FROM media_files f JOIN messages m ON m.id = f.message_id"
        )
        assert (row.kind, row.state, row.provider_media_id, row.declared_mime) == (
            "image",
            "pending",
            "m.1",
            "image/jpeg",
        )
        assert (row.of, row.text, row.connection_id) == ("image", "este", inbox.connection)

    async def test_how_it_came_is_kept(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(
            message(ana, "w.1", text="oi", context={"forwarded": True}, referral={"source_id": "ad.7"}),
            message(ana, "w.2", text="isto", context={"id": "w.1"}),
        )

        rows = await inbox.rows(
            "SELECT content ->> 'is_forwarded', content -> 'referral' ->> 'source_id', reply_to"
            " FROM messages ORDER BY seq"
        )
        assert [tuple(row) for row in rows] == [("true", "ad.7", None), (None, None, "w.1")]

    @pytest.mark.parametrize(
        ("thing", "kind"),
        [
            ({"reaction": {"message_id": "w.0", "emoji": "👍"}}, "reaction"),
            ({"system": {"type": "customer_identity_changed", "body": "mudou"}}, "system"),
        ],
    )
    async def test_what_asks_for_no_answer_is_shown_and_no_turn_is_owed(
        self, inbox: Inbox, ana: Customer, thing: dict[str, Any], kind: str
    ) -> None:
        await inbox.tell(message(ana, "w.1", **thing))

        [row] = await inbox.rows("SELECT m.kind, c.last_inbound_at FROM messages m, conversations c")
        assert tuple(row) == (kind, None)
        assert await owed(inbox) == 0

    async def test_a_reaction_names_what_it_is_to(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(meta.reaction(ana, "w.2", "w.1"))

        [row] = await inbox.rows("SELECT reply_to, author, text FROM messages")
        assert tuple(row) == ("w.1", "customer", "👍")

    @pytest.mark.parametrize(
        "thing",
        [
            {"unsupported": {"type": "poll"}},
            {"location": {"latitude": -23.5, "longitude": -46.6}},
            {"sticker": {"id": "m.1", "mime_type": "image/webp"}},
            {"text": "x" * 65_000},
            {"text": "Z\u0351\u036ba\u0334l\u0338g\u0337o \u202eol\u00e1\u202c " + "\U0001f600" * 500},
            {"novelty": {"a": 1}},
        ],
    )
    async def test_whatever_a_customer_sends_is_shown_and_answered(
        self, inbox: Inbox, ana: Customer, thing: dict[str, Any]
    ) -> None:
        await inbox.tell(message(ana, "w.1", **thing))

        assert await inbox.count("messages") == 1
        assert await owed(inbox) == 1

    async def test_what_is_said_in_a_group_is_left_aside_and_counted(self, inbox: Inbox, ana: Customer) -> None:
        counter = telemetry.inbound(channel=ConnectionKind.WHATSAPP, outcome=InboundOutcome.IGNORED)
        before = counter._value.get()

        await inbox.tell(message(ana, "w.1", text="oi, grupo", group_id="g.1"))

        assert await inbox.count("messages") == await inbox.count("contacts") == 0
        assert counter._value.get() == before + 1
        assert await inbox.count("incoming_events WHERE state = 'done'") == 1


class TestOnce:
    async def test_posted_twenty_times_it_is_one_message_and_one_turn(self, inbox: Inbox, ana: Customer) -> None:
        thing = message(ana, "w.1", text="oi")
        counter = telemetry.inbound(channel=ConnectionKind.WHATSAPP, outcome=InboundOutcome.DUPLICATE)
        before = counter._value.get()

        await inbox.post(*(inbox.body(thing) for _ in range(10)), inbox.body(*[thing] * 4))
        await inbox.take_in()
        await inbox.tell(*[thing] * 6)

        assert await inbox.count("messages") == await inbox.count("turns") == await inbox.count("conversations") == 1
        assert counter._value.get() == before + 19
        assert (await events(inbox)).count("message.received") == 1

    async def test_told_again_after_its_conversation_was_closed_it_opens_no_other(
        self, inbox: Inbox, ana: Customer
    ) -> None:
        await inbox.tell(message(ana, "w.1", text="oi"))
        await set_control(inbox, Control.CLOSED)

        await inbox.tell(message(ana, "w.1", text="oi"))

        assert await inbox.count("conversations") == 1

    async def test_a_new_one_after_that_does(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text="oi"))
        await set_control(inbox, Control.CLOSED)

        await inbox.tell(message(ana, "w.2", text="voltei"))

        rows = await inbox.rows(
            "SELECT c.control, m.seq, m.text FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        )
        assert {tuple(row) for row in rows} == {("closed", 1, "oi"), ("bot", 1, "voltei")}


class TestControl:
    @pytest.mark.parametrize(
        ("control", "turns"), [(Control.BOT, 1), (Control.COPILOT, 1), (Control.QUEUED, 1), (Control.HUMAN, 0)]
    )
    async def test_a_turn_is_owed_where_no_person_answers(
        self, inbox: Inbox, ana: Customer, control: Control, turns: int
    ) -> None:
        await inbox.tell(meta.reaction(ana, "w.1", "w.0"))
        await set_control(inbox, control)

        await inbox.tell(message(ana, "w.2", text="oi"))

        assert await owed(inbox) == turns
        assert await inbox.count("messages WHERE text = 'oi'") == 1


class TestAge:
    async def test_what_comes_half_a_day_late_is_shown_and_not_answered(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(message(ana, "w.1", text="oi", at=clock.now() - timedelta(hours=13)))

        assert await inbox.count("messages") == 1
        assert await owed(inbox) == 0

    async def test_together_with_something_new_it_is(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(
            message(ana, "w.1", text="oi", at=clock.now() - timedelta(hours=13)), message(ana, "w.2", text="ainda aí?")
        )

        assert await owed(inbox) == 1

    @pytest.mark.parametrize(("hours", "turns"), [(24, 1), (0.5, 0), (None, 0), ("24", 0)])
    async def test_a_connection_says_for_how_long_it_answers(
        self, floor: Floor, ana: Customer, hours: object, turns: int
    ) -> None:
        inbox = await open_inbox(floor, answer_hours=hours)
        await inbox.tell(message(ana, "w.1", text="oi", at=clock.now() - timedelta(hours=13)))

        assert await owed(inbox) == turns


class TestEcho:
    async def test_who_writes_on_the_business_phone_takes_the_conversation_over(
        self, inbox: Inbox, ana: Customer
    ) -> None:
        await inbox.tell(message(ana, "w.1", text="quanto custa?"))
        await inbox.tell(meta.echo(ana, "w.2", "vinte"))

        [row] = await inbox.rows("SELECT control, control_reason, control_epoch FROM conversations")
        assert tuple(row) == ("human", "echo", 1)
        [row] = await inbox.rows("SELECT author, direction, text FROM messages WHERE provider_id = 'w.2'")
        assert tuple(row) == ("staff", "out", "vinte")
        assert await owed(inbox) == 0

    async def test_in_one_post_with_the_question_it_does_as_well(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(meta.echo(ana, "w.2", "vinte"), message(ana, "w.1", text="quanto custa?"))

        assert await owed(inbox) == 0
        assert await inbox.count("conversations WHERE control = 'human'") == 1

    async def test_told_again_after_the_bot_is_back_it_takes_over_nothing(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(meta.echo(ana, "w.1", "oi"))
        await set_control(inbox, Control.BOT)

        await inbox.tell(meta.echo(ana, "w.1", "oi"))

        assert await inbox.count("conversations WHERE control = 'bot'") == 1

    async def test_one_that_comes_half_a_day_late_is_only_shown(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.tell(meta.echo(ana, "w.1", "oi", at=clock.now() - timedelta(hours=13)))

        assert await inbox.count("messages WHERE author = 'staff'") == 1
        assert await inbox.count("conversations WHERE control = 'bot'") == 1


class TestNumberChange:
    async def test_two_conversations_become_one_and_one_turn_is_owed(self, inbox: Inbox) -> None:
        old, new = someone(name="Ana"), someone(name="Ana")
        await inbox.tell(message(old, "w.1", text="oi"), message(new, "w.2", text="sou eu", at=later(1)))
        assert await owed(inbox) == 2

        await inbox.tell(meta.new_number(old, new, "w.3"))

        rows = await inbox.rows(
            "SELECT c.control, m.text, m.seq FROM messages m JOIN conversations c ON c.id = m.conversation_id"
        )
        assert {tuple(row) for row in rows} == {("bot", "sou eu", 1), ("bot", "oi", 2)}
        assert await inbox.count("contacts WHERE merged_into IS NULL") == 1
        assert await owed(inbox) == 1
        assert "contact.merged" in await events(inbox)

    async def test_what_is_owed_in_the_one_that_goes_is_owed_in_the_one_that_stays(self, inbox: Inbox) -> None:
        old, new = someone(), someone()
        await inbox.tell(message(new, "w.1", text="sou eu", at=later(1)))
        async with inbox.session() as session:
            await session.execute(text("UPDATE turns SET state = 'done'"))
        await inbox.tell(message(old, "w.2", text="oi"))

        await inbox.tell(meta.new_number(old, new, "w.3"))

        [row] = await inbox.rows(
            "SELECT c.control FROM turns t JOIN conversations c ON c.id = t.conversation_id WHERE t.state = 'open'"
        )
        assert row.control == "bot"

    async def test_a_turn_that_runs_in_the_one_that_goes_is_owed_anew_in_the_one_that_stays(self, inbox: Inbox) -> None:
        old, new = someone(), someone()
        await inbox.tell(message(old, "w.1", text="oi"))
        async with inbox.session() as session:
            await session.execute(text("UPDATE turns SET state = 'running', lease_until = now() + interval '1 hour'"))
        await inbox.tell(message(new, "w.2", text="sou eu", at=later(1)))
        async with inbox.session() as session:
            await session.execute(text("UPDATE turns SET state = 'done' WHERE state = 'open'"))

        await inbox.tell(meta.new_number(old, new, "w.3"))

        [row] = await inbox.rows(
            "SELECT c.control, t.state FROM turns t JOIN conversations c ON c.id = t.conversation_id"
            " WHERE t.state = 'open'"
        )
        assert tuple(row) == ("bot", "open")

    async def test_where_a_person_answers_one_of_them_no_turn_is_owed(self, inbox: Inbox) -> None:
        old, new = someone(), someone()
        await inbox.tell(message(old, "w.1", text="oi"), meta.echo(old, "w.2", "olá"))
        await inbox.tell(message(new, "w.3", text="sou eu", at=later(9)))

        await inbox.tell(meta.new_number(old, new, "w.4"))

        [row] = await inbox.rows("SELECT control, message_seq FROM conversations WHERE control <> 'closed'")
        assert tuple(row) == ("human", 3)
        assert await owed(inbox) == 0


class TestNews:
    def account(self, at: int, event: str) -> dict[str, Any]:
        return {"field": "account_update", "value": {"event": event}, "time": at}

    async def test_the_latest_of_each_kind_is_on_the_connection(self, inbox: Inbox) -> None:
        start = int(later(0).timestamp())
        for at, event in ((start + 5, "ACCOUNT_RESTRICTION"), (start, "PARTNER_ADDED")):
            body = inbox.body({"field": "account_update", "value": {"event": event}})
            body["entry"][0]["time"] = at
            await inbox.post(body)
            await inbox.take_in()

        [row] = await inbox.rows("SELECT health -> 'news' -> 'account' ->> 'event' FROM connections")
        assert row[0] == "ACCOUNT_RESTRICTION"
        assert (await events(inbox)).count("connection.news") == 2

    @pytest.mark.parametrize(
        ("field", "value", "column", "expected"),
        [
            ("message_template_status_update", {"event": "PAUSED"}, "status", "PAUSED"),
            ("message_template_status_update", {"event": "REINSTATED"}, "status", "APPROVED"),
            ("message_template_status_update", {"event": "FLAGGED"}, "status", "PENDING"),
            ("message_template_quality_update", {"new_quality_score": "RED"}, "quality", "RED"),
            ("template_category_update", {"new_category": "MARKETING"}, "category", "MARKETING"),
        ],
    )
    async def test_a_template_is_what_the_provider_says_of_it(
        self, inbox: Inbox, field: str, value: dict[str, Any], column: str, expected: str
    ) -> None:
        async with inbox.session() as session:
            await session.execute(
                text(
                    "INSERT INTO message_templates (tenant_id, id, connection_id, provider_id, name, language, status,"
                    " category, components, synced_at) VALUES (current_tenant(), :id, :id, '987', 'oi', 'pt_BR',"
                    " 'PENDING', 'UTILITY', '[]', app_now() - interval '1 hour')"
                ),
                {"id": inbox.connection},
            )

        await inbox.tell({"field": field, "value": {"message_template_id": 987, **value}})

        [row] = await inbox.rows(f"SELECT {column} FROM message_templates")  # noqa: S608 - ours
        assert row[0] == expected


class TestCrowds:
    async def test_companies_of_one_claim_get_what_is_theirs(self, floor: Floor) -> None:
        inboxes = [await open_inbox(floor) for _ in range(7)]
        same = someone(name="Ana")
        for number, inbox in enumerate(inboxes):
            await inbox.post(*(inbox.body(message(same, f"w.{n}", text=f"{number}")) for n in range(3)))

        await inboxes[0].take_in()

        for number, inbox in enumerate(inboxes):
            rows = await inbox.rows("SELECT text, seq FROM messages ORDER BY seq")
            assert [tuple(row) for row in rows] == [(f"{number}", 1), (f"{number}", 2), (f"{number}", 3)]

    async def test_a_thousand_things_in_one_post_are_kept(self, inbox: Inbox) -> None:
        people = [someone() for _ in range(100)]
        things = [message(people[number % 100], f"w.{number}", text=f"{number}") for number in range(1_000)]

        await inbox.tell(together(things))

        assert await inbox.count("messages") == 1_000
        assert await inbox.count("conversations") == await owed(inbox) == 100
        rows = await inbox.rows(
            "SELECT array_agg(CAST(text AS integer) ORDER BY seq) FROM messages GROUP BY conversation_id"
        )
        assert all(row[0] == sorted(row[0]) for row in rows)

    async def test_what_was_received_first_has_the_lower_number(self, inbox: Inbox, ana: Customer) -> None:
        await inbox.post(
            *(inbox.body(message(ana, f"w.{number}", text=f"{number}")) for number in range(60)),
        )
        await inbox.post(inbox.body(message(ana, "w.first", text="-1")), received_at=clock.now() - timedelta(minutes=1))

        await inbox.take_in()

        rows = await inbox.rows("SELECT text FROM messages ORDER BY seq")
        assert [row[0] for row in rows] == [str(number) for number in range(-1, 60)]

    async def test_what_is_for_another_number_is_not_this_ones(self, inbox: Inbox, ana: Customer) -> None:
        body = inbox.body(message(ana, "w.1", text="oi"))
        body["entry"][0]["changes"][0]["value"]["metadata"]["phone_number_id"] = "999"

        await inbox.post(body)
        await inbox.take_in()

        assert await inbox.count("messages") == 0
        assert await intake.take_in(inbox.floor, inbox.registry) == 0
