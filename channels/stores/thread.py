"""What was said, in order: messages are added to conversations, and later edited or deleted."""

import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import text

from channels.contents import Content, Json, content_to_json, kind_of, words_of
from core.db.sessions import TenantSession
from core.errors import NotFound
from core.ids import ConversationId, MessageId, TurnId, new_id
from core.models.stream import Author, Direction, MessageKind

# A reaction or a notice of the channel asks for no answer, and is no proof that the customer wrote.
_SILENT: Final = frozenset({MessageKind.REACTION, MessageKind.SYSTEM})


def _new_message() -> MessageId:
    return MessageId(new_id())


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """A message to be added. What the provider calls it keeps it from being added twice."""

    conversation: ConversationId
    connection: UUID
    direction: Direction
    author: Author
    content: Content
    provider_id: str | None = None
    provider_at: datetime | None = None
    reply_to: str | None = None
    turn: TurnId | None = None
    context: Json = field(default_factory=dict)  # how it came to us: forwarded, from an advertisement
    id: MessageId = field(default_factory=_new_message)
    kind: MessageKind = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "kind", kind_of(self.content))

    @property
    def name(self) -> tuple[UUID, str] | None:
        return None if self.provider_id is None else (self.connection, self.provider_id)

    @property
    def is_customers(self) -> bool:
        """Something that the customer said: it opens their window, and may be answered."""
        return self.author is Author.CUSTOMER and self.kind not in _SILENT


@dataclass(frozen=True, kw_only=True, slots=True)
class Appended:
    id: MessageId
    conversation: ConversationId
    seq: int
    created_at: datetime


async def append(session: TenantSession, entries: Sequence[Entry]) -> list[Appended]:
    """Those that were new, in the order given. Each conversation is locked, and numbers its own without a gap."""
    entries = list(_once_each(entries))
    if not entries:
        return []
    held = await _hold(session, {entry.conversation for entry in entries})
    there = await known(session, [name for entry in entries if (name := entry.name)])
    return await add(session, [entry for entry in entries if entry.name not in there], held)


async def add(session: TenantSession, entries: Sequence[Entry], held: Mapping[ConversationId, int]) -> list[Appended]:
    """What the caller knows to be new, to conversations that it holds, each with the number of its last message."""
    if not entries:
        return []
    numbers = {conversation: itertools.count(last + 1) for conversation, last in held.items()}
    numbered = [(entry, next(numbers[entry.conversation])) for entry in entries]
    added = {row.id: row.created_at for row in (await session.execute(_ADD, _columns(numbered))).all()}
    kept = [
        Appended(id=entry.id, conversation=entry.conversation, seq=seq, created_at=added[entry.id])
        for entry, seq in numbered
        if entry.id in added
    ]
    await _move(session, {entry.id: entry for entry in entries}, kept)
    return kept


