"""The intents: written with their cause, withdrawn when a person decides otherwise. Claims and results: `claims.py`."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, select, text, true, update

from channels.contents import Content
from channels.policy import Reason
from channels.stores.thread import Appended, Entry, add, to_json
from core import telemetry
from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ConnectionId, ContactId, ConversationId, MessageId, TurnId, new_id
from core.models.outbox import Lane, Outbound, OutboundState, Purpose
from core.models.people import Connection
from core.models.stream import Author, Conversation, Direction
from core.telemetry import OutboundOutcome

START_SECONDS: Final = 5.0  # a claim that has not reached the socket by then never does
_LONGEST_INTENT: Final = 400  # with attempt and mark it is the tag, of which a provider takes 512
_LOOK_SECONDS: Final = 0.02
_AUTHORS: Final = {Purpose.STAFF: Author.STAFF, Purpose.NOTICE: Author.SYSTEM}


@dataclass(frozen=True, kw_only=True, slots=True)
class NewOutbound:
    """`intent` is the business key: whoever queues it twice gets one message."""

    conversation: ConversationId
    intent: str
    content: Content
    purpose: Purpose
    lane: Lane = Lane.REPLY
    not_before: datetime | None = None
    expires_at: datetime | None = None
    reply_to: str | None = None
    batch: UUID | None = None
    turn: TurnId | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """A conversation whose row is locked until the commit: its line, and the number of its last message."""

    connection: ConnectionId
    last_seq: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope:
    """Which rows a decision is about."""

    contact: ContactId | None = None
    conversation: ConversationId | None = None
    connection: ConnectionId | None = None
    message: MessageId | None = None
    batch: UUID | None = None
    only: frozenset[Purpose] | None = None

    @property
    def condition(self) -> ColumnElement[bool]:
        named: list[ColumnElement[bool]] = [
            column == value
            for column, value in (
                (Outbound.contact_id, self.contact),
                (Outbound.conversation_id, self.conversation),
                (Outbound.connection_id, self.connection),
                (Outbound.message_id, self.message),
                (Outbound.batch_id, self.batch),
            )
            if value is not None
        ]
        if not named:
            raise ValueError("a scope names a contact, a conversation, a connection, a message or a batch")
        return and_(*named, Outbound.purpose.in_(self.only) if self.only is not None else true())


async def queue(session: TenantSession, new: NewOutbound) -> MessageId | None:
    """None: this intent is known already."""
    [queued] = await queue_many(session, [new])
    return queued


async def queue_many(session: TenantSession, news: Sequence[NewOutbound]) -> list[MessageId | None]:
    """For each its message, or None where the intent is known already; within a conversation in the order given."""
    threads = await _hold(session, {new.conversation for new in news})
    known = set(await session.scalars(_KNOWN, {"intents": [new.intent for new in news]}))
    fresh: dict[str, NewOutbound] = {}
    for new in news:
        if new.intent not in known:
            fresh.setdefault(new.intent, new)
    queued = await queue_new(session, list(fresh.values()), threads)
    messages = dict(zip(fresh, queued, strict=True))
    return [messages.pop(new.intent, None) for new in news]


async def queue_new(
    session: TenantSession, news: Sequence[NewOutbound], threads: Mapping[ConversationId, Thread]
) -> list[MessageId]:
    """Whose intents nobody has, in conversations that the caller has locked, and to which it has added nothing yet."""
    for new in news:
        if not 0 < len(new.intent) <= _LONGEST_INTENT:
            raise ValueError(f"an intent of {len(new.intent)} characters")
    entries = [_entry(new, threads[new.conversation].connection) for new in news]
    added = await add(session, entries, {conversation: thread.last_seq for conversation, thread in threads.items()})
    if added:
        await session.execute(_QUEUE, _columns(news, added))
    return [entry.id for entry in added]


async def withdraw(session: TenantSession, scope: Scope, reason: Reason) -> int:
    """What is queued in this scope is not sent any more."""
    waiting = Outbound.state.in_([OutboundState.QUEUED, OutboundState.DRAFT])
    held = select(Outbound.tenant_id, Outbound.id).where(scope.condition, waiting).order_by(Outbound.id)
    ours = held.with_for_update(key_share=True).cte("held")
    gone = (
        update(Outbound)
        .where(Outbound.tenant_id == ours.c.tenant_id, Outbound.id == ours.c.id)
        .values(state=OutboundState.SUPPRESSED, reason=reason)
        .returning(Outbound.tenant_id, Outbound.connection_id)
        .cte("gone")
    )
    of_line = and_(Connection.tenant_id == gone.c.tenant_id, Connection.id == gone.c.connection_id)
    counted = select(Connection.kind, func.count()).select_from(gone).join(Connection, of_line)
    withdrawn = 0
    for kind, count in await session.execute(counted.group_by(Connection.kind)):
        counter = telemetry.outbound(channel=kind, outcome=OutboundOutcome.SUPPRESSED)
        session.after_commit(partial(counter.inc, count))
        withdrawn += count
    return withdrawn


async def wait_for_starts(session: TenantSession, scope: Scope) -> int:
    """Before a gate is shut for good: wait for those who passed it and may still be on their way to the socket.

    The caller holds the lock that a claim must share, so that no more come. Gives how many calls are in flight.
    """
    while True:
        counted = await session.execute(select(func.count(), func.count().filter(_MAY_START)).where(_sending(scope)))
        in_flight, may_start = counted.one()
        if may_start == 0:
            return int(in_flight)
        await asyncio.sleep(_LOOK_SECONDS)


def _sending(scope: Scope) -> ColumnElement[bool]:
    return and_(scope.condition, Outbound.state == OutboundState.SENDING)


_MAY_START: Final = Outbound.started_at > func.clock_timestamp() - text(f"interval '{START_SECONDS} seconds'")
_NUDGE: Final = text("SELECT pg_notify('outbox', '')")


async def _hold(session: TenantSession, conversations: Collection[ConversationId]) -> dict[ConversationId, Thread]:
    """Locked until the commit, each with its line. Before them their contacts, to which the new rows will refer."""
    rows = (await session.execute(_THREADS, {"ids": sorted(conversations)})).all()
    if len(rows) < len(conversations):
        raise NotFound("Esta conversa não existe.", "This conversation does not exist.")
    return {row.id: Thread(row.connection_id, row.message_seq) for row in rows}


def _entry(new: NewOutbound, connection: ConnectionId) -> Entry:
    return Entry(
        conversation=new.conversation,
        connection=connection,
        direction=Direction.OUT,
        author=_AUTHORS.get(new.purpose, Author.BOT),
        content=new.content,
        reply_to=new.reply_to,
        turn=new.turn,
    )


def _columns(news: Collection[NewOutbound], added: Sequence[Appended]) -> dict[str, Any]:
    return {
        "ids": [new_id() for _ in news],
        "intents": [new.intent for new in news],
        "conversations": [new.conversation for new in news],
        "messages": [entry.id for entry in added],
        "seqs": [entry.seq for entry in added],
        "batches": [new.batch for new in news],
        "lanes": [new.lane.value for new in news],
        "purposes": [new.purpose.value for new in news],
        "contents": [to_json(new.content, {}) for new in news],
        "replies": [new.reply_to for new in news],
        "starts": [new.not_before for new in news],
        "ends": [new.expires_at for new in news],
    }


async def counts(session: TenantSession, scope: Scope) -> dict[OutboundState, int]:
    """How many are in each state; what was asked for is their sum."""
    rows = await session.execute(select(Outbound.state, func.count()).where(scope.condition).group_by(Outbound.state))
    return {OutboundState(state): count for state, count in rows}


async def resend(session: TenantSession, message: MessageId) -> bool:
    """A person decided to send an unconfirmed message again, knowing that it may arrive twice.

    The decision is of now: neither what it expired by nor a change of control before it counts.
    """
    epoch = select(Conversation.control_epoch).where(Conversation.id == Outbound.conversation_id).scalar_subquery()
    values = {"control_epoch": epoch, "expires_at": None, "refusals": 0, "batch_id": None}  # which may have ended
    is_done = await _decide(session, message, state=OutboundState.QUEUED, **values)
    if is_done:
        await session.execute(_NUDGE)
    return is_done


async def consider_sent(session: TenantSession, message: MessageId) -> bool:
    """A person decided that an unconfirmed message arrived."""
    accepted_at = func.coalesce(Outbound.accepted_at, func.app_now())
    return await _decide(session, message, state=OutboundState.SENT, accepted_at=accepted_at)


async def _decide(session: TenantSession, message: MessageId, **values: Any) -> bool:
    is_open = Outbound.state.in_([OutboundState.UNKNOWN, OutboundState.AMBIGUOUS])
    decided = update(Outbound).where(Outbound.message_id == message, is_open)
    done = await session.execute(
        decided.values(reason=None, unknown_since=None, retry_at=None, **values).returning(Outbound.id)
    )
    return done.first() is not None


_THREADS: Final = text("""
    WITH people AS MATERIALIZED (
        SELECT FROM contacts WHERE id IN (
            SELECT contact_id FROM conversations WHERE id = ANY (CAST(:ids AS uuid[])))
        ORDER BY id FOR KEY SHARE)
    SELECT id, connection_id, message_seq FROM conversations
    WHERE id = ANY (CAST(:ids AS uuid[])) AND (SELECT count(*) FROM people) >= 0 ORDER BY id FOR NO KEY UPDATE
