"""What was said in a conversation, for the group; and which message of the group stands for which of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import TextClause, select, text, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.dialects.postgresql import insert as upsert

from core import clock
from core.db.sessions import TenantSession
from core.ids import ConversationId, MessageId, new_id
from core.models.outbox import OutboundState
from core.models.staff import LineKind, StaffLine
from core.models.stream import Author, MediaState, MessageKind

_DAY: Final = timedelta(days=1)
_PATIENCE_SECONDS: Final = 20  # a line waits so long for its file, or for what becomes of it


@dataclass(frozen=True, kw_only=True, slots=True)
class FileShown:
    id: UUID
    state: MediaState
    storage_key: str | None
    mime: str | None
    filename: str | None
    words: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Line:
    """A message with what is needed to show it. `is_ripe`: nothing about it is still to come."""

    id: MessageId
    seq: int
    author: Author
    kind: MessageKind
    text: str | None
    content: dict[str, Any]
    is_deleted: bool
    state: OutboundState | None  # of ours on its way out
    file: FileShown | None
    reply_to: int | None  # the message of the group that stands for what it answers
    is_of_group: bool  # somebody wrote it there
    is_put_by: bool  # by a person, for a time that has not come: nobody has said it yet
    is_ripe: bool


async def hold(session: TenantSession, conversation: ConversationId) -> None:
    """Locked until the commit, its contact before it, as everybody locks who sends."""
    bound = {"conversation": conversation}
    await session.execute(_HOLD_CONTACT, bound)
    await session.execute(_HOLD, bound)


async def since(
    session: TenantSession, group: UUID, conversation: ConversationId, *, seq: int, most: int
) -> list[Line]:
    """What was said after this number, in order."""
    return await _lines(session, _SINCE, {"group": group, "conversation": conversation, "seq": seq, "most": most})


async def before(
    session: TenantSession, group: UUID, conversation: ConversationId, *, seq: int, most: int
) -> list[Line]:
    """The last ones up to this number, in order."""
    bound = {"group": group, "conversation": conversation, "seq": seq, "most": most}
    return list(reversed(await _lines(session, _BEFORE, bound)))


async def one(session: TenantSession, group: UUID, conversation: ConversationId, *, seq: int) -> Line | None:
    found = await since(session, group, conversation, seq=seq - 1, most=1)
    return next((line for line in found if line.seq == seq), None)


async def shown_as(session: TenantSession, group: UUID, said: UUID) -> int | None:
    """The message of the group that stands for this one."""
    newest = select(StaffLine.message_id).where(
        StaffLine.group_id == group, StaffLine.said_id == said, StaffLine.kind.in_([LineKind.SHOWN, LineKind.SENT])
    )
    return await session.scalar(newest.order_by(StaffLine.id).limit(1))


@dataclass(frozen=True, kw_only=True, slots=True)
class NewLine:
    group: UUID
    message: int
    topic: UUID
    kind: LineKind
    person: UUID
    said: UUID | None = None
    tick: str | None = None


async def keep(session: TenantSession, new: NewLine) -> None:
    """What a person wrote in the group, once."""
    row = upsert(StaffLine).values(
        tenant_id=session.tenant_id,
        id=new_id(),
        group_id=new.group,
        message_id=new.message,
        topic_id=new.topic,
        kind=new.kind,
        said_id=new.said,
        person_id=new.person,
        tick=new.tick,
    )
    await session.execute(row.on_conflict_do_nothing())


async def written_as(session: TenantSession, group: UUID, message: int) -> StaffLine | None:
    """What a message of the group is to a conversation."""
    mine = select(StaffLine).where(StaffLine.group_id == group, StaffLine.message_id == message)
    return await session.scalar(mine.order_by(StaffLine.id.desc()).limit(1))


async def provider_id_of(session: TenantSession, said: UUID) -> str | None:
    """What the channel calls a message, whoever of the two sent it; None while it is on its way."""
    known: str | None = await session.scalar(_PROVIDER_ID, {"said": said})
    return known


@dataclass(frozen=True, kw_only=True, slots=True)
class Ticked:
    """A message of staff whose state is not the one that is shown on it."""

    line: UUID
    group: UUID
    topic: UUID | None
    message: int
    said: UUID
    shown: str | None
    state: OutboundState
    reason: str | None
    error: dict[str, Any] | None
    waits: bool  # for longer than it should


async def changed_ticks(session: TenantSession, group: UUID, messages: Sequence[UUID]) -> list[Ticked]:
    """Of these messages, and of all that nobody has answered for yet."""
    bound = {"group": group, "messages": list(messages), "since": _made_at(clock.now() - _DAY)}
    rows = await session.execute(_TICKS, bound)
    return [
        Ticked(
            line=row.id,
            group=group,
            topic=row.topic_id,
            message=row.message_id,
            said=row.said_id,
            shown=row.tick,
            state=OutboundState(row.state),
            reason=row.reason,
            error=row.error,
            waits=row.waits,
        )
        for row in rows
    ]


def _made_at(moment: datetime) -> UUID:
    """The least id that was made then or later."""
    return UUID(int=int(moment.timestamp() * 1000) << 80)


async def tick(session: TenantSession, line: UUID, shown: str) -> None:
    await session.execute(update(StaffLine).where(StaffLine.id == line).values(tick=shown))


@dataclass(frozen=True, kw_only=True, slots=True)
class Late:
    """A message of which something came after its line was shown."""

    topic: UUID
    conversation: ConversationId
    seq: int


async def late_files(session: TenantSession, group: UUID) -> list[Late]:
    """They were shown without their file, which is here by now."""
    return await _late(session, _LATE_FILES, group)


async def late_words(session: TenantSession, group: UUID) -> list[Late]:
    """Recordings that were shown before anybody knew what they say."""
    return await _late(session, _LATE_WORDS, group)


async def _late(session: TenantSession, statement: TextClause, group: UUID) -> list[Late]:
    rows = await session.execute(statement, {"group": group})
    return [Late(topic=row.topic, conversation=ConversationId(row.conversation), seq=row.seq) for row in rows]


async def _lines(session: TenantSession, statement: Any, bound: dict[str, Any]) -> list[Line]:
    return [_line(row) for row in await session.execute(statement, {**bound, "patience": _PATIENCE_SECONDS})]


def _line(row: Any) -> Line:
    file = None
    if row.file is not None:
        file = FileShown(
            id=row.file,
            state=MediaState(row.file_state),
            storage_key=row.storage_key,
            mime=row.mime,
            filename=row.filename,
            words=row.words,
        )
    return Line(
        id=MessageId(row.id),
        seq=row.seq,
        author=Author(row.author),
        kind=MessageKind(row.kind),
        text=row.text,
        content=row.content,
        is_deleted=row.deleted_at is not None,
        state=OutboundState(row.state) if row.state else None,
        file=file,
        reply_to=row.reply_line,
        is_of_group=row.is_of_group,
        is_put_by=row.is_put_by,
        is_ripe=row.is_ripe,
    )


_LINE: Final = """
    SELECT m.id, m.seq, m.author, m.kind, m.text, m.content, m.deleted_at, o.state,
        f.id AS file, f.state AS file_state, f.storage_key,
        coalesce(f.mime, f.declared_mime) AS mime, f.filename, f.words,
        (SELECT l.message_id FROM staff_lines l WHERE l.group_id = :group AND l.said_id IN (
            SELECT r.id FROM messages r WHERE r.connection_id = m.connection_id AND r.provider_id = m.reply_to
            UNION ALL
            SELECT s.message_id FROM outbound s WHERE s.connection_id = m.connection_id AND s.provider_id = m.reply_to)
            ORDER BY l.id LIMIT 1) AS reply_line,
        EXISTS (SELECT FROM staff_lines l WHERE l.group_id = :group AND l.said_id = m.id AND l.kind = 'sent')
            AS is_of_group,
        coalesce(o.purpose = 'staff' AND o.state = 'queued' AND o.not_before > app_now(), false) AS is_put_by,
        coalesce(o.purpose = 'staff' AND o.state = 'queued' AND o.not_before > app_now(), false)
            OR m.created_at < app_now() - interval '1 second' * CAST(:patience AS double precision)
            OR (f.state IS DISTINCT FROM 'pending' AND (o.state IS NULL OR o.state NOT IN ('queued', 'sending')))
            AS is_ripe
    FROM messages m
    LEFT JOIN outbound o ON o.message_id = m.id
    LEFT JOIN media_files f ON f.message_id = m.id
    WHERE m.conversation_id = :conversation
