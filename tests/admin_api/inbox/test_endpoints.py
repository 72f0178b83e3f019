"""Conversations and messages over HTTP: what was said, and what became of what we said."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from core.floor import Floor
from core.ids import ConversationId, new_id
from core.models.outbox import Lane, Outbound, OutboundState, Purpose
from core.models.people import Role
from core.models.stream import (
    Author,
    Control,
    Conversation,
    Direction,
    MediaFile,
    MediaState,
    MessageKind,
    WordsState,
)
from tests.fixtures.desk import Desk, desks

NOON: Final = datetime(2026, 11, 20, 12, tzinfo=UTC)
OUT: Final[dict[str, Any]] = {"direction": Direction.OUT, "author": Author.BOT}


@pytest.fixture
async def both(floor: Floor) -> AsyncIterator[tuple[Desk, Desk]]:
    async with desks(floor) as both:
        yield both


@pytest.fixture
def desk(both: tuple[Desk, Desk]) -> Desk:
    return both[0]


@pytest.fixture
def other(both: tuple[Desk, Desk]) -> Desk:
    return both[1]


async def send(desk: Desk, conversation: ConversationId, seq: int, **fate: Any) -> str:
    """A message of ours with what became of it."""
    message = await desk.message(conversation, seq, text="Olá!", **OUT)
    async with desk.floor.database.tenant_session(desk.company) as session:
        thread = await session.get_one(Conversation, (desk.company, conversation))
    usual: dict[str, Any] = {
        "intent_key": f"reply:{new_id()}:1",
        "lane": Lane.REPLY,
        "purpose": Purpose.REPLY,
        "content": {"type": "text", "body": "Olá!"},
        "control_epoch": 0,
    }
    await desk.add(
        Outbound(
            id=new_id(),
            message_id=message,
            conversation_id=conversation,
            connection_id=thread.connection_id,
            contact_id=thread.contact_id,
            seq=seq,
            **(usual | fate),
        )
    )
    return str(message)


async def said(desk: Desk, conversation: ConversationId, query: str = "", **headers: str) -> list[dict[str, Any]]:
    answer = await desk.get(f"conversations/{conversation}/messages{query}", headers=headers)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


class TestGetConversation:
    async def test_it_shows_who_answers_and_until_when_it_is_open(self, desk: Desk) -> None:
        contact, connection = await desk.contact(), await desk.connection()
        conversation = await desk.conversation(
            contact=contact,
            connection=connection,
            control=Control.HUMAN,
            control_epoch=3,
            control_reason="asked",
            last_message_at=NOON + timedelta(minutes=1),
            last_inbound_at=NOON,
        )
        shown = (await desk.get(f"conversations/{conversation}", Role.VIEWER)).json()
        assert shown | {"created_at": ""} == {
            "id": str(conversation),
            "control": "human",
            "control_epoch": 3,
            "control_reason": "asked",
            "contact_id": str(contact),
            "connection_id": str(connection),
            "assignee_id": None,
            "stage": None,
            "last_message_at": "2026-11-20T12:01:00Z",
            "window_until": "2026-11-21T12:00:00Z",
            "created_at": "",
        }

    async def test_where_nobody_wrote_there_is_no_window(self, desk: Desk) -> None:
        shown = (await desk.get(f"conversations/{await desk.conversation()}")).json()
        assert (shown["window_until"], shown["last_message_at"]) == (None, None)

    async def test_another_companys_is_like_one_that_is_not_there(self, desk: Desk, other: Desk) -> None:
        theirs = await other.conversation()
        await other.message(theirs, 1, "canário")
        for path in ("", "/messages"):
            there = await desk.get(f"conversations/{theirs}{path}")
            nowhere = await desk.get(f"conversations/{new_id()}{path}")
            assert (there.status_code, there.content) == (404, nowhere.content)


class TestListConversations:
    async def test_the_latest_word_comes_first_and_silence_before_it(self, desk: Desk, other: Desk) -> None:
        moments = [NOON, None, NOON + timedelta(hours=1), NOON, None]
        made = [str(await desk.conversation(last_message_at=moment)) for moment in moments]
        await other.conversation()
        expected = [made[4], made[1], made[2], made[3], made[0]]
        for limit in (1, 2, 3, 5, 200):
            assert [row["id"] for row in await desk.pages("conversations", limit)] == expected, limit

    async def test_they_are_filtered_by_control_contact_and_connection(self, desk: Desk, other: Desk) -> None:
        contact, connection = await desk.contact(), await desk.connection()
        first = await desk.conversation(contact=contact, control=Control.QUEUED)
        second = await desk.conversation(connection=connection)
        theirs = await other.contact()
        await other.conversation(contact=theirs)
        for query, found in (
            ("control=queued", [first]),
            ("control=bot", [second]),
            ("control=closed", []),
            (f"contact_id={contact}", [first]),
            (f"connection_id={connection}", [second]),
            (f"connection_id={connection}&control=queued", []),
            (f"contact_id={theirs}", []),
            (f"contact_id={new_id()}", []),
        ):
            rows = (await desk.get(f"conversations?{query}")).json()["items"]
            assert [row["id"] for row in rows] == [str(one) for one in found], query

    @pytest.mark.parametrize("query", ["control=robot", "contact_id=1", "connection_id=", "assignee_id=x", "stage=x"])
    async def test_a_filter_that_is_none_is_malformed(self, desk: Desk, query: str) -> None:
        assert (await desk.get(f"conversations?{query}")).status_code == 422


class TestListMessages:
    async def test_they_come_in_order_and_by_pages_either_way(self, desk: Desk) -> None:
        conversation = await desk.conversation()
        made = [str(await desk.message(conversation, seq)) for seq in (1, 2, 3, 4, 5)]
        path = f"conversations/{conversation}/messages"
        assert [row["id"] for row in await desk.pages(path, 2)] == made
        assert [row["id"] for row in await desk.pages(f"{path}?order=newest", 2)] == made[::-1]

    async def test_what_the_customer_wrote_was_received(self, desk: Desk) -> None:
        conversation = await desk.conversation()
        await desk.message(conversation, 1, "Oi!", provider_id="wamid.1", reply_to="wamid.0")
        [shown] = await said(desk, conversation)
        assert shown | {"id": "", "created_at": ""} == {
            "id": "",
            "seq": 1,
            "direction": "in",
            "author": "customer",
            "kind": "text",
            "text": "Oi!",
            "state": "received",
            "reason": None,
            "reason_code": None,
            "attempts": 0,
            "intent": None,
            "turn_id": None,
            "provider_id": "wamid.1",
            "media": [],
            "reply_to": "wamid.0",
            "created_at": "",
            "sent_at": None,
            "delivered_at": None,
            "read_at": None,
            "failed_at": None,
            "edited_at": None,
            "deleted_at": None,
        }

    @pytest.mark.parametrize("state", OutboundState)
    async def test_what_we_wrote_is_as_far_as_the_outbox_says(self, desk: Desk, state: OutboundState) -> None:
        conversation = await desk.conversation()
        await send(desk, conversation, 1, state=state, intent_key="reply:x:1", attempt=2, provider_id="wamid.9")
        [shown] = await said(desk, conversation)
        assert (shown["state"], shown["intent"], shown["attempts"]) == (state.value, "reply:x:1", 2)
        assert shown["provider_id"] == "wamid.9"

    async def test_its_moments_are_shown_and_heard_counts_as_read(self, desk: Desk) -> None:
        conversation = await desk.conversation()
        moments = {name: NOON + timedelta(minutes=number) for number, name in enumerate(("sent_at", "delivered_at"))}
        await send(desk, conversation, 1, state="read", played_at=NOON + timedelta(minutes=5), **moments)
        [shown] = await said(desk, conversation)
        assert (shown["sent_at"], shown["delivered_at"]) == ("2026-11-20T12:00:00Z", "2026-11-20T12:01:00Z")
        assert (shown["read_at"], shown["failed_at"]) == ("2026-11-20T12:05:00Z", None)

    async def test_what_staff_wrote_on_the_phone_had_been_sent(self, desk: Desk) -> None:
        conversation = await desk.conversation()
        await desk.message(conversation, 1, "Pode vir!", direction=Direction.OUT, author=Author.STAFF)
        [shown] = await said(desk, conversation)
        assert (shown["state"], shown["author"]) == ("sent", "staff")

    @pytest.mark.parametrize(
        ("fate", "pt", "en", "code"),
        [
            ({"state": "unknown"}, "Não confirmada: pode ter chegado", "it may have arrived", None),
            ({"state": "ambiguous", "reason": "no_proof"}, "Reenvie mesmo assim", "Send it again anyway", "no_proof"),
            (
                {"state": "failed", "reason": "undeliverable", "error": {"kind": "undeliverable", "code": "131026"}},
                "Não foi possível entregar",
                "cannot be reached",
                "undeliverable",
            ),
            ({"state": "failed", "error": {"kind": "window_closed"}}, "24 h", "24 hours", "window_closed"),
            ({"state": "failed"}, "não disse por quê", "or say why", None),
            ({"state": "queued", "reason": "quiet_hours"}, "horário de silêncio", "quiet hours", "quiet_hours"),
            ({"state": "suppressed", "reason": "opted_out"}, "pediu para não receber", "asked not to", "opted_out"),
        ],
    )
    async def test_why_it_did_not_arrive_is_said_in_the_readers_words(
        self, desk: Desk, fate: dict[str, Any], pt: str, en: str, code: str | None
    ) -> None:
        conversation = await desk.conversation()
        await send(desk, conversation, 1, **fate)
        for language, words in (("pt-BR", pt), ("en", en)):
            [shown] = await said(desk, conversation, **{"accept-language": language})
            assert words in shown["reason"], language
            assert shown["reason_code"] == code

    async def test_what_was_deleted_is_not_shown(self, desk: Desk) -> None:
        conversation = await desk.conversation()
        message = await desk.message(conversation, 1, "canário", kind=MessageKind.IMAGE, deleted_at=NOON)
        async with desk.floor.database.tenant_session(desk.company) as session:
            thread = await session.get_one(Conversation, (desk.company, conversation))
        file = {"kind": MessageKind.IMAGE, "filename": "canário.png", "connection_id": thread.connection_id}
        await desk.add(MediaFile(id=new_id(), message_id=message, **file))
        answer = await desk.get(f"conversations/{conversation}/messages")
        [shown] = answer.json()["items"]
        assert (shown["text"], shown["media"], shown["deleted_at"]) == (None, [], "2026-11-20T12:00:00Z")
        assert "canário" not in answer.text

    async def test_what_was_edited_says_so(self, desk: Desk) -> None:
        conversation = await desk.conversation()
        await desk.message(conversation, 1, "novo", edited_at=NOON)
        [shown] = await said(desk, conversation)
        assert (shown["text"], shown["edited_at"]) == ("novo", "2026-11-20T12:00:00Z")

    async def test_a_file_is_shown_by_what_it_is_and_until_then_by_what_was_declared(self, desk: Desk) -> None:
        conversation = await desk.conversation()
        connection = (await desk.get(f"conversations/{conversation}")).json()["connection_id"]
        files: list[dict[str, Any]] = [
            {"declared_mime": "image/png", "filename": "a.png"},
            {"declared_mime": "image/png", "mime": "image/jpeg", "size": 7, "state": MediaState.STORED},
            {"state": MediaState.REFUSED, "reason": "too_large", "storage_key": "secret-place"},
        ]
        for seq, told in enumerate(files, start=1):
            message = await desk.message(conversation, seq, kind=MessageKind.IMAGE)
            common = {"message_id": message, "connection_id": connection, "kind": MessageKind.IMAGE}
            await desk.add(MediaFile(id=new_id(), **common, **told))
        shown = [row["media"][0] | {"id": ""} for row in await said(desk, conversation)]
        silent = {"id": "", "words": None, "words_state": None, "words_reason": None}
        assert shown == [
            silent | {"mime": "image/png", "size": None, "state": "pending", "filename": "a.png"},
            silent | {"mime": "image/jpeg", "size": 7, "state": "stored", "filename": None},
            silent | {"mime": None, "size": None, "state": "refused", "filename": None},
        ]

    async def test_what_a_file_says_is_shown_beside_it(self, desk: Desk) -> None:
        conversation = await desk.conversation()
        connection = (await desk.get(f"conversations/{conversation}")).json()["connection_id"]
        heard: list[dict[str, Any]] = [
            {"words": "quero um bolo", "words_state": WordsState.HEARD},
            {"words_state": WordsState.UNHEARD, "words_reason": "silence"},
        ]
        for seq, told in enumerate(heard, start=1):
            message = await desk.message(conversation, seq, kind=MessageKind.VOICE)
            common = {"message_id": message, "connection_id": connection, "kind": MessageKind.VOICE}
            await desk.add(MediaFile(id=new_id(), **common, **told))
        shown = [row["media"][0] for row in await said(desk, conversation)]
        assert [(one["words"], one["words_state"], one["words_reason"]) for one in shown] == [
            ("quero um bolo", "heard", None),
            (None, "unheard", "silence"),
        ]

    async def test_they_are_filtered_by_side_author_and_kind(self, desk: Desk) -> None:
        conversation = await desk.conversation()
        await desk.message(conversation, 1)
        await desk.message(conversation, 2, kind=MessageKind.IMAGE)
        await send(desk, conversation, 3)
        for query, found in (
            ("direction=out", [3]),
            ("direction=in&kind=image", [2]),
            ("author=customer", [1, 2]),
            ("author=staff", []),
        ):
            assert [row["seq"] for row in await said(desk, conversation, f"?{query}")] == found, query

    @pytest.mark.parametrize("query", ["direction=up", "author=me", "kind=smell", "order=random", "q=x", "turn_id=1"])
    async def test_a_filter_that_is_none_is_malformed(self, desk: Desk, query: str) -> None:
        answer = await desk.get(f"conversations/{await desk.conversation()}/messages?{query}")
        assert answer.status_code == 422
