"""A day with customers, told in any order, in any cut, and as often as a provider likes: there is one way it ends."""

import itertools
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert, text

from channels.stores.statuses import join_parked
from core.floor import Floor
from core.ids import new_id
from core.models.stream import IncomingEvent
from tests.fixtures import inbound as meta
from tests.fixtures.inbound import Customer, Inbox, later, open_inbox
from tests.fixtures.sizes import size

MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT")
ACCEPTED: Final = "our sender hears that the second message is out.2"

ANA: Final = Customer(number="5511987650001", user_id="BR.ana", name="Ana", username="ana")
BIA: Final = Customer(number="551187650002", user_id="BR.bia", name="Bia")
BIAS_NEW: Final = Customer(number="5568987650003", user_id="BR.bia2", name="Bia")
CAIO: Final = Customer(number="5511987650004", user_id="BR.caio", name="Caio")


def by_number(who: Customer) -> Customer:
    return Customer(number=who.number, name=who.name)


def by_id(who: Customer) -> Customer:
    return Customer(user_id=who.user_id, name=f"{who.name} B.")


# Statuses without a tag are of a message whose answer we have not seen; somewhere in the day it is recorded.
DAY: Final[Sequence[Any]] = (
    meta.message(by_number(ANA), "w.1", text="oi", at=later(1)),
    meta.message(by_id(ANA), "w.2", text="tem pão?", at=later(2)),
    meta.message(ANA, "w.3", text="de queijo", at=later(3)),
    meta.message(by_number(ANA), "w.4", image={"id": "m.1", "mime_type": "image/jpeg", "caption": "este"}, at=later(4)),
    meta.message(by_id(ANA), "w.5", image={"id": "m.2", "mime_type": "image/jpeg"}, at=later(4)),
    meta.edit(by_number(ANA), "w.6", "w.1", "oi!", at=later(5)),
    meta.edit(by_number(ANA), "w.7", "w.1", "olá!", at=later(6)),
    meta.revoke(by_id(ANA), "w.8", "w.2", at=later(7)),
    meta.reaction(by_id(ANA), "w.9", "out.1", at=later(8)),
    meta.status("out.1", "sent", tag="first.1.0a1b2c3d", at=later(1)),
    meta.status("out.1", "delivered", at=later(2), pricing={"billable": True, "category": "service"}),
    meta.status("out.1", "delivered", at=later(5)),
    meta.status("out.1", "read", at=later(9)),
    meta.status("out.2", "failed", at=later(3), errors=[{"code": 131026, "title": "Undeliverable"}]),
    meta.status("out.2", "sent", at=later(2)),
    meta.status("out.2", "delivered", at=later(2)),
    ACCEPTED,
    meta.message(by_number(BIA), "w.10", text="bom dia", at=later(10)),
    meta.message(BIAS_NEW, "w.11", text="sou eu", at=later(12)),
    meta.new_number(by_number(BIA), BIAS_NEW, "w.12", at=later(11)),
    meta.message(by_number(CAIO), "w.13", text="quanto custa?", at=later(13)),
    meta.echo(by_number(CAIO), "w.14", "vinte reais", at=later(14)),
    meta.status("w.14", "delivered", at=later(15)),
    meta.message(by_id(CAIO), "w.15", text="fechado", at=later(16)),
    meta.reaction(CAIO, "w.16", "w.14", at=later(17)),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Telling:
    """Which things are told, in rounds of posts of things."""

    rounds: tuple[tuple[tuple[int, ...], ...], ...]


@st.composite
def tellings(draw: st.DrawFn) -> Telling:
    """In one order or another, some of it twice; in posts of one thing or many; at once or in two or three rounds."""
    twice = draw(st.lists(st.integers(0, len(DAY) - 1), max_size=12))
    order = draw(st.permutations([*range(len(DAY)), *twice]))
    posts = cut(order, draw(st.lists(st.integers(1, 6), min_size=len(order), max_size=len(order))))
    ends = draw(st.lists(st.integers(1, len(posts)), max_size=2))
    starts = sorted({0, *ends})
    return Telling(rounds=tuple(tuple(posts[start:end]) for start, end in itertools.pairwise([*starts, len(posts)])))


def cut(things: Sequence[int], sizes: Sequence[int]) -> list[tuple[int, ...]]:
    rest = iter(things)
    return [piece for size in sizes if (piece := tuple(itertools.islice(rest, size)))]


async def begin_day(floor: Floor) -> Inbox:
    """We wrote to Ana twice: nobody knows whether the first arrived, the second is on its way."""
    inbox = await open_inbox(floor)
    ids = {name: new_id() for name in ("ana", "thread", "known", "first", "second", "one", "two", "try_one", "try_two")}
    async with inbox.session() as session:
        await session.execute(text(BEGUN), {**ids, "line": inbox.connection, "number": f"+{ANA.number}"})
    return inbox


BEGUN: Final = """
    WITH own AS (SELECT current_tenant() AS company),
    ana AS (INSERT INTO contacts (tenant_id, id, time_zone) SELECT company, :ana, 'America/Sao_Paulo' FROM own),
    known AS (INSERT INTO contact_identities (tenant_id, id, contact_id, kind, value)
        SELECT company, :known, :ana, 'phone', :number FROM own),
    thread AS (INSERT INTO conversations (tenant_id, id, contact_id, connection_id, message_seq)
        SELECT company, :thread, :ana, :line, 2 FROM own),
    sends (seq, intent, state, message, send, try) AS (VALUES
        (1, 'first', 'unknown', CAST(:one AS uuid), CAST(:first AS uuid), CAST(:try_one AS uuid)),
        (2, 'second', 'sending', CAST(:two AS uuid), CAST(:second AS uuid), CAST(:try_two AS uuid))),
    said AS (INSERT INTO messages (tenant_id, id, conversation_id, connection_id, seq, direction, author, kind, text)
        SELECT company, message, :thread, :line, seq, 'out', 'bot', 'text', intent FROM own, sends),
    sent AS (INSERT INTO outbound (tenant_id, id, intent_key, conversation_id, connection_id, contact_id, message_id,
            seq, lane, purpose, state, content, control_epoch, attempt)
        SELECT company, send, intent, :thread, :line, :ana, message, seq, 'reply', 'reply', state, '{}', 0, 1
        FROM own, sends)
    INSERT INTO outbound_attempts (tenant_id, id, outbound_id, number, tag)
        SELECT company, try, send, 1, intent || '.1.0a1b2c3d' FROM own, sends
"""
# What the sender writes when the provider's answer is here.
ACCEPT: Final = """
    UPDATE outbound SET provider_id = 'out.2', state = CASE WHEN state = 'sending' THEN 'accepted' ELSE state END
    WHERE intent_key = 'second'
"""

ENDED: Final[dict[str, Any]] = {
    "people": {
        ("Ana", "America/Sao_Paulo", "bsuid BR.ana, phone +5511987650001, username ana, wa_id 5511987650001"),
        (
            "Bia",
            "America/Rio_Branco",
            "bsuid BR.bia2, phone +5511987650002, phone +5568987650003, wa_id 551187650002, wa_id 5568987650003",
        ),
        ("Caio", "America/Sao_Paulo", "bsuid BR.caio, phone +5511987650004, wa_id 5511987650004"),
    },
    "threads": {("Ana", "bot", 4), ("Bia", "bot", 12), ("Caio", "human", 16)},
    "messages": {
        ("Ana", None, "bot", "text", "first", None, None, None),
        ("Ana", None, "bot", "text", "second", None, None, None),
        ("Ana", "w.1", "customer", "text", "olá!", 6, None, None),
        ("Ana", "w.2", "customer", "text", "tem pão?", None, 7, None),
        ("Ana", "w.3", "customer", "text", "de queijo", None, None, None),
        ("Ana", "w.4", "customer", "image", "este", None, None, None),
        ("Ana", "w.5", "customer", "image", None, None, None, None),
        ("Ana", "w.9", "customer", "reaction", "👍", None, None, "out.1"),
        ("Bia", "w.10", "customer", "text", "bom dia", None, None, None),
        ("Bia", "w.11", "customer", "text", "sou eu", None, None, None),
        ("Caio", "w.13", "customer", "text", "quanto custa?", None, None, None),
        ("Caio", "w.14", "staff", "text", "vinte reais", None, None, None),
        ("Caio", "w.15", "customer", "text", "fechado", None, None, None),
        ("Caio", "w.16", "customer", "reaction", "👍", None, None, "w.14"),
    },
    "files": {("w.4", "m.1", "pending"), ("w.5", "m.2", "pending")},
    "sent": {
        ("first", "read", "out.1", 1, 2, 9, None, None, "service"),
        ("second", "delivered", "out.2", 2, 2, None, 3, "131026", None),
    },
    "owed": {("Ana",), ("Bia",)},
    "events": {(1,)},
    "parked": {(0,)},
    "waiting": {(0,)},
}


PARTS: Final = {
    "people": """
        SELECT c.name, c.time_zone, (SELECT string_agg(i.kind || ' ' || i.value, ', ' ORDER BY i.kind, i.value)
            FROM contact_identities i WHERE i.contact_id = c.id) FROM contacts c WHERE c.merged_into IS NULL
    """,
    "threads": """
        SELECT p.name, c.control, c.last_inbound_at FROM conversations c JOIN contacts p ON p.id = c.contact_id
        WHERE c.control <> 'closed' OR EXISTS (SELECT FROM messages m WHERE m.conversation_id = c.id)
    """,
    "messages": """
        SELECT p.name, m.provider_id, m.author, m.kind, m.text, m.edited_at, m.deleted_at, m.reply_to FROM messages m
        JOIN conversations c ON c.id = m.conversation_id JOIN contacts p ON p.id = c.contact_id
    """,
    "files": """
        SELECT m.provider_id, f.provider_media_id, f.state FROM media_files f JOIN messages m ON m.id = f.message_id
    """,
    "sent": """
        SELECT intent_key, state, provider_id, sent_at, delivered_at, read_at, failed_at, error ->> 'code' AS code,
            pricing ->> 'category' AS category FROM outbound
    """,
    "owed": """
        SELECT p.name FROM turns t JOIN conversations c ON c.id = t.conversation_id
        JOIN contacts p ON p.id = c.contact_id WHERE t.state = 'open'
    """,
    "events": "SELECT count(*) FROM contact_events WHERE kind = 'renumbered'",
    "parked": "SELECT count(*) FROM parked_news",
    "waiting": "SELECT count(*) FROM incoming_events WHERE state <> 'done'",
}
HOW: Final = " UNION ALL ".join(
    f"SELECT '{part}', CAST(row_to_json(r) AS text) FROM ({sql}) r"  # noqa: S608 - ours
    for part, sql in PARTS.items()
)


async def how_it_ended(inbox: Inbox) -> dict[str, Any]:
    ended: dict[str, Any] = {part: set() for part in PARTS}
    for part, row in await inbox.rows(HOW):
        ended[part].add(tuple(seconds(value) for value in json.loads(row).values()))
    return ended


def seconds(value: Any) -> Any:
    """A moment is told as seconds of the day."""
    if not isinstance(value, str) or not MOMENT.match(value):
        return value
    return (datetime.fromisoformat(value) - later(0)).total_seconds()


async def tell(inbox: Inbox, posts: Sequence[Sequence[int]]) -> None:
    things = [[DAY[number] for number in post] for post in posts]
    async with inbox.session() as session:
        if any(ACCEPTED in some for some in things):
            await session.execute(text(ACCEPT))
        rows = [inbox.row(inbox.body(*(thing for thing in some if thing != ACCEPTED))) for some in things]
        await session.execute(insert(IncomingEvent), rows)


async def tell_all(told: Sequence[Telling], inboxes: Sequence[Inbox]) -> None:
    """Round by round, all companies at once."""
    for number in range(max(len(telling.rounds) for telling in told)):
        for inbox, telling in zip(inboxes, told, strict=True):
            if number < len(telling.rounds) and telling.rounds[number]:
                await tell(inbox, telling.rounds[number])
        await inboxes[0].take_in()
    for inbox in inboxes:
        async with inbox.session() as session:
            await join_parked(session)


class TestOrder:
    async def test_told_as_it_happened(self, floor: Floor) -> None:
        inbox = await begin_day(floor)

        await tell_all([Telling(rounds=tuple(((number,),) for number in range(len(DAY))))], [inbox])

        assert await how_it_ended(inbox) == ENDED

    @pytest.mark.timeout(300)
    @pytest.mark.parametrize("_hundred", range(size(1, chaos=5)))  # a hundred tellings each
    @given(told=st.lists(tellings(), min_size=10, max_size=10))
    @settings(
        max_examples=10,
        deadline=None,
        database=None,
        phases=[Phase.generate],  # to shorten ten tellings at once would take for ever; the failing one is named
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
    )
    async def test_every_telling_of_a_day_ends_alike(self, floor: Floor, told: list[Telling], _hundred: int) -> None:
        inboxes = [await begin_day(floor) for _ in told]

        await tell_all(told, inboxes)

        for inbox, telling in zip(inboxes, told, strict=True):
            assert await how_it_ended(inbox) == ENDED, telling