async def known(session: TenantSession, names: Iterable[tuple[UUID, str]]) -> set[tuple[UUID, str]]:
    """Which of these, by connection and provider's id, are messages already."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return set()
    bound = {"connections": [connection for connection, _ in wanted], "names": [name for _, name in wanted]}
    return {(row.connection, row.name) for row in (await session.execute(_KNOWN, bound)).all()}


def _once_each(entries: Iterable[Entry]) -> Iterable[Entry]:
    seen: set[tuple[UUID, str]] = set()
    for entry in entries:
        if entry.name is None or entry.name not in seen:
            yield entry
        if entry.name is not None:
            seen.add(entry.name)


async def _hold(session: TenantSession, conversations: set[ConversationId]) -> dict[ConversationId, int]:
    """The numbers of their last messages. Several threads are locked in the order of their ids, whoever locks them."""
    rows = (await session.execute(_HOLD, {"conversations": sorted(conversations)})).all()
    if len(rows) < len(conversations):
        raise NotFound("Esta conversa não existe.", "This conversation does not exist.")
    return {row.id: row.message_seq for row in rows}


async def _move(session: TenantSession, entries: Mapping[MessageId, Entry], added: Sequence[Appended]) -> None:
    """A thread is shown by its latest message as the provider dates it: a day told in another order looks the same."""
    ends: dict[ConversationId, _End] = {}
    for row in added:
        ends.setdefault(row.conversation, _End()).take(entries[row.id], row)
    if ends:
        bound = {
            "ids": list(ends),
            "numbers": [end.seq for end in ends.values()],
            "moments": [end.at for end in ends.values()],
            "said_numbers": [end.said_seq for end in ends.values()],
            "said_moments": [end.said_at for end in ends.values()],
        }
        await session.execute(_MOVE, bound)


@dataclass(slots=True)
class _End:
    """Where a thread ends with what was added."""

    seq: int = 0
    at: datetime | None = None
    said_seq: int | None = None
    said_at: datetime | None = None

    def take(self, entry: Entry, row: Appended) -> None:
        self.seq = row.seq
        self.at = _later(self.at, entry.provider_at or row.created_at)
        if entry.is_customers:
            self.said_seq = row.seq
            self.said_at = _later(self.said_at, entry.provider_at)


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((moment for moment in (one, other) if moment), default=None)


def _columns(numbered: Sequence[tuple[Entry, int]]) -> dict[str, Any]:
    entries = [entry for entry, _ in numbered]
    return {
        "ids": [entry.id for entry in entries],
        "conversations": [entry.conversation for entry in entries],
        "connections": [entry.connection for entry in entries],
        "numbers": [seq for _, seq in numbered],
        "directions": [entry.direction.value for entry in entries],
        "authors": [entry.author.value for entry in entries],
        "kinds": [entry.kind.value for entry in entries],
        "texts": [words_of(entry.content) for entry in entries],
        "contents": [to_json(entry.content, entry.context) for entry in entries],
        "names": [entry.provider_id for entry in entries],
        "moments": [entry.provider_at for entry in entries],
        "replies": [entry.reply_to for entry in entries],
        "turns": [entry.turn for entry in entries],
    }


def to_json(content: Content, context: Json) -> str:
    return json.dumps({**context, **content_to_json(content)}, allow_nan=False, ensure_ascii=False)


_HOLD: Final = text("""
    SELECT id, message_seq FROM conversations WHERE id = ANY (CAST(:conversations AS uuid[]))
    ORDER BY id FOR NO KEY UPDATE
""")

# One by one: joined, a plan made while the table was small would read all that a company ever said.
_KNOWN: Final = text("""
    SELECT w.connection, w.name
    FROM unnest(CAST(:connections AS uuid[]), CAST(:names AS text[])) AS w (connection, name),
        LATERAL (SELECT FROM messages m WHERE m.connection_id = w.connection AND m.provider_id = w.name LIMIT 1) m
""")

_ADD: Final = text("""
    INSERT INTO messages (tenant_id, id, conversation_id, connection_id, seq, direction, author, kind, text, content,
        provider_id, provider_at, reply_to, turn_id)
    SELECT current_tenant(), w.id, w.conversation, w.connection, w.seq, w.direction, w.author, w.kind, w.words,
        CAST(w.content AS jsonb), w.name, w.moment, w.reply_to, w.turn
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:conversations AS uuid[]), CAST(:connections AS uuid[]), CAST(:numbers AS bigint[]),
        CAST(:directions AS text[]), CAST(:authors AS text[]), CAST(:kinds AS text[]), CAST(:texts AS text[]),
        CAST(:contents AS text[]), CAST(:names AS text[]), CAST(:moments AS timestamptz[]), CAST(:replies AS text[]),
        CAST(:turns AS uuid[])
    ) AS w (id, conversation, connection, seq, direction, author, kind, words, content, name, moment, reply_to, turn)
    ON CONFLICT (tenant_id, connection_id, provider_id) DO NOTHING
    RETURNING id, created_at
""")

_MOVE: Final = text("""
    UPDATE conversations c SET message_seq = w.seq, last_message_at = greatest(c.last_message_at, w.at),
        last_inbound_seq = greatest(c.last_inbound_seq, w.said_seq),
        last_inbound_at = greatest(c.last_inbound_at, w.said_at)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:numbers AS bigint[]), CAST(:moments AS timestamptz[]),
        CAST(:said_numbers AS bigint[]), CAST(:said_moments AS timestamptz[])) AS w (id, seq, at, said_seq, said_at)
    WHERE c.id = w.id
""")