"""

_SINCE: Final = text(f"{_LINE} AND m.seq > :seq ORDER BY m.seq LIMIT :most").columns(content=JSONB)
_BEFORE: Final = text(f"{_LINE} AND m.seq <= :seq ORDER BY m.seq DESC LIMIT :most").columns(content=JSONB)

_HOLD_CONTACT: Final = text("""
    SELECT p.id FROM contacts p JOIN conversations c ON c.contact_id = p.id WHERE c.id = :conversation
    FOR KEY SHARE OF p
""")
_HOLD: Final = text("SELECT id FROM conversations WHERE id = :conversation FOR NO KEY UPDATE")

_PROVIDER_ID: Final = text("""
    SELECT coalesce(o.provider_id, m.provider_id) FROM messages m LEFT JOIN outbound o ON o.message_id = m.id
    WHERE m.id = :said
""")

# A message of staff is looked at until it has left; what comes after that is told as an event. Their ids are of the
# time at which they were made, so that only those of the last day are walked.
_TICKS: Final = text("""
    SELECT l.id, l.topic_id, l.message_id, l.said_id, l.tick, o.state, o.reason, o.error,
        o.created_at < app_now() - interval '15 seconds' AS waits
    FROM staff_lines l JOIN outbound o ON o.message_id = l.said_id
    WHERE l.group_id = :group AND l.kind = 'sent' AND l.tick IS DISTINCT FROM o.state AND l.id IN (
        SELECT t.id FROM staff_lines t WHERE t.said_id = ANY (CAST(:messages AS uuid[]))
        UNION
        SELECT r.id FROM staff_lines r WHERE r.id > :since
            AND (r.tick IS NULL OR r.tick IN ('queued', 'sending', 'waits', 'unknown', 'ambiguous')))
    ORDER BY l.message_id
