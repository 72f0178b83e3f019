"""Conversations as the staff look for them, and what was said in those of one customer."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import ARRAY, Text, Uuid, bindparam, text

from admin_api.staff.stores import names
from admin_api.staff.stores.whereabouts import link_to
from core.db.sessions import TenantSession
from core.ids import ContactId, UserId
from core.models.stream import Author, Control, MessageKind

_OPEN: Final = tuple(control for control in Control if control is not Control.CLOSED)


class Only(StrEnum):
    """Which conversations."""

    OPEN = "open"
    BOT = "bot"
    COPILOT = "copilot"
    QUEUED = "queued"
    HUMAN = "human"
    CLOSED = "closed"
    MINE = "mine"
    UNANSWERED = "unanswered"

    @property
    def controls(self) -> tuple[Control, ...]:
        return (Control(self.value),) if self.value in set(Control) else _OPEN


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    only: Only
    words: str
    user: UserId
    most: int
    skip: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Talk:
    contact: ContactId
    name: str | None
    tail: str | None  # of the number, where there is no name
    line: str
    control: Control
    who: str | None
    stage: str | None
    last_at: datetime
    is_unanswered: bool
    link: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Waiting:
    """A conversation that waits for a person."""

    contact: ContactId
    name: str | None
    tail: str | None
    queue: str
    reason: str
    since: datetime
    link: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    at: datetime
    author: Author
    kind: MessageKind
    text: str
    is_deleted: bool
    is_edited: bool
    state: str | None  # of what we send
    reason: str | None
    error: dict[str, Any] | None
    leaves_at: datetime | None


async def list_talks(session: TenantSession, wanted: Wanted) -> list[Talk]:
    """Those in which something was said, the latest first: the order of their index."""
    bound = {
        "controls": [control.value for control in wanted.only.controls],
        "mine": wanted.user if wanted.only is Only.MINE else None,
        "unanswered": wanted.only is Only.UNANSWERED,
        "pattern": names.pattern(wanted.words),
        "digits": names.digits(wanted.words),
        "most": wanted.most,
        "skip": wanted.skip,
    }
    return [
        Talk(
            contact=ContactId(row.contact_id),
            name=row.name,
            tail=row.tail,
            line=row.line,
            control=Control(row.control),
            who=row.who,
            stage=row.stage,
            last_at=row.last_message_at,
            is_unanswered=row.is_unanswered,
            link=link_to(row.chat_id, row.thread_id),
        )
        for row in await session.execute(_TALKS, bound)
    ]


async def list_waiting(session: TenantSession, *, queue: str | None, most: int, skip: int) -> list[Waiting]:
    """Whoever has waited longest comes first."""
    rows = await session.execute(_WAITING, {"queue": queue, "most": most, "skip": skip})
    return [
        Waiting(
            contact=ContactId(row.contact_id),
            name=row.name,
            tail=row.tail,
            queue=row.queue,
            reason=row.reason,
            since=row.created_at,
            link=link_to(row.chat_id, row.thread_id),
        )
        for row in rows
    ]


async def history(session: TenantSession, contact: ContactId, *, most: int, skip: int) -> list[Spoken]:
    """In all their conversations, the newest first."""
    rows = await session.execute(_HISTORY, {"contact": contact, "most": most, "skip": skip})
    return [
        Spoken(
            at=row.created_at,
            author=Author(row.author),
            kind=MessageKind(row.kind),
            text="" if row.deleted_at else (row.text or row.caption or row.words or ""),
            is_deleted=row.deleted_at is not None,
            is_edited=row.edited_at is not None,
            state=row.state,
            reason=row.reason,
            error=row.error,
            leaves_at=row.leaves_at,
        )
        for row in rows
    ]


# Of contact `p` and conversation `c`: the end of a number, and the topic in the group that is bound.
_TAIL: Final = """(
    SELECT right(i.value, 4) FROM contact_identities i
    WHERE i.contact_id = p.id AND i.kind IN ('phone', 'wa_id') ORDER BY i.kind, i.created_at LIMIT 1)"""
_TOPIC: Final = """
    LEFT JOIN staff_groups g ON g.left_at IS NULL
    LEFT JOIN staff_topics t ON t.group_id = g.id AND t.contact_id = c.contact_id AND t.connection_id = c.connection_id