""")

_KNOWN: Final = text("SELECT intent_key FROM outbound WHERE intent_key = ANY (CAST(:intents AS text[]))")

# What an answer answers is the customer's last message, by the moment at which we got it.
_QUEUE: Final = text("""
    WITH moment AS MATERIALIZED (SELECT app_now() AS now),
    added AS (
        INSERT INTO outbound (tenant_id, id, intent_key, conversation_id, connection_id, contact_id, message_id,
            batch_id, seq, lane, purpose, content, reply_to, control_epoch, answers_at, not_before, expires_at)
        SELECT t.tenant_id, w.id, w.intent, t.id, t.connection_id, t.contact_id, w.message,
            w.batch, w.seq, w.lane, w.purpose, CAST(w.content AS jsonb), w.reply_to, t.control_epoch,
            CASE WHEN w.purpose IN ('reply', 'staff') AND t.last_inbound_seq > 0 THEN (
                SELECT m.created_at FROM messages m
                WHERE m.tenant_id = t.tenant_id AND m.conversation_id = t.id AND m.seq = t.last_inbound_seq) END,
            coalesce(w.not_before, (SELECT now FROM moment)), w.expires_at
        FROM unnest(
            CAST(:ids AS uuid[]), CAST(:intents AS text[]), CAST(:conversations AS uuid[]), CAST(:messages AS uuid[]),
            CAST(:seqs AS bigint[]), CAST(:batches AS uuid[]), CAST(:lanes AS text[]), CAST(:purposes AS text[]),
            CAST(:contents AS text[]), CAST(:replies AS text[]), CAST(:starts AS timestamptz[]),
            CAST(:ends AS timestamptz[])) WITH ORDINALITY AS w (id, intent, conversation, message, seq, batch, lane,
            purpose, content, reply_to, not_before, expires_at, place)
        JOIN conversations t ON t.id = w.conversation
        ORDER BY w.place
        RETURNING 1)
    SELECT pg_notify('outbox', '') FROM (SELECT FROM added LIMIT 1) AS any_of_them
""")