""").columns(error=JSONB)

# The keys are made before notes are looked up by them: compared with an expression, they would be read one and all, for
# the policy of the table lets no index be asked for what is not known to leak nothing.
_SHOWN_FILES: Final = """
    shown AS MATERIALIZED (
        SELECT t.id AS topic, m.conversation_id AS conversation, m.seq, f.state,
            'line:' || m.id || ':' || t.id AS line, 'file:' || m.id || ':' || t.id AS file,
            'words:' || m.id || ':' || t.id AS words,
            f.words_state = 'heard' AND f.words <> '' AND m.kind IN ('voice', 'audio') AND m.author = 'customer'
                AS is_heard
        FROM staff_topics t JOIN messages m ON m.conversation_id = t.conversation_id
            AND m.seq BETWEEN t.shown_seq - 30 AND t.shown_seq
        JOIN media_files f ON f.message_id = m.id
        WHERE t.group_id = :group AND t.state <> 'closed' AND m.deleted_at IS NULL)
"""

# Shown as words, because there was no file yet. Of the last ones only: what comes later is in the history.
_LATE_FILES: Final = text(f"""
    WITH {_SHOWN_FILES}
    SELECT w.topic, w.conversation, w.seq
    FROM shown w JOIN staff_notes n ON n.key = w.line AND n.body ->> 'type' = 'say'
    WHERE w.state = 'stored' AND NOT EXISTS (SELECT FROM staff_notes d WHERE d.key = w.file)
""")  # noqa: S608 - a constant of ours

# Shown without what they say.
_LATE_WORDS: Final = text(f"""
    WITH {_SHOWN_FILES}
    SELECT w.topic, w.conversation, w.seq
    FROM shown w JOIN staff_notes n ON n.key IN (w.line, w.file)
        AND n.body ->> 'type' = 'show' AND n.state = 'sent' AND n.body -> 'caption' ->> 'text' NOT LIKE '%🎧%'
    WHERE w.is_heard AND NOT EXISTS (SELECT FROM staff_notes d WHERE d.key = w.words)
""")  # noqa: S608 - a constant of ours