"""

# Of conversation `c`: since the customer's last words nothing left or is leaving. What is put by waits for its time.
# Looked up one by one: an EXISTS might be answered by reading all that was ever said.
_IS_UNANSWERED: Final = """
    c.last_inbound_seq > 0 AND (
        SELECT true FROM messages m WHERE m.conversation_id = c.id AND m.seq > c.last_inbound_seq AND (
            SELECT true FROM outbound o WHERE o.tenant_id = m.tenant_id AND o.message_id = m.id
                AND (o.state IN ('draft', 'failed', 'suppressed', 'expired')
                    OR o.purpose = 'staff' AND o.state = 'queued' AND o.not_before > app_now())
            LIMIT 1) IS NULL
        LIMIT 1) IS NULL
"""

_TALKS: Final = text(f"""
    SELECT c.contact_id, p.name, {_TAIL} AS tail, l.name AS line, c.control, w.name AS who,
        s.name AS stage, c.last_message_at, g.chat_id, t.thread_id,
        c.control <> 'closed' AND {_IS_UNANSWERED} AS is_unanswered
    FROM conversations c JOIN contacts p ON p.id = c.contact_id JOIN connections l ON l.id = c.connection_id
    {_TOPIC}
    LEFT JOIN staff_people w ON w.user_id = c.assignee_id
    LEFT JOIN persona_versions v ON v.id = c.persona_version_id
    LEFT JOIN boards b ON b.key = v.name
    LEFT JOIN leads d ON d.board_id = b.id AND d.contact_id = c.contact_id
    LEFT JOIN board_stages s ON s.board_id = b.id AND s.key = d.stage
    WHERE c.control = ANY (:controls) AND c.last_message_at IS NOT NULL
      AND (CAST(:mine AS uuid) IS NULL OR c.assignee_id = :mine)
      AND (NOT CAST(:unanswered AS boolean) OR {_IS_UNANSWERED})
      AND (CAST(:pattern AS text) IS NULL OR {names.folded_name("p.name")} LIKE :pattern
          OR EXISTS (
          SELECT FROM contact_identities i WHERE i.contact_id = p.id
            AND (lower(i.value) LIKE :pattern OR i.value LIKE CAST(:digits AS text))))
    ORDER BY c.last_message_at DESC, c.id DESC LIMIT :most OFFSET :skip
""").bindparams(bindparam("controls", type_=ARRAY(Text)), bindparam("mine", type_=Uuid))  # noqa: S608 - SQL of ours

_WAITING: Final = text(f"""
    SELECT c.contact_id, p.name, {_TAIL} AS tail, h.queue, h.reason, h.created_at, g.chat_id, t.thread_id
    FROM handoffs h JOIN conversations c ON c.id = h.conversation_id JOIN contacts p ON p.id = c.contact_id
    {_TOPIC}
    WHERE h.state = 'queued' AND (CAST(:queue AS text) IS NULL OR h.queue = :queue)
    ORDER BY h.created_at, h.id LIMIT :most OFFSET :skip
""").bindparams(bindparam("queue", type_=Text))  # noqa: S608 - SQL of ours

_HISTORY: Final = text("""
    WITH RECURSIVE mine AS (
        SELECT CAST(:contact AS uuid) AS id UNION SELECT c.id FROM contacts c JOIN mine ON c.merged_into = mine.id)
    SELECT m.created_at, m.author, m.kind, m.text, m.content ->> 'caption' AS caption, m.deleted_at,
        m.edited_at, f.words, o.state, o.reason, o.error,
        CASE WHEN o.state = 'queued' AND o.not_before > app_now() THEN o.not_before END AS leaves_at
    FROM conversations c JOIN mine ON mine.id = c.contact_id JOIN messages m ON m.conversation_id = c.id
        LEFT JOIN outbound o ON o.message_id = m.id LEFT JOIN media_files f ON f.message_id = m.id
    ORDER BY m.created_at DESC, m.seq DESC, m.id DESC LIMIT :most OFFSET :skip
""").bindparams(bindparam("contact", type_=Uuid))
